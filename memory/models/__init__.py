"""The durable tiers: facts with their evidence, summaries, and the vector index.

Conversations and messages are known here by id only: `chat` builds on `memory`, never
the other way round.
"""

from memory.models.facts import Evidence, Fact
from memory.models.index import Embedding, EmbeddingModel
from memory.models.privacy import ErasureReceipt, PrivacyRequest, PrivacySubject
from memory.models.review import ReviewItem
from memory.models.summaries import Summary

__all__ = [
    "Embedding",
    "EmbeddingModel",
    "ErasureReceipt",
    "Evidence",
    "Fact",
    "PrivacyRequest",
    "PrivacySubject",
    "ReviewItem",
    "Summary",
]
