"""What is embedded, in which pieces, and how many at once."""

import numpy as np
import pytest

from memory import embeddings
from memory.llm import embedding, gateway
from memory.llm.errors import LLMError
from memory.llm.openai_jobs import EMBEDDING_BATCH, EMBEDDING_BATCH_TOKENS, batches
from memory.llm.tokens import count_tokens
from memory.llm.types import EmbeddingModelInfo
from tests.memory.embeddings.conftest import OTHER
from tests.scripted_openai import ScriptedOpenAI, word_vector

LONG = "The kettle arrived with a dented lid and a cable that is far too short. " * 40
WORDS = " ".join(f"unbelievably{n}" for n in range(300))


@pytest.mark.parametrize("text", [LONG, WORDS, "注文はどこですか" * 200])
def test_no_piece_is_longer_than_the_model_reads(text: str) -> None:
    pieces = list(embeddings.chunks(text))
    assert len(pieces) > 1
    assert max(embedding.embedder().lengths(pieces)) <= embedding.INFO.max_tokens == 254


def test_a_model_that_reads_more_gets_longer_pieces() -> None:
    wide = EmbeddingModelInfo("text-embedding-3-small", "1", 1536, max_tokens=8191)
    pieces = list(embeddings.chunks(LONG, model=wide))
    longest = max(count_tokens(piece) for piece in pieces)
    assert 254 < longest <= embeddings.CHUNK_TOKENS


def test_neighbouring_pieces_overlap() -> None:
    words = [f"w{n}" for n in range(900)]
    first, second, *_ = embeddings.chunks(" ".join(words))
    shared = [word for word in first.split() if word in set(second.split())]
    assert shared == first.split()[-len(shared) :]
    assert 0 < sum(count_tokens(f" {word}") for word in shared) <= 64


def test_what_stands_at_the_end_of_a_long_text_is_in_its_vector() -> None:
    """The model alone would cut it off after 254 word pieces."""
    filler = "the weather is fine today and so on " * 60
    about, plain = filler + "refund my broken espresso machine " * 12, filler
    (question,) = embeddings.embed_texts(["refund for a broken coffee machine"])
    with_end, without = embeddings.embed_texts([about, plain]) @ question
    assert with_end > without + 0.1
    cut, whole = gateway.embed([about, plain]) @ question
    assert cut == pytest.approx(whole, abs=0.02)
    lengths = np.linalg.norm(embeddings.embed_texts([about, "short"]), axis=1)
    assert lengths == pytest.approx(1.0, abs=1e-3)


@pytest.mark.usefixtures("server")
def test_a_long_text_sent_away_is_the_mean_of_its_pieces(
    server: ScriptedOpenAI,
) -> None:
    model = gateway.embedding_model(OTHER)
    (vector,) = embeddings.embed_texts([WORDS], model=model)
    sent = server.requests[-1].body["input"]
    assert len(sent) > 1
    parts = np.array([word_vector(piece) for piece in sent])
    parts /= np.linalg.norm(parts, axis=1, keepdims=True)
    mean = np.array([len(piece) for piece in sent]) @ parts
    assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-3)


def test_a_request_holds_so_many_texts_and_so_many_tokens(
    server: ScriptedOpenAI,
) -> None:
    texts = [f"text {n}" for n in range(250)]
    model = gateway.embedding_model(OTHER)
    server.requests.clear()
    vectors = gateway.embed(texts, model=model)
    assert [len(r.body["input"]) for r in server.requests] == [100, 100, 50]
    assert np.array_equal(vectors[249], gateway.embed(["text 249"], model=model)[0])
    big = ["word " * 15_000] * 9
    divided = list(batches(big))
    assert [len(batch) for batch in divided] == [6, 3]
    for batch in divided:
        assert sum(map(count_tokens, batch)) <= EMBEDDING_BATCH_TOKENS
    assert list(batches(["word " * 120_000, "b"]))[1] == ["b"]
    assert max(len(batch) for batch in batches(["a"] * 1_000)) == EMBEDDING_BATCH


def test_a_failure_that_passes_is_tried_again(server: ScriptedOpenAI) -> None:
    model = gateway.embedding_model(OTHER)
    server.error(429, to="embeddings", retry_after="0")
    server.error(500, to="embeddings")
    assert gateway.embed(["a", "b"], model=model).shape == (2, 8)


def test_two_models_do_not_share_the_vectors_of_a_question(
    server: ScriptedOpenAI,
) -> None:
    other = gateway.embedding_model(OTHER)
    question = "where is my laptop"
    assert gateway.embed([question]).shape == (1, 384)
    assert gateway.embed([question], model=other).shape == (1, 8)
    assert gateway.embed([question]).shape == (1, 384)


def test_vectors_of_another_length_than_before_are_refused(
    server: ScriptedOpenAI,
) -> None:
    model = EmbeddingModelInfo(OTHER, "1", 16)
    with pytest.raises(LLMError, match="another length"):
        gateway.embed(["a text"], model=model)


def test_the_embedded_models_earlier_version_is_not_here_any_more() -> None:
    old = EmbeddingModelInfo(embedding.INFO.name, "ct2-int8-0", 384)
    assert not gateway.can_embed(old)
    with pytest.raises(LLMError, match="cannot be reached"):
        gateway.embed(["a text"], model=old)
