"""Names as people type them: as written, by their reading in kana, and in Latin letters. Pure."""

import re
import unicodedata
from collections.abc import Iterable

import jaconv

from bot.errors import NotFound

LONGEST_READING = 80
"""Characters."""

_KANA = re.compile(r"[ぁ-ゖー・ ]+")
_LONG_VOWELS = re.compile(r"o[ou]|uu")


def clean_reading(text: str) -> str | None:
    """A typed reading as it is stored: hiragana, single spaces between names; None for none.

    Raises:
        NotFound: it is not written in kana, or is longer than a reading.
    """
    reading = _spaced(text)
    if not reading:
        return None
    if len(reading) > LONGEST_READING or _KANA.fullmatch(reading) is None:
        raise NotFound(f"a reading has up to {LONGEST_READING} kana")
    return reading


def keys(names: Iterable[str], reading: str | None) -> tuple[str, ...]:
    """What somebody may be found by, each in small letters and hiragana, words apart.

    Args:
        names: the present name and those of before.
        reading: as `clean_reading` makes it. Its romanisation is Hepburn's, once with long vowels
            as they are written (saitou, oono) and once with short ones (saito, ono).
    """
    found = [_spaced(name) for name in names]
    if reading is not None:
        latin = jaconv.kana2alphabet(reading)
        found += [reading, latin, _LONG_VOWELS.sub(lambda vowel: vowel[0][0], latin)]
    return tuple(dict.fromkeys(found))


def _spaced(text: str) -> str:
    """Width, case, kana and the number of spaces do not matter."""
    hiragana: str = jaconv.kata2hira(unicodedata.normalize("NFKC", text).casefold())
    return " ".join(hiragana.split())
