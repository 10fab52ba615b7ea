"""Every error this program raises on purpose.

    HanteiError
    ├── SettingsError      config.toml or the environment holds something unusable
    ├── PictureRefused     one picture cannot be judged; `reason` says why
    ├── Busy               all places in the queue are taken; try again
    ├── WeightsError       weights are missing, damaged or not what was recorded
    ├── AlreadyAsked       this user's last wish is still being worked at
    ├── NotScored          a head knows too little to be followed; `reason` says why
    ├── NotAllowed         this user may not do that
    ├── XError             X (Twitter) did not do what it was asked
    │   ├── RateLimited    too many requests; `wait` says for how long
    │   ├── Unavailable    not reached, or broken at the moment; try again
    │   ├── BudgetSpent    what may be spent in a month is spent
    │   └── Rejected       X understood and refuses; `status` and `detail` say why
    └── NotFound           no such person, answer or version
        ├── NameTaken      another person has that name already
        └── Ambiguous      the name is a person's and a character's

A message is one sentence for the operator. What a fan reads is worded in `bot/locale` from
`PictureRefused.reason`.
"""

from enum import StrEnum


class HanteiError(Exception):
    """The root: catch this to catch what the program expects to go wrong."""


class SettingsError(HanteiError):
    """The sentence names the key, the value and what is allowed."""


class Reason(StrEnum):
    """Why a picture was not judged. Each has a sentence in every file of `bot/locale`."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not-a-picture"
    FORMAT = "format"
    TRUNCATED = "truncated"
    TOO_MANY_BYTES = "too-many-bytes"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_SMALL = "too-small"
    TOO_NARROW = "too-narrow"
    TOO_MUCH_MEMORY = "too-much-memory"
    TOOK_TOO_LONG = "took-too-long"
    DECODER_CRASHED = "decoder-crashed"
    HOST = "host"
    DOWNLOAD = "download"
    EXPLICIT = "explicit"


class PictureRefused(HanteiError):
    """One picture cannot be judged.

    Attributes:
        reason: what is wrong with it.
        detail: numbers or names for the log and the sentence ("96 megapixels").
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class Busy(HanteiError):
    """As much work as the settings allow is waiting already."""


class AlreadyAsked(HanteiError):
    """One thing at a time for each user."""


class NotScored(HanteiError):
    """A head gives no score here.

    Attributes:
        head: which.
        reason: a word of `models.types.NoScore`.
    """

    def __init__(self, head: str, reason: str) -> None:
        super().__init__(f"{head}: {reason}")
        self.head = head
        self.reason = reason


class WeightsError(HanteiError):
    """Weights are missing, damaged or not those that were recorded."""


class NotAllowed(HanteiError):
    """The user lacks the right; the message says which."""


class XError(HanteiError):
    """X (Twitter) did not do what it was asked."""


class RateLimited(XError):
    """Too many requests of a kind.

    Attributes:
        wait: seconds until they are taken again.
    """

    def __init__(self, wait: float) -> None:
        super().__init__(f"X takes no more of these requests for {wait:.0f} s")
        self.wait = wait


class Unavailable(XError, ConnectionError):
    """X was not reached, or answered that something is broken there.

    Attributes:
        may_have_acted: what was asked for may have been done all the same.
    """

    def __init__(self, why: str, *, may_have_acted: bool) -> None:
        super().__init__(why)
        self.may_have_acted = may_have_acted


class BudgetSpent(XError):
    """What may be spent in a month is spent."""


class Rejected(XError):
    """X understood and refuses.

    Attributes:
        status: of HTTP.
        detail: X's sentence.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"X refuses ({status}): {detail}")
        self.status = status
        self.detail = detail


class NotFound(HanteiError):
    """What was asked for is not there (any more)."""


class NameTaken(NotFound):
    """The name is another person's."""


class Ambiguous(NotFound):
    """The name stands under several heads: it has to be said which is meant."""
