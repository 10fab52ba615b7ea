"""Why an answer is as it is: the page, and the values that its script asks for."""

from io import BytesIO
from typing import Any

from PIL import Image

from bot.domain import Action, Correction
from bot.service import Service
from tests.conftest import post_of
from tests.platforms.conftest import PAGE, Visitor


async def why(ann: Visitor, part: dict[str, Any]) -> dict[str, Any]:
    status, told = await ann.send("GET", f"/parts/{part['id']}/why")
    assert status == 200, told
    return dict(told)


async def test_an_answer_is_explained_with_its_nearest_examples(
    ann: Visitor, astronaut: bytes
) -> None:
    unknown = await ann.face(astronaut)
    told = await why(ann, unknown)
    assert told["neighbours"] == []
    assert told["lines"][0].startswith("I don't know anybody here yet.")
    await ann.vote(unknown, "name", name="Eileen Collins")

    told = await why(ann, await ann.face(astronaut))
    assert told["lines"][0].startswith("This is Eileen Collins, for I was told so")
    assert (told["language"], told["spoiler"]) == ("en", False)
    (neighbour,) = told["neighbours"]
    assert (neighbour["name"], neighbour["percent"]) == ("Eileen Collins", 100)
    assert neighbour["alike"] == "100 % alike"
    status, picture = await ann.send("GET", neighbour["image"])
    assert status == 200
    with Image.open(BytesIO(picture)) as image:
        assert image.format == "JPEG"


async def test_the_explanation_is_a_page_of_its_own_without_a_script(
    ann: Visitor, astronaut: bytes
) -> None:
    part = await ann.face(astronaut)
    await ann.vote(part, "name", name="<b>Eileen</b>")
    copy = await ann.face(astronaut)
    status, page = await ann.send("GET", f"/parts/{copy['id']}/why", PAGE)
    html = page.decode()
    assert status == 200
    assert "This is &lt;b&gt;Eileen&lt;/b&gt;, for I was told so" in html
    assert f'src="{copy["image"].partition("?")[0]}"' in html
    assert f'src="{(await why(ann, copy))["neighbours"][0]["image"]}"' in html
    assert "covered" not in html


async def test_a_spoiler_is_explained_covered(ann: Visitor, astronaut: bytes) -> None:
    _, answer = await ann.upload(astronaut, query="?spoiler=1")
    (part,) = answer["parts"]
    assert (await why(ann, part))["spoiler"]
    _, page = await ann.send("GET", f"/parts/{part['id']}/why", PAGE)
    assert 'class="card reasons covered"' in page.decode()


async def test_an_example_is_shown_only_while_it_is_one(ann: Visitor, astronaut: bytes) -> None:
    part = await ann.face(astronaut)
    await ann.vote(part, "name", name="Eileen Collins")
    (neighbour,) = (await why(ann, await ann.face(astronaut)))["neighbours"]
    await ann.vote(part, "name", name="Eileen Collins", withdraw=True)
    assert (await ann.send("GET", neighbour["image"]))[0] == 404
    assert (await ann.send("GET", f"/examples/{'0' * 64}.jpg"))[0] == 404


async def test_what_belongs_to_other_places_is_not_explained(
    ann: Visitor, service: Service, astronaut: bytes
) -> None:
    reply = await service.answer(post_of(astronaut, key="d", author="discord:1", scope="discord:1"))
    assert reply is not None
    (part,) = reply.parts
    name = Correction(part.verdict_id, "idol", "discord:1", Action.NAME, name="Eileen")
    await service.correct(name)
    status, told = await ann.send("GET", f"/parts/{part.verdict_id}/why")
    assert (status, told) == (404, {"error": "This answer was deleted."})
    verdict = await service.verdict(part.verdict_id)
    assert (await ann.send("GET", f"/examples/{verdict.crop}.jpg"))[0] == 404
