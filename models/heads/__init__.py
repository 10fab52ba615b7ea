"""The kinds of judgement. A new one is a file here and an entry below."""

from models.heads.character import CharacterHead
from models.heads.idol import IdolHead
from models.heads.naming import NamingHead
from models.types import Kind

NAMING_HEADS: dict[str, type[NamingHead]] = {head.name: head for head in (IdolHead, CharacterHead)}
"""Those that say who or what it is, by the examples enrolled in the scope."""

SCORING_HEADS = ("beauty", "taste", "photogenic")
"""Those that give a number. None does unless a place asks for it."""

HEADS = (*NAMING_HEADS, *SCORING_HEADS)


def home_of(kind: Kind) -> str:
    """The head that names faces of this kind where nobody says which."""
    return next(name for name, head in NAMING_HEADS.items() if head.home is kind)
