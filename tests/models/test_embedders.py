"""The embedders with real weights; where weights may not be shipped, with the real network."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1

from models import embedders
from models.crops import cut
from models.embedders import Choice, OnnxInput, digest_file
from models.embedders.dlib import DlibEmbedder
from models.embedders.facenet import FacenetEmbedder
from models.embedders.onnx import OnnxEmbedder
from models.types import Crop, Embedder
from tests.models.test_mtcnn import PhotoDetector, picture

SAME = "faces/lfw_known/Al_Gore/Al_Gore_0001.jpg", "faces/lfw_known/Al_Gore/Al_Gore_0002.jpg"


@pytest.fixture(scope="module")
def detector() -> PhotoDetector:
    return PhotoDetector()


@pytest.fixture(scope="module")
def crop(detector: PhotoDetector, astronaut: bytes) -> Crop:
    shown = picture(astronaut)
    return cut(shown, detector.detect(shown)[0])


@pytest.fixture(scope="module")
def dlib() -> Iterator[DlibEmbedder]:
    embedder = DlibEmbedder()
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def facenet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network's own shape with untrained weights, stored as the fetched file is."""
    torch.manual_seed(0)
    network = InceptionResnetV1(pretrained=None, classify=True, num_classes=8631)
    file = tmp_path_factory.mktemp("weights") / "vggface2.pt"
    torch.save(network.state_dict(), file)
    digest_file(file).write_text(hashlib.sha256(file.read_bytes()).hexdigest())
    return file


def check(embedder: Embedder, crop: Crop, dimensions: int) -> None:
    two = embedder.embed([crop, crop])
    assert two.shape == (2, dimensions)
    assert two.dtype == np.float32
    assert np.linalg.norm(two, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(two[0], two[1])
    assert embedder.embed([]).shape == (0, dimensions)


def test_dlib_embeds(dlib: DlibEmbedder, crop: Crop) -> None:
    check(dlib, crop, 128)
    assert dlib.fingerprint.startswith("dlib-")


def test_dlib_mirror_image_is_the_same_person(dlib: DlibEmbedder, crop: Crop) -> None:
    width = crop.pixels.shape[1]
    box = (width - crop.box[2], crop.box[1], width - crop.box[0], crop.box[3])
    mirrored = Crop(crop.pixels[:, ::-1].copy(), box, crop.landmarks, crop.kind)
    one, other = dlib.embed([crop, mirrored])
    assert one @ other > 0.99


def test_facenet_embeds_from_a_file(facenet_file: Path, crop: Crop) -> None:
    check(FacenetEmbedder(facenet_file), crop, 512)


def test_facenet_refuses_other_files(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pt"
    torch.save({"weight": torch.zeros(3)}, wrong)
    with pytest.raises(ValueError, match="does not hold VGGFace2 weights"):
        FacenetEmbedder(wrong)


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    hostile, trace = tmp_path / "hostile.pt", tmp_path / "executed"
    hostile.write_bytes(f"cos\nsystem\n(S'touch {trace}'\ntR.".encode())
    with pytest.raises(ValueError, match="does not hold VGGFace2 weights"):
        FacenetEmbedder(hostile)
    assert not trace.exists()


def test_onnx_embeds_and_tells_people_apart(
    data: Path, detector: PhotoDetector, crop: Crop
) -> None:
    embedder = OnnxEmbedder(data / "weights" / "mobilefacenet_112.onnx", OnnxInput())
    check(embedder, crop, 128)
    shown = [picture((data / name).read_bytes()) for name in SAME]
    one, other = embedder.embed([cut(p, detector.detect(p)[0]) for p in shown])
    (stranger,) = embedder.embed([crop])
    assert one @ other > 0.6
    assert one @ stranger < 0.4


def test_onnx_fingerprint_covers_the_preprocessing(data: Path) -> None:
    file = data / "weights" / "mobilefacenet_112.onnx"
    rgb, bgr = (OnnxEmbedder(file, OnnxInput(channels=c)) for c in ("rgb", "bgr"))
    assert rgb.fingerprint != bgr.fingerprint


def test_onnx_refuses_other_files(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"not a network")
    with pytest.raises(ValueError, match=r"wrong\.onnx cannot be used as a face embedder"):
        OnnxEmbedder(wrong, OnnxInput())


def test_auto_takes_the_best_there_is(facenet_file: Path, tmp_path: Path) -> None:
    onnx = tmp_path / "mine.onnx"
    absent = tmp_path / "absent.pt"
    assert Choice("auto", onnx, OnnxInput(), facenet_file).resolved() == "onnx"
    assert Choice("auto", None, OnnxInput(), facenet_file).resolved() == "facenet"
    assert Choice("auto", None, OnnxInput(), absent).resolved() == "dlib"
    assert Choice("dlib", onnx, OnnxInput(), facenet_file).resolved() == "dlib"


@pytest.mark.parametrize("name", ["facenet", "onnx"])
def test_missing_weights_are_named(name: str, tmp_path: Path) -> None:
    choice = Choice(name, tmp_path / "no.onnx", OnnxInput(), tmp_path / "no.pt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"no\.(onnx|pt)"):
        embedders.load(choice)


def test_changed_weights_are_refused(facenet_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "vggface2.pt"
    copy.write_bytes(facenet_file.read_bytes() + b"x")
    digest_file(copy).write_text(digest_file(facenet_file).read_text())
    with pytest.raises(ValueError, match="has changed since it was fetched"):
        embedders.load(Choice("facenet", None, OnnxInput(), copy))
