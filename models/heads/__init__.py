"""The kinds of judgement. A new one is a file here and a line in `HEADS`."""

from models.heads.idol import IdolHead

HEADS = {IdolHead.name: IdolHead}
