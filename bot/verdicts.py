"""What was judged → what the store is to keep of it."""

from bot.domain import Attachment
from bot.judging import FaceJudgement
from bot.store import NewVerdict
from models.crops import uncut
from models.types import Guess, Kind, Picture


def new_verdict(
    picture: Picture,
    attachment: Attachment,
    face: FaceJudgement,
    instead: tuple[Guess, ...] = (),
    *,
    whole: bool = False,
) -> NewVerdict:
    """A face as the store is to keep it; `instead` is said in place of what was not judged."""
    return NewVerdict(
        picture_hash=picture.phash,
        face_hash=face.face_hash,
        kind=face.face.kind,
        box=picture.in_file(face.face.box),
        detection_score=face.face.score,
        guesses=(*face.guesses, *instead),
        crop=face.crop,
        spoiler=attachment.spoiler,
        whole=whole,
    )


def whole_of(picture: Picture, kind: Kind, *, spoiler: bool = False) -> NewVerdict:
    """The whole picture as the store is to keep it; nobody has judged it."""
    crop = uncut(picture, kind)
    return NewVerdict(
        picture_hash=picture.phash,
        face_hash=picture.phash,
        kind=kind,
        box=picture.in_file((0, 0, picture.pixels.shape[1], picture.pixels.shape[0])),
        detection_score=1.0,
        guesses=(),
        crop=crop,
        spoiler=spoiler,
        whole=True,
    )
