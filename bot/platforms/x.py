"""X (Twitter): a bot that answers posts which tag it, once each, and learns from what is replied.

Two loops: one looks for new mentions and keeps them, one deals with those that are kept. A mention
is kept with the cursor (`bot.x_store`), and what it is answered is looked up on X before it is said
again, so that each is answered exactly once whatever breaks in between.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter, Gauge

from bot.correcting import clean_name
from bot.domain import X_USERS, Action, Attachment, Correction, Mark, Part, Post, Reply, Verdict
from bot.drawing import lettered
from bot.errors import (
    BudgetSpent,
    Busy,
    NotAllowed,
    NotFound,
    RateLimited,
    Rejected,
    SettingsError,
    Unavailable,
    XError,
)
from bot.platforms import x_text
from bot.platforms.x_api import MOST_PICTURES, XApi
from bot.platforms.x_auth import auth_of
from bot.platforms.x_budget import Budget
from bot.platforms.x_corrections import Said, Word, corrections, plain_text, word
from bot.platforms.x_posts import Tag, Tagging, XPost
from bot.service import Service
from bot.settings import X_PLACE, Settings
from bot.x_store import X_REF, Mention, MentionState, XStore
from models.heads import home_of
from models.shared_files import locked
from models.types import UserId

log = logging.getLogger(__name__)

WAITING = Gauge("hantei_x_mentions_waiting", "Mentions that are not dealt with")
MENTIONS = Counter("hantei_x_mentions_total", "Mentions that were dealt with", ["outcome"])

_LONGEST_LOOK = 5.0
"""Seconds after which the kept mentions are looked at again, whatever is known of them."""

_MOMENT = 2.0
"""Seconds after which the operator is told that another process is in the way."""

_MOST_TRIES = 5
"""Failures that are nobody's but ours, after which a mention is given up."""

_UNTIL_MENDED = timedelta(hours=1)
"""Between two looks whether there is money again, or the right to read or to post."""

_NOBODY_TO_ANSWER = ("deleted or not visible", "mentioned or are the author")
"""In X's words: the post is gone, protected, or its author blocks the bot or tags it no more."""

_KEEP_DEALT_WITH = timedelta(days=60)

_LATE = 30_000 << 22
"""X may list a mention late: half a minute in its ids, whose upper bits count milliseconds."""

_FIRST_SNOWFLAKE = 1 << 48
"""Smaller ids hold no time: another server's."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds before a failed attempt is repeated: doubled each time, and anything up to that.

    Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter
    """

    first: float = 4.0
    longest: float = 300.0

    def after(self, failures: int) -> float:
        """Before the next attempt, after so many failures in a row."""
        most = min(self.longest, self.first * 2 ** min(failures, 30))
        return random.uniform(most / 4, most)  # noqa: S311 - nobody gains by guessing it


class XPlatform:
    """Runs the bot with the keys of the settings."""

    name = "x"

    def __init__(
        self, settings: Settings, pauses: Pauses = Pauses(), seconds: float = 30.0
    ) -> None:
        self._settings = settings
        self._pauses = pauses
        self._seconds = seconds

    async def run(self, service: Service) -> None:
        """See `Platform`."""
        waiting = asyncio.get_running_loop().call_later(
            _MOMENT, log.warning, "X: another process answers from this data folder; this one waits"
        )
        try:
            async with locked(self._settings.store.data_dir / "x.lock"):
                waiting.cancel()
                await self._run_alone(service)
        finally:
            waiting.cancel()

    async def _run_alone(self, service: Service) -> None:
        """Two at once would answer twice: each takes what the other is saying for unsaid."""
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
                Mention(each.id, _user(each.author), "", state=MentionState.IGNORED)
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
                    _user(each.author),
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
        except Exception:
            log.exception("mention %d cannot be dealt with", mention.id)
            if mention.tried + 1 < _MOST_TRIES:
                await self._put_off(mention, self._pauses.after(mention.tried), failed=True)
            else:
                await self._settle(mention, MentionState.GAVE_UP)
        finally:
            del self._at_work[mention.id]

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
            Busy, XError: it has to be tried again.
        """
        tagging = Tagging.read(mention.payload)
        if mention.text is not None:
            await self._answer_again(mention, tagging)
            return
        if await self._is_to_be_ignored(tagging):
            await self._settle(mention, MentionState.IGNORED)
            return
        said = plain_text(tagging.post.text)
        if not (tagging.post.pictures or tagging.post.untold):
            await self._wait_for_answer(tagging.parent)
            if await self._obey(mention, tagging.post, word(said)):
                return
            if tagging.post.replied_to is not None and await self._learn(tagging.post, said):
                await self._settle(mention, MentionState.IGNORED)
                return
        shown = await self._picture_post(tagging)
        if shown is None:
            await self._settle(mention, MentionState.IGNORED)
        else:
            await self._answer(mention, tagging.post, shown)

    async def _wait_for_answer(self, parent: XPost | None) -> None:
        """People may reply to an answer before the bot knows that it went out.

        Raises:
            Busy: that is so; later it will be known which faces they speak of.
        """
        if parent is None or parent.author != self._me.author:
            return
        if await self._store.is_open(parent.replied_to or 0):
            raise Busy("the answer that it replies to is not known yet")

    async def _is_to_be_ignored(self, tagging: Tagging) -> bool:
        post, parent = tagging.post, tagging.parent
        if post.author == self._me.author or post.reposts or post.protected:
            return True
        if await self._store.stopped([_user(post.author)]):
            return True
        return parent is not None and self._is_carried_along(post, parent)

    def _is_carried_along(self, post: XPost, parent: XPost) -> bool:
        """X tags in a reply whoever the post before it tagged: that asks for nothing.

        A reply to the bot itself may be a correction, and who goes on with pictures asks again.
        """
        goes_on = parent.author == post.author and bool(post.pictures or post.untold)
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
                stopped = await self._store.stopped([_user(found.author)])
                return None if stopped else found
        return None

    async def _with_pictures(self, post: XPost) -> XPost | None:
        """The post with the URLs of its pictures; None if it has none, or is gone."""
        if post.pictures or not post.untold:
            return post if post.pictures else None
        page = await self._api.posts([post.id])
        found = next((each for each in page.posts if each.id == post.id), None)
        return found if found is not None and found.pictures else None

    # answering

    async def _answer(self, mention: Mention, post: XPost, shown: XPost) -> None:
        if post.sensitive or shown.sensitive:
            text = x_text.refusal(self._locale(post), mention.number)
            await self._send(mention, text, (), key=None)
            return
        request = self._request(post, shown)
        reply = await self._service.answer(request)
        if reply is None:  # judged already, but not sent
            with suppress(NotFound):
                reply = await self._service.reply(request.key)
        if reply is None:
            await self._settle(mention, MentionState.IGNORED)  # forgotten meanwhile
            return
        verdicts = await self._verdicts(reply)
        text = x_text.answer(
            request.locale,
            reply.words,
            verdicts,
            mention.number,
            learns=self._settings.x.train,
        )
        await self._send(mention, text, reply.parts, key=request.key)

    async def _answer_again(self, mention: Mention, tagging: Tagging) -> None:
        """An answer may have gone out: look for it, and only if it is not there say it again."""
        assert mention.text is not None  # noqa: S101 - the caller looked
        key = await self._key_of(tagging)
        if mention.state is MentionState.SENDING:
            found = await self._find_reply(mention)
            if found is not None:
                await self._sent(mention, key, found)
                return
        parts: Sequence[Part] = ()
        if key is not None:
            try:
                parts = (await self._service.reply(key)).parts
            except NotFound:  # forgotten meanwhile
                await self._settle(mention, MentionState.IGNORED)
                return
        await self._send(mention, mention.text, parts, key)

    async def _key_of(self, tagging: Tagging) -> str | None:
        """Of the answer to a mention; None if nothing was judged."""
        for each in (tagging.post, tagging.quoted, tagging.parent):
            if each is not None:
                key = _key(tagging.post, each)
                with suppress(NotFound):
                    return (await self._service.reply(key)).post_key
        return None

    async def _find_reply(self, mention: Mention) -> int | None:
        """The answer to a mention, if there is one on X."""
        token = None
        while True:
            after = max(mention.id, mention.after)
            page = await self._api.timeline(self._me.author, after, token, own=True)
            for each in page.posts:
                if each.replied_to == mention.id:
                    return each.id
            token = page.next if page.posts else None
            if token is None:
                return None

    async def _send(
        self, mention: Mention, text: str, parts: Sequence[Part], key: str | None
    ) -> None:
        media = await self._upload(parts[:MOST_PICTURES])
        await self._store.sending(mention.id, text)
        try:
            reply = await self._reply(mention, text, media)
        except Rejected as refused:
            await self._refused(mention, key, refused)
        except XError as error:
            unclear = isinstance(error, Unavailable) and error.may_have_acted
            if not unclear and mention.state is MentionState.WAITING:
                await self._store.not_sent(mention.id)
            raise
        else:
            await self._sent(mention, key, reply)

    async def _reply(self, mention: Mention, text: str, media: Sequence[str]) -> int:
        try:
            return await self._api.reply(mention.id, text, media)
        except Rejected as refused:
            if not media or "media" not in refused.detail.casefold():
                raise
            log.warning("X does not take the pictures of an answer: %s", refused.detail)
            return await self._api.reply(mention.id, text)

    async def _upload(self, parts: Sequence[Part]) -> list[str]:
        """The pictures, with letters if there are several; without them words have to do."""
        media = []
        for letter, part in zip(x_text.LETTERS, parts, strict=False):
            if part.image is None:
                continue
            image = part.image
            if len(parts) > 1:
                image = await asyncio.to_thread(lettered, image, letter)
            try:
                media.append(await self._api.upload(image, part.description))
            except Rejected as refused:
                log.warning("X does not take a picture: %s", refused.detail)
        return media

    async def _sent(self, mention: Mention, key: str | None, reply: int) -> None:
        if key is not None:
            await self._service.sent(key, _ref(reply))
        await self._settle(mention, MentionState.ANSWERED, reply)

    async def _refused(self, mention: Mention, key: str | None, refused: Rejected) -> None:
        """X will not have the answer: because it has it, or for good, or until it is mended."""
        detail = refused.detail.casefold()
        if "duplicate" in detail:  # it went out, and was not found yet
            found = await self._find_reply(mention)
            if found is None:
                await self._put_off(mention, self._pauses.after(mention.tried), failed=True)
            else:
                await self._sent(mention, key, found)
        elif any(words in detail for words in _NOBODY_TO_ANSWER):
            log.info("mention %d is not answered: %s", mention.id, refused)
            if key is not None:
                await self._service.forget_original(key)
            await self._settle(mention, MentionState.IGNORED)
        elif refused.status == 403:
            log.error("X lets the account post nothing (%s): `python bot.py doctor x`", refused)
            await self._put_off(mention, _UNTIL_MENDED.total_seconds())
        else:
            log.error("mention %d cannot be answered: %s", mention.id, refused)
            await self._settle(mention, MentionState.GAVE_UP)

    def _request(self, post: XPost, shown: XPost) -> Post:
        return Post(
            scope=self._settings.x.scope,
            key=_key(post, shown),
            author=_user(shown.author),
            asker=_user(post.author),
            locale=self._locale(post),
            pictures=tuple(
                Attachment(f"x-{shown.id}-{n}", url=url)
                for n, url in enumerate(shown.pictures[:MOST_PICTURES])
            ),
            text=plain_text(post.text) or None,
            place=X_PLACE,
        )

    def _locale(self, post: XPost) -> str:
        """X tells what language a text is in; "und" and "q…" are its words for none."""
        if post.lang == "und" or post.lang.startswith("q"):
            return self._settings.locale
        return "ja" if post.lang == "ja" else "en"

    async def _verdicts(self, reply: Reply) -> list[Verdict]:
        found = []
        for part in reply.parts[:MOST_PICTURES]:
            with suppress(NotFound):  # forgotten meanwhile
                found.append(await self._service.verdict(part.verdict_id))
        return found

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

    # what people say in a reply

    async def _obey(self, mention: Mention, post: XPost, said: Word | None) -> bool:
        """Do what somebody asks for themselves. Nothing is said about it: that would be a reply.

        Returns:
            Whether it was such a word.
        """
        user, scope = _user(post.author), self._settings.x.scope
        match said:
            case Word.STOP:
                await self._store.stop(user)
            case Word.FORGET:
                await self._service.forget_user(scope, user)
            case Word.ALLOW:
                if self._settings.x.train:
                    await self._service.allow(scope, user)
            case Word.DELETE:
                verdicts = await self._service.verdicts_at(_ref(post.replied_to or 0))
                with suppress(NotAllowed, NotFound):
                    for each in verdicts[:1]:
                        trusted = post.author in self._settings.x.moderators
                        await self._service.delete(each.id, user, trusted=trusted)
            case None:
                return False
        await self._settle(mention, MentionState.IGNORED)
        return True

    async def _learn(self, post: XPost, text: str) -> bool:
        """Count what a reply says of the faces in an answer.

        Returns:
            Whether it is a reply to an answer: then it asks for nothing.
        """
        verdicts = await self._service.verdicts_at(_ref(post.replied_to or 0))
        for each in corrections(text, len(verdicts)):
            with suppress(NotFound, NotAllowed):  # no such candidate, or forgotten meanwhile
                await self._correct(verdicts[each.face], each, post)
        return bool(verdicts)

    async def _correct(self, verdict: Verdict, said: Said, post: XPost) -> None:
        voter, trusted = _user(post.author), post.author in self._settings.x.moderators
        if said.name is not None:
            await self._name(verdict, said.name, voter, sure=said.sure, trusted=trusted)
            return
        mark = said.mark
        offered = (await self._service.part(verdict.id)).marks
        if mark is Mark.A and mark not in offered:
            mark = Mark.RIGHT  # the first of the names is the one that was given
        if mark is not None and mark in offered:
            await self._service.mark(verdict.id, mark, voter, trusted=trusted, place=X_PLACE)

    async def _name(
        self, verdict: Verdict, name: str, voter: UserId, *, sure: bool, trusted: bool
    ) -> None:
        bare = name.removesuffix("さん") or name
        forms = [each for each in (name, bare) if await self._service.knows(verdict.scope, each)]
        if not (sure or forms):
            return  # just talk, most likely
        name = clean_name(forms[0] if forms else bare)
        heads = await self._service.heads_for(verdict.id, name)
        # Nobody can be asked which is meant: a correction gets no reply.
        home = home_of(verdict.kind)
        head = home if home in heads else heads[0]
        correction = Correction(
            verdict.id,
            head,
            voter,
            Action.NAME,
            trusted=trusted,
            name=name,
            place=X_PLACE,
        )
        await self._service.correct(correction)


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


def _user(number: int) -> UserId:
    return f"{X_USERS}{number}"


def _ref(post: int) -> str:
    """How the service calls an answer on X."""
    return f"{X_REF}{post}"


def _key(post: XPost, shown: XPost) -> str:
    """Of a request; it begins with the post that has the pictures, as on Discord."""
    return f"x:{post.id}" if post.id == shown.id else f"x:{shown.id}:{post.id}"


def _now() -> datetime:
    """UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
