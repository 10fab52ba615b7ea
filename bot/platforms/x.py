"""X (Twitter): a bot that answers posts which tag it, once each, and learns from what is replied.

Two loops: one looks for new mentions and keeps them, one deals with those that are kept. A mention
is kept with the cursor (`bot.x_store`), and what it is answered is looked up on X before it is said
again, so that each is answered exactly once whatever breaks in between.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter, Gauge

from bot.errors import (
    BudgetSpent,
    Busy,
    RateLimited,
    Rejected,
    SettingsError,
    Unavailable,
    XError,
)
from bot.platforms.x_answers import Answers
from bot.platforms.x_api import XApi
from bot.platforms.x_auth import auth_of
from bot.platforms.x_budget import Budget
from bot.platforms.x_names import user_of
from bot.platforms.x_pauses import PAUSES, Pauses
from bot.platforms.x_posts import Tag, Tagging, XPost
from bot.platforms.x_replies import Replies
from bot.service import Service
from bot.settings import Settings
from bot.x_store import Mention, MentionState, XStore

log = logging.getLogger(__name__)

WAITING = Gauge("hantei_x_mentions_waiting", "Mentions that are not dealt with")
MENTIONS = Counter("hantei_x_mentions_total", "Mentions that were dealt with", ["outcome"])

_LONGEST_LOOK = 5.0
"""Seconds after which the kept mentions are looked at again, whatever is known of them."""

_MOST_TRIES = 5
"""Failures that are nobody's but ours, after which a mention is given up."""

_UNTIL_MENDED = timedelta(hours=1)
"""Between two looks whether there is money again, or the right to read or to post."""

_KEEP_DEALT_WITH = timedelta(days=60)

_LATE = 30_000 << 22
"""X may list a mention late: half a minute in its ids, whose upper bits count milliseconds."""

_FIRST_SNOWFLAKE = 1 << 48
"""Smaller ids hold no time: another server's."""


class XPlatform:
    """Runs the bot with the keys of the settings."""

    name = "x"

    def __init__(self, settings: Settings, pauses: Pauses = PAUSES, seconds: float = 30.0) -> None:
        self._settings = settings
        self._pauses = pauses
        self._seconds = seconds

    async def run(self, service: Service) -> None:
        """See `Platform`."""
        auth = auth_of(self._settings)
        try:
            budget = Budget(service.x, self._settings.x)
            async with XApi(self._settings.x, auth, budget, self._seconds) as api:
                me = await _signed_in(api)
                log.info("X: signed in as @%s", me.username)
                await XBot(self._settings, service, api, me, self._pauses).run()
        finally:
            await auth.close()


async def _signed_in(api: XApi) -> XPost:
    """Who the bot is, as soon as X says so."""
    while True:
        try:
            return await api.me()
        except RateLimited as limited:
            await asyncio.sleep(limited.wait)
        except BudgetSpent:  # the budget has told the operator
            await asyncio.sleep(_UNTIL_MENDED.total_seconds())


class XBot:
    """The bot as one account on X."""

    def __init__(
        self, settings: Settings, service: Service, api: XApi, me: XPost, pauses: Pauses
    ) -> None:
        self._settings = settings
        self._service = service
        self._store: XStore = service.x
        self._api = api
        self._me = me
        self._pauses = pauses
        self._answers = Answers(settings, service, api, me.author)
        self._replies = Replies(settings.x, service, me.author)
        self._news = asyncio.Event()
        self._at_work: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._deal(group))

    # looking for mentions

    async def _look(self) -> None:
        """Look for new mentions, again and again."""
        failures = 0
        while True:
            pause = self._settings.x.poll_seconds * await self._api.budget.pace()
            try:
                await self.look()
                failures = 0
            except RateLimited as limited:
                log.info("%s", limited)
                pause = max(pause, limited.wait)
            except (BudgetSpent, SettingsError) as error:
                log.error("no mentions are looked for: %s", error)  # noqa: TRY400 - no trace needed
                pause = max(pause, _UNTIL_MENDED.total_seconds())
            except (Unavailable, Rejected) as error:
                failures += 1
                pause = max(pause, self._pauses.after(failures))
                log.warning("cannot look for mentions: %s; again in %.0f s", error, pause)
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Keep the mentions that are new."""
        since = await self._store.cursor()
        if since is None and not self._settings.x.answer_waiting:
            page = await self._api.mentions(self._me.author, 0)
            left_out = [
                Mention(each.id, user_of(each.author), "", state=MentionState.IGNORED)
                for each in page.posts
            ]
            await self._store.receive(left_out, max((each.id for each in page.posts), default=0))
            return
        after = _a_little_before(since or 0)
        newest, token = since or 0, None
        while True:
            page = await self._api.mentions(self._me.author, after, token, paid=since or 0)
            newest = max([newest, *(each.id for each in page.posts)])
            token = page.next if page.posts else None
            kept = [
                Mention(
                    each.id,
                    user_of(each.author),
                    Tagging.of(each, page).as_json(),
                    versions=each.versions,
                )
                for each in reversed(page.posts)
            ]
            # The cursor moves with the last page: the bot may die before that.
            if await self._store.receive(kept, None if token else newest):
                self._news.set()
            if token is None:
                return

    # dealing with them

    async def _deal(self, group: asyncio.TaskGroup) -> None:
        """Deal with kept mentions, oldest first, a few at a time."""
        await self._store.clean(_now() - _KEEP_DEALT_WITH)
        while True:
            self._news.clear()
            free = self._settings.judging.workers - len(self._at_work)
            due = await self._store.due(free, self._at_work) if free else []
            for each in due:
                self._at_work[each.id] = group.create_task(self._deal_with(each))
            WAITING.set(await self._store.open())
            await self._delete_what_was_forgotten()
            if not due:
                await self._until_something_happens()

    async def _until_something_happens(self) -> None:
        """A mention comes, one is dealt with, or one that was put off is due."""
        wait = _LONGEST_LOOK
        if len(self._at_work) < self._settings.judging.workers:
            wait = await self._store.wait(_LONGEST_LOOK, self._at_work)
        news = asyncio.create_task(self._news.wait())
        try:
            waited = {news, *self._at_work.values()}
            await asyncio.wait(waited, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()

    async def _deal_with(self, mention: Mention) -> None:
        """Deal with a mention, or put it off."""
        try:
            await self.deal_with(mention)
        except RateLimited as limited:
            await self._put_off(mention, limited.wait)
        except (BudgetSpent, SettingsError) as error:
            log.error("mention %d has to wait: %s", mention.id, error)  # noqa: TRY400 - no trace needed
            await self._put_off(mention, _UNTIL_MENDED.total_seconds())
        except (Busy, Unavailable) as error:
            pause = self._pauses.after(mention.tried)
            log.info("mention %d: %s; again in %.0f s", mention.id, error, pause)
            await self._put_off(mention, pause, failed=True)
        except Rejected as refused:
            log.error("mention %d: %s", mention.id, refused)  # noqa: TRY400 - no trace needed
            await self._try_again(mention)
        except Exception:
            log.exception("mention %d cannot be dealt with", mention.id)
            await self._try_again(mention)
        finally:
            del self._at_work[mention.id]

    async def _try_again(self, mention: Mention) -> None:
        """A few times."""
        if mention.tried + 1 < _MOST_TRIES:
            await self._put_off(mention, self._pauses.after(mention.tried), failed=True)
        else:
            await self._settle(mention, MentionState.GAVE_UP)

    async def _put_off(self, mention: Mention, seconds: float, *, failed: bool = False) -> None:
        until = _now() + timedelta(seconds=seconds)
        await self._store.postpone(mention.id, until, mention.tried + failed)

    async def _settle(
        self, mention: Mention, state: MentionState, reply: int | None = None
    ) -> None:
        await self._store.settle(mention.id, state, reply)
        MENTIONS.labels(str(state)).inc()

    async def deal_with(self, mention: Mention) -> None:
        """Answer a mention, or learn from it, or let it be.

        Raises:
            Busy, XError, SettingsError: it has to be tried again.
        """
        reply = await self._reply_to(mention)
        state = MentionState.IGNORED if reply is None else MentionState.ANSWERED
        await self._settle(mention, state, reply)

    async def _reply_to(self, mention: Mention) -> int | None:
        """The number of the answer; None if there is to be none."""
        tagging = Tagging.read(mention.payload)
        if mention.text is not None:
            return await self._answers.repeat(mention, tagging)
        if await self._is_to_be_ignored(tagging):
            return None
        if not _has_media(tagging.post) and await self._replies.heed(tagging):
            return None
        shown = await self._picture_post(tagging)
        return None if shown is None else await self._answers.give(mention, tagging.post, shown)

    async def _is_to_be_ignored(self, tagging: Tagging) -> bool:
        post, parent = tagging.post, tagging.parent
        if post.author == self._me.author or post.reposts or post.protected:
            return True
        if await self._store.stopped([user_of(post.author)]):
            return True
        return parent is not None and self._is_carried_along(post, parent)

    def _is_carried_along(self, post: XPost, parent: XPost) -> bool:
        """X tags in a reply whoever the post before it tagged: that asks for nothing.

        A reply to the bot itself may be a correction, and who goes on with pictures asks again.
        """
        goes_on = parent.author == post.author and _has_media(post)
        if goes_on or parent.author == self._me.author or not self._tags_of_me(parent):
            return False
        mine = self._tags_of_me(post)
        end = _end_of_leading_tags(post)
        return bool(mine) and all(tag.start < end for tag in mine)

    def _tags_of_me(self, post: XPost) -> list[Tag]:
        me = self._me.username.casefold()
        return [tag for tag in post.tags if tag.username.casefold() == me]

    async def _picture_post(self, tagging: Tagging) -> XPost | None:
        """The post whose pictures are meant: itself, what it quotes, or what it replies to."""
        for each in (tagging.post, tagging.quoted, tagging.parent):
            if each is None or each.author == self._me.author or each.protected:
                continue
            found = await self._with_pictures(each)
            if found is not None:
                # An answer would come up under the picture of somebody who said stop.
                stopped = await self._store.stopped([user_of(found.author)])
                return None if stopped else found
        return None

    async def _with_pictures(self, post: XPost) -> XPost | None:
        """The post with the URLs of its pictures; None if it has none, or is gone."""
        if post.pictures or not post.untold:
            return post if post.pictures else None
        page = await self._api.posts([post.id])
        found = next((each for each in page.posts if each.id == post.id), None)
        return found if found is not None and found.pictures else None

    # answers that have to go

    async def _delete_what_was_forgotten(self) -> None:
        """Answers to what was forgotten, on whichever platform somebody asked for it."""
        for post in await self._store.to_delete():
            try:
                await self._api.delete(post)
            except (XError, SettingsError) as error:
                wait = error.wait if isinstance(error, RateLimited) else self._pauses.longest
                log.warning("cannot delete the answer %d yet: %s", post, error)
                await self._store.delete_not_before(post, _now() + timedelta(seconds=wait))
            else:
                await self._store.deleted(post)


def _has_media(post: XPost) -> bool:
    return bool(post.pictures or post.untold)


def _end_of_leading_tags(post: XPost) -> int:
    """Where the tags end with which a text begins."""
    end = 0
    for tag in sorted(post.tags, key=lambda each: each.start):
        if post.text[end : tag.start].strip():
            break
        end = tag.end
    return end


def _a_little_before(newest: int) -> int:
    """Where to look from: X may have listed an earlier mention later."""
    return newest - _LATE if newest > _FIRST_SNOWFLAKE else newest


def _now() -> datetime:
    """UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
