"""Which of the enrolled characters is this: drawn, or worn by a cosplayer?"""

from models.heads.naming import NamingHead
from models.types import Kind


class CharacterHead(NamingHead):
    """Names characters. Each has a probability of its own, so that "none of these" is an answer.

    On a photograph the embedder looks at a wider square, for wig and costume. A character with
    photographs among its examples is judged by those; one that is enrolled by drawings only is at
    best a "maybe" there (`models.gallery`).
    """

    name = "character"
    kinds = frozenset({Kind.ILLUSTRATION, Kind.PHOTO})
    home = Kind.ILLUSTRATION
