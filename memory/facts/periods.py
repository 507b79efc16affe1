"""Valid time: since when a fact is true, where that was said."""

from datetime import datetime

from memory.facts.rows import close
from memory.models import Embedding, Fact


def backdate(fact: Fact, *, since: datetime) -> None:
    """Let a current fact hold since it began, and end what it replaced by then.

    Nothing moves where that would say that two values of one key were true at once, or
    that a fact ended before it began: what was said earlier stands then.
    """
    if since >= fact.valid_from or not fact.is_current:
        return
    if fact.single:
        before = Fact.objects.filter(customer_id=fact.customer_id, key=fact.key)
        overlapping = list(before.filter(valid_to__gt=since).exclude(pk=fact.pk))
        if any(
            it.superseded_by_id != fact.id or it.valid_from >= since
            for it in overlapping
        ):
            return
        for it in overlapping:
            close(it, at=since, by=fact)
    fact.valid_from = since
    fact.save(update_fields=["valid_from"])
    Embedding.objects.filter(source_id=fact.id).update(occurred_at=since)
