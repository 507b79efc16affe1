"""One address is told in parts: a new city alone makes the old street untrue."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from memory.facts.rows import close
from memory.models import Fact

ADDRESS_KEYS = frozenset({"street_address", "zip_code", "city", "state", "country"})


def close_stale_address(
    *, customer_id: UUID, restated: frozenset[str], moved_at: datetime
) -> None:
    """Close the address parts from before a move that the customer did not restate."""
    stale = Fact.objects.filter(
        customer_id=customer_id,
        key__in=ADDRESS_KEYS - restated,
        valid_to=None,
        valid_from__lt=moved_at,
    )
    for fact in stale:
        close(fact, at=moved_at, by=None)


def close_overtaken_address(told: Iterable[Fact | None]) -> None:
    """Close the address parts that were told late, after a move that came later."""
    cities = [fact for fact in told if fact and fact.key == "city" and fact.valid_to]
    for city in cities:
        newer = city.superseded_by
        if newer is None or newer.key != "city":
            continue
        stale = Fact.objects.filter(
            customer_id=city.customer_id,
            conversation_id=city.conversation_id,
            key__in=ADDRESS_KEYS - {"city"},
            valid_to=None,
            valid_from__lt=newer.valid_from,
        ).exclude(evidence__said_at__gte=newer.valid_from)
        for fact in stale:
            close(fact, at=newer.valid_from, by=None)
