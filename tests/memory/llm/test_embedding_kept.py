"""Vectors of the product's own texts are made once for all processes."""

from pathlib import Path

import numpy as np
import pytest

from memory.llm import embedding
from memory.llm.embedding import SentenceEmbedder


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("kept-*.npy"))


def test_what_is_kept_is_read_again_and_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = embedding.embedder()
    monkeypatch.setattr(embedder, "_dir", tmp_path)
    texts = ["Where is my parcel?", "Thank you!"]
    made = embedder.encode_kept(texts)
    assert np.array_equal(made, embedder.encode(texts))
    assert len(kept(tmp_path)) == 1
    monkeypatch.setattr(SentenceEmbedder, "encode", None)
    assert np.array_equal(embedder.encode_kept(texts), made)


def test_a_file_that_is_broken_or_cannot_be_written_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = embedding.embedder()
    monkeypatch.setattr(embedder, "_dir", tmp_path)
    made = embedder.encode_kept(["Hello"])
    kept(tmp_path)[0].write_bytes(b"no vectors")
    assert np.array_equal(embedder.encode_kept(["Hello"]), made)
    monkeypatch.setattr(embedder, "_dir", tmp_path / "gone")
    assert np.array_equal(embedder.encode_kept(["Hello"]), made)
