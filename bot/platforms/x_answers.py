"""An answer on X, said exactly once.

Before it goes out it is written down, word for word, and what was the newest answer before it.
Where it is not certain that it went out, it is looked up in the account's own timeline before it is
said again; and because no two answers are the same, X refuses to post the same one twice.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from bot.domain import Attachment, Part, Post, Reply, Verdict
from bot.drawing import lettered
from bot.errors import NotFound, Rejected, SettingsError, Unavailable, XError
from bot.platforms import x_text
from bot.platforms.x_api import MOST_PICTURES, XApi
from bot.platforms.x_corrections import plain_text
from bot.platforms.x_names import key_of, ref_of, user_of
from bot.platforms.x_posts import Tagging, XPost
from bot.service import Service
from bot.settings import X_PLACE, Settings
from bot.x_store import Mention, MentionState, XStore

log = logging.getLogger(__name__)

_NOBODY_TO_ANSWER = ("deleted or not visible", "mentioned or are the author")
"""In X's words: the post is gone, protected, or its author blocks the bot or tags it no more."""


_MOST_LOOKS = 10
"""For an answer that X says it has; with pauses that grow, over some half an hour."""


class Answers:
    """Says them. Each method that does so returns the number of the answer.

    That is None if nothing is to be said any more.

    Both raise:
        Busy, XError: try again; if it may have gone out, that is noted.
        SettingsError: X lets the account post nothing.

    Args:
        me: number of the bot's account.
    """

    def __init__(self, settings: Settings, service: Service, api: XApi, me: int) -> None:
        self._settings = settings
        self._service = service
        self._store: XStore = service.x
        self._api = api
        self._me = me

    async def give(self, mention: Mention, post: XPost, shown: XPost) -> int | None:
        """Judge the pictures of a post, and answer the one that asks.

        Args:
            shown: has the pictures, which may be somebody else's.
        """
        if post.sensitive or shown.sensitive:
            text = x_text.refusal(self._locale(post), mention.number)
            return await self._send(mention, text, (), key=None)
        request = self._request(post, shown)
        reply = await self._service.answer(request)
        if reply is None:  # judged already, but not sent
            with suppress(NotFound):
                reply = await self._service.reply(request.key)
        if reply is None:
            return None  # forgotten meanwhile
        verdicts = await self._verdicts(reply)
        learns = self._settings.x.train
        text = x_text.answer(request.locale, reply.words, verdicts, mention.number, learns=learns)
        return await self._send(mention, text, reply.parts, key=request.key)

    async def repeat(self, mention: Mention, tagging: Tagging) -> int | None:
        """Say again what may have gone out, if it is not there."""
        text = mention.text or ""
        reply = await self._judged(tagging)
        key = reply.post_key if reply else None
        declined = text == x_text.refusal(self._locale(tagging.post), mention.number)
        forgotten = reply is None and not declined
        if mention.state is MentionState.SENDING:
            found = await self._find(mention)
            if found is not None:
                if forgotten:
                    await self._store.delete_later([ref_of(found)])
                return await self._sent(key, found)
        if forgotten:
            return None
        return await self._send(mention, text, reply.parts if reply else (), key)

    async def _judged(self, tagging: Tagging) -> Reply | None:
        """What was made of a mention; None if nothing was, or it was forgotten."""
        for each in (tagging.post, tagging.quoted, tagging.parent):
            if each is not None:
                with suppress(NotFound):
                    return await self._service.reply(key_of(tagging.post, each))
        return None

    async def _find(self, mention: Mention) -> int | None:
        """The answer to a mention, if there is one on X."""
        after, token = max(mention.id, mention.after), None
        while True:
            page = await self._api.timeline(self._me, after, token, own=True)
            for each in page.posts:
                if each.replied_to == mention.id:
                    return each.id
            token = page.next if page.posts else None
            if token is None:
                return None

    async def _send(
        self, mention: Mention, text: str, parts: Sequence[Part], key: str | None
    ) -> int | None:
        media = await self._upload(parts[:MOST_PICTURES])
        await self._store.sending(mention.id, text)
        try:
            reply = await self._reply(mention, text, media)
        except Rejected as refused:
            return await self._refused(mention, key, refused)
        except XError as error:
            unclear = isinstance(error, Unavailable) and error.may_have_acted
            if not unclear and mention.state is MentionState.WAITING:
                await self._store.not_sent(mention.id)
            raise
        return await self._sent(key, reply)

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

    async def _sent(self, key: str | None, reply: int) -> int:
        if key is not None:
            await self._service.sent(key, ref_of(reply))
        return reply

    async def _refused(self, mention: Mention, key: str | None, refused: Rejected) -> int | None:
        """X will not have the answer: because it has it, or for good, or until it is mended."""
        detail = refused.detail.casefold()
        if "duplicate" in detail:  # it went out, and was not found
            found = await self._find(mention)
            if found is not None:
                return await self._sent(key, found)
            if mention.tried < _MOST_LOOKS:
                raise Unavailable("X does not list the answer yet", may_have_acted=True)
            log.warning("the answer to mention %d went out, but X never listed it", mention.id)
            return None
        if any(words in detail for words in _NOBODY_TO_ANSWER):
            log.info("mention %d is not answered: %s", mention.id, refused)
            if key is not None:
                await self._service.forget_original(key)
            return None
        if refused.status == 403:
            raise SettingsError(
                f"X lets the account post nothing ({refused.detail}): `python bot.py doctor x`."
            )
        raise refused

    def _request(self, post: XPost, shown: XPost) -> Post:
        return Post(
            scope=self._settings.x.scope,
            key=key_of(post, shown),
            author=user_of(shown.author),
            asker=user_of(post.author),
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
