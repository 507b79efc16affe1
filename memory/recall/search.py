"""The candidates of a query, in one round trip, fused and weighed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from accounts.scope import require_tenant
from memory import embeddings, retention, uses
from memory.extraction.keys.specs import BILLING, SUPPORT
from memory.models import EmbeddingModel
from memory.recall.types import Query, Reasons, Recalled

# Source: Cormack, Clarke & Büttcher 2009, "Reciprocal rank fusion outperforms
# Condorcet and individual rank learning methods": k = 60.
RRF_K = 60
# Candidates per channel.
CHANNEL_TOP_K = 60
# How much of a score freshness can take away at most, and importance add or take. What
# somebody prefers changes, and the newer word counts.
FRESHNESS_SHARE = {"preference": 0.5}
FRESHNESS_SHARE_OF_OTHERS = 0.15
IMPORTANCE_SHARE = 0.2
# A support desk answers questions about bills, too; it does no marketing.
IN_SUPPORT = (SUPPORT, BILLING)
# A summary restates what messages say: while those are still there, they come first.
KIND_WEIGHT = {"fact": 1.0, "summary": 0.5, "message": 1.0}

_SEARCH = """
with q as materialized (
    select to_tsquery('simple', string_agg(quote_literal(lexeme), ' | ')) as terms,
           to_tsquery('simple', string_agg(quote_literal(lexeme), ' | ')
               filter (where lexeme ~ '[0-9]' and length(lexeme) >= 4)) as numbers
      from unnest(to_tsvector('english', %(query)s))
),
c as materialized (
    select e.id, e.source_kind, e.source_id, e.conversation_id, e.message_ids, e.text,
           e.importance, e.occurred_at, e.source,
           -- Vectors of two models cannot be compared, and may differ in length.
           case when e.model_id = %(model)s
                then e.vector <#> %(vector)s::halfvec end as distance,
           case when e.keywords @@ (select terms from q)
                then ts_rank('{0.3, 0.3, 0.3, 1.0}', e.keywords, (select terms from q))
                     -- An order number says more than all the words around it.
                     + case when e.keywords @@ (select numbers from q)
                            then 1 else 0 end
           end as keyword_score
      from memory_embedding e
     where e.tenant_id = %(tenant)s and e.customer_id = %(customer)s
       -- What the index in use lacks is found by its words.
       and (e.model_id = %(model)s or not exists (
           select 1 from memory_embedding twin
            where twin.tenant_id = e.tenant_id and twin.customer_id = e.customer_id
              and twin.source_id = e.source_id and twin.chunk = e.chunk
              and (twin.model_id = %(model)s or twin.id < e.id)))
       and e.purpose = any(%(purposes)s)
       and e.occurred_at <= %(as_of)s
       and (e.valid_to is null or e.valid_to > %(as_of)s)
       and (e.expires_at is null or e.expires_at > %(now)s)
       and not e.message_ids && %(known)s::uuid[]
),
v as (
    select id, row_number() over (order by distance, id) as place from c
     where distance is not null
     order by distance, id limit %(top_k)s
),
k as (
    select id, row_number() over (order by keyword_score desc, id) as place from c
     where keyword_score is not null
     order by keyword_score desc, id limit %(top_k)s
)
select c.id, c.source_kind, c.source_id, c.conversation_id, c.message_ids, c.text,
       c.importance, c.occurred_at, c.source, -c.distance, v.place, k.place,
       a.kind, coalesce(f.uses, 0), r.kind is not null, r.half_life_days
  from c left join v using (id) left join k using (id)
  left join memory_fact f on f.tenant_id = %(tenant)s and f.customer_id = %(customer)s
        and f.id = c.source_id
 cross join lateral (
       select coalesce(f.kind, case c.source_kind when 'summary' then 'episode'
                               else c.source_kind end) as kind) a
  left join memory_retentionrule r on r.tenant_id = %(tenant)s and r.kind = a.kind
 where v.id is not null or k.id is not null
"""


def recall(
    query: Query,
    *,
    customer_id: UUID,
    limit: int = 20,
    as_of: datetime | None = None,
    known: Sequence[UUID] = (),
    purposes: Sequence[str] = IN_SUPPORT,
) -> list[Recalled]:
    """Return the memories of this customer that fit the query best.

    Args:
        query: From `prepare`.
        customer_id: Whose memories.
        limit: How many at the most.
        as_of: What was known at that moment; now, when None.
        known: Messages that the reader has before her already: not recalled again.
        purposes: What the memories may be used for.
    """
    now = timezone.now()
    reference = as_of or now
    model = _model_of(query)
    vector = None if model is None else query.vector
    with connection.cursor() as cursor:
        cursor.execute(
            _SEARCH,
            {
                "query": query.text,
                "vector": None if vector is None else HalfVector(vector).to_text(),
                "tenant": require_tenant(),
                "customer": customer_id,
                "model": model.id if model else None,
                "purposes": list(purposes),
                "as_of": reference,
                "now": now,
                "known": list(known),
                "top_k": CHANNEL_TOP_K,
            },
        )
        ranked = [_score(row, reference) for row in cursor.fetchall()]
    ranked.sort(key=lambda found: (-found.score, str(found.id)))
    return ranked[:limit]


def _model_of(query: Query) -> EmbeddingModel | None:
    """Return the model whose vectors a question is compared with, if there are any."""
    if query.model is not None:
        return embeddings.row_of(query.model)
    active: EmbeddingModel | None = EmbeddingModel.objects.filter(active=True).first()
    return active


def _score(row: tuple[Any, ...], reference: datetime) -> Recalled:
    (row_id, kind, source_id, conversation_id, message_ids, text) = row[:6]
    importance, occurred_at, source, similarity, vector_rank, keyword_rank = row[6:12]
    ages_as, times_used, has_rule, half_life_days = row[12:]
    if not has_rule:
        half_life_days = retention.KINDS[ages_as].half_life_days
    age_days = max(0.0, (reference - occurred_at).total_seconds() / 86_400)
    age_days /= uses.slowing(times_used)
    freshness = 0.5 ** (age_days / half_life_days) if half_life_days else 1.0
    fused = sum(
        1 / (RRF_K + rank) for rank in (vector_rank, keyword_rank) if rank is not None
    )
    share = FRESHNESS_SHARE.get(ages_as, FRESHNESS_SHARE_OF_OTHERS)
    weight = (
        KIND_WEIGHT[kind]
        * (1 - share * (1 - freshness))
        * (1 + IMPORTANCE_SHARE * (importance - 0.5))
    )
    return Recalled(
        id=row_id,
        kind=kind,
        source_id=source_id,
        conversation_id=conversation_id,
        message_ids=tuple(message_ids),
        text=text,
        occurred_at=occurred_at,
        score=fused * weight,
        reasons=Reasons(similarity or 0.0, vector_rank, keyword_rank, freshness),
        source=source,
    )
