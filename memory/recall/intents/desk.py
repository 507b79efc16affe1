"""What a desk says about intents: its own examples, with their vectors per process.

A stamp in Redis says when they are another: whoever changes them sets a new one, and
every process reads them again. It is read before the rows are, so that what is kept is
never older than its stamp.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from threading import Lock
from uuid import UUID, uuid4

import numpy as np

from accounts.scope import customer_scope, tenant_scope
from memory import settings, working
from memory.llm import embedding, gateway
from memory.models import IntentExample
from memory.recall.intents.catalogue import INTENTS, built_in
from memory.recall.intents.nearest import Examples, Vectors, leanings
from memory.working.connection import quietly
from memory.working.keys import intents_of_tenant

# After so long a stamp is made anew: should one not have been set, this is how long
# other processes go by what was.
STAMP_S = 300
# So many desks are kept; each may hold some 300 kB of vectors.
_MOST_DESKS = 256


@dataclass(frozen=True, slots=True)
class Desk:
    """What a desk says about intents.

    Attributes:
        stamp: Of which change.
        by_model: Whether a connected model decides.
        own: Its examples.
    """

    stamp: str | None
    by_model: bool
    own: Examples


_desks: OrderedDict[UUID, Desk] = OrderedDict()
_lock = Lock()


def desk_of(tenant_id: UUID, customer_id: UUID | None = None) -> Desk:
    """Return what a desk says; opens a scope of its own where it was changed.

    Args:
        tenant_id: Whose desk.
        customer_id: For whom, so that work for one customer opens no wider scope.

    Raises:
        LLMError: The embedded model cannot be used.
    """
    stamp = _stamp(tenant_id)
    with _lock:
        kept = _desks.get(tenant_id)
        if kept is not None:
            _desks.move_to_end(tenant_id)
    if kept is not None and stamp is not None and kept.stamp == stamp:
        return kept
    desk = _loaded(tenant_id, customer_id, stamp, kept)
    with _lock:
        _desks[tenant_id] = desk
        _desks.move_to_end(tenant_id)
        if len(_desks) > _MOST_DESKS:
            _desks.popitem(last=False)
    return desk


def changed(tenant_id: UUID) -> None:
    """Let every process read again what a desk says; after the commit."""
    quietly(_set_stamp, tenant_id)


@cache
def built_in_examples() -> Examples:
    """Return the examples that every desk has; the first use makes their vectors.

    Raises:
        LLMError: The embedded model cannot be used.
    """
    labelled = [(name, text) for name, texts in built_in().items() for text in texts]
    vectors = embedding.embedder().encode_kept([text for _, text in labelled])
    return Examples(labelled, vectors, own=False)


@cache
def built_in_leanings() -> Vectors:
    """Return `leanings` of the built-in examples, in the order of the catalogue.

    Raises:
        LLMError: The embedded model cannot be used.
    """
    return leanings(built_in_examples(), list(INTENTS))


def _loaded(
    tenant_id: UUID, customer_id: UUID | None, stamp: str | None, kept: Desk | None
) -> Desk:
    scope = tenant_scope(tenant_id)
    if customer_id is not None:
        scope = customer_scope(tenant_id, customer_id)
    with scope:
        by_model = settings.current().intents_by_model
        rows = IntentExample.objects.filter(tenant_id=tenant_id).order_by("pk")
        labelled = list(rows.values_list("intent", "text"))
    if kept is not None and kept.own.labelled == tuple(labelled):
        return Desk(stamp, by_model, kept.own)
    return Desk(stamp, by_model, _own(labelled))


def _own(labelled: list[tuple[str, str]]) -> Examples:
    if not labelled:
        return Examples((), np.zeros((0, embedding.DIMS), dtype=np.float32), own=True)
    texts = [text for _, text in labelled]
    vectors = gateway.embed(texts, model=embedding.INFO)
    return Examples(labelled, vectors, own=True)


def _stamp(tenant_id: UUID) -> str | None:
    """Return the stamp of a desk; None when Redis is away."""
    found: str | None = quietly(working.client().get, intents_of_tenant(tenant_id))
    return found or quietly(_set_stamp, tenant_id)


def _set_stamp(tenant_id: UUID) -> str:
    stamp = uuid4().hex
    working.client().set(intents_of_tenant(tenant_id), stamp, ex=STAMP_S)
    return stamp
