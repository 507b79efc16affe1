"""From a customer's rows to a ranked answer: pure, and most of it over whole arrays.

What needs a look into the text is asked only of the best few dozen.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memory import retention, uses
from memory.recall import answers
from memory.recall.intents import route_of
from memory.recall.newer import NEWER, newer_first
from memory.recall.repeats import without_repeats
from memory.recall.rows import Bits, Floats, Rows, moment
from memory.recall.statement import ENDED, FACT, MESSAGE, NAMED, OWN_WORD, SUMMARY
from memory.recall.tenses import Tense
from memory.recall.types import Query, Reasons, Recalled
from memory.recall.weights import Weights

_DAY_US: Final = 86_400_000_000
# People tell what happened within a week after it did.
_AFTERWARDS_US: Final = 7 * _DAY_US
# What is looked into, for each memory that is wanted, and at least.
_LOOKED_INTO: Final = 2
_LEAST_LOOKED_INTO: Final = 40
_NUMBER: Final = frozenset("0123456789")
_NUMBERS_COUNT: Final = 2.0
# What is answered has several memories that fit, and one that means the same. Fitted by
# logistic regression on our support histories (`make bench-recall` prints how well it
# tells them from what was never said).
_SURE_AT_ZERO, _SURE_BY_TOP, _SURE_BY_COSINE = -7.0, 1.1, 6.0
_TOP: Final = 3
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Question:
    """What the rows of a customer are scored for.

    Attributes:
        at: The moment that it is asked for: ages are counted to it.
    """

    query: Query
    at: datetime
    weights: Weights


def ranked(question: Question, rows: Rows, limit: int) -> list[Recalled]:
    """Return the best memories, each thing once.

    The best one's score says how sure it is that the question was ever answered, from 0
    to 1; the others' are in proportion to it.
    """
    added = _added(question, rows)
    factors = _factors(question, rows)
    first = _sum(added) * _product(factors)
    first[~_fit(question, rows, added)] = -np.inf
    wanted = max(_LEAST_LOOKED_INTO, _LOOKED_INTO * limit)
    best = np.argsort(-first, kind="stable")[:wanted]
    best = best[np.isfinite(first[best])]
    if not len(best):
        return []
    words = added["words"]
    added = {name: part[best] for name, part in added.items()}
    factors = {name: factor[best] for name, factor in factors.items()}
    freshness = _look_into(question, rows, best, added, factors)
    scores = np.maximum(_sum(added) * _product(factors), 0.0)
    order = np.argsort(-scores, kind="stable")
    sure = _confidence(scores[order], np.nan_to_num(rows.cosine[best]).max())
    scores *= sure / max(scores[order[0]], _TINY)
    made = (
        _recalled(
            rows,
            int(best[place]),
            float(scores[place]),
            _Why(words, _parts_of(place, added, factors), float(freshness[place])),
        )
        for place in order.tolist()
    )
    # A newer word may stand further down than what is asked for.
    found = without_repeats(made, max(limit, NEWER))
    if question.query.tense in {"past", "before"}:
        return found[:limit]
    preferences = {rows.id(row) for row in best.tolist() if _is_preference(rows, row)}
    lifted = newer_first(found, question=question.query.text, preferences=preferences)
    return lifted[:limit]


def _is_preference(rows: Rows, row: int) -> bool:
    return rows.ages_as(row) == "preference"


def _sum(parts: dict[str, Floats]) -> Floats:
    total: Floats = np.sum(list(parts.values()), axis=0)
    return total


def _product(factors: dict[str, Floats]) -> Floats:
    product: Floats = np.prod(list(factors.values()), axis=0)
    return product


def _fit(question: Question, rows: Rows, added: dict[str, Floats]) -> Bits:
    """Return what is an answer at all: what holds, and has anything to do with it."""
    close = ~np.isnan(rows.cosine) | (added["words"] > 0) | (added["period"] > 0)
    if question.query.tense == "before":
        return close
    return close & ~rows.has(ENDED)


def _added(question: Question, rows: Rows) -> dict[str, Floats]:
    weights = question.weights
    parts = {
        "meaning": weights.meaning * _meaning(rows, weights),
        "words": weights.words * _words(rows, weights),
        "period": _period(question, rows),
        "speaker": weights.speaker * rows.has(NAMED)
        + weights.own_word
        * (rows.has(OWN_WORD) & answers.is_about_customer(question.query.text)),
    }
    base = _sum(parts)
    best_of = np.full(len(base), -np.inf)
    np.maximum.at(best_of, rows.groups, base)
    parts["conversation"] = weights.session * best_of[rows.groups]
    newest, oldest = _lean(question.query.tense, weights)
    if newest or oldest:
        place = np.argsort(np.argsort(rows.at, kind="stable")) / max(1, len(base) - 1)
        parts["newest"], parts["oldest"] = newest * place, oldest * (1 - place)
    return parts


def _meaning(rows: Rows, weights: Weights) -> Floats:
    """Return the cosines, a message's with its neighbours'."""
    cosine = np.nan_to_num(rows.cosine)
    same = rows.groups[1:] == rows.groups[:-1]
    around = cosine.copy()
    around[1:] += weights.turn_before * cosine[:-1] * same
    around[:-1] += weights.turn_after * cosine[1:] * same
    return around


def _words(rows: Rows, weights: Weights) -> Floats:
    """Return the share of what the question's words tell that each row has.

    A word tells the more the fewer rows have it.

    Source: the idf of Okapi BM25.
    """
    either, own = rows.places()
    count, words = either.shape
    if not words:
        return np.zeros(count)
    having = either.sum(axis=0)
    tells = np.log(1 + (count - having + 0.5) / (having + 0.5))
    # A number says more than any word around it.
    tells *= [_NUMBERS_COUNT if _NUMBER & set(w) else 1.0 for w in rows.searched]
    has = np.where(own, 1.0, weights.words_before * either)
    share: Floats = has @ tells / tells.sum()
    return share


def _period(question: Question, rows: Rows) -> Floats:
    """Return what was said when the question says, or soon after."""
    weights = question.weights
    part = np.zeros(len(rows.at))
    for period in question.query.periods:
        since = moment(period.start) if period.start else -np.inf
        until = moment(period.end) if period.end else np.inf
        inside = (rows.at >= since) & (rows.at < until)
        soon = (rows.at >= until) & (rows.at < until + _AFTERWARDS_US)
        part = np.maximum(part, weights.period * inside + weights.afterwards * soon)
    return part


def _lean(tense: Tense, weights: Weights) -> tuple[float, float]:
    """Return how much being the newest counts, and how much being the oldest."""
    match tense:
        case "now":
            return weights.now, 0.0
        case "present":
            return weights.present, 0.0
        case "before":
            return 0.0, weights.before
    return 0.0, 0.0


def _factors(question: Question, rows: Rows) -> dict[str, Floats]:
    weights = question.weights
    factors = {
        "importance": 1 + weights.importance * (rows.importance - 0.5),
        "summary": np.where(rows.has(SUMMARY), weights.summary, 1.0),
    }
    if question.query.tense != "before" and rows.has(FACT).any():
        factors["outdated"] = np.where(rows.outdated(), weights.outdated, 1.0)
    return factors


def _look_into(
    question: Question,
    rows: Rows,
    best: NDArray[np.intp],
    added: dict[str, Floats],
    factors: dict[str, Floats],
) -> Floats:
    """Add what the texts of a few rows tell, and how old they are.

    Returns:
        (n) their freshness: 1 for what was said now, halving with age.
    """
    weights = question.weights
    texts = [rows.text(row) for row in best.tolist()]
    if asked := answers.forms(question.query.text):
        held = np.array([answers.holds(text, asked) for text in texts])
        added["answer"] = weights.answer * held
    asks = np.array([answers.asks(text) for text in texts])
    only_asks = asks & rows.has(MESSAGE)[best]
    added["question"] = np.where(only_asks, -weights.question, 0.0)
    kinds = [rows.ages_as(row) for row in best.tolist()]
    freshness = _freshness(rows, best, kinds, question.at)
    share = np.full(len(best), weights.freshness, dtype=np.float64)
    share[[kind == "preference" for kind in kinds]] = weights.preference_freshness
    factors["freshness"] = 1 - share * (1 - freshness)
    route = route_of(question.query.intent)
    factors["intent"] = np.array([route.weight(kind) for kind in kinds])
    return freshness


def _freshness(
    rows: Rows, best: NDArray[np.intp], kinds: list[str], now: datetime
) -> Floats:
    half_lives = [
        rows.half_lives.get(kind, retention.KINDS[kind].half_life_days) or np.inf
        for kind in kinds
    ]
    slowing = [uses.slowing(rows.uses(row)) for row in best.tolist()]
    age_days = np.maximum(0.0, (moment(now) - rows.at[best]) / _DAY_US)
    freshness: Floats = 0.5 ** (age_days / np.array(slowing) / np.array(half_lives))
    return freshness


def _confidence(falling: Floats, cosine: float) -> float:
    """Return how sure it is that the question was ever answered, 0 to 1."""
    top = float(falling[:_TOP].mean())
    logit = _SURE_AT_ZERO + _SURE_BY_TOP * top + _SURE_BY_COSINE * cosine
    return 1 / (1 + math.exp(-logit))


def _parts_of(
    place: int, added: dict[str, Floats], factors: dict[str, Floats]
) -> dict[str, float]:
    """Return what made up a score: what was added, and what it was multiplied by."""
    parts = {name: float(part[place]) for name, part in added.items() if part[place]}
    for name, factor in factors.items():
        if factor[place] != 1:
            parts[name] = float(factor[place])
    return parts


class _Why(NamedTuple):
    """What the reasons of one row are made from."""

    words: Floats
    parts: dict[str, float]
    freshness: float


def _reasons(rows: Rows, row: int, why: _Why) -> Reasons:
    cosine, hits = float(rows.cosine[row]), int(rows.hits[row])
    compared = not math.isnan(cosine)
    return Reasons(
        similarity=cosine if compared else 0.0,
        vector_rank=_place(row, rows.cosine) if compared else None,
        keyword_rank=_place(row, why.words) if why.words[row] > 0 else None,
        freshness=why.freshness,
        terms=tuple(w for at, w in enumerate(rows.searched) if hits >> at & 1),
        parts=why.parts,
    )


def _place(row: int, channel: Floats) -> int:
    """Return a row's place in a channel, from 1."""
    return 1 + int(np.count_nonzero(channel > channel[row]))


def _recalled(rows: Rows, row: int, score: float, why: _Why) -> Recalled:
    return Recalled(
        id=rows.id(row),
        kind=rows.kind(row),
        source_id=rows.source_id(row),
        conversation_id=rows.conversation_id(row),
        message_ids=rows.message_ids(row),
        text=rows.text(row),
        occurred_at=rows.occurred_at(row),
        score=score,
        reasons=_reasons(rows, row, why),
        source=rows.source(row),
    )
