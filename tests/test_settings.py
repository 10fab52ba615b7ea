"""Settings: the example is complete, and a mistake is one sentence that names it."""

import re
import tomllib
from pathlib import Path

import pytest

from bot.domain import Role
from bot.errors import SettingsError
from bot.settings import Settings, load

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_example_says_the_defaults() -> None:
    assert load(EXAMPLE).model_dump() == Settings().model_dump()


def test_the_example_is_complete() -> None:
    text = re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    told = tomllib.loads(text)
    for name, field in Settings.model_fields.items():
        assert name in told
        section = getattr(field.annotation, "model_fields", None)
        if section is not None:
            assert set(told[name]) == set(section), name


def test_no_file_means_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load().model_dump() == Settings().model_dump()


def test_the_environment_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "[web]\nport = 1234\nhost = 'localhost'\n")
    monkeypatch.setenv("HANTEI_WEB__PORT", "4321")
    settings = load(file)
    assert (settings.web.port, settings.web.host) == (4321, "localhost")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[web]\nprot = 1\n", "there is no setting 'web.prot'; known here are: enabled, host,"),
        ("[wbe]\nport = 1\n", "there is no setting 'wbe'; known here are: detector, discord,"),
        ("[web]\nport = 99999\n", "web.port = 99999 is not allowed: input should be less than"),
        ("[web]\nport = 'x'\n", "web.port = 'x' is not allowed: input should be a valid integer"),
        ("locale = 'fr'\n", "locale = 'fr' is not allowed: input should be 'ja' or 'en'"),
        ("[web]\nhost = '0.0.0.0'\n", "lets other machines in: set web.password as well"),
        ("[embedder]\nname = 'onnx'\n", "needs onnx_file, the path of an ONNX file"),
        ("[judging]\nheads = ['idle']\n", "judging.heads.0 = 'idle' is not allowed"),
        ("[web]\nviewer_password = 'x'\n", "need web.password, the admins', as well"),
        ("[web]\npassword = 'x'\nviewer_password = 'x'\n", "two of the passwords are the same"),
        ("[web]\npublic_url = 'https://x.org'\n", "lets other machines in: set web.password as"),
        ("[web]\npublic_url = 'x.org'\n", "write it like 'https://hantei.example.org'"),
        ("[web]\npublic_url = 'https://x.org/bot'\n", "write it like 'https://hantei.example.org'"),
        ("port = = 1\n", "is not valid TOML"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(write(tmp_path, text))
    assert sentence in str(error.value)
    assert "config.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANTEI_WEB__PORT", "many")
    with pytest.raises(SettingsError, match=r"HANTEI_WEB__PORT: web\.port = 'many'"):
        load(write(tmp_path, ""))


def test_one_underscore_too_few_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANTEI_WEB_PORT", "9000")
    with pytest.raises(SettingsError, match="no such variable; HANTEI_WEB__PORT is one"):
        load(write(tmp_path, ""))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load(tmp_path / "absent.toml")


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    secret = "hunter2-very-secret"
    settings = load(write(tmp_path, f"[discord]\ntoken = '{secret}'\n[web]\npassword='{secret}'\n"))
    assert secret not in repr(settings) + str(settings.model_dump())
    with pytest.raises(SettingsError) as error:
        load(write(tmp_path, f"[discord]\ntoken = ['{secret}']\n"))
    assert secret not in str(error.value)
    assert "discord.token = (hidden)" in str(error.value)


def test_passwords_are_told_apart_by_role(tmp_path: Path) -> None:
    text = "[web]\npassword = 'a'\nteacher_password = 't'\nviewer_password = ''\n"
    web = load(write(tmp_path, text)).web
    assert web.passwords == {Role.ADMIN: "a", Role.TEACHER: "t"}


def test_this_machine_needs_no_password(tmp_path: Path) -> None:
    web = load(write(tmp_path, "[web]\npublic_url = 'http://127.0.0.1:8080/'\n")).web
    assert web.public_url == "http://127.0.0.1:8080"
