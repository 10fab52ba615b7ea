"""What a name is found by."""

import pytest

from bot.errors import NotFound
from bot.readings import LONGEST_READING, clean_reading, keys


def test_a_name_is_found_as_written_by_kana_and_by_latin_letters() -> None:
    assert keys(("齋藤飛鳥", "Asuka"), "さいとう あすか") == (
        "齋藤飛鳥",
        "asuka",
        "さいとう あすか",
        "saitou asuka",
        "saito asuka",
    )
    assert keys(("Ｅｉｌｅｅｎ  Collins",), None) == ("eileen collins",)
    assert "ono yuki" in keys(("x",), "おおの ゆうき")


def test_a_reading_is_kana() -> None:
    assert clean_reading(" サイトウ　あすか ") == "さいとう あすか"
    assert clean_reading("ティナ・ター") == "てぃな・たー"
    assert clean_reading(" ") is None
    for wrong in ("Asuka", "飛鳥", "あ" * (LONGEST_READING + 1)):
        with pytest.raises(NotFound):
            clean_reading(wrong)
