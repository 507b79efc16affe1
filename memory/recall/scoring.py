"""From a customer's rows to a ranked answer: pure, and most of it over whole arrays.

What needs a look into the text is asked only of the best few dozen.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from memory import retention, uses
from memory.recall import answers
from memory.recall.intents import route_of
from memory.recall.repeats import Repeats
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
        tense: Which state of things it is about.
    """

    query: Query
    at: datetime
    weights: Weights
    tense: Tense


def ranked(question: Question, rows: Rows, limit: int) -> list[Recalled]:
    """Return the best memories, each thing once.

    The best one's score says how sure it is that the question was ever answered, from 0
    to 1; the others' are in proportion to it.
    """
    added = _added(question, rows)
    base = np.sum(list(added.values()), axis=0)
    factors = _factors(question, rows)
    first = base * np.prod(list(factors.values()), axis=0)
    first[~_fit(question, rows, added)] = -np.inf
    wanted = max(_LEAST_LOOKED_INTO, _LOOKED_INTO * limit)
    best = np.argsort(-first, kind="stable")[:wanted]
    found = [
        _looked_into(question, rows, int(row), added, factors)
        for row in best
        if np.isfinite(first[row])
    ]
    found.sort(key=lambda each: (-each.score, each.row))
    if not found:
        return []
    share = _confidence(found, rows) / max(found[0].score, _TINY)
    kept = Repeats(rows)
    return [
        _recalled(rows, each, share * max(0.0, each.score), added["words"])
        for each in kept.once(found, limit)
    ]


@dataclass(frozen=True, slots=True)
class Scored:
    """A row with its score, and what made it up."""

    row: int
    score: float
    parts: dict[str, float]
    freshness: float


def _fit(question: Question, rows: Rows, added: dict[str, Floats]) -> Bits:
    """Return what is an answer at all: what holds, and has anything to do with it."""
    close = ~np.isnan(rows.cosine) | (added["words"] > 0) | (added["period"] > 0)
    if question.tense == "before":
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
    base = np.sum(list(parts.values()), axis=0)
    best_of = np.full(len(base), -np.inf)
    np.maximum.at(best_of, rows.groups, base)
    parts["conversation"] = weights.session * best_of[rows.groups]
    newest, oldest = _lean(question.tense, weights)
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
    tells *= [
        _NUMBERS_COUNT if _NUMBER & set(w) else 1.0 for w in rows.searched[:words]
    ]
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
    if question.tense != "before" and rows.has(FACT).any():
        factors["outdated"] = np.where(rows.outdated(), weights.outdated, 1.0)
    return factors


def _looked_into(
    question: Question,
    rows: Rows,
    row: int,
    added: dict[str, Floats],
    factors: dict[str, Floats],
) -> Scored:
    """Score a row by what its text is and how old it is, too."""
    weights, text = question.weights, rows.text(row)
    parts = {name: float(part[row]) for name, part in added.items()}
    asked = answers.forms(question.query.text)
    if asked and answers.holds(text, asked):
        parts["answer"] = weights.answer
    if rows.flags[row] & MESSAGE and answers.asks(text):
        parts["question"] = -weights.question
    kind = rows.ages_as(row)
    freshness = _freshness(rows, row, question.at)
    share = weights.freshness
    if kind == "preference":
        share = weights.preference_freshness
    by = {name: float(factor[row]) for name, factor in factors.items()}
    by["freshness"] = 1 - share * (1 - freshness)
    by["intent"] = route_of(question.query.intent).weight(kind)
    score = sum(parts.values()) * math.prod(by.values())
    shown = {name: part for name, part in parts.items() if part}
    shown |= {name: factor for name, factor in by.items() if factor != 1}
    return Scored(row, score, shown, freshness)


def _freshness(rows: Rows, row: int, now: datetime) -> float:
    """Return 1 for what was said now, halving with age; use slows it."""
    kind = rows.ages_as(row)
    half_life = rows.half_lives.get(kind, retention.KINDS[kind].half_life_days)
    if not half_life:
        return 1.0
    age_days = max(0.0, (moment(now) - int(rows.at[row])) / _DAY_US)
    return float(0.5 ** (age_days / uses.slowing(rows.uses(row)) / half_life))


def _confidence(found: list[Scored], rows: Rows) -> float:
    """Return how sure it is that the question was ever answered, 0 to 1."""
    top = [each.score for each in found[:_TOP]]
    cosine = max(np.nan_to_num(rows.cosine[[each.row for each in found]]))
    logit = (
        _SURE_AT_ZERO
        + _SURE_BY_TOP * sum(top) / len(top)
        + _SURE_BY_COSINE * float(cosine)
    )
    return 1 / (1 + math.exp(-logit))


def _place(row: int, channel: Floats) -> int:
    """Return a row's place in a channel, from 1."""
    return 1 + int(np.count_nonzero(channel > channel[row]))


def _recalled(rows: Rows, each: Scored, score: float, words: Floats) -> Recalled:
    row = each.row
    cosine = float(rows.cosine[row])
    hits = int(rows.hits[row])
    return Recalled(
        id=rows.id(row),
        kind=rows.kind(row),
        source_id=rows.source_id(row),
        conversation_id=rows.conversation_id(row),
        message_ids=rows.message_ids(row),
        text=rows.text(row),
        occurred_at=rows.occurred_at(row),
        score=score,
        reasons=Reasons(
            similarity=0.0 if math.isnan(cosine) else cosine,
            vector_rank=None if math.isnan(cosine) else _place(row, rows.cosine),
            keyword_rank=_place(row, words) if words[row] > 0 else None,
            freshness=each.freshness,
            terms=tuple(w for at, w in enumerate(rows.searched) if hits >> at & 1),
            parts=each.parts,
        ),
        source=rows.source(row),
    )
