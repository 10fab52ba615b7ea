"""Which network turns faces into vectors."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.types import Embedder

QUALITY = {
    "onnx": "a network of your own choice; docs/quality.md says how to measure it",
    "facenet": "VGGFace2, 99.65 % on LFW by its author's account",
    "dlib": "99.38 % on LFW by its author's account, but weak on East Asian faces",
}
"""What to expect of each, in a few words for the log, `doctor` and the page."""


@dataclass(frozen=True, slots=True)
class OnnxInput:
    """What the network expects: `(pixel - mean) / scale`, aligned to `size` x `size`."""

    size: int = 112
    mean: float = 127.5
    scale: float = 127.5
    channels: Literal["rgb", "bgr"] = "rgb"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which embedder to use and from which files.

    Attributes:
        name: `auto` takes the ONNX file if one is named, else VGGFace2 if its weights have been
            fetched, else dlib, which is always there.
        onnx_file: the operator's own network, or None.
        facenet_file: where `doctor --fetch` puts the VGGFace2 weights.
    """

    name: Literal["auto", "facenet", "dlib", "onnx"]
    onnx_file: Path | None
    onnx_input: OnnxInput
    facenet_file: Path

    def resolved(self) -> Literal["facenet", "dlib", "onnx"]:
        """What `auto` comes to."""
        if self.name != "auto":
            return self.name
        if self.onnx_file is not None:
            return "onnx"
        return "facenet" if self.facenet_file.is_file() else "dlib"


def load(choice: Choice) -> Embedder:
    """Load the chosen embedder; takes up to a few seconds.

    Raises:
        ValueError: its weights are missing or not what they should be.
    """
    match choice.resolved():
        case "onnx":
            from models.embedders.onnx import OnnxEmbedder

            if choice.onnx_file is None or not choice.onnx_file.is_file():
                raise ValueError(f"embedder.onnx_file = {choice.onnx_file}: no such file")
            return OnnxEmbedder(choice.onnx_file, choice.onnx_input)
        case "facenet":
            from models.embedders.facenet import FacenetEmbedder

            if not choice.facenet_file.is_file():
                raise ValueError(
                    f"{choice.facenet_file} is missing; `python bot.py doctor --fetch` brings it"
                )
            verify(choice.facenet_file)
            return FacenetEmbedder(choice.facenet_file)
        case "dlib":
            from models.embedders.dlib import DlibEmbedder

            return DlibEmbedder()


def digest_file(weights: Path) -> Path:
    """Where the SHA-256 of a fetched file is recorded."""
    return weights.with_name(weights.name + ".sha256")


def verify(weights: Path) -> None:
    """Check a fetched file against what was recorded when it was first fetched.

    Raises:
        ValueError: nothing is recorded, or the file has changed since.
    """
    recorded = digest_file(weights)
    if not recorded.is_file():
        raise ValueError(f"{recorded} is missing; `python bot.py doctor --fetch` makes it")
    if recorded.read_text().strip() != hashlib.sha256(weights.read_bytes()).hexdigest():
        raise ValueError(
            f"{weights} has changed since it was fetched; delete it and run "
            "`python bot.py doctor --fetch`"
        )
