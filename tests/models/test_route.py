"""The router with the weights that ship; stand-ins for detectors, which say what a test needs."""

import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.route import Router
from models.types import Box, Detector, Face, Kind, Picture, Pixels
from tests.drawn import drawn_face, landscape

SHIPPED = Path(str(files("models") / "weights" / "router"))
HER: Box = (178, 62, 268, 174)
"""The astronaut's face."""

DRAWN: Box = (70, 30, 170, 150)
"""The face that `drawn_face` draws."""


class Finds:
    """A detector that finds a face in the same boxes of every picture, and counts its looks."""

    def __init__(self, kind: Kind, *boxes: Box) -> None:
        self.kind = kind
        self.boxes = boxes
        self.looks = 0

    def detect(self, picture: Picture) -> list[Face]:
        self.looks += 1
        points = 5 if self.kind is Kind.PHOTO else 0
        landmarks = np.ones((points, 2), np.float32)
        return [Face(box, landmarks, 0.9, self.kind) for box in self.boxes]


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(SHIPPED)


def picture(pixels: Pixels) -> Picture:
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]), "", "")


def photograph(astronaut: bytes) -> Image.Image:
    return Image.open(io.BytesIO(astronaut)).convert("RGB")


def both(astronaut: bytes) -> Image.Image:
    """The astronaut on the left, a drawing on the right."""
    whole = Image.new("RGB", (1024, 512))
    whole.paste(photograph(astronaut), (0, 0))
    whole.paste(drawn_face((250, 200, 120)).resize((512, 512)), (512, 0))
    return whole


def settled(router: Router, shown: Picture, *detectors: Finds) -> list[Face]:
    found = [face for detector in detectors for face in detector.detect(shown)]
    return router.settle(shown, found, router.look(shown))


def detectors(photo: Finds, drawn: Finds) -> dict[Kind, Detector]:
    return {Kind.PHOTO: photo, Kind.ILLUSTRATION: drawn}


def test_a_photograph_is_one_whatever_found_the_face(router: Router, astronaut: bytes) -> None:
    photo, drawn = Finds(Kind.PHOTO, HER), Finds(Kind.ILLUSTRATION, HER)
    shown = picture(np.asarray(photograph(astronaut)))
    route, (face,) = router.find(shown, detectors(photo, drawn))
    assert (route, face.kind, len(face.landmarks)) == ("photo", Kind.PHOTO, 5)


def test_a_certain_photograph_is_not_searched_for_drawn_faces(
    router: Router, astronaut: bytes
) -> None:
    photo, drawn = Finds(Kind.PHOTO, HER), Finds(Kind.ILLUSTRATION)
    head = photograph(astronaut).crop((100, 0, 350, 250))
    router.find(picture(np.asarray(head)), detectors(photo, drawn))
    assert (photo.looks, drawn.looks) == (1, 0)


def test_a_drawn_face_that_passed_for_a_photographed_one_is_drawn(router: Router) -> None:
    shown = picture(np.asarray(drawn_face((90, 140, 200))))
    (face,) = settled(router, shown, Finds(Kind.PHOTO, DRAWN))
    assert (face.kind, len(face.landmarks)) == (Kind.ILLUSTRATION, 0)


def test_a_person_before_a_poster_has_both_kinds(router: Router, astronaut: bytes) -> None:
    poster: Box = (661, 85, 875, 427)
    photo, drawn = Finds(Kind.PHOTO, HER), Finds(Kind.ILLUSTRATION, poster, HER)
    route, faces = router.find(picture(np.asarray(both(astronaut))), detectors(photo, drawn))
    assert (photo.looks, drawn.looks) == (1, 1)
    assert [(face.kind, face.box) for face in faces] == [
        (Kind.ILLUSTRATION, poster),
        (Kind.PHOTO, HER),
    ]
    assert route != "nobody"


def test_a_photographed_face_without_landmarks_is_left_out(
    router: Router, astronaut: bytes
) -> None:
    shown = picture(np.asarray(photograph(astronaut)))
    assert settled(router, shown, Finds(Kind.ILLUSTRATION, HER)) == []


def test_in_a_landscape_nobody_is_there_whatever_detectors_say(router: Router) -> None:
    boxes: list[Box] = [(40, 40, 140, 160), (200, 150, 300, 280), (310, 20, 360, 90)]
    photo, drawn = Finds(Kind.PHOTO, *boxes), Finds(Kind.ILLUSTRATION, *boxes)
    shown = picture(np.asarray(landscape()))
    assert settled(router, shown, photo, drawn) == []
    assert router.find(shown, detectors(photo, drawn)) == ("nobody", [])


def test_a_drawing_is_one_though_no_face_was_found(router: Router) -> None:
    shown = picture(np.asarray(drawn_face((220, 120, 60))))
    nothing = detectors(Finds(Kind.PHOTO), Finds(Kind.ILLUSTRATION))
    assert router.find(shown, nothing) == ("illustration", [])


def test_many_faces_are_looked_at_in_turn(router: Router, astronaut: bytes) -> None:
    one = np.asarray(photograph(astronaut))
    crowd = picture(np.tile(one, (4, 5, 1)))
    boxes = [
        (HER[0] + 512 * x, HER[1] + 512 * y, HER[2] + 512 * x, HER[3] + 512 * y)
        for x in range(5)
        for y in range(4)
    ]
    assert len(settled(router, crowd, Finds(Kind.PHOTO, *boxes))) == 20


@pytest.mark.parametrize("damage", [None, b"", b'\x08\0\0\0\0\0\0\0{"a":1}'])
def test_unusable_weights_are_named(tmp_path: Path, damage: bytes | None) -> None:
    if damage is not None:
        (tmp_path / "weights.safetensors").write_bytes(damage)
    with pytest.raises(ValueError, match=r"weights\.safetensors: the router's weights cannot"):
        Router(tmp_path)
