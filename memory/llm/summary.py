"""The embedded summariser: the sentences that matter, as they were said."""

import re
from collections.abc import Callable

import numpy as np

from memory.llm.embedding import Vectors, embedder
from memory.llm.sentences import LabelledTurns, Sentence, labelled_sentences
from memory.llm.tokens import clip_to_tokens, count_tokens
from memory.llm.words import split_sentences

_MOST_SENTENCES = 400
_REDUNDANCY_WEIGHT = 0.5
"""How much likeness to what is chosen already counts against a sentence.

Source: maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998, lambda 0.67.
"""
_CENTRALITY_WEIGHT = 0.5
_SAME = 0.9
_LONG_WORDS = 40
_LABEL = re.compile(r"(?:^|(?<=[.!?…] ))(\(?[A-Z][\w-]*(?: [A-Z][\w-]*)?): ")


def summarise(turns: LabelledTurns, prior: str = "", max_tokens: int = 200) -> str:
    """Summarise turns by quoting: "Customer: … Agent: …", in the order they were said.

    Chooses the sentences nearest to what the conversation is about, preferring the
    customer's statements, promises, resolutions and numbers, and least like those
    already chosen. The same input always gives the same text.

    Args:
        turns: (author label, text) in order.
        prior: Summary of what came before; its sentences compete with a head start.
        max_tokens: Exact upper limit of the result.
    """
    said = [item for item in labelled_sentences(turns) if not _only_asks(item)]
    sentences = _shortlist(_prior_sentences(prior) + said)
    if not sentences:
        return ""
    vectors = embedder().encode_cached([sentence.text for sentence in sentences])
    chosen = _chosen(sentences, vectors, _worth(sentences, vectors), max_tokens)
    if chosen:
        return rendered([sentences[row] for row in sorted(chosen)])
    best = int(np.argmax(_worth(sentences, vectors)))
    return clip_to_tokens(rendered([sentences[best]]), max_tokens)


def rendered(sentences: list[Sentence]) -> str:
    """Write sentences down, naming a speaker where it changes."""
    words: list[str] = []
    label = None
    for sentence in sentences:
        if sentence.label and sentence.label != label:
            words.append(f"{sentence.label}:")
        label = sentence.label
        text = sentence.text
        words.append(text if text.endswith((".", "!", "?", "…")) else f"{text}.")
    return " ".join(words)


def without(text: str, unwanted: Callable[[str], bool]) -> str:
    """Return a summary without its unwanted sentences; the others keep who spoke."""
    return rendered(
        [part for part in _prior_sentences(text) if not unwanted(part.text)]
    )


def _only_asks(sentence: Sentence) -> bool:
    """Say whether it is a question of ours: what matters of it is in the answer."""
    return sentence.is_question and not sentence.by_customer


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


def _chosen(
    sentences: list[Sentence],
    vectors: Vectors,
    worth: Vectors,
    max_tokens: int,
) -> list[int]:
    """Pick sentences greedily while they fit the limit."""
    chosen: list[int] = []
    likeness = np.zeros(len(sentences), dtype=np.float32)
    open_rows = set(range(len(sentences)))
    while open_rows:
        gain = worth - _REDUNDANCY_WEIGHT * likeness
        row = max(open_rows, key=lambda candidate: (gain[candidate], -candidate))
        open_rows.discard(row)
        if chosen and likeness[row] > _SAME:
            continue
        trial = sorted([*chosen, row])
        if count_tokens(rendered([sentences[index] for index in trial])) > max_tokens:
            continue
        chosen.append(row)
        likeness = np.maximum(likeness, vectors @ vectors[row])
    return chosen
