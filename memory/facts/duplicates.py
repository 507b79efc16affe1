"""When two facts are one: the same value in another form, or the same in other words.

Only facts of one customer, one key and one time are compared. The hash finds what is
equal in the key's own form. Meaning is asked of keys that take words, never of names,
numbers and codes; and vectors alone decide nothing, because opposites lie beside each
other (`memory.values.meaning`).
"""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from memory import embeddings
from memory.extraction.keys import Value, spec
from memory.facts.rows import current_of_key, entry
from memory.llm import gateway
from memory.llm.types import EmbeddingModelInfo
from memory.models import Embedding, Fact
from memory.values.contact import same_phone
from memory.values.meaning import may_be_same

Vector = NDArray[np.float32]

# Cosine from which two statements that differ in no word of substance are one. Source:
# `tests/memory/test_duplicates.py`; of its pairs the lowest that is the same has 0.76.
SAME_MEANING = 0.75
# So many of the nearest are looked at; equal ones are one fact already.
NEAREST = 20


def is_same(known: Fact, new: Fact) -> bool:
    """Return whether two facts of one key have one value."""
    if known.content_hash == new.content_hash:
        return True
    if spec(new.key).value is Value.PHONE and known.normal and new.normal:
        return same_phone(known.normal, new.normal)
    return False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a statement means, as far as a model can tell.

    Attributes:
        vector: Of its text, L2-normalised.
        model: Which model made it; None for the one that is configured.
    """

    vector: Vector
    model: EmbeddingModelInfo | None = None


def find(new: Fact, meaning: Meaning | None = None) -> Fact | None:
    """Return the fact that says the same as one that is not stored yet.

    What is history says the same by its form alone: of that, the value comes back.

    Args:
        new: The fact.
        meaning: Without one only forms are compared.
    """
    rows = Fact.objects.filter(customer_id=new.customer_id, key=new.key)
    for fact in rows.order_by("-valid_from", "-id"):
        if is_same(fact, new):
            return fact
    current = current_of_key(new.customer_id, new.key)
    if meaning is None or not by_meaning(new):
        return None
    for fact_id in _nearest(new, meaning):
        near = current.filter(pk=fact_id).first()
        if near is not None and may_be_same(near.value, new.value):
            return near
    return None


def by_meaning(fact: Fact) -> bool:
    """Return whether facts of this key may be one by what they mean."""
    return spec(fact.key).value is Value.TEXT and not fact.single


def make_findable(fact: Fact, meaning: Meaning) -> None:
    """Index a fact at once: the same may be said again in this very conversation."""
    if not by_meaning(fact):
        return
    vectors = meaning.vector[np.newaxis]
    embeddings.index(fact.customer_id, [entry(fact)], vectors, model=meaning.model)


def _nearest(new: Fact, meaning: Meaning) -> list[UUID]:
    """Return the facts of the key whose vectors are near enough, the nearest first.

    Vectors of another model, which may be of another length, cannot be compared.
    """
    row = embeddings.row_of(meaning.model or gateway.embedding_model())
    of_key = current_of_key(new.customer_id, new.key).values("id")
    rows = Embedding.objects.filter(
        customer_id=new.customer_id,
        source_kind=Embedding.SourceKind.FACT,
        source_id__in=of_key,
        model=row,
    )
    near = sorted(
        (
            (float(np.asarray(kept, np.float32) @ meaning.vector), source_id)
            for source_id, kept in rows.values_list("source_id", "vector")
        ),
        reverse=True,
    )
    return [found for likeness, found in near[:NEAREST] if likeness >= SAME_MEANING]
