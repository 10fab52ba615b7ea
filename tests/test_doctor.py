"""What the doctor looks at, where the command line cannot show it: see also tests/test_cli.py."""

from pathlib import Path

import pytest
from PIL import ImageFont

from bot import doctor, drawing
from bot.settings import Settings


async def test_a_font_that_draws_boxes_has_no_japanese(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await doctor.check_font(settings)).state == "good"
    latin = ImageFont.load_default(20)  # Pillow's own, without Japanese
    file = tmp_path / "latin.ttf"
    file.write_bytes(latin.path.getvalue())
    monkeypatch.setattr(drawing, "font_file", lambda: file)
    finding = await doctor.check_font(settings)
    assert (finding.state, finding.mend) == ("bad", "pip install manimgx-fonts-cjk")


async def test_networks_that_do_not_load_are_named(settings: Settings) -> None:
    folder = settings.store.data_dir / "networks" / "demo"
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(b"?")
    finding = await doctor.check_networks(settings)
    assert finding.state == "bad"
    assert "demo" in finding.found


@pytest.mark.parametrize(
    ("url", "state"),
    [
        (None, "note"),
        ("http://hantei.example.org", "bad"),
        ("http://127.0.0.1:8080", "good"),
        ("https://hantei.example.org", "good"),
    ],
)
async def test_links_to_the_page_lead_somewhere_safe(url: str | None, state: str) -> None:
    given = {"discord": {"token": "x"}, "web": {"public_url": url, "password": "x"}}
    finding = await doctor.check_page(Settings.model_validate(given))
    assert (finding.state, bool(finding.mend)) == (state, state != "good")
    assert doctor.check_page in doctor.CHECKS


async def test_without_discord_no_link_is_missed() -> None:
    assert (await doctor.check_page(Settings())).state == "good"
