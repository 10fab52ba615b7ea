"""Which of the enrolled people is this?"""

from models.heads.naming import NamingHead
from models.types import Kind


class IdolHead(NamingHead):
    """Names real people, in photographs only."""

    name = "idol"
    kinds = frozenset({Kind.PHOTO})
    home = Kind.PHOTO
