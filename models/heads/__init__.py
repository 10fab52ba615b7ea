"""The kinds of judgement. A new one is a file here and a line in `HEADS`."""

from models.heads.character import CharacterHead
from models.heads.idol import IdolHead
from models.heads.naming import NamingHead

HEADS: dict[str, type[NamingHead]] = {IdolHead.name: IdolHead, CharacterHead.name: CharacterHead}
