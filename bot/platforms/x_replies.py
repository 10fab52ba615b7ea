"""What people reply to the bot on X: corrections of an answer, and words about themselves.

Nothing is said about either: X's rule is one reply for each time that somebody asks.
"""

from contextlib import suppress

from bot.correcting import clean_name
from bot.domain import Action, Correction, Mark, Verdict
from bot.errors import Busy, NotAllowed, NotFound
from bot.platforms.x_corrections import Said, Word, corrections, plain_text, word
from bot.platforms.x_names import ref_of, user_of
from bot.platforms.x_posts import Tagging, XPost
from bot.service import Service
from bot.settings import X_PLACE, X
from models.heads import home_of


class Replies:
    """Does what replies say.

    Args:
        me: number of the bot's account.
    """

    def __init__(self, settings: X, service: Service, me: int) -> None:
        self._settings = settings
        self._service = service
        self._me = me

    async def heed(self, tagging: Tagging) -> bool:
        """Do what a post without pictures says, if it speaks to the bot of itself or an answer.

        Returns:
            Whether it does: then it asks for nothing else.

        Raises:
            Busy: it is too early to tell of which faces it speaks.
        """
        post = tagging.post
        await self._wait_for_answer(tagging.parent)
        said = plain_text(post.text)
        if (order := word(said)) is not None:
            await self._obey(post, order)
            return True
        verdicts = await self._answered(post)
        for each in corrections(said, len(verdicts)):
            with suppress(NotFound, NotAllowed):  # no such candidate, or forgotten meanwhile
                await self._correct(verdicts[each.face], each, post)
        return bool(verdicts)

    async def _wait_for_answer(self, parent: XPost | None) -> None:
        """People may reply to an answer before the bot knows that it went out."""
        if parent is None or parent.author != self._me:
            return
        if await self._service.x.is_open(parent.replied_to or 0):
            raise Busy("the answer that it replies to is not known yet")

    async def _answered(self, post: XPost) -> list[Verdict]:
        """The faces in the answer to which a post replies, in its order."""
        return await self._service.verdicts_at(ref_of(post.replied_to or 0))

    def _moderates(self, post: XPost) -> bool:
        return post.author in self._settings.moderators

    async def _obey(self, post: XPost, order: Word) -> None:
        user, scope = user_of(post.author), self._settings.scope
        match order:
            case Word.STOP:
                await self._service.x.stop(user)
            case Word.FORGET:
                await self._service.forget_user(scope, user)
            case Word.ALLOW:
                if self._settings.train:
                    await self._service.allow(scope, user)
            case Word.DELETE:
                ref, trusted = ref_of(post.replied_to or 0), self._moderates(post)
                with suppress(NotAllowed, NotFound):
                    await self._service.delete_at(ref, user, trusted=trusted)

    async def _correct(self, verdict: Verdict, said: Said, post: XPost) -> None:
        if said.name is not None:
            await self._name(verdict, said.name, post, sure=said.sure)
            return
        mark = said.mark
        offered = (await self._service.part(verdict.id)).marks
        if mark is Mark.A and mark not in offered:
            mark = Mark.RIGHT  # the first of the names is the one that was given
        if mark is not None and mark in offered:
            voter, trusted = user_of(post.author), self._moderates(post)
            await self._service.mark(verdict.id, mark, voter, trusted=trusted, place=X_PLACE)

    async def _name(self, verdict: Verdict, name: str, post: XPost, *, sure: bool) -> None:
        bare = name.removesuffix("さん") or name
        forms = [each for each in (name, bare) if await self._service.knows(verdict.scope, each)]
        if not (sure or forms):
            return  # just talk, most likely
        name = clean_name(forms[0] if forms else bare)
        heads = await self._service.heads_for(verdict.id, name)
        # Nobody can be asked which is meant: a correction gets no reply.
        home = home_of(verdict.kind)
        correction = Correction(
            verdict.id,
            home if home in heads else heads[0],
            user_of(post.author),
            Action.NAME,
            trusted=self._moderates(post),
            name=name,
            place=X_PLACE,
        )
        await self._service.correct(correction)
