"""What ends by itself: memories whose time is over."""

from django.db.models import Q
from django.utils import timezone

from memory.models import Embedding, Fact


def expire() -> dict[str, int]:
    """Delete what has expired in the tenant in scope; pinned facts stay.

    Returns:
        How many rows went, by tier.
    """
    now = timezone.now()
    over = Q(expires_at__lte=now)
    facts = list(Fact.objects.filter(over, pinned=False).values_list("id", flat=True))
    vectors, _ = Embedding.objects.filter(
        over & ~Q(source_kind=Embedding.SourceKind.FACT) | Q(source_id__in=facts)
    ).delete()
    Fact.objects.filter(superseded_by__in=facts).update(superseded_by=None)
    Fact.objects.filter(id__in=facts).delete()
    return {"facts": len(facts), "embeddings": vectors}
