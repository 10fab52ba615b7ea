"""A picture made better: who may ask for it, what is followed uphill, and how far it has come.

`models.enhance` does the work, on a thread of its own: one picture at a time, so that judging goes
on beside it. Nothing of it is kept.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from bot import enhanced
from bot.domain import Attachment
from bot.errors import AlreadyAsked, Busy, NotScored
from bot.intake import Intake
from bot.judging import Judge
from bot.recipes import weights_of
from bot.replying import say
from bot.settings import Settings
from models.types import Context, NoScore, Pixels, Scope, UserId

if TYPE_CHECKING:
    from models.enhance import Enhanced, Limits, Objective, Score

HEADS = ("demo", "taste", "photogenic")
"""What a picture can be made better for. `demo` follows what a simulated audience likes."""

MOST_WAITING = 4
"""Pictures that may wait for their turn; beyond that the answer is "busy"."""

SECONDS = 60.0
"""For which one picture is worked at; what was reached until then is the result."""

Advance = Callable[[int, int], None]
"""Told on the event loop how many steps are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have made better.

    Attributes:
        start: from the picture, or from noise in its colours.
        strength: above 0, at most 1.
    """

    scope: Scope
    user: UserId
    locale: str
    picture: Attachment
    head: Literal["demo", "taste", "photogenic"] = "demo"
    start: Literal["picture", "noise"] = "picture"
    steps: int = 100
    strength: float = 0.7
    allow_explicit: bool = False


@dataclass(frozen=True, slots=True)
class Better:
    """What came of it: PNG files whose metadata say that they are synthetic.

    Attributes:
        words: both scores, and how much of the gain a second head sees, markup-free.
        beside: the original and the result side by side, with captions.
        result: the result alone, as large as it was judged.
    """

    words: str
    beside: bytes
    result: bytes


class Enhancer:
    """Makes pictures better. Close it to let running work stop."""

    def __init__(self, settings: Settings, intake: Intake, judge: Judge) -> None:
        self._settings = settings
        self._intake = intake
        self._judge = judge
        self._asked: set[UserId] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="enhance")
        self._stopping = threading.Event()

    async def close(self) -> None:
        """Stop at the next step, and wait until it has."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def enhance(self, wish: Wish, advance: Advance) -> Better:
        """Make a picture better, and show it beside the first.

        Raises:
            AlreadyAsked: this user has another one that is not done.
            Busy: too many are waiting.
            NotScored: nothing is known of what is to be followed.
            PictureRefused: the picture cannot be judged.
            ValueError: steps or strength are outside of what is allowed.
        """
        from models.enhance import Limits

        limits = Limits(wish.steps, wish.strength)
        if wish.user in self._asked:
            raise AlreadyAsked(f"{wish.user} has a picture that is not done")
        if len(self._asked) > MOST_WAITING:
            raise Busy(f"{len(self._asked)} pictures are being made better or waiting for it")
        self._asked.add(wish.user)
        try:
            return await self._enhance(wish, limits, advance)
        finally:
            self._asked.discard(wish.user)

    async def _enhance(self, wish: Wish, limits: "Limits", advance: Advance) -> Better:
        objective, witness = await asyncio.to_thread(self._objective, wish)
        picture = await self._intake.picture(wish.picture)
        context = Context(wish.scope, wish.user, allow_explicit=wish.allow_explicit)
        judgement = await self._judge.judge(picture, context, heads=())
        faces = [each.face.box for each in judgement.faces]
        given_up = threading.Event()
        work = partial(_run, picture.pixels, objective, limits, faces, wish.start, witness)
        loop = asyncio.get_running_loop()

        def told(done: int, steps: int) -> None:
            loop.call_soon_threadsafe(advance, done, steps)

        def should_stop() -> bool:
            return self._stopping.is_set() or given_up.is_set()

        future = loop.run_in_executor(self._thread, work, told, should_stop)
        try:
            made = await asyncio.shield(future)
        except asyncio.CancelledError:
            given_up.set()
            raise
        return await asyncio.to_thread(_better, wish, made)

    def _objective(self, wish: Wish) -> "tuple[Objective, Score | None]":
        """What is followed uphill, and a second head that has no part in it, where there is one."""
        from models import demo
        from models.enhance import Objective

        scene = self._judge.scene.network
        if wish.head == "demo":
            return demo.load(weights_of("demo", self._settings.store.data_dir), scene)
        learned = self._judge.learned(wish.scope, wish.head)
        if wish.head == "taste":
            if learned is None or not learned.knows(wish.user):
                raise NotScored(wish.head, NoScore.TOO_FEW_RATINGS)
            weights, bias = learned.direction(wish.user)
            seen = weights[: sum(self._judge.scene.blocks)]  # no words are beside this picture
            return Objective(scene, seen.astype("float32"), bias), None
        if learned is None or not learned.evidence.learned:
            raise NotScored(wish.head, NoScore.NOT_LEARNED)
        return Objective(scene, learned.line.weights, learned.line.bias), None


def _run(
    pixels: Pixels,
    objective: "Objective",
    limits: "Limits",
    faces: list[tuple[float, float, float, float]],
    start: Literal["picture", "noise"],
    witness: "Score | None",
    advance: Advance,
    should_stop: Callable[[], bool],
) -> "Enhanced":
    """Runs on the thread."""
    from models.enhance import enhance

    deadline = time.monotonic() + SECONDS

    def stop() -> bool:
        return should_stop() or time.monotonic() > deadline

    return enhance(pixels, objective, limits, faces, start, witness, advance, stop)


def _better(wish: Wish, made: "Enhanced") -> Better:
    locale = wish.locale
    scores = {"before": f"{made.before:.1f}", "after": f"{made.after:.1f}"}
    head = say(locale, f"enhance-{wish.head}")
    words = [say(locale, "enhance-done", head=head, **scores)]
    if made.held is not None:
        held = round(100 * max(0.0, min(1.0, made.held)))
        words.append(say(locale, "enhance-held", held=held))
    start = "enhance-original" if wish.start == "picture" else "enhance-noise"
    before = enhanced.Side(made.start, say(locale, start), scores["before"])
    after = enhanced.Side(made.pixels, say(locale, "enhance-result"), scores["after"])
    description = say(locale, "enhance-description", head=head)
    return Better(
        "\n".join(words),
        enhanced.encode(enhanced.beside(before, after), description),
        enhanced.encode(made.pixels, description),
    )
