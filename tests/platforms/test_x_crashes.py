"""X: whenever the bot dies, a mention is answered once, and a correction counts once."""

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager

import pytest

from bot.intake import Intake
from bot.judging import Judge
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from tests.pixel_faces import PixelNetworks, face
from tests.platforms.x_bot import dealt_with, only, png, running, settings_of
from tests.platforms.x_crashing import Crashing, database, killed
from tests.x import User, XServer, done_then_hanging_up

DEALING, LOOKING = "XBot._deal_with", "XBot._look"
MENTIONS = "GET /2/users/:id/mentions"

LASTING = (
    "SELECT id, state, text, after, reply FROM x_mentions",
    "SELECT id, answered FROM posts",
    "SELECT id FROM verdicts",
    "SELECT ref FROM messages",
    "SELECT user FROM x_stopped",
    "SELECT id FROM votes",
    "SELECT kind, number FROM x_spending WHERE kind != 'own_read'",
)
"""What a bot leaves in its database, but for how it looks for mentions."""

Posting = Callable[[], str]

pytestmark = pytest.mark.filterwarnings(
    # A bot that dies amid a query leaves its connection to the database behind.
    "ignore:.*was deleted before being closed:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


class Bots:
    """One bot after the other: each dies, and the next goes on with what is left.

    Attributes:
        folder: of the last one.
    """

    def __init__(self, x: XServer, settings: Settings, intake: Intake, task: str) -> None:
        self._x = x
        self._settings = settings
        self._intake = intake
        self._crashing = Crashing(task, self._left)
        self.folder = settings.store.data_dir
        self._generations = itertools.count()

    async def killed_everywhere(self, post: Posting) -> list[str]:
        """Post something, once for each moment; the bot that deals with it is killed there."""
        return [mention async for mention in self._dying(post, self._killed)]

    async def cancelled_everywhere(self, post: Posting) -> list[str]:
        """The same with bots that are told to stop at that moment."""
        return [mention async for mention in self._dying(post, None)]

    async def _dying(self, post: Posting, killed: Callable[[], None] | None) -> AsyncIterator[str]:
        mention = None
        with self._crashing:
            for moment in itertools.count():
                async with self.alive() as (service, task):
                    if mention is not None:
                        await dealt_with(service, mention)
                        yield mention
                    self._crashing.plan(moment, None if killed else task.cancel)
                    mention = post()
                    if not await self._dies(service, mention):
                        yield mention
                        return
                    if killed:
                        killed()

    async def _dies(self, service: Service, mention: str) -> bool:
        """False: the bot has dealt with the mention before it came to the moment."""
        done = asyncio.create_task(dealt_with(service, mention))
        death = asyncio.create_task(self._crashing.reached.wait())
        await asyncio.wait((done, death), return_when=asyncio.FIRST_COMPLETED)
        for each in (done, death):
            each.cancel()
        await asyncio.gather(done, death, return_exceptions=True)
        return self._crashing.reached.is_set()

    def _killed(self) -> None:
        copy = self._settings.store.data_dir / str(next(self._generations))
        killed(self.folder, copy)
        self.folder = copy

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[tuple[Service, "asyncio.Task[None]"]]:
        settings = self._settings.model_copy(
            update={"store": self._settings.store.model_copy(update={"data_dir": self.folder})}
        )
        async with (
            Store(self.folder) as store,
            Judge(settings, PixelNetworks()) as judge,
            Service(settings, store, self._intake, judge) as service,
            running(settings, service) as task,
        ):
            yield service, task

    def _left(self) -> Hashable:
        """In the database, and on X."""
        with database(self.folder) as kept:
            rows = [tuple(kept.execute(each)) for each in LASTING]
        asked = sum(each.endpoint != MENTIONS for each in self._x.requests)
        return tuple(rows), asked


@pytest.fixture
async def x() -> AsyncIterator[XServer]:
    async with XServer() as server:
        server.limits.allowed[MENTIONS] = 1_000_000  # many bots look, and often
        yield server


@pytest.fixture
def bot(x: XServer) -> User:
    return x.add_user("hantei")


@pytest.fixture
def ann(x: XServer) -> User:
    return x.add_user("ann")


@pytest.fixture
def settings(settings: Settings, x: XServer, bot: User) -> Settings:
    return settings_of(x, bot, settings, train=True)


@pytest.fixture
async def own_intake(settings: Settings) -> AsyncIterator[Intake]:
    intake = Intake.of(settings)
    yield intake
    await intake.close()
    gc.collect()  # or the warnings would come in another test


@pytest.mark.parametrize("lag", [0, 2])
async def test_a_bot_killed_anywhere_answers_once(
    x: XServer, settings: Settings, own_intake: Intake, ann: User, lag: int
) -> None:
    x.faults.own_timeline_lag = lag
    shots = itertools.count()

    def ask() -> str:
        return x.post(ann, "@hantei だれ？", pictures=[png(face("Mai", next(shots)))])

    bots = Bots(x, settings, own_intake, DEALING)
    mentions = await bots.killed_everywhere(ask)
    assert len(mentions) > 10  # so many moments there are
    for mention in mentions:
        only(x.replies_to(mention))


async def test_a_bot_that_is_stopped_anywhere_answers_once(
    x: XServer, settings: Settings, own_intake: Intake, ann: User
) -> None:
    shots = itertools.count()

    def ask() -> str:
        return x.post(ann, "@hantei だれ？", pictures=[png(face("Mai", next(shots)))])

    bots = Bots(x, settings, own_intake, DEALING)
    mentions = await bots.cancelled_everywhere(ask)
    assert len(mentions) > 10
    for mention in mentions:
        only(x.replies_to(mention))


async def test_a_correction_waits_until_its_answer_is_known(
    x: XServer, settings: Settings, own_intake: Intake, ann: User
) -> None:
    x.faults.next("POST /2/tweets", done_then_hanging_up())
    x.faults.own_timeline_lag = 4  # so often X refuses the same words before it shows the answer
    asked = x.post(ann, "@hantei だれ？", pictures=[png(face("Mai", 0))])
    bots = Bots(x, settings, own_intake, DEALING)
    async with bots.alive() as (service, _):
        while not x.posted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await service.x.is_open(int(asked))
        await dealt_with(service, x.post(ann, "this is Mai", reply_to=only(x.posted).id))
        with database(settings.store.data_dir) as kept:
            assert list(kept.execute("SELECT name FROM votes")) == [("Mai",)]
    only(x.replies_to(asked))


async def test_a_mention_that_is_edited_is_answered_once(
    x: XServer, settings: Settings, own_intake: Intake, ann: User
) -> None:
    bots = Bots(x, settings, own_intake, DEALING)
    async with bots.alive() as (service, _):
        asked = x.post(ann, "@hantei だれ", pictures=[png(face("Mai", 0))])
        await dealt_with(service, asked)
        edited = x.edit(asked, "@hantei だれ？")
        await dealt_with(service, edited)
    only(x.replies_to(asked))
    assert x.replies_to(edited) == []


async def test_a_bot_killed_anywhere_counts_a_correction_once(
    x: XServer, settings: Settings, own_intake: Intake, ann: User
) -> None:
    bots = Bots(x, settings, own_intake, DEALING)
    async with bots.alive() as (service, _):
        await dealt_with(service, x.post(ann, "@hantei だれ？", pictures=[png(face("Mai", 0))]))
    answer = only(x.posted).id
    people = itertools.count()

    def correct() -> str:
        return x.post(x.add_user(f"u{next(people)}"), "this is Mai", reply_to=answer)

    mentions = await bots.killed_everywhere(correct)
    with database(bots.folder) as kept:
        votes = list(kept.execute("SELECT voter, count(*) FROM votes GROUP BY voter"))
    assert sorted(votes) == sorted((f"x:{x.posts[each].author.id}", 1) for each in mentions)
    assert len(mentions) > 2
    assert len(x.posted) == 1  # corrections get no reply


async def test_a_bot_killed_while_it_looks_loses_no_mention(
    x: XServer, settings: Settings, own_intake: Intake, ann: User
) -> None:
    def ask() -> str:
        return x.post(ann, "@hantei だれ？", possibly_sensitive=True, pictures=[shot])

    shot = png(face("Mai", 0))
    mentions = await Bots(x, settings, own_intake, LOOKING).killed_everywhere(ask)
    assert len(mentions) > 1
    for mention in mentions:
        only(x.replies_to(mention))
