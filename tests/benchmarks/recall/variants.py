"""Recall with one of its parts taken away, or made of some of them alone."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Final

from memory.recall import Query, Recalled
from memory.recall.weights import WEIGHTS, Weights

RRF_K: Final = 60
LIMIT: Final = 20
# Ranks are fused over more: what one channel lacks may be the best of the other.
_MANY: Final = 100
PARTS: Final = tuple(part.name for part in fields(Weights))
# These are factors: what they do nothing at is one.
_FACTORS: Final = frozenset({"summary", "outdated"})
NOTHING: Final = Weights(**{name: float(name in _FACTORS) for name in PARTS})

# One upon the other they make the whole.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "meaning alone": ("meaning",),
    "+ words": ("words",),
    "+ turns around": ("turn_before", "turn_after", "words_before"),
    "+ conversation": ("session",),
    "+ time that was named": ("period", "afterwards"),
    "+ who said it": ("speaker", "own_word"),
    "+ form of an answer": ("answer", "question"),
    "+ now and before": ("now", "present", "before"),
    "+ summaries count less": ("summary",),
    "+ outdated counts less": ("outdated",),
    "+ freshness, importance, intent": (
        "freshness",
        "preference_freshness",
        "importance",
    ),
}


@dataclass(frozen=True)
class Variant:
    """One way to recall.

    Attributes:
        weights: What counts how much.
        asked: What is made of the question first.
        ordered: What is made of the memories that were found.
    """

    weights: Weights = WEIGHTS
    asked: Callable[[Query], Query] = field(default=lambda query: query)
    ordered: Callable[[list[Recalled]], list[Recalled]] = field(
        default=lambda found: found
    )
    limit: int = LIMIT


def only(*names: str) -> Weights:
    """Return weights that have these parts alone."""
    whole = asdict(WEIGHTS)
    return replace(NOTHING, **{name: whole[name] for name in names})


def without(name: str) -> Weights:
    """Return weights that lack a part."""
    return replace(WEIGHTS, **{name: getattr(NOTHING, name)})


def by_reciprocal_rank(found: list[Recalled]) -> list[Recalled]:
    """Order by the sum of reciprocal ranks in the two channels."""

    def fused(memory: Recalled) -> float:
        ranks = (memory.reasons.vector_rank, memory.reasons.keyword_rank)
        return sum(1 / (RRF_K + rank) for rank in ranks if rank)

    scored = [replace(memory, score=fused(memory)) for memory in found]
    return sorted(scored, key=lambda memory: -memory.score)


def channels() -> dict[str, Variant]:
    """Return our channels, alone and fused in the two ways."""
    both = only("meaning", "words")
    return {
        "meaning alone": Variant(only("meaning"), _without_intent),
        "words alone": Variant(only("words"), _without_intent),
        "sum of both": Variant(both, _without_intent),
        "RRF of both, k = 60": Variant(
            both, _without_intent, by_reciprocal_rank, _MANY
        ),
    }


def steps() -> dict[str, Variant]:
    """Return recall as it grows, part by part."""
    made: dict[str, Variant] = {}
    parts: tuple[str, ...] = ()
    for name, added in STEPS.items():
        parts += added
        made[name] = Variant(only(*parts), _without_intent)
    # The last step is the whole.
    made[name] = Variant()
    return made


def removals() -> dict[str, Variant]:
    """Return recall without each of its parts."""
    made = {name: Variant(without(name)) for name in PARTS}
    made["intent"] = Variant(asked=_without_intent)
    made["periods"] = Variant(asked=lambda query: replace(query, periods=()))
    made["names kept out of the vector"] = Variant(asked=_with_names)
    made["facts"] = Variant(ordered=_without("fact"))
    made["summaries"] = Variant(ordered=_without("summary"))
    return made


def _without_intent(query: Query) -> Query:
    return replace(query, intent=None)


def _with_names(query: Query) -> Query:
    from memory import embeddings

    vectors = embeddings.embed_texts([query.text], model=query.model, cached=True)
    return replace(query, vector=vectors[0])


def _without(kind: str) -> Callable[[list[Recalled]], list[Recalled]]:
    return lambda found: [memory for memory in found if memory.kind != kind]
