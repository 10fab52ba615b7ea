"""The one API that platforms call: answer, correct, enroll, forget.

A platform hands over values and gets values back; nothing here knows a chat service.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter

from bot import correcting, drawing, offering, replying, scoring
from bot.clusters import Clusters
from bot.correcting import clean_name
from bot.digests import Digests
from bot.domain import (
    X_USERS,
    Action,
    Answer,
    Attachment,
    Cluster,
    Correction,
    Explanation,
    Mark,
    Part,
    Person,
    Post,
    Reply,
    Standing,
    State,
    Verdict,
    Vote,
)
from bot.enhancing import Advance, Better, Enhancer, Wish
from bot.errors import Ambiguous, NameTaken, NotAllowed, NotFound, PictureRefused
from bot.explaining import Explainer
from bot.galleries import Galleries
from bot.intake import Intake
from bot.judging import Judge, Judgement, versions_dir
from bot.members import Members
from bot.offering import RATED_UNDER
from bot.old_sheets import drop_stale
from bot.people_store import KnownPerson
from bot.rating_queue import queue
from bot.rating_store import Rated, Seen
from bot.readings import clean_reading
from bot.reviewing import Reviews
from bot.settings import Settings
from bot.store import NewVerdict, Store
from bot.taught_scores import TaughtScores
from bot.teaching import Teaching
from bot.teaching_queue import TeachingQueue
from bot.uncancelled import to_the_end
from bot.vectors import Progress
from bot.verdicts import new_verdict
from bot.voting import standing_votes
from models.heads import NAMING_HEADS, home_of
from models.registry import Registry
from models.types import Context, Crop, Guess, Kind, Picture, Scope, UserId

log = logging.getLogger(__name__)

ANSWERS = Counter("hantei_answers_total", "Posts answered", ["platform"])
REFUSALS = Counter("hantei_refusals_total", "Pictures refused", ["reason"])
VOTES = Counter("hantei_votes_total", "Votes cast", ["action"])


MOST_TO_RATE = 500
"""The newest that are offered to somebody who rates."""

_PATIENCE = 5.0
"""Seconds for the housekeeping to come to an end by itself."""


@dataclass(frozen=True, slots=True)
class PrivacyReport:
    """What is kept of a user in a scope."""

    allowed: bool
    posts: int
    crops: int
    enrolled: int
    votes: int


class Service:
    """Answers posts and learns from corrections.

    Use it between `start` and `stop`; `async with` does both. It does not own what it is given:
    `bot.app` opens and closes store, intake and judge.

    Attributes:
        digests: who is sent the best of what was posted, and what that is.
        teaching: who is believed how much, whose votes are held, and who taught what.
        questions: what somebody is asked next.
        reviews: what waits for a moderator to decide.
        members: who may do what on the pages, and what was done there.
        x: what is remembered for X, which is that platform's own.
    """

    def __init__(self, settings: Settings, store: Store, intake: Intake, judge: Judge) -> None:
        self._settings = settings
        self._store = store
        self._intake = intake
        self._judge = judge
        self._heads = tuple(NAMING_HEADS)
        # From casting a vote to the label that comes of it: or a slower count could overwrite a
        # newer one, and a name be voted for that was removed in that moment.
        self._settling = asyncio.Lock()
        self._galleries = Galleries(store, judge, versions_dir(settings))
        self._taught = TaughtScores(store, judge)
        self._clusters = Clusters(store, judge, self._heads)
        self._enhancer = Enhancer(settings, intake, judge)
        self._explainer = Explainer(store, judge)
        self.digests = Digests(store, judge)
        self.teaching = Teaching(settings, store, self._settle_again)
        self.questions = TeachingQueue(settings, store, judge)
        self.reviews = Reviews(store, judge, self._standing)
        self.members = Members(store)
        self.x = store.x
        self._work: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._started = _now()

    async def __aenter__(self) -> "Service":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, progress: Progress | None = None) -> None:
        """Give back unanswered posts, embed what the present embedder has not seen, expire.

        Args:
            progress: told how the embedding goes, for a progress bar.
        """
        if lost := await self._store.release_unanswered():
            log.warning(
                "%d posts were being answered when the bot stopped; they may come again", lost
            )
        if not self._settings.x.train:
            await self._unlearn_x()
        for scope in await self._store.scopes():
            for head in self._heads:
                await self._galleries.rebuild(scope, head, progress)
                await self.teaching.recount(scope, head)
            await self._taught.rebuild(scope)
        self._stopping.clear()
        self._work = [
            asyncio.create_task(self._keep_house()),
            asyncio.create_task(self._clusters.keep(self._stopping)),
            asyncio.create_task(self.teaching.keep(self._stopping)),
        ]

    async def _unlearn_x(self) -> None:
        """`x.train` was turned off: nothing that was learned from X stays, nor anybody's word."""
        for scope, keys in (await self._store.posts_taught_by(X_USERS)).items():
            async with self._versions_locked(scope):
                await self._forget_learned(scope, keys, "x.train was turned off")
            for head in self._heads:
                await self.teaching.recount(scope, head)
        for scope, user in await self._store.all_consenting(X_USERS):
            await self.allow(scope, user, False)

    async def stop(self) -> None:
        """Stop what is made better, and the housekeeping, if it can be at the end of its work.

        Cancelled amid a query, it would leave a connection to the database behind.
        """
        self._stopping.set()
        self._clusters.wake()
        self.teaching.wake()
        await self._enhancer.close()
        await self.questions.close()
        if self._work:
            _, working = await asyncio.wait(self._work, timeout=_PATIENCE)
            for task in working:
                task.cancel()
            await asyncio.gather(*self._work, return_exceptions=True)

    # answering

    async def answer(self, post: Post) -> Reply | None:
        """Judge the pictures of a post.

        Returns:
            The reply; None if this post was answered, or is being answered, already. An answer
            that an earlier process recorded but did not live to send is returned again.

        Raises:
            Busy: the queue is full; the post may be handed over again.
        """
        if not await self._store.claim(post):
            unsent = await self._store.is_unsent(post.key, self._started)
            return await self.reply(post.key) if unsent else None
        async with self._released_on_failure(post):
            reply = await self._answer_claimed(post)
        ANSWERS.labels(post.scope.partition(":")[0]).inc()
        self._clusters.notice(post.scope)
        return reply

    async def look(self, post: Post) -> None:
        """Take note of the pictures of a post, for digests: nobody asked, and nobody is answered.

        Raises:
            Busy: the queue is full; the post may be handed over again.
        """
        if not await self._store.claim(post):
            return
        async with self._released_on_failure(post):
            judged, _ = await self._judged(post, (RATED_UNDER,))
            seen = [*_faces(judged), *_wholes(judged)][: replying.MOST_PARTS]
            await self._store.answered(post.key, "", seen, self._text_of(post))

    @asynccontextmanager
    async def _released_on_failure(self, post: Post) -> AsyncIterator[None]:
        """Cancelled, busy or broken: nobody has seen an answer, and the post may come again."""
        try:
            yield
        except BaseException:
            await to_the_end(self._store.release(post.key))
            raise

    async def _answer_claimed(self, post: Post) -> Reply:
        chosen = await self.heads_in(post.place) or ()
        confirmed = await self._store.confirmed(post.scope, post.author)
        why_not = scoring.keeps_back(chosen, post, confirmed=confirmed)
        heads = scoring.admitted(chosen, post, why_not) if chosen else None
        for head in self._heads:
            await self._galleries.notice(post.scope, head)
        judged, refusals = await self._judged(post, heads)
        faces = _faces(judged, lambda kind: scoring.refusals(post, kind, why_not))
        spoken_of = [each for each in faces if each.guesses]
        wholes = _wholes(judged)
        shown = [*spoken_of, *wholes][: replying.MOST_PARTS]
        words = replying.summary(
            post.locale,
            [each.guesses for each in spoken_of],
            min(len(spoken_of), replying.MOST_PARTS),
            refusals,
            {judgement.route for _, _, judgement in judged},
            pictures=len(wholes),
            silent=len(faces) - len(spoken_of),
        )
        verdicts = await self._store.answered(post.key, words, shown, self._text_of(post))
        parts = [
            await self._part(verdict, each.crop)
            for verdict, each in zip(verdicts, shown, strict=False)
        ]
        return Reply(post.key, words, tuple(parts))

    async def _judged(
        self, post: Post, heads: tuple[str, ...] | None
    ) -> tuple[list[tuple[Picture, Attachment, Judgement]], list[str]]:
        """What was made of each picture, and sentences for those that were refused."""
        judged: list[tuple[Picture, Attachment, Judgement]] = []
        refusals: list[str] = []
        context = await self._context(post)
        for attachment in post.pictures:
            try:
                picture = await self._intake.picture(attachment)
                judgement = await self._judge.judge(picture, context, heads)
            except PictureRefused as refused:
                log.info("refused %r of %s: %s", attachment.name, post.key, refused)
                REFUSALS.labels(refused.reason).inc()
                refusals.append(replying.refusal(post.locale, refused))
            else:
                judged.append((picture, attachment, judgement))
        return judged, refusals

    async def _context(self, post: Post) -> Context:
        like_from = await self.like_from(post.place)
        return Context(post.scope, post.asker, post.text, post.allow_explicit, like_from)

    def _text_of(self, post: Post) -> str | None:
        """What is written beside the pictures, if it counts; else it is nothing to be kept."""
        return post.text if self._settings.judging.text else None

    async def verdict(self, verdict_id: int) -> Verdict:
        """What the heads said of one face.

        Raises:
            NotFound: it was deleted or forgotten.
        """
        verdict = await self._store.verdict(verdict_id)
        if verdict is None:
            raise NotFound("this answer was deleted")
        return verdict

    async def part(self, verdict_id: int) -> Part:
        """The present answer for one face.

        Raises:
            NotFound: it was deleted or forgotten.
        """
        verdict = await self.verdict(verdict_id)
        return await self._part(verdict, await self._crop(verdict))

    async def reply(self, key: str) -> Reply:
        """The answer to a post as it stands now.

        Raises:
            NotFound: there is none yet, or it was deleted or forgotten.
        """
        post = await self._store.post(key)
        if post is None or post[2] is None:
            raise NotFound(f"nothing is kept of {key}")
        verdicts = await self._store.verdicts_of(key)
        parts = [await self._part(each, await self._crop(each)) for each in verdicts]
        return Reply(key, post[2], tuple(parts))

    async def lead(self, verdict_id: int) -> str:
        """The words for the whole reply if this answer is the first in it, else nothing.

        Raises:
            NotFound: it was deleted or forgotten.
        """
        verdict = await self.verdict(verdict_id)
        siblings = await self._store.verdicts_of(verdict.post_key)
        post = await self._store.post(verdict.post_key)
        first = bool(siblings) and siblings[0].id == verdict_id
        return (post[2] or "") if post and first else ""

    async def recent(
        self, scope: Scope, most: int = 20, places: Collection[str] | None = None
    ) -> list[Reply]:
        """The latest answers of a scope, newest first.

        Args:
            places: only what was posted there, as in `bot.domain.Post`; None is anywhere.
        """
        found = []
        for key in await self._store.recent(scope, most, places):
            with suppress(NotFound):  # deleted meanwhile
                found.append(await self.reply(key))
        return found

    async def why(self, verdict_id: int) -> Explanation:
        """Why a face was answered as it was, by what is known now.

        Raises:
            NotFound: the answer was deleted or forgotten.
            Busy: the queue is full.
        """
        verdict = await self.verdict(verdict_id)
        return await self._explainer.why(verdict, await self._standings(verdict))

    async def example(self, scope: Scope, crop: str) -> bytes | None:
        """An enrolled example in a square, as JPEG; None if it is none (any more)."""
        for head in self._heads:
            found = await self._explainer.example(scope, head, crop)
            if found is not None:
                return await asyncio.to_thread(drawing.square, found)
        return None

    async def latest(self, under: str, user: UserId) -> int | None:
        """The verdict to explain to a user who does not say which.

        Args:
            under: what the references of the messages begin with, up to a colon.

        Returns:
            The first face of the latest answer there to a picture of theirs, or else to anybody's.
        """
        own = await self._store.latest_verdict(under, user)
        return own if own is not None else await self._store.latest_verdict(under, None)

    async def reveal(self, verdict_id: int) -> Part:
        """Somebody asks for the nearest names: the Part with them.

        Raises:
            NotFound: the answer was deleted or forgotten.
        """
        await self.verdict(verdict_id)
        await self._store.reveal(verdict_id)
        return await self.part(verdict_id)

    # which message shows what

    async def sent(self, key: str, ref: str, verdict_id: int | None = None) -> None:
        """A platform has sent a message: `ref` names it for ever."""
        await self._store.bind(ref, key, verdict_id)

    async def verdict_at(self, ref: str) -> int | None:
        """The verdict that a message shows, or None."""
        return await self._store.verdict_at(ref)

    async def verdicts_at(self, ref: str) -> list[Verdict]:
        """The verdicts that a message shows which answers a whole post, in its order."""
        key = await self._store.key_at(ref)
        return [] if key is None else await self._store.verdicts_of(key)

    async def messages_since(self, age: timedelta) -> list[tuple[str, int]]:
        """Messages no older than `age` and the verdicts they show, oldest first."""
        return await self._store.messages_since(_now() - age)

    # making better

    async def enhance(self, wish: Wish, advance: Advance) -> Better:
        """Make a picture better; see `Enhancer.enhance`. Nothing of it is kept."""
        return await self._enhancer.enhance(wish, advance)

    # correcting

    async def mark(
        self,
        verdict_id: int,
        mark: Mark,
        voter: UserId,
        *,
        trusted: bool = False,
        withdraw: bool = False,
        place: str = "",
    ) -> Part:
        """Count a mark: a vote under each head that it speaks of; see `bot.offering.votes_by`.

        Args:
            place: where it was set, as in `bot.domain.Correction`.

        Returns:
            The Part with its new status.

        Raises:
            NotFound: the answer is gone, or the mark points at no candidate.
            NotAllowed: only the poster can say whom it shows.
        """
        verdict = await self.verdict(verdict_id)
        if mark is Mark.MINE:
            return await self._confirm(verdict, voter)
        votes = [
            Correction(
                verdict_id,
                head,
                voter,
                action,
                trusted=trusted,
                choice=choice,
                withdraw=withdraw,
                place=place,
            )
            for head, action, choice in offering.votes_by(verdict, mark)
        ]
        if not votes:
            raise NotFound(f"{mark} means nothing under answer {verdict_id}")
        return await self._count(votes)

    async def _confirm(self, verdict: Verdict, user: UserId) -> Part:
        """What the poster has scored shows themselves, or who agreed, and an adult: score it."""
        if user != verdict.author:
            raise NotAllowed("only the poster can say whom a picture shows")
        await self._store.confirm(verdict.scope, user)
        like_from = await self.like_from(verdict.place)
        context = Context(verdict.scope, user, like_from=like_from)
        for each in await self._store.verdicts_of(verdict.post_key):
            crop = await self._crop(each) if scoring.waits_for_word(each) else None
            if crop is not None:
                for guess in await self._judge.guess(crop, context, (scoring.ONES_OWN,)):
                    await self._store.answer_anew(each.id, guess)
        return await self.part(verdict.id)

    async def correct(self, correction: Correction) -> Part:
        """Count a vote; what people agree on acts on the very next picture.

        Returns:
            The Part with its new status.

        Raises:
            NotFound: the answer is gone, or there is no such candidate.
        """
        return await self._count([correction])

    async def cast(self, correction: Correction) -> Standing:
        """Count a vote among many: no gallery is built anew, and no answer is shown.

        `bot.galleries` notices the labels that come of it, in whichever process answers.

        Raises:
            NotFound: as `correct`.
        """
        async with self._settling:
            verdict = await self.verdict(correction.verdict_id)
            name = correcting.meant_name(verdict, correction)
            if await self._store.vote(correction, name):
                VOTES.labels(correction.action).inc()
            await self._settle(verdict, correction.head)
            return await self._standing(verdict, correction.head)

    async def _count(self, corrections: Sequence[Correction]) -> Part:
        """One voter's votes on one face, under a head each."""
        changed = []
        async with self._settling:
            verdict = await self.verdict(corrections[0].verdict_id)
            names = [correcting.meant_name(verdict, each) for each in corrections]
            for correction, name in zip(corrections, names, strict=True):
                if await self._store.vote(correction, name):
                    VOTES.labels(correction.action).inc()
                    held = await self.teaching.notice(verdict, correction)
                    await self._settle_all((each, correction.head) for each in held)
                    changed += [correction.head] if held else []
                # Also for a vote that stood already: the bot may have died before it was settled.
                if await self._settle(verdict, correction.head):
                    changed.append(correction.head)
        for head in dict.fromkeys(changed):
            await self._galleries.rebuild(verdict.scope, head)
        part = await self.part(verdict.id)
        if corrections[0].action is Action.RATE:  # how somebody rates is nobody else's business
            await self._taught.rebuild_tastes(verdict.scope)
            return part
        if corrections[0].withdraw and part.state is State.OPEN:
            return replace(part, status=replying.say(verdict.locale, "status-undone"))
        return part

    async def heads_for(self, verdict_id: int, name: str) -> tuple[str, ...]:
        """Under which heads a typed name could be meant; more than one has to be asked about.

        That is the head that has somebody of this name; if none or several have, those that
        looked at the face.

        Raises:
            NotFound: the answer is gone, or no head looked for a name.
        """
        verdict = await self.verdict(verdict_id)
        heads = tuple(guess.head for guess in offering.naming(verdict))
        if not heads:
            raise NotFound(f"nobody was looked for in answer {verdict_id}")
        have = [h for h in heads if await self._store.person(verdict.scope, h, name) is not None]
        return (have[0],) if len(have) == 1 else heads

    async def marks(self, verdict_id: int) -> frozenset[tuple[UserId, Mark]]:
        """Who has set which marks on an answer, as far as they were counted.

        Raises:
            NotFound: the answer was deleted or forgotten.
        """
        verdict = await self.verdict(verdict_id)
        return correcting.marks_on(verdict, await self._store.votes(verdict_id))

    async def votes_of(self, verdict: Verdict, voter: UserId) -> list[Vote]:
        """What a user says of a face at present: under each head the latest vote not taken back."""
        votes = [vote for vote in await self._store.votes(verdict.id) if vote.voter == voter]
        heads = dict.fromkeys(vote.head for vote in votes)
        mine = ([vote for vote in votes if vote.head == head] for head in heads)
        return [vote for each in mine for vote in standing_votes(each)]

    async def _settle(self, verdict: Verdict, head: str) -> bool:
        """Inside `_settling`; whether another label stands now, for the gallery to be rebuilt.

        Nobody has to agree with a rating: it makes no label.
        """
        if head not in self._heads:
            return False
        standing = await self._standing(verdict, head)
        return await self._store.set_label(verdict.scope, verdict.id, head, standing.label)

    async def _settle_all(self, verdicts: Iterable[tuple[int, str]]) -> None:
        """Inside `_settling`; the galleries are the caller's to rebuild."""
        for verdict_id, head in verdicts:
            verdict = await self._store.verdict(verdict_id)
            if verdict is not None:
                await self._settle(verdict, head)

    async def _settle_again(self, scope: Scope, head: str, verdicts: Iterable[int]) -> None:
        """One at a time, so that other people's votes come in between."""
        changed = False
        for verdict_id in verdicts:
            async with self._settling:
                verdict = await self._store.verdict(verdict_id)
                changed |= verdict is not None and await self._settle(verdict, head)
        if changed:
            await self._galleries.rebuild(scope, head)

    async def _standing(self, verdict: Verdict, head: str) -> Standing:
        votes = await self._store.votes(verdict.id)
        names = {vote.name for vote in votes if vote.name} | {
            *correcting.offered_names(verdict, head)
        }
        standing = correcting.settle(
            verdict,
            head,
            votes,
            await self.teaching.electorate(verdict.scope, head),
            allowed=await self._store.allowed(verdict.scope, verdict.author),
            present=await self._store.present_names(verdict.scope, head, names),
        )
        return correcting.still_there(standing, verdict)

    async def _standings(self, verdict: Verdict) -> dict[str, Standing]:
        """By head, of those that named or could not."""
        heads = [guess.head for guess in offering.naming(verdict)]
        return {head: await self._standing(verdict, head) for head in heads}

    # which heads answer where

    async def heads_in(self, place: str) -> tuple[str, ...] | None:
        """The heads that a place chose, in order; None if it chose none.

        Then those of the settings answer.
        """
        return await self._store.heads_in(place) or self._settings.heads_in(place)

    async def choose_heads(self, place: str, heads: Sequence[str]) -> None:
        """Let these heads answer in a place, in this order; none of them undoes the choice."""
        await self._store.choose_heads(place, heads)

    async def like_from(self, place: str) -> float:
        """The score, 1..5, from which a place calls something a like."""
        chosen = await self._store.like_from(place)
        return self._settings.like_from(place) if chosen is None else chosen

    async def choose_like_from(self, place: str, score: float | None) -> None:
        """From now on a place calls this a like; None leaves it to the settings again."""
        await self._store.choose_like_from(place, score)

    # ratings

    async def ratings_of(self, scope: Scope, user: UserId) -> list[Rated]:
        """The ratings of a user that stand in a scope."""
        return [each for each in await self._store.ratings.of(scope) if each.user == user]

    async def forget_ratings(self, scope: Scope, user: UserId) -> None:
        """Forget how a user rated what they saw in a scope, for good."""
        async with self._settling:  # or a rating that is being cast could outlive it
            await self._store.ratings.forget(scope, user)
        await self._taught.rebuild_tastes(scope)
        await self._store.scrub()

    async def ratings_forgotten(self, verdict_id: int) -> frozenset[UserId]:
        """Whose marks under an answer are no ratings any more, for they had theirs forgotten."""
        return await self._store.ratings.forgotten(verdict_id)

    async def to_rate(
        self, scope: Scope, user: UserId, places: Collection[str] | None = None
    ) -> list[Seen]:
        """What a user has not rated yet, in the order to look at it; see `bot.rating_queue`.

        Args:
            places: as in `recent`.
        """
        rated = {each.verdict_id for each in await self.ratings_of(scope, user)}
        seen = await self._store.ratings.seen(scope, MOST_TO_RATE, places)
        return await asyncio.to_thread(queue, seen, rated)

    async def plain(self, verdict: Verdict) -> bytes | None:
        """What was judged, with nothing drawn in it, as JPEG; None if it is gone."""
        crop = await self._crop(verdict)
        return None if crop is None else await asyncio.to_thread(drawing.plain, crop)

    # people

    async def knows(self, scope: Scope, name: str) -> bool:
        """Whether somebody has this name, or had it, under any head."""
        found = [await self._store.person(scope, head, name) for head in self._heads]
        return any(each is not None for each in found)

    async def people(self, scope: Scope) -> list[Person]:
        """People and characters with at least one example: by head, then by name."""
        known = [each for head in self._heads for each in await self._store.people(scope, head)]
        return [each for each in known if each.examples]

    async def names(self, scope: Scope) -> list[KnownPerson]:
        """Everybody who has a name, with or without examples, by name."""
        return await self._store.names.of(scope)

    async def set_reading(self, scope: Scope, person_id: int, reading: str, by: UserId) -> None:
        """Say how a name is read, in kana; nothing forgets it. See `rename` for `by`.

        Raises:
            NotFound: there is nobody of this number, or it is no reading.
        """
        if not await self._store.names.set_reading(scope, person_id, clean_reading(reading)):
            raise NotFound(f"nobody in {scope} has the number {person_id}")
        await self._note(scope, by, "person-reading", person_id)

    async def enroll(self, post: Post, name: str, head: str | None = None, place: str = "") -> Part:
        """Enrol a person or a character from a picture with one face.

        The author of the post is who states the right to it, and so consents.

        Args:
            head: by default that at home with the kind of face: people in photographs, characters
                in drawings.
            place: where it is said. (The post itself has none: it is not posted for others to see.)

        Raises:
            PictureRefused: it cannot be judged.
            NotFound: no face in it, several, or an unusable name.
            Busy: the queue is full.
        """
        wanted = clean_name(name)
        picture = await self._intake.picture(post.pictures[0])
        judgement = await self._judge.judge(picture, await self._context(post), self._heads)
        if len(judgement.faces) != 1:
            faces = len(judgement.faces)
            message = "several-faces" if faces else "no-face"
            raise NotFound(replying.say(post.locale, message, faces=faces))
        if not await self._store.claim(post):
            raise NotFound(f"{post.key} was enrolled already")
        (face,) = judgement.faces
        chosen = head or home_of(face.face.kind)
        if face.face.kind not in NAMING_HEADS[chosen].kinds:
            raise NotFound(replying.say(post.locale, "not-a-photograph"))
        guesses = tuple(guess for guess in face.guesses if guess.head == chosen)
        new = new_verdict(picture, post.pictures[0], replace(face, guesses=guesses))
        (verdict,) = await self._store.answered(post.key, "", [new])
        await self.members.note(post.scope, post.author, "enrolled", f"answer:{verdict.id}")
        return await self.correct(
            Correction(
                verdict.id,
                chosen,
                post.author,
                Action.NAME,
                trusted=True,
                name=wanted,
                place=place,
            )
        )

    async def rename(
        self,
        scope: Scope,
        name: str,
        new_name: str,
        head: str | None = None,
        by: UserId | None = None,
    ) -> str:
        """Rename a person; the old name still leads to them.

        Args:
            head: needed only where a person and a character have the same name.
            by: the moderator who does it, to be noted among what was done.

        Returns:
            The new name as it is stored.

        Raises:
            NotFound: nobody has this name, or the new one is unusable.
            NameTaken: another person has the new name.
            Ambiguous: the name is under several heads.
        """
        head, person_id, _ = await self._person(scope, head, name)
        wanted = clean_name(new_name)
        other = await self._store.person(scope, head, wanted)
        if other is not None and other[0] != person_id:
            raise NameTaken(f"{other[1]} has that name already; merge them instead")
        await self._store.rename(person_id, wanted)
        await self._galleries.rebuild(scope, head)
        await self._note(scope, by, "person-renamed", person_id)
        return wanted

    async def merge(
        self,
        scope: Scope,
        name: str,
        into: str,
        head: str | None = None,
        by: UserId | None = None,
    ) -> str:
        """Make two people one, under the second name; see `rename` for `head` and `by`.

        Raises:
            NotFound: nobody has one of the names, or both are one person.
            Ambiguous: a name is under several heads.
        """
        head, from_id, _ = await self._person(scope, head, name)
        _, into_id, kept = await self._person(scope, head, into)
        if from_id == into_id:
            raise NotFound(f"{name} and {into} are the same person already")
        await self._store.merge(from_id, into_id)
        await self._galleries.rebuild(scope, head)
        await self._note(scope, by, "person-merged", into_id)
        return kept

    async def remove(
        self, scope: Scope, name: str, head: str | None = None, by: UserId | None = None
    ) -> tuple[str, list[str]]:
        """Forget a person: pictures, crops, embeddings, votes, guesses and learned versions.

        Only somebody who types the name anew enrols the person again. See `rename` for `by`.

        Returns:
            The name as it was stored, and references of the messages that showed the person, for
            the platform to delete.

        Raises:
            NotFound: nobody has this name.
        """
        head, person_id, present = await self._person(scope, head, name)
        self._judge.drop_galleries(scope, head)  # at once, before anything that takes time
        async with self._versions_locked(scope), self._settling:
            keys = await self._store.posts_naming(person_id)
            refs = [ref for key in keys for ref in await self._store.messages_of(key)]
            await self._forget(scope, keys, "somebody it had learned from was forgotten")
            # Last, so that after a crash half-way there still is somebody to remove.
            touched = await self._store.remove_person(person_id)
            await self._settle_all((verdict_id, head) for verdict_id in touched)
        await self._note(scope, by, "person-removed", person_id)
        await self._finish_forgetting(scope)
        return present, refs

    async def _note(self, scope: Scope, by: UserId | None, deed: str, person_id: int) -> None:
        if by is not None:
            await self.members.note(scope, by, deed, f"person:{person_id}")

    async def _person(self, scope: Scope, head: str | None, name: str) -> tuple[str, int, str]:
        """Under which head, which person, and the name as it is stored."""
        heads = self._heads if head is None else (head,)
        found = [(each, await self._store.person(scope, each, name)) for each in heads]
        people = [(each, *person) for each, person in found if person is not None]
        if not people:
            raise NotFound(f"nobody here is called {name}")
        if len(people) > 1:
            raise Ambiguous(f"{name} is the name of a person and of a character")
        return people[0]

    # the faces that nobody named

    async def unknown(self, scope: Scope) -> list[Cluster]:
        """Clusters of three faces or more that wait for a moderator's word, most seen first."""
        return await self._clusters.unanswered(scope)

    async def cluster(self, scope: Scope, cluster_id: int) -> Cluster:
        """One of them.

        Raises:
            NotFound: it has been named, ignored or merged, or all its faces are gone.
        """
        return await self._clusters.cluster(scope, cluster_id)

    async def grid(self, cluster: Cluster) -> bytes | None:
        """Its newest faces, numbered, as one JPEG (`drawing.grid`); None if they are gone."""
        shown = cluster.faces[: replying.MOST_IN_GRID]
        crops = [await self._face(each) for each in shown]
        there = [(number, crop) for number, crop in enumerate(crops, start=1) if crop is not None]
        return await asyncio.to_thread(drawing.grid, there) if there else None

    async def square(self, verdict: Verdict) -> bytes | None:
        """One face as a grid shows it, as JPEG; None if it is gone."""
        crop = await self._crop(verdict)
        return None if crop is None else await asyncio.to_thread(drawing.square, crop)

    async def name_cluster(
        self, scope: Scope, cluster_id: int, name: str, voter: UserId, place: str = ""
    ) -> int:
        """Say who it is: a moderator's vote on each face, with all that follows from a vote.

        Args:
            place: where it was said, as in `bot.domain.Correction`.

        Returns:
            How many faces were learned.

        Raises:
            NotFound: the cluster is gone, or the name is unusable.
        """
        cluster = await self.cluster(scope, cluster_id)
        return await self.name_faces(
            cluster.faces, cluster.head, name, voter, trusted=True, place=place
        )

    async def name_faces(
        self,
        faces: Iterable[int],
        head: str,
        name: str,
        voter: UserId,
        *,
        trusted: bool,
        place: str = "",
    ) -> int:
        """Say who several faces are: a vote on each.

        Returns:
            How many were learned.

        Raises:
            NotFound: the name is unusable.
        """
        name = clean_name(name)
        learned = 0
        for face in faces:
            vote = Correction(
                face, head, voter, Action.NAME, trusted=trusted, name=name, place=place
            )
            with suppress(NotFound):  # deleted meanwhile
                learned += (await self.correct(vote)).state is State.LEARNED
        return learned

    async def merge_clusters(self, scope: Scope, cluster_id: int, into: int) -> Cluster:
        """Make two clusters one; see `Clusters.merge`."""
        return await self._clusters.merge(scope, cluster_id, into)

    async def split_cluster(self, scope: Scope, cluster_id: int, faces: Iterable[int]) -> Cluster:
        """Take faces out of a cluster; see `Clusters.split`."""
        return await self._clusters.split(scope, cluster_id, faces)

    async def ignore_cluster(self, scope: Scope, cluster_id: int) -> None:
        """Never show a cluster again; see `Clusters.ignore`."""
        await self._clusters.ignore(scope, cluster_id)

    async def cluster_anew(self) -> None:
        """Cluster everything anew, as the housekeeper does hourly."""
        await self._clusters.cluster_anew()

    async def digest(self, scope: Scope) -> list[Cluster]:
        """New clusters to show to the moderators, noted as shown; at most once a day."""
        return await self._clusters.digest(scope)

    async def sent_grid(self, ref: str, cluster: Cluster) -> bool:
        """A message shows the grid of a cluster now, instead of what it showed before.

        Returns:
            False if a face has gone meanwhile, so that the message must go as well.
        """
        return await self._store.clusters.bind(ref, cluster.faces[: replying.MOST_IN_GRID])

    # privacy

    async def allowed(self, scope: Scope, user: UserId) -> bool:
        """Whether a user has agreed beforehand that what they post may be learned."""
        return await self._store.allowed(scope, user)

    async def allow(self, scope: Scope, user: UserId, allowed: bool = True) -> list[str]:
        """A user agrees (or no longer agrees) that what they post in a scope may be learned.

        Returns:
            References of the messages whose grids must no longer show their faces, for the
            platform to delete.
        """
        if allowed:
            await self._store.set_allowed(scope, user, True)
        else:
            await self._disallow(scope, user)
        for voted in await self._store.votes_under(scope, user):
            async with self._settling:  # one at a time: other people's votes come in between
                await self._settle_all([voted])
        await self._rebuild(scope)
        if allowed:
            self._clusters.notice(scope)
            return []
        await self._store.scrub()
        return await self._store.clusters.messages_showing(scope, user)

    async def _disallow(self, scope: Scope, user: UserId) -> None:
        """Versions that saw faces which only this word allowed to keep go with it."""
        async with self._versions_locked(scope):
            keys = await self._store.posts_by(scope, user)
            why = "somebody it had learned from took back their word"
            await self._remove_versions(scope, keys, None, why)
            await self._store.set_allowed(scope, user, False)

    async def privacy(self, scope: Scope, user: UserId) -> PrivacyReport:
        """What is kept of a user in a scope."""
        keys = await self._store.posts_by(scope, user)
        verdicts = [each for key in keys for each in await self._store.verdicts_of(key)]
        ids = {each.id for each in verdicts}
        enrolled = [
            label
            for head in self._heads
            for label in await self._store.live_labels(scope, head)
            if label.verdict_id in ids and label.answer is Answer.IS
        ]
        return PrivacyReport(
            allowed=await self._store.allowed(scope, user),
            posts=len(keys),
            crops=sum(each.crop is not None for each in verdicts),
            enrolled=len(enrolled),
            votes=await self._store.votes_by(scope, user),
        )

    async def forget_user(self, scope: Scope, user: UserId) -> list[str]:
        """Forget all that a user posted and voted in a scope, and what was learned from it.

        Returns:
            References of the messages that answered the user's posts, for the platform to delete.
        """
        async with self._versions_locked(scope), self._settling:
            keys = await self._store.posts_by(scope, user)
            refs = [ref for key in keys for ref in await self._store.messages_of(key)]
            await self._store.x.delete_later(refs)
            voted = await self._store.voted_on(scope, user)
            taught = [await self._store.verdict(verdict_id) for verdict_id, _ in voted]
            touched = {*keys, *(each.post_key for each in taught if each)}
            await self._forget_learned(scope, touched, "somebody who had taught it was forgotten")
            await self._store.forget_consent(scope, user)
            await self._store.digests.forget(scope, user)
            await self.members.forget(scope, user)
            await self._store.forget_votes(scope, user)
            await self._store.x.forget(user)
            self.teaching.forget(scope, user)
            await self._forget(scope, keys, "somebody it had learned from was forgotten")
            await self._settle_all(voted)
        await self._finish_forgetting(scope)
        return refs

    async def forget_post(self, key: str) -> list[str]:
        """Forget one post: its original was deleted, or somebody entitled to it asked.

        Returns:
            References of the messages that answered it, for the platform to delete.
        """
        post = await self._store.post(key)
        if post is None:
            return []
        refs = await self._store.messages_of(key)
        await self._store.x.delete_later(refs)
        scope = post[0]
        async with self._versions_locked(scope), self._settling:
            await self._forget(scope, [key], "a picture it had learned from was deleted")
        await self._finish_forgetting(scope)
        return refs

    async def forget_original(self, key: str) -> list[str]:
        """Forget every post about one original: `key` itself and keys that go on with a colon.

        Returns:
            References of the messages that answered them, for the platform to delete.
        """
        keys = await self._store.keys_under(key)
        return [ref for each in keys for ref in await self.forget_post(each)]

    async def delete(self, verdict_id: int, user: UserId, *, trusted: bool) -> list[str]:
        """Delete an answer and all that is kept of its post.

        Returns:
            References of the messages to delete.

        Raises:
            NotAllowed: `user` is neither the poster nor trusted.
            NotFound: it is gone already.
        """
        verdict = await self.verdict(verdict_id)
        of = f"answer:{verdict_id}"
        return await self._delete(verdict.post_key, user, of, trusted=trusted)

    async def delete_at(self, ref: str, user: UserId, *, trusted: bool) -> list[str]:
        """The same by the message that answers a whole post, also one without a face."""
        key = await self._store.key_at(ref)
        if key is None:
            raise NotFound("this answer was deleted")
        return await self._delete(key, user, "", trusted=trusted)

    async def _delete(self, key: str, user: UserId, of: str, *, trusted: bool) -> list[str]:
        post = await self._store.post(key)
        if post is None:
            raise NotFound("this answer was deleted")
        scope, author, _ = post
        if not trusted and user != author:
            raise NotAllowed("only the poster or a moderator may delete an answer")
        if user != author:
            await self.members.note(scope, user, "deleted", of)
        return await self.forget_post(key)

    async def _forget(self, scope: Scope, keys: Sequence[str], why: str) -> None:
        """Inside `_versions_locked` and `_settling`; `_finish_forgetting` comes after them."""
        await self._forget_learned(scope, keys, why)
        await self._store.forget_posts(keys)

    async def _finish_forgetting(self, scope: Scope) -> None:
        await self._rebuild(scope)
        await self._store.scrub()

    async def _forget_learned(self, scope: Scope, keys: Iterable[str], why: str) -> None:
        """Inside `_versions_locked`; `why` is kept, so it names nobody."""
        first = await self._store.first_label(keys)
        await self._remove_versions(scope, keys, first, why)

    async def _remove_versions(
        self, scope: Scope, keys: Iterable[str], first: int | None, why: str
    ) -> None:
        """Those that saw label `first` or a later one, or a face of these posts without a name."""
        faces = await self._store.faces(keys)
        if first is None and not any(faces.values()):
            return
        for head in self._heads:
            versions = self._registry(scope, head)
            gone = await asyncio.to_thread(versions.remove_since, first, why, faces.keys())
            if gone:
                log.warning("removed versions %s of %s in %s: %s", gone, head, scope, why)

    async def _rebuild(self, scope: Scope) -> None:
        for head in self._heads:
            await self._galleries.rebuild(scope, head)
        await self._taught.rebuild(scope)

    @asynccontextmanager
    async def _versions_locked(self, scope: Scope) -> AsyncIterator[None]:
        """Held while labels go: `python -m bot.retrain` promotes nothing meanwhile."""
        async with AsyncExitStack() as stack:
            for head in self._heads:
                await stack.enter_async_context(self._registry(scope, head).locked())
            yield

    def _registry(self, scope: Scope, head: str) -> Registry:
        return Registry(versions_dir(self._settings), scope, head)

    # small things

    async def _face(self, verdict_id: int) -> Crop | None:
        verdict = await self._store.verdict(verdict_id)
        return None if verdict is None else await self._crop(verdict)

    async def _crop(self, verdict: Verdict) -> Crop | None:
        return await self._store.crop(verdict.crop) if verdict.crop else None

    async def _part(self, verdict: Verdict, crop: Crop | None) -> Part:
        standings = await self._standings(verdict)
        return await asyncio.to_thread(replying.part, verdict, crop, standings)

    async def _keep_house(self) -> None:
        """Hourly, expire and sweep crops, cluster what nobody named, learn what was collected."""
        while not self._stopping.is_set():
            try:
                await self._expire()
            except Exception:  # what nobody agreed to must expire in the next hour, then
                log.exception("cannot expire crops")
            try:
                await self.cluster_anew()
            except Exception:  # in the next hour, then
                log.exception("cannot cluster the faces that nobody named")
            with suppress(TimeoutError):
                async with asyncio.timeout(3600):
                    await self._stopping.wait()
                    return
            try:
                await self._learn_anew()  # not before: the start has just done it
            except Exception:  # in the next hour, then
                log.exception("cannot learn from what was collected")
            try:
                await self.teaching.recount_all()
            except Exception:  # in the next hour, then
                log.exception("cannot measure how reliable voters are")

    async def _learn_anew(self) -> None:
        """What another process has collected."""
        for scope in await self._store.scopes():
            await self._taught.rebuild_photogenic(scope)

    async def _expire(self) -> None:
        keep = timedelta(days=self._settings.store.keep_days)
        async with self._settling:  # or a crop could go while somebody names it
            expired = await self._store.expire(keep)
        if expired:
            log.info("%d crops expired", expired)
        await drop_stale(self._store, self._settings.store.data_dir)
        if strays := await self._store.sweep_crops():
            log.warning("%d files of crops that are not kept were swept away", strays)
        await self._store.scrub()


def _now() -> datetime:
    """UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _faces(
    judged: Sequence[tuple[Picture, Attachment, Judgement]],
    instead: Callable[[Kind], tuple[Guess, ...]] = lambda _: (),
) -> list[NewVerdict]:
    """Of all pictures: the largest face of each first, then the second of each …

    Args:
        instead: said of a face of that kind in place of what was not judged.
    """
    ranked = [
        (rank, index, (picture, attachment, face))
        for index, (picture, attachment, judgement) in enumerate(judged)
        for rank, face in enumerate(judgement.faces)
    ]
    return [
        new_verdict(picture, attachment, face, instead(face.face.kind))
        for _, _, (picture, attachment, face) in sorted(ranked, key=lambda item: item[:2])
    ]


def _wholes(judged: Sequence[tuple[Picture, Attachment, Judgement]]) -> list[NewVerdict]:
    """The pictures that were judged as a whole."""
    return [
        new_verdict(picture, attachment, judgement.whole, whole=True)
        for picture, attachment, judgement in judged
        if judgement.whole is not None
    ]
