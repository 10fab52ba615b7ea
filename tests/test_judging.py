"""The only door to the models: bounded, on time, off the event loop, with the real weights."""

import asyncio
import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain import Attachment
from bot.errors import Busy, PictureRefused, Reason, WeightsError
from bot.intake import Intake
from bot.judging import Judge, Networks
from bot.settings import Settings
from models.clustering import measured
from models.gallery import Example, Gallery
from models.heads import NAMING_HEADS
from models.strangers import choose
from models.types import Context, Kind, Named, Picture

HERE = Context("web")


@pytest.fixture
async def picture(intake: Intake, astronaut: bytes) -> Picture:
    return await intake.picture(Attachment("a", astronaut))


async def known_to(judge: Judge, picture: Picture, scope: str = "web") -> None:
    (face,) = (await judge.judge(picture, Context(scope))).faces
    (vector,) = await judge.embed([face.crop], "idol")
    strangers = choose(np.empty((0, 0), dtype=np.float32), judge.fingerprint("idol"))
    gallery = Gallery(judge.fingerprint("idol"), [Example("Eileen", vector)], (), strangers)
    judge.set_gallery(scope, "idol", gallery)


async def test_an_unknown_face_is_found_and_not_named(judge: Judge, picture: Picture) -> None:
    judgement = await judge.judge(picture, HERE)
    assert judgement.route == "photo"
    (face,) = judgement.faces
    assert face.face.kind is Kind.PHOTO
    (guess,) = face.guesses
    assert isinstance(guess, Named)
    assert (guess.answer, guess.candidates) == ("unknown", ())


async def test_an_enrolled_face_is_named(judge: Judge, picture: Picture) -> None:
    await known_to(judge, picture)
    (guess,) = (await judge.judge(picture, HERE)).faces[0].guesses
    assert isinstance(guess, Named)
    assert guess.answer == "known"
    assert guess.candidates[0].name == "Eileen"
    assert guess.candidates[0].probability > 0.9
    assert guess.model == judge.fingerprint("idol")


async def test_scopes_do_not_know_each_others_people(judge: Judge, picture: Picture) -> None:
    await known_to(judge, picture, "discord:1")
    (guess,) = (await judge.judge(picture, Context("discord:2"))).faces[0].guesses
    assert isinstance(guess, Named)
    assert guess.candidates == ()


async def test_nobody_is_a_route(judge: Judge) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3)).astype(np.uint8)
    judgement = await judge.judge(Picture(noise, (300, 300), "", "0" * 16), HERE)
    assert (judgement.route, judgement.faces) == ("nobody", ())


async def test_no_heads_still_finds_faces(judge: Judge, picture: Picture) -> None:
    (face,) = (await judge.judge(picture, HERE, heads=())).faces
    assert face.guesses == ()


async def test_a_full_queue_says_busy_and_the_admitted_are_answered(
    settings: Settings, networks: Networks, picture: Picture
) -> None:
    small = settings.model_copy(
        update={"judging": settings.judging.model_copy(update={"workers": 1, "queue": 2})}
    )
    async with Judge(small, networks) as judge:
        asked = [asyncio.create_task(judge.judge(picture, HERE)) for _ in range(5)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(each, Busy) for each in outcomes) == 2
        assert sum(not isinstance(each, BaseException) for each in outcomes) == 3
        assert (await judge.judge(picture, HERE)).faces


async def test_a_thread_that_works_on_keeps_its_place_when_who_asked_is_cancelled(
    settings: Settings, networks: Networks
) -> None:
    small = settings.model_copy(
        update={"judging": settings.judging.model_copy(update={"workers": 1, "queue": 1})}
    )
    working, gate = threading.Event(), threading.Event()

    def work() -> None:
        working.set()
        gate.wait(30)

    async with Judge(small, networks) as judge:
        left = asyncio.create_task(judge._run(work))
        await asyncio.to_thread(working.wait, 30)
        left.cancel()
        await asyncio.wait([left])
        waiting = asyncio.create_task(judge._run(int))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await judge._run(int)
        gate.set()
        assert await waiting == 0


async def test_a_picture_out_of_time_is_given_up(
    settings: Settings, networks: Networks, picture: Picture
) -> None:
    hasty = settings.model_copy(
        update={"judging": settings.judging.model_copy(update={"seconds_per_picture": 1e-6})}
    )
    async with Judge(hasty, networks) as judge:
        with pytest.raises(PictureRefused) as refused:
            await judge.judge(picture, HERE)
    assert refused.value.reason is Reason.TOOK_TOO_LONG


async def test_the_event_loop_goes_on_while_judging(judge: Judge, picture: Picture) -> None:
    gaps = []

    async def watch() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    watching = asyncio.create_task(watch())
    for _ in range(5):
        await judge.judge(picture, HERE)
    watching.cancel()
    assert np.percentile(gaps, 90) < 0.05


async def test_the_safety_gate_stands_before_every_head(
    settings: Settings, picture: Picture
) -> None:
    strict = settings.model_copy(
        update={"safety": settings.safety.model_copy(update={"threshold": 0.0})}
    )
    async with Judge(strict) as judge:
        with pytest.raises(PictureRefused) as refused:
            await judge.judge(picture, HERE)
        assert refused.value.reason is Reason.EXPLICIT
        assert (await judge.judge(picture, Context("web", allow_explicit=True))).faces


async def test_the_gate_lets_an_ordinary_photograph_pass(judge: Judge, picture: Picture) -> None:
    assert (await judge.judge(picture, HERE)).faces


async def test_stopping_ends_threads_and_processes(settings: Settings, picture: Picture) -> None:
    before = set(threading.enumerate())
    judge = Judge(settings)
    await judge.start()
    (face,) = (await judge.judge(picture, HERE)).faces
    await judge.embed([face.crop], "idol")
    await judge.stop()
    left = {t.name for t in threading.enumerate() if t not in before}
    assert not any(name.startswith("judge") for name in left)
    with pytest.raises(RuntimeError, match="has not been awaited"):
        await judge.judge(picture, HERE)


async def test_a_gallery_of_another_embedder_is_refused(judge: Judge) -> None:
    with pytest.raises(ValueError, match="gallery of other"):
        judge.set_gallery("web", "idol", Gallery("other"))


async def test_missing_weights_are_an_error_that_names_them(settings: Settings) -> None:
    wrong = settings.model_copy(
        update={
            "embedder": settings.embedder.model_copy(
                update={"name": "onnx", "onnx_file": Path("no-such.onnx")}
            )
        }
    )
    judge = Judge(wrong)
    with pytest.raises(WeightsError, match=r"no-such\.onnx"):
        await judge.start()
    await judge.stop()


async def test_several_faces_are_judged_largest_first(
    judge: Judge, intake: Intake, astronaut: bytes
) -> None:
    image = Image.open(io.BytesIO(astronaut))
    two = Image.new("RGB", (900, 512), "white")
    two.paste(image.resize((300, 300)), (0, 100))
    two.paste(image, (388, 0))
    file = io.BytesIO()
    two.save(file, "PNG")
    judgement = await judge.judge(await intake.picture(Attachment("two", file.getvalue())), HERE)
    boxes = [face.face.box for face in judgement.faces]
    assert len(boxes) == 2
    assert boxes[0][0] > 388 > boxes[1][2]


async def test_faces_can_be_clustered_under_every_head(judge: Judge) -> None:
    for head in NAMING_HEADS:
        assert 0 < measured(judge.embedder(head)).alike < 1
