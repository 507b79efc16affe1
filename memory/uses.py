"""How often a fact was put before the assistant, counted in batches.

Counting in the rows themselves would write a dozen of them for every answer. The counts
wait in Redis and are added up once a minute; when Redis loses them, nothing is wrong
but a number.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, cast
from uuid import UUID

import redis
from django.db import connection
from django.utils import timezone

from memory import working

# So many uses slow a fact's ageing as far as it goes: what is popular must not beat
# what is true.
MOST_USES: Final = 10

# Of what was recalled, so many fit the question; the rest fills the room that is left.
COUNTED: Final = 5

# Recall reads the index alone, so it is told there, too.
_ADD = """
with counted as (
    update memory_fact f set uses = f.uses + c.uses, used_at = %(now)s
      from unnest(%(ids)s::uuid[], %(uses)s::int[]) as c(id, uses)
     where f.id = c.id and f.tenant_id = %(tenant)s
    returning f.tenant_id, f.customer_id, f.id, f.uses
),
told as (
    update memory_embedding e set uses = counted.uses from counted
     where e.tenant_id = counted.tenant_id and e.customer_id = counted.customer_id
       and e.source_id = counted.id
)
select count(*) from counted
"""


def count(tenant_id: UUID, fact_ids: Iterable[UUID]) -> None:
    """Count that these facts were put before the assistant; never fails.

    The key holds ids of facts and nothing about whose they are.
    """
    ids = [fact_id.hex for fact_id in fact_ids]
    if not ids:
        return
    pipeline = working.client().pipeline(transaction=False)
    for fact_id in ids:
        pipeline.hincrby(_key(tenant_id), fact_id, 1)
    with suppress(redis.RedisError, OSError):
        pipeline.execute()


def add_up(tenant_id: UUID) -> int:
    """Write the waiting counts into the facts of the tenant in scope.

    Returns:
        How many facts were counted.

    Raises:
        redis.RedisError: Redis did not answer; the counts go on waiting.
    """
    taken = f"{_key(tenant_id)}:taken"
    # Counts that a dead worker had taken come first.
    if not working.client().exists(taken) and not _take(_key(tenant_id), taken):
        return 0
    counts: dict[str, str] = cast("Any", working.client()).hgetall(taken)
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            {
                "ids": [UUID(fact_id) for fact_id in counts],
                "uses": [int(uses) for uses in counts.values()],
                "now": timezone.now(),
                "tenant": tenant_id,
            },
        )
        (counted,) = cursor.fetchone()
    working.client().delete(taken)
    return int(counted)


def slowing(uses: int) -> float:
    """Return by how much use slows ageing: 1 for none, 2 at the most."""
    return 1 + min(uses, MOST_USES) / MOST_USES


def _take(key: str, taken: str) -> bool:
    if not working.client().exists(key):
        return False
    working.client().rename(key, taken)
    return True


def _key(tenant_id: UUID) -> str:
    return f"t:{tenant_id.hex}:uses"
