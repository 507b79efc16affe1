"""What anyone can build in an afternoon: the textbook channels over the messages."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from tests.benchmarks.recall.scorer import Answer
from tests.benchmarks.recall.sets import Set

RRF_K: Final = 60
# Source: Robertson & Zaragoza, "The probabilistic relevance framework", 2009.
_K1, _B = 1.2, 0.75
_WORD: Final = re.compile(r"\w+")
_DEPTH: Final = 20
_stem: Any = lru_cache(maxsize=100_000)(snowballstemmer.stemmer("english").stemWord)

Scores = NDArray[np.float64]


def baselines(those: Set) -> dict[str, list[Answer]]:
    """Answer a set's questions by vectors, by words, and by both.

    The vector is that of the bare text; words are stemmed and those of the speaker's
    name count, too, which helps words and harms vectors.
    """
    by_customer: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for customer, message in those.messages:
        by_customer[customer].append(message)
    indexes = {name: _Index(messages) for name, messages in by_customer.items()}
    vectors = _embed([question.text for question in those.questions])
    answers: dict[str, list[Answer]] = {"vector": [], "BM25": [], "RRF of both": []}
    for question, vector in zip(those.questions, vectors, strict=True):
        index = indexes[question.customer]
        channels = [index.vectors @ vector, index.bm25(question.text)]
        for name, scores in zip(answers, [*channels, rrf(channels)], strict=True):
            answers[name].append(index.answer(scores))
    return answers


def rrf(channels: Sequence[Scores]) -> Scores:
    """Fuse scores by the sum of reciprocal ranks.

    Source: Cormack, Clarke & Büttcher, "Reciprocal rank fusion", 2009.
    """
    total = np.zeros(len(channels[0]))
    for scores in channels:
        order = np.argsort(-scores, kind="stable")
        ranks = np.empty(len(order))
        ranks[order] = np.arange(1, len(order) + 1)
        # What a channel does not know at all has no place in it.
        total += np.where(scores > 0, 1 / (RRF_K + ranks), 0)
    return total


class _Index:
    def __init__(self, messages: Sequence[dict[str, Any]]) -> None:
        self.names = [message["id"] for message in messages]
        self.vectors = _embed([message["content"] for message in messages])
        self.words = [
            Counter(stems(f"{message['author_name']} {message['content']}"))
            for message in messages
        ]
        self.lengths = np.array([words.total() for words in self.words])
        self.found_in = Counter(word for words in self.words for word in words)

    def bm25(self, question: str) -> Scores:
        total = np.zeros(len(self.words))
        size = _K1 * (1 - _B + _B * self.lengths / self.lengths.mean())
        for word in set(stems(question)):
            held = self.found_in[word]
            rarity = np.log(1 + (len(self.words) - held + 0.5) / (held + 0.5))
            times = np.array([words[word] for words in self.words])
            total += rarity * times * (_K1 + 1) / (times + size)
        return total

    def answer(self, scores: Scores) -> Answer:
        order = np.argsort(-scores, kind="stable")[:_DEPTH]
        return Answer([self.names[place] for place in order], best=float(scores.max()))


def stems(text: str) -> list[str]:
    """Return the stems of a text's words."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


def _embed(texts: Sequence[str]) -> NDArray[np.float32]:
    from memory import embeddings
    from memory.llm import embedding

    return embeddings.embed_texts(texts, model=embedding.INFO)
