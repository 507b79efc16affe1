"""The reading of one message: its vector, what its words say, and who decides."""

import logging
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from memory.llm import embedding, gateway
from memory.llm.errors import LLMError
from memory.llm.types import EmbeddingModelInfo
from memory.recall.intents.by_model import asked_of_model
from memory.recall.intents.catalogue import INTENTS, OTHER
from memory.recall.intents.cues import cues
from memory.recall.intents.desk import (
    built_in_examples,
    built_in_leanings,
    desk_of,
)
from memory.recall.intents.nearest import Example, Examples, neighbours, vote
from memory.recall.types import Intent

logger = logging.getLogger(__name__)

ENOUGH = 0.25
"""Least share of the votes; below it a message is about something else.

Source: `make bench-intents`.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message is about, and why.

    Attributes:
        nearest: The nearest examples, the nearest first.
        by_model: Whether a connected model decided.
    """

    intent: Intent
    nearest: tuple[Example, ...] = ()
    by_model: bool = False


def classify(
    text: str,
    *,
    tenant_id: UUID,
    customer_id: UUID | None = None,
    vector: NDArray[np.float32] | None = None,
    model: EmbeddingModelInfo | None = None,
) -> Intent:
    """Return what a message is about; no transaction may be open.

    Args:
        text: The message.
        tenant_id: Whose desk.
        customer_id: Who wrote it, so that no wider scope is opened.
        vector: Its vector, where there is one already.
        model: Which model made that; another one's than the embedded is of no use.
    """
    if model is None or not gateway.is_embedded(model.name):
        vector = None
    found = read(text, tenant_id=tenant_id, customer_id=customer_id, vector=vector)
    return found.intent


def read(
    text: str,
    *,
    tenant_id: UUID,
    customer_id: UUID | None = None,
    vector: NDArray[np.float32] | None = None,
) -> Reading:
    """Return what a message is about, and why; no transaction may be open.

    Args:
        text: The message.
        tenant_id: Whose desk.
        customer_id: Who wrote it, so that no wider scope is opened.
        vector: Its vector by the embedded model, where there is one already.
    """
    try:
        desk = desk_of(tenant_id, customer_id)
        if vector is None:
            vector = gateway.embed([text], model=embedding.INFO)[0]
        found = by_examples(text, vector, desk.own)
    except LLMError as error:
        logger.warning("No intent: %s", type(error).__name__)
        return Reading(Intent(OTHER, 0.0))
    if desk.by_model and (decided := asked_of_model(text)):
        return Reading(decided, found.nearest, by_model=True)
    return found


def warm_up() -> None:
    """Make the vectors of the built-in examples, which take a second, before use."""
    try:
        built_in_leanings()
    except LLMError as error:
        logger.warning("No intents: %s", type(error).__name__)


def by_examples(
    text: str, vector: NDArray[np.float32], own: Examples | None = None
) -> Reading:
    """Return what the nearest examples say a message is about.

    Args:
        text: The message.
        vector: Its vector, `(384,)` float32, by the embedded model.
        own: A desk's own examples.

    Raises:
        LLMError: The embedded model cannot be used.
    """
    groups = [built_in_examples(), *([own] if own else [])]
    nearest = neighbours(vector, groups)
    votes = vote(nearest, cues(text))
    leans = np.clip(vector @ built_in_leanings(), 0.0, 1.0)
    shares = {
        name: (votes.get(name, 0.0) + float(lean)) / 2
        for name, lean in zip(INTENTS, leans, strict=True)
    }
    best = max(shares, key=lambda name: shares[name])
    share = shares[best]
    if best == OTHER or share < ENOUGH:
        # All that no other intent has speaks for none of them.
        best, share = OTHER, 1 - max(s for n, s in shares.items() if n != OTHER)
    return Reading(Intent(best, round(share, 3)), tuple(nearest))
