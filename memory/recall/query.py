"""The understanding of a question: what it means, and when it means."""

import logging
from uuid import UUID

from memory import embeddings
from memory.llm.errors import LLMError
from memory.recall import intents
from memory.recall.types import Query

logger = logging.getLogger(__name__)


def prepare(text: str, *, tenant_id: UUID, customer_id: UUID | None = None) -> Query:
    """Embed the question with the model that the desk's index is made with.

    Opens a scope of its own; no transaction may be open while a model is asked. Where
    it does not answer, the question is asked by its words alone.

    Args:
        text: The question.
        tenant_id: Whose desk.
        customer_id: About whom, where that is known by now.
    """
    try:
        model = embeddings.in_use(tenant_id, customer_id)
        vector = embeddings.embed_texts([text], model=model, cached=True)[0]
    except LLMError as error:
        logger.warning("Recalling by words alone: %s", type(error).__name__)
        return Query(text=text, vector=None)
    intent = intents.classify(
        text, tenant_id=tenant_id, customer_id=customer_id, vector=vector, model=model
    )
    return Query(text=text, vector=vector, model=model, intent=intent)
