"""What the program talks about: frozen values, no I/O.

A *guess* is what a head said, a *vote* is what one person said of a guess, a *label* is what
people agreed on. They are different types and live in different tables.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from models.types import Box, Guess, Kind, Named, Scope, UserId


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture as a platform hands it over: bytes, or a URL on one of its media hosts."""

    name: str
    data: bytes | None = None
    url: str | None = None
    spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """A request to judge pictures.

    Attributes:
        key: names the request on its platform for ever; a key is answered once.
        author: who posted the pictures. Only this person can consent to their use.
        asker: who asked; often the author.
        locale: `ja` or `en`.
        allow_explicit: the place is marked for adults.
        place: where heads are chosen (a channel); empty where they cannot be.
        asked: somebody asked for it; else it was seen in a watched channel.
    """

    scope: Scope
    key: str
    author: UserId
    asker: UserId
    locale: str
    pictures: tuple[Attachment, ...]
    text: str | None = None
    allow_explicit: bool = False
    place: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the heads said of one face, or of a whole picture, as the store keeps it.

    Attributes:
        face_hash: perceptual hash of the aligned face, 16 hexadecimal digits.
        crop: content hash of the stored crop; None once it has expired or was forgotten.
        revealed: somebody asked for the nearest names.
        whole: it is of the whole picture, and `box` is all of it.
        place: where it was asked, as in `Post`.
    """

    id: int
    post_key: str
    scope: Scope
    author: UserId
    locale: str
    kind: Kind
    box: Box
    detection_score: float
    face_hash: str
    crop: str | None
    guesses: tuple[Guess, ...]
    spoiler: bool
    revealed: bool
    created: datetime
    whole: bool = False
    place: str = ""

    def named(self, head: str) -> Named | None:
        """The guess of `head`, if it made one."""
        for guess in self.guesses:
            if isinstance(guess, Named) and guess.head == head:
                return guess
        return None


X_USERS = "x:"
"""How the service calls accounts on X, and posts: with their numbers behind it."""


def is_of_x(user_or_key: str) -> bool:
    """Whether it is an account or a post on X: by default nothing is learned from there."""
    return user_or_key.startswith(X_USERS)


class Role(IntEnum):
    """What somebody may do in a scope; each may what the ones before may."""

    VIEWER = 1
    TEACHER = 2
    MODERATOR = 3
    ADMIN = 4


class Action(StrEnum):
    """What a person can say of a guess."""

    RIGHT = "right"
    CANDIDATE = "candidate"
    NAME = "name"
    NOT = "not"
    NONE_OF_THESE = "none"
    NOT_A_FACE = "not_a_face"
    RATE = "rate"


NAMING = frozenset({Action.RIGHT, Action.CANDIDATE, Action.NAME})
"""The actions that say who it is; from the poster they are consent."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One person's mark, button or typed name on one face and one head.

    Attributes:
        trusted: the voter is a moderator of the scope.
        choice: which candidate, from 0, for `Action.CANDIDATE`; 1 to 5 for `Action.RATE`.
        name: what was typed, for `Action.NAME`; who it is not, for `Action.NOT`.
        withdraw: the mark is taken back.
        place: where it was cast: a channel as in `Post`, or a page (`web:confirm`).
    """

    verdict_id: int
    head: str
    voter: UserId
    action: Action
    trusted: bool = False
    choice: int | None = None
    name: str | None = None
    withdraw: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """What the store keeps of a Correction. Nothing is overwritten: undoing adds a vote.

    Attributes:
        name: the name the vote stands for, resolved when it was cast; None for the actions that
            name nobody.
        score: 1 to 5 for `Action.RATE`, else None.
        place: where it was cast, as in `Correction`.
    """

    id: int
    verdict_id: int
    head: str
    voter: UserId
    trusted: bool
    action: Action
    name: str | None
    withdraw: bool
    created: datetime
    score: int | None = None
    place: str = ""


class Answer(StrEnum):
    """What a label says."""

    IS = "is"
    IS_NOT = "is_not"
    NOT_A_FACE = "not_a_face"


@dataclass(frozen=True, slots=True)
class Label:
    """What people agreed on for one face and one head.

    Attributes:
        names: for `IS` the one name; for `IS_NOT` the names it is not; else empty.
    """

    verdict_id: int
    head: str
    answer: Answer
    names: tuple[str, ...] = ()


class State(StrEnum):
    """How a verdict stands with its voters."""

    OPEN = "open"
    LEARNED = "learned"
    WAITING = "waiting"
    DISPUTED = "disputed"
    HELD = "held"
    CONSENT_NEEDED = "consent"
    REJECTED = "rejected"
    NOT_A_FACE = "not_a_face"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """The result of counting votes: a state for the reply and perhaps a label to act on.

    Attributes:
        name: whom it is about, if it is about somebody.
        missing: how many more people it takes, while waiting.
    """

    state: State
    name: str | None = None
    label: Label | None = None
    missing: int = 0


class Mark(StrEnum):
    """The marks under a Part, by the emoji that stands for each on every platform."""

    RIGHT = "✅"
    A = "🇦"
    B = "🇧"
    C = "🇨"
    NONE_OF_THESE = "❌"
    NOT_A_FACE = "🚫"
    WHO = "❓"
    MINE = "🙋"
    RATE_1 = "1️⃣"
    RATE_2 = "2️⃣"
    RATE_3 = "3️⃣"
    RATE_4 = "4️⃣"
    RATE_5 = "5️⃣"
    DELETE = "🗑️"


CANDIDATE_MARKS = (Mark.A, Mark.B, Mark.C)
RATING_MARKS = (Mark.RATE_1, Mark.RATE_2, Mark.RATE_3, Mark.RATE_4, Mark.RATE_5)


@dataclass(frozen=True, slots=True)
class Part:
    """The answer for one face, or for a whole picture.

    Attributes:
        words: what to write, markup-free.
        image: the annotated crop as JPEG, or None once it has expired.
        description: alternative text for the image.
        marks: the marks to offer, in order.
        status: what came of the votes, or None.
    """

    verdict_id: int
    words: str
    image: bytes | None
    description: str
    marks: tuple[Mark, ...]
    state: State
    status: str | None = None
    spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An enrolled example that is among the most like a face.

    Attributes:
        alike: in percent; 100 is the same picture.
        crop: content hash of its stored crop.
    """

    name: str
    alike: int
    crop: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a face was answered as it was, by what is known now.

    Attributes:
        words: what to write, markup-free, a line a thought.
        neighbours: the nearest examples, most alike first.
        image: the face with its neighbours beside it as JPEG, or None once the face has expired.
        description: alternative text for the image.
        spoiler: the face, or one of its neighbours, was posted as a spoiler.
    """

    verdict_id: int
    words: str
    neighbours: tuple[Neighbour, ...] = ()
    image: bytes | None = None
    description: str = ""
    spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a platform sends back: words for the whole, a Part a face (at most four)."""

    post_key: str
    words: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody enrolled in a scope under a head."""

    id: int
    scope: Scope
    head: str
    name: str
    examples: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Faces of somebody whom nobody has named, as far as clustering can tell.

    Attributes:
        faces: their verdicts, newest first.
        spoiler: one of them was posted as a spoiler.
        told: when a digest showed it, UTC without a zone; None if none did.
    """

    id: int
    scope: Scope
    head: str
    faces: tuple[int, ...]
    spoiler: bool = False
    told: datetime | None = None
