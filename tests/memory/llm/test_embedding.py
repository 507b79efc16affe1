"""The real embedding model, and its conversion."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from memory.llm import gateway, minilm
from memory.llm.embedding import SentenceEmbedder, embedder
from memory.llm.errors import TerminalError
from memory.llm.minilm import ensure_converted
from memory.llm.vector_cache import VectorCache

pytestmark = pytest.mark.usefixtures("embedded")

TEXTS = [
    "Where is my parcel?",
    "When will my package be delivered?",
    "I bake bread on Sundays.",
    "My lamp from order LF-1182 arrived broken and I would like a refund, please.",
    "",
]


def reference_vector(text: str) -> Any:
    """Embed with the published float32 weights in plain NumPy: an independent BERT."""
    source = minilm._weights_dir()
    weights = load_file(source / "model.safetensors")
    config = json.loads((source / "config.json").read_text())
    heads = config["num_attention_heads"]

    def linear(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x: Any) -> Any:
        inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + np.tanh(inner))

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    ids = tokenizer.encode(text).ids
    x = weights["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            linear(x, f"{layer}.attention.self.{name}")
            .reshape(len(ids), heads, -1)
            .transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = scores / scores.sum(-1, keepdims=True) @ value
        mixed = mixed.transpose(1, 0, 2).reshape(len(ids), -1)
        mixed = linear(mixed, f"{layer}.attention.output.dense")
        x = norm(x + mixed, f"{layer}.attention.output.LayerNorm")
        wide = gelu(linear(x, f"{layer}.intermediate.dense"))
        x = norm(x + linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    pooled = x.mean(0)
    return np.asarray(pooled / np.linalg.norm(pooled))


def test_similar_sentences_are_nearer_than_unrelated_ones() -> None:
    vectors = gateway.embed(TEXTS)
    assert vectors[0] @ vectors[1] > 0.4
    assert vectors[0] @ vectors[2] < 0.2


def test_vectors_are_float32_of_length_one() -> None:
    vectors = gateway.embed(TEXTS)
    info = gateway.embedding_model()
    assert (info.name, info.dims) == ("all-MiniLM-L6-v2", 384)
    assert vectors.shape == (len(TEXTS), info.dims)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", TEXTS[:4])
def test_int8_agrees_with_the_published_float32_weights(text: str) -> None:
    cosine = float(gateway.embed([text])[0] @ reference_vector(text))
    assert cosine > 0.99


def test_a_batch_gives_what_single_texts_give_in_the_same_order() -> None:
    texts = [f"order {n} " + "is late " * (n % 7) for n in range(70)]
    batch = embedder().encode(texts)
    singles = np.vstack([embedder().encode([text]) for text in texts])
    # int8 scales each batch by itself, so equal to a few parts in ten thousand.
    assert (batch * singles).sum(axis=1).min() > 0.999


def test_long_texts_are_cut_and_still_embedded() -> None:
    long = "The lamp is broken. " * 500
    vectors = embedder().encode([long, long + "And my cat is ill."])
    assert vectors[0] @ vectors[1] > 0.9999


def test_threads_do_not_disturb_each_other() -> None:
    alone = embedder().encode(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: embedder().encode(TEXTS), range(8)))
    assert all(np.allclose(vectors, alone, atol=1e-4) for vectors in together)


def test_cached_vectors_keep_the_order_of_the_texts() -> None:
    texts = ["one lamp", "two lamps", "one lamp"]
    vectors = embedder().encode_cached(texts)
    assert np.allclose(vectors, embedder().encode(texts), atol=1e-5)
    assert embedder().encode_cached([]).shape == (0, 384)


def test_two_starts_at_once_convert_into_one_model(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(ensure_converted, [tmp_path, tmp_path]))
    assert paths[0] == paths[1]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [paths[0].name]
    assert SentenceEmbedder(paths[0]).encode(["works"]).shape == (1, 384)


def test_foreign_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    monkeypatch.setattr(minilm, "_weights_dir", lambda: tmp_path)
    with pytest.raises(TerminalError, match="differ"):
        ensure_converted(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_missing_weights_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "WEIGHTS_PACKAGE", "no_such_package")
    with pytest.raises(TerminalError, match="not installed"):
        ensure_converted(tmp_path)


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = VectorCache(2)
    vector = np.ones(3, dtype=np.float32)
    cache.put("a", vector)
    cache.put("b", vector)
    assert cache.get("a") is vector
    cache.put("c", vector)
    assert cache.get("b") is None
    assert cache.get("a") is vector
