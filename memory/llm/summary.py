"""The embedded summariser: the sentences that matter, as they were said."""

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from memory.llm.details import details
from memory.llm.embedding import Vectors, embedder
from memory.llm.sentences import LabelledTurns, Sentence, labelled_sentences
from memory.llm.tokens import clip_to_tokens, count_tokens
from memory.llm.words import STOPS, split_sentences

_MOST_SENTENCES = 400
_REDUNDANCY_WEIGHT = 0.5
"""How much likeness to what is chosen already counts against a sentence.

Source: maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998, lambda 0.67.
"""
_CENTRALITY_WEIGHT = 0.5
_SAME = 0.9
_LONG_WORDS = 40
_LABEL = re.compile(
    rf"(?:^|(?<=[{''.join(STOPS)}] ))(\(?(?:Customer|Agent|Assistant|Desk)): "
)
_MISSING_SHARE = 0.6
"""So much of the limit at most goes to what was missing."""
_NEWS_WEIGHT = 0.08
"""What a name, number or date that nothing chosen has said adds to a sentence."""
_MOST_NEWS = 3
_SAID = 0.5
"""Least cosine of what was missing to the sentence that says it in other words."""


def summarise(
    turns: LabelledTurns,
    prior: str = "",
    max_tokens: int = 200,
    missing: Sequence[str] = (),
) -> str:
    """Summarise turns by quoting: "Customer: … Agent: …", in the order they were said.

    Chooses the sentences nearest to what the conversation is about, preferring the
    customer's statements, promises, resolutions and numbers, and least like those
    already chosen. The same input always gives the same text.

    Args:
        turns: (author label, text) in order.
        prior: Summary of what came before; its sentences compete with a head start.
        max_tokens: Exact upper limit of the result.
        missing: What the summary before this one did not say; sentences that say it
            are chosen first.
    """
    sentences = _shortlist(_prior_sentences(prior) + _worth_saying(turns))
    if not sentences:
        return ""
    vectors = embedder().encode_cached([sentence.text for sentence in sentences])
    worth = _worth(sentences, vectors)
    needed = _saying(missing, sentences, vectors, worth)
    choice = _Choice(sentences, vectors, worth)
    choice.fill(needed, int(max_tokens * _MISSING_SHARE))
    choice.fill(range(len(sentences)), max_tokens)
    if choice.rows:
        return choice.text()
    # Not even one sentence fits: the worthiest is cut.
    clipped = (
        clip_to_tokens(rendered([sentences[row]]), max_tokens)
        for row in sorted(range(len(sentences)), key=lambda row: -worth[row])
    )
    return next(filter(None, clipped), "")


def rendered(sentences: list[Sentence]) -> str:
    """Write sentences down, naming a speaker where it changes."""
    words: list[str] = []
    label = None
    for sentence in sentences:
        if sentence.label and sentence.label != label:
            words.append(f"{sentence.label}:")
        label = sentence.label
        text = sentence.text
        words.append(text if text.endswith(STOPS) else f"{text}.")
    return " ".join(words)


def _worth_saying(turns: LabelledTurns) -> list[Sentence]:
    """Return the sentences without what only moved this conversation on.

    What matters of our questions is in the answers, and of "I will check" in what was
    found; only at the very end it is still open.
    """
    sentences = labelled_sentences(turns)
    ours = [item.turn for item in sentences if not item.by_customer]
    last = max(ours, default=-1)
    return [
        item
        for item in sentences
        if item.by_customer
        or not (item.is_question or (item.is_for_now and item.turn < last))
    ]


def without(text: str, unwanted: Callable[[str], bool]) -> str:
    """Return a summary without its unwanted sentences; the others keep who spoke."""
    return rendered(
        [part for part in _prior_sentences(text) if not unwanted(part.text)]
    )


def _prior_sentences(prior: str) -> list[Sentence]:
    """Read a summary back, one of ours with its labels or anybody's without."""
    pieces = _LABEL.split(prior)
    labels = ["", *pieces[1::2]]
    return [
        Sentence(label, text, -1)
        for label, said in zip(labels, pieces[::2], strict=True)
        for text in split_sentences(said)
    ]


def _shortlist(sentences: list[Sentence]) -> list[Sentence]:
    """Keep the sentences of a very long text that look best without embedding."""
    if len(sentences) <= _MOST_SENTENCES:
        return sentences
    order = sorted(
        range(len(sentences)), key=lambda row: (-_weight(sentences[row]), row)
    )
    return [sentences[row] for row in sorted(order[:_MOST_SENTENCES])]


def _weight(sentence: Sentence) -> float:
    """Weigh a sentence by what it does."""
    signs = (
        (sentence.by_customer and not sentence.is_question, 0.15),
        (sentence.is_promise, 0.25),
        (sentence.is_done, 0.2),
        (sentence.is_request, 0.1),
        (sentence.has_number, 0.15),
        (sentence.turn < 0, 0.2),
        (len(sentence.text.split()) > _LONG_WORDS, -0.2),
    )
    return sum(weight for holds, weight in signs if holds)


def _worth(sentences: list[Sentence], vectors: Vectors) -> Vectors:
    """Return centrality plus weight, (n,); what opens the matter counts more."""
    centre = vectors.mean(axis=0)
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    worth: Vectors = _CENTRALITY_WEIGHT * (vectors @ centre)
    worth += np.array([_weight(sentence) for sentence in sentences], dtype=np.float32)
    opening = next(
        (row for row, item in enumerate(sentences) if item.by_customer), None
    )
    if opening is not None:
        worth[opening] += 0.2
    return worth


def _saying(
    missing: Sequence[str], sentences: list[Sentence], vectors: Vectors, worth: Vectors
) -> list[int]:
    """Return the worthiest sentence for each missing thing, where there is one."""
    rows: dict[int, None] = {}
    for thing in missing:
        words = re.escape(thing.removesuffix("…").strip(" ."))
        spoken = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
        saying = [row for row, item in enumerate(sentences) if spoken.search(item.text)]
        if not saying:
            likeness = vectors @ embedder().encode_cached([thing])[0]
            nearest = int(likeness.argmax())
            saying = [nearest] if likeness[nearest] >= _SAID else []
        if saying:
            rows.setdefault(max(saying, key=lambda row: (worth[row], -row)))
    return list(rows)


class _Choice:
    """The sentences chosen so far, each the best one beside the others."""

    def __init__(
        self, sentences: list[Sentence], vectors: Vectors, worth: Vectors
    ) -> None:
        self.rows: list[int] = []
        self._sentences = sentences
        self._vectors = vectors
        self._worth = worth
        self._likeness = np.zeros(len(sentences), dtype=np.float32)
        self._details = [set(details(item.text)) for item in sentences]
        self._told: set[str] = set()

    def text(self) -> str:
        """Return what is chosen, in the order in which it was said."""
        return rendered([self._sentences[row] for row in sorted(self.rows)])

    def fill(self, among: Iterable[int], max_tokens: int) -> None:
        """Choose greedily among some sentences while they fit the limit."""
        open_rows = set(among) - set(self.rows)
        while open_rows:
            gain = self._gain()
            row = max(open_rows, key=lambda candidate: (gain[candidate], -candidate))
            open_rows.discard(row)
            if self.rows and self._likeness[row] > _SAME:
                continue
            self.rows.append(row)
            if count_tokens(self.text()) > max_tokens:
                self.rows.pop()
                continue
            likeness = self._vectors @ self._vectors[row]
            self._likeness = np.maximum(self._likeness, likeness)
            self._told |= self._details[row]

    def _gain(self) -> Vectors:
        """Return what each sentence would add, (n,)."""
        news = [min(len(own - self._told), _MOST_NEWS) for own in self._details]
        gain: Vectors = self._worth - _REDUNDANCY_WEIGHT * self._likeness
        return gain + _NEWS_WEIGHT * np.array(news, dtype=np.float32)
