"""Hundreds of people who tag the bot in every way, an X on which everything breaks, and bots that
die: does each get one answer? For the test, and for `benchmarks.x_soak`."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.intake import Intake
from bot.judging import Judge
from bot.platforms.x import XPlatform
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from tests.pixel_faces import PixelNetworks, face, teach_community
from tests.platforms.x_bot import QUICK, png
from tests.platforms.x_crashing import database, killed
from tests.x import (
    User,
    XServer,
    done_then_failing,
    done_then_hanging_up,
    failing,
    hanging_up,
    limiting,
    repeating,
    repeating_later,
    silent,
)
from tests.x.faults import Fault
from tests.x.routes import ENDPOINTS

MENTIONS, TIMELINE, REPLY = "GET /2/users/:id/mentions", "GET /2/users/:id/tweets", "POST /2/tweets"
UPLOAD, DESCRIBE = "POST /2/media/upload", "POST /2/media/metadata"

KNOWN = 8
"""People whom the bot knows before it starts."""

PATIENCE = 0.4
"""Seconds for which the bot waits for an answer of X."""


@dataclass
class Crowd:
    """People who post, one mention at a time, each in a way drawn from `rng`.

    Attributes:
        asked: mentions that want an answer.
        others: mentions that must get none.
        corrections: mentions that correct an answer: who said it of which answer's post.
        kinds: how many mentions there were of each kind.
    """

    x: XServer
    bot: User
    rng: random.Random
    users: list[User]
    stoppers: list[User]
    protected: User
    shots: list[bytes]
    asked: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    corrections: dict[str, tuple[User, str]] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    _corrected: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def on(cls, x: XServer, bot: User, rng: random.Random, users: int) -> "Crowd":
        """Open the accounts."""
        people = [x.add_user(f"u{n}") for n in range(users)]
        protected = x.add_user("hidden", protected=True)
        shots = [png(face(f"person {n % KNOWN}", 100 + n, unlike=0.6)) for n in range(40)]
        return cls(x, bot, rng, people[5:], people[:5], protected, shots)

    def posts(self) -> str:
        """Somebody tags the bot; returns the mention."""
        (kind,) = self.rng.choices(list(WAYS), [share for share, _ in WAYS.values()])
        _, way = WAYS[kind]
        mention = way(self, self.rng.choice(self.users))
        self.kinds[kind] += 1
        self.at[mention] = time.monotonic()
        return mention

    def ask(self, user: User, text: str = "@hantei だれ？", most: int = 1, **how: Any) -> str:
        shots = self.rng.choices(self.shots, k=self.rng.randint(min(2, most), most))
        return self._asks(self.x.post(user, text, pictures=shots, **how))

    def under_a_picture(self, user: User) -> str:
        return self._asks(self.x.post(user, "@hantei だれ？", reply_to=self._picture()))

    def quoting(self, user: User) -> str:
        return self._asks(self.x.post(user, "@hantei who?", quotes=self._picture(), lang="en"))

    def twice(self, user: User) -> str:
        """The same words and picture in two posts."""
        shot = [self.rng.choice(self.shots)]
        for _ in range(2):
            mention = self._asks(self.x.post(user, "@hantei 判定して", pictures=shot))
        return mention

    def correct(self, user: User) -> str:
        answers = [each for each in self.x.posted[-200:] if each.media]
        if not answers:
            return self.chat(user)
        answer = self.rng.choice(answers)
        letter = f"{self.rng.choice('AB')} " if len(answer.media) > 1 else ""
        lines = answer.said.splitlines()
        told = next((each for each in lines if letter and each.startswith(letter)), answer.said)
        # What the answer offers: nothing is wrong where it does not know.
        ways = ["person 3です", *["none"] * ("person" in told), *["2"] * (" 2 person" in told)]
        said = letter + self.rng.choice(ways)
        if (user.id, answer.id) in self._corrected or not self.x.find(answer.reply_to):
            return self.chat(user)
        self._corrected.add((user.id, answer.id))
        mention = self._lets_be(self.x.post(user, said, reply_to=answer.id))
        self.corrections[mention] = user, answer.id
        return mention

    def chat(self, user: User) -> str:
        return self._lets_be(self.x.post(user, "@hantei ありがとう"))

    def carried_along(self, user: User) -> str:
        """Somebody says something under another's mention: X tags whom that tags."""
        above = self.rng.choice(self.asked[-50:]) if self.asked else None
        if self.x.find(above) is None or above in self.x.deleted:
            return self.chat(user)
        return self._lets_be(self.x.post(user, "きれい", reply_to=above))

    def repost(self, user: User) -> str:
        there = [each for each in self.asked[-50:] if each in self.x.posts]
        return (
            self._lets_be(self.x.repost(user, self.rng.choice(there))) if there else self.chat(user)
        )

    def hidden(self, user: User) -> str:
        shots = [self.rng.choice(self.shots)]
        return self._lets_be(self.x.post(self.protected, "@hantei だれ？", pictures=shots))

    def listed_late(self, user: User) -> str:
        mention = self.ask(user)
        self.x.faults.hide(MENTIONS, mention, 3)
        return mention

    def deleted_at_once(self, user: User) -> str:
        mention = self.ask(user)
        self.x.delete(mention)
        return mention

    def stop(self) -> list[str]:
        """The stoppers say so."""
        return [self._lets_be(self.x.post(each, "@hantei やめて")) for each in self.stoppers]

    def ask_although_stopped(self) -> list[str]:
        """They have told the bot to stop, and tag it."""
        shots = self.shots[:1]
        posts = [self.x.post(each, "@hantei だれ？", pictures=shots) for each in self.stoppers]
        return [self._lets_be(each) for each in posts]

    def _picture(self) -> str:
        shot = [self.rng.choice(self.shots)]
        return self.x.post(self.rng.choice(self.users), "今日", pictures=shot)

    def _asks(self, mention: str) -> str:
        self.asked.append(mention)
        return mention

    def _lets_be(self, mention: str) -> str:
        self.others.append(mention)
        return mention


WAYS: dict[str, tuple[int, Callable[[Crowd, User], str]]] = {
    "own picture": (34, Crowd.ask),
    "several pictures": (6, lambda crowd, user: crowd.ask(user, most=4)),
    "sensitive": (4, lambda crowd, user: crowd.ask(user, possibly_sensitive=True)),
    "under a picture": (10, Crowd.under_a_picture),
    "quote": (8, Crowd.quoting),
    "the same twice": (3, Crowd.twice),
    "listed late": (3, Crowd.listed_late),
    "deleted at once": (2, Crowd.deleted_at_once),
    "correction": (14, Crowd.correct),
    "chatter": (6, Crowd.chat),
    "carried along": (4, Crowd.carried_along),
    "repost": (3, Crowd.repost),
    "protected": (3, Crowd.hidden),
}
"""How people tag the bot, and how often."""


def break_everything(x: XServer) -> None:
    """From now on each endpoint fails in every way that it can."""
    for endpoint in ENDPOINTS:
        if endpoint.name != "GET /2/users/me":
            for fault, share in COMMON:
                x.faults.sometimes(endpoint.name, fault, share)
    for endpoint in (REPLY, UPLOAD, DESCRIBE):
        x.faults.sometimes(endpoint, done_then_failing(500), 0.02)
        x.faults.sometimes(endpoint, done_then_hanging_up(), 0.02)
    x.faults.sometimes(REPLY, Fault("delete first"), 0.01)
    x.faults.sometimes(MENTIONS, repeating(), 0.1)
    x.faults.sometimes(MENTIONS, repeating_later(), 0.1)
    x.faults.own_timeline_lag = 2


COMMON = (
    (limiting(1), 0.004),
    (failing(503), 0.02),
    (failing(500), 0.01),
    (hanging_up(), 0.02),
    (silent(), 0.003),
)
"""What befalls every endpoint, and how often."""


class Mortal:
    """A bot that can be told to stop, or killed, and goes on as a new one.

    Attributes:
        service: of the present bot.
        deaths: how often it died.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.deaths = 0
        self._home = settings.store.data_dir
        self._intake = Intake.of(settings)
        self._end = asyncio.Event()
        self._dead = False
        self._life: asyncio.Task[None] | None = None
        self.service: Service

    @property
    def folder(self) -> Path:
        """Where the present bot keeps its data."""
        return self.settings.store.data_dir

    async def start(self) -> None:
        born: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._end.clear()
        self._dead = False
        self._life = asyncio.create_task(self._live(born))
        await asyncio.wait((born, self._life), return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Told to stop: it is cancelled, and everything is closed."""
        assert self._life is not None
        self._end.set()
        await self._life

    async def restart(self, *, violently: bool) -> None:
        """Stop, or be killed; then start with what is left."""
        self.deaths += 1
        if violently:
            copy = self._home / f"life {self.deaths}"
            killed(self.folder, copy)
            await self._drop()
            await self.stop()
            store = self.settings.store.model_copy(update={"data_dir": copy})
            self.settings = self.settings.model_copy(update={"store": store})
        else:
            await self.stop()
        await self.start()

    async def _drop(self) -> None:
        """None of its tasks does anything more from here on."""
        self._dead = True
        working = [each for each in asyncio.all_tasks() if _name(each) in WORKING]
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def close(self) -> None:
        await self.stop()
        await self._intake.close()

    async def _live(self, born: "asyncio.Future[None]") -> None:
        async with (
            Store(self.folder) as store,
            Judge(self.settings, PixelNetworks()) as judge,
            Service(self.settings, store, self._intake, judge) as self.service,
        ):
            born.set_result(None)
            platform = asyncio.create_task(self._run())
            await self._end.wait()
            platform.cancel()
            await asyncio.gather(platform, return_exceptions=True)

    async def _run(self) -> None:
        """As `bot.app` does: what fails is started again."""
        while not self._dead:
            try:
                await XPlatform(self.settings, QUICK, PATIENCE).run(self.service)
            except ConnectionError:
                await asyncio.sleep(0.05)


WORKING = ("XBot._look", "XBot._deal", "XBot._deal_with")


def _name(task: "asyncio.Task[Any]") -> str:
    return getattr(task.get_coro(), "__qualname__", "")


@dataclass
class Soaked:
    """What came of it."""

    crowd: Crowd
    seconds: float
    deaths: int
    folder: Path
    replied: dict[str, float]
    still_open: int

    @property
    def waits(self) -> list[float]:
        """Seconds from each mention to its answer."""
        at = self.crowd.at
        return [when - at[each] for each, when in self.replied.items() if each in at]


async def soak(
    settings: Settings, x: XServer, bot: User, *, mentions: int, users: int, deaths: int, seed: int
) -> Soaked:
    """Let a crowd post while everything breaks, and wait until all is dealt with.

    Args:
        settings: with a budget and a pace that leave out of account what X allows.
    """
    x.limits.allowed.update(dict.fromkeys(x.limits.allowed, 1_000_000))
    x.clock.ahead = 420.0
    rng = random.Random(seed)  # noqa: S311
    crowd = Crowd.on(x, bot, rng, users)
    mortal = Mortal(settings)
    async with Store(settings.store.data_dir) as store:
        await teach_community(store, people=KNOWN, shots=3, unlike=0.6, scope="x")
    began = time.monotonic()
    await mortal.start()
    crowd.stop()
    await _quiet(mortal, crowd)
    break_everything(x)
    dying = set(rng.sample(range(mentions // 20, mentions), deaths))
    replied: dict[str, float] = {}
    watching = asyncio.create_task(_watch(x, replied))
    try:
        for n in range(mentions):
            crowd.posts()
            if n == mentions // 2:
                crowd.ask_although_stopped()
            if n in dying:
                await asyncio.sleep(rng.uniform(0, 0.3))  # at any moment of its work
                await mortal.restart(violently=rng.random() < 0.5)
            while await mortal.service.x.open() > 10:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await _quiet(mortal, crowd)
        still_open = await mortal.service.x.open()
    finally:
        watching.cancel()
        await mortal.close()
    seconds = time.monotonic() - began
    return Soaked(crowd, seconds, mortal.deaths, mortal.folder, replied, still_open)


async def _quiet(mortal: Mortal, crowd: Crowd) -> None:
    """Until all that can be read was read, and is dealt with."""
    last = max(int(each) for each in (*crowd.others, *crowd.asked) if each in crowd.x.posts)
    async with asyncio.timeout(120):
        while True:
            await asyncio.sleep(0.05)
            if (await mortal.service.x.cursor() or 0) >= last and not await mortal.service.x.open():
                return


async def _watch(x: XServer, replied: dict[str, float]) -> None:
    """When each mention was replied to."""
    seen = 0
    while True:
        await asyncio.sleep(0.01)
        posts = list(x.posts.values())
        for each in posts[seen:]:
            if each.via_api and each.reply_to:
                replied.setdefault(each.reply_to, time.monotonic())
        seen = len(posts)


def wrongly_answered(soaked: Soaked, x: XServer) -> list[str]:
    """Mentions that did not get what they should: one answer, or none."""
    count = Counter(each.reply_to for each in x.posted)
    crowd = soaked.crowd
    wrong = [each for each in crowd.others if count[each]]
    wrong += [
        each
        for each in crowd.asked
        if count[each] > 1 or (count[each] == 0 and each not in x.deleted)
    ]
    return [f"{each}: {count[each]} answers" for each in wrong]


def wrongly_counted(soaked: Soaked, x: XServer) -> list[str]:
    """Corrections that did not count once."""
    wrong = []
    with database(soaked.folder) as kept:
        for mention, (user, answer) in soaked.crowd.corrections.items():
            votes = list(
                kept.execute(
                    "SELECT v.head, v.action, v.name FROM votes v"
                    " JOIN verdicts d ON d.id = v.verdict_id"
                    " JOIN messages m ON m.post_id = d.post_id WHERE m.ref = ? AND v.voter = ?",
                    (f"x:{answer}", f"x:{user.id}"),
                )
            )
            if len(votes) != 1:
                wrong.append(f"{x.posts[mention].said!r} of {answer}: {votes}")
    return wrong


def wrongly_billed(soaked: Soaked, x: XServer) -> list[str]:
    """What the bot's meter counts, where X's bill has more, or less than may be explained.

    The bot cannot know whether what it was not told about was done, and one that was killed cannot
    give back what it had reserved: a reply or two, a page of a hundred.
    """
    with database(soaked.folder) as kept:
        metered = dict(kept.execute("SELECT kind, number FROM x_spending"))
        (mentions,) = kept.execute("SELECT count(*) FROM x_mentions").fetchone()
    replies = sum(each.via_api for each in (*x.posts.values(), *x.deleted.values()))
    described = sum(each.alt_text is not None for each in x.media.values())
    looked_up, lost = len(x.requests_to(TIMELINE)), soaked.deaths
    bounds = {
        "reply": (replies, replies + _unclear(x, REPLY) + 2 * lost),
        "media_description": (described, described + _unclear(x, DESCRIBE) + 2 * lost),
        "own_read": (mentions, mentions + 100 * (looked_up + lost)),
    }
    return [
        f"{kind}: {metered[kind]} are counted, {least} to {most} were done"
        for kind, (least, most) in bounds.items()
        if not least <= metered[kind] <= most
    ]


def _unclear(x: XServer, endpoint: str) -> int:
    """Requests of which the bot could not know what became of them."""
    return sum(each.status is None or each.status >= 500 for each in x.requests_to(endpoint))
