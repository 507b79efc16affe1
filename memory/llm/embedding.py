"""The embedded sentence-embedding model: MiniLM on CTranslate2, int8, on the CPU."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import ctranslate2
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from memory.llm import metering
from memory.llm.minilm import WEIGHTS_SHA256, ensure_converted
from memory.llm.types import EmbeddingModelInfo
from memory.llm.vector_cache import VectorCache

Vectors = NDArray[np.float32]

DIMS = 384
MAX_TOKENS = 256
"""Longer texts are cut. Source: the model's sentence_bert_config.json."""

_MARKS = 2
"""Of those, the marks of beginning and end are none of the text's."""

INFO = EmbeddingModelInfo(
    name="all-MiniLM-L6-v2",
    version=f"ct2-int8-{WEIGHTS_SHA256[:8]}",
    dims=DIMS,
    max_tokens=MAX_TOKENS - _MARKS,
)

_BATCH_SIZE = 32
_CACHE_ENTRIES = 4096


class SentenceEmbedder:
    """Embeds texts with the converted model in `model_dir`. Safe across threads."""

    def __init__(self, model_dir: Path) -> None:
        self._dir = model_dir
        # One thread each: web and worker processes share the cores between them.
        self._encoder = ctranslate2.Encoder(
            str(model_dir),
            device="cpu",
            compute_type="int8",
            inter_threads=1,
            intra_threads=1,
        )
        self._tokenizer = _tokenizer(model_dir)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._counter = _tokenizer(model_dir)
        self._cache = VectorCache(_CACHE_ENTRIES)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: (n, 384) float32, L2-normalised, in the order given."""
        vectors = np.zeros((len(texts), DIMS), dtype=np.float32)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        # Texts of like length share a batch, so that little padding is computed.
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        for start in range(0, len(order), _BATCH_SIZE):
            rows = order[start : start + _BATCH_SIZE]
            with metering.waiting():
                vectors[rows] = self._encode_batch([ids[row] for row in rows])
        return vectors

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Return how many word pieces each text has, uncut."""
        found = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in found]

    def encode_cached(self, texts: Sequence[str]) -> Vectors:
        """Embed like `encode`, computing only what was not embedded lately."""
        known = {text: self._cache.get(text) for text in texts}
        missing = [text for text, vector in known.items() if vector is None]
        for text, vector in zip(missing, self.encode(missing), strict=True):
            self._cache.put(text, vector)
            known[text] = vector
        rows = [vector for text in texts if (vector := known[text]) is not None]
        return np.stack(rows) if rows else np.zeros((0, DIMS), dtype=np.float32)

    def encode_kept(self, texts: Sequence[str]) -> Vectors:
        """Embed texts of the product's own like `encode`, and keep them on disk.

        Every process of the product needs them when it starts; they are in a file
        beside the model. Never for what anybody wrote: nothing erases it there.
        """
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        kept = self._dir / f"kept-{digest}.npy"
        with suppress(OSError, ValueError):
            vectors: Vectors = np.load(kept, allow_pickle=False)
            if vectors.shape == (len(texts), DIMS):
                return vectors
        vectors = self.encode(texts)
        with (
            suppress(OSError),
            NamedTemporaryFile(dir=self._dir, suffix=".tmp") as file,
        ):
            np.save(file, vectors)
            file.flush()
            # A link, unlike a rename, leaves the draft to whoever made it.
            kept.hardlink_to(file.name)
        return vectors

    def _encode_batch(self, ids: list[list[int]]) -> Vectors:
        """Mean of the last hidden state over each text's own tokens, normalised."""
        hidden = np.asarray(self._encoder.forward_batch(ids).last_hidden_state)
        lengths = np.array([len(row) for row in ids])
        mask = np.arange(hidden.shape[1])[None, :] < lengths[:, None]
        sums = np.einsum("btd,bt->bd", hidden, mask.astype(np.float32))
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        normalised: Vectors = sums / np.maximum(norms, np.finfo(np.float32).tiny)
        return normalised


def _tokenizer(model_dir: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@dataclass(slots=True)
class _Home:
    """Where this process keeps the converted model."""

    data_dir: Path = Path(".data")


_home = _Home()


def use_data_dir(data_dir: Path) -> None:
    """Keep the converted model under this directory from now on."""
    _home.data_dir = data_dir


def embedder() -> SentenceEmbedder:
    """Return the process's embedder; the first use converts and loads the model.

    Raises:
        TerminalError: The weights are missing or not the published ones.
    """
    return _load(_home.data_dir)


@lru_cache(maxsize=2)
def _load(data_dir: Path) -> SentenceEmbedder:
    return SentenceEmbedder(ensure_converted(data_dir))
