"""The durable tiers: facts with their evidence, summaries, and the vector index.

Conversations and messages are known here by id only: `chat` builds on `memory`, never
the other way round.
"""

from memory.models.consolidation import Consolidation
from memory.models.desk import (
    CustomStrategy,
    IntentExample,
    MemorySettings,
    RetentionRule,
)
from memory.models.facts import Evidence, Fact, Forgotten
from memory.models.index import Embedding, EmbeddingModel, ReembedJob
from memory.models.privacy import ErasureReceipt, PrivacyRequest, PrivacySubject
from memory.models.review import ReviewItem
from memory.models.summaries import Summary

__all__ = [
    "Consolidation",
    "CustomStrategy",
    "Embedding",
    "EmbeddingModel",
    "ErasureReceipt",
    "Evidence",
    "Fact",
    "Forgotten",
    "IntentExample",
    "MemorySettings",
    "PrivacyRequest",
    "PrivacySubject",
    "ReembedJob",
    "RetentionRule",
    "ReviewItem",
    "Summary",
]
