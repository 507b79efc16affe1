"""What is known about a customer when she asks: her facts, and the talk so far.

It is read before every answer and changes seldom, so it is kept in working memory. The
copy counts only while PostgreSQL says the same as when it was made: each read takes a
stamp of the rows that it was made of, by one short query. So no write has to tell
anybody, and none can be overlooked, a fact that expires by itself included. Whoever
lets `facts.current_facts` depend on anything but a fact's row lets the stamp, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.scope import require_tenant
from memory import facts, summaries, working
from memory.llm.tokens import count_tokens
from memory.models import Fact, Summary
from memory.recall.search import IN_SUPPORT

# What of a fact goes into an answer.
_FACT = ("id", "kind", "key", "value", "text", "source", "valid_from")
_HERS = "tenant_id = %(tenant)s and customer_id = %(customer)s"


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A current fact, as an answer needs it.

    Attributes:
        message_ids: The messages that it rests on.
    """

    id: UUID
    kind: str
    key: str
    value: str
    text: str
    source: str
    valid_from: datetime
    message_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownSummary:
    """The summary of the older part of a conversation.

    Attributes:
        message_ids: The messages that it covers.
    """

    id: UUID
    text: str
    message_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known.

    Attributes:
        facts: The current facts, the most important first.
        summary: Of the older part of the conversation, if it has one.
    """

    facts: tuple[KnownFact, ...]
    summary: KnownSummary | None


def known(customer_id: UUID, conversation_id: UUID, *, limits: working.Limits) -> Known:
    """Return what is known, from working memory or else from PostgreSQL.

    Args:
        customer_id: The customer, whose scope is open.
        conversation_id: The conversation that the summary is of.
        limits: How much the desk keeps live.
    """
    place = require_tenant(), customer_id, conversation_id
    # Before the rows are read: what changes in between makes a copy that is too new
    # for its stamp and is not read again, never one that is too old.
    stamp = _stamp(customer_id, conversation_id)
    kept = working.cached_bundle(*place, stamp=stamp)
    if kept is not None:
        return _from_json(kept)
    hers = facts.current_facts().filter(customer_id=customer_id, purpose__in=IN_SUPPORT)
    found = Known(
        facts=as_known(hers),
        summary=_summary(summaries.latest_rolling(customer_id, conversation_id)),
    )
    working.keep_bundle(
        *place,
        stamp=stamp,
        known=_as_json(found),
        tokens=_tokens(found),
        limits=limits,
    )
    return found


def as_known(rows: QuerySet[Fact] | Sequence[Fact]) -> tuple[KnownFact, ...]:
    """Return facts as an answer needs them, in their order."""
    return tuple(
        KnownFact(
            **{name: getattr(fact, name) for name in _FACT},
            message_ids=tuple(
                sorted(e.message_id for e in fact.evidence.all() if e.message_id)
            ),
        )
        for fact in rows
    )


def _summary(row: Summary | None) -> KnownSummary | None:
    return KnownSummary(row.id, row.text, tuple(row.message_ids)) if row else None


def _stamp(customer_id: UUID, conversation_id: UUID) -> str:
    values: dict[str, Any] = {
        "tenant": require_tenant(),
        "customer": customer_id,
        "conversation": conversation_id,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_stamp_sql(), values)
        return ":".join(str(stamp) for stamp in cursor.fetchone())


@cache
def _stamp_sql() -> str:
    """Return the query of a stamp: 64 bits for each row, whose sum has no order."""
    # Every column, so that a new one counts without being named; but how often a fact
    # was used is no part of an answer.
    columns = ", ".join(
        connection.ops.quote_name(field.attname)
        for field in Fact._meta.concrete_fields
        if field.name not in {"uses", "used_at"}
    )
    return f"""
select
  (select sum(hash_record_extended(row({columns}, expires_at <= %(now)s), 0))
     from memory_fact where valid_to is null and {_HERS}),
  (select sum(hash_record_extended(row(fact_id, message_id), 0))
     from memory_evidence where {_HERS}),
  (select hash_record_extended(row(id, text, message_ids), 0)
     from memory_summary where conversation_id = %(conversation)s
      and kind = 'rolling' and {_HERS} order by version desc limit 1)
"""  # noqa: S608 - the model's own columns; the values are parameters


def _tokens(found: Known) -> int:
    texts = [fact.text for fact in found.facts]
    texts += [found.summary.text] if found.summary else []
    return sum(count_tokens(text) for text in texts)


def _as_json(found: Known) -> dict[str, Any]:
    summary = found.summary
    return {
        "facts": [
            [
                str(fact.id), fact.kind, fact.key, fact.value, fact.text, fact.source,
                fact.valid_from.isoformat(), [str(i) for i in fact.message_ids],
            ]
            for fact in found.facts
        ],
        "summary": summary
        and [str(summary.id), summary.text, [str(i) for i in summary.message_ids]],
    }  # fmt: skip


def _from_json(kept: dict[str, Any]) -> Known:
    summary = kept["summary"]
    return Known(
        facts=tuple(
            KnownFact(
                UUID(fact_id), kind, key, value, text, source,
                datetime.fromisoformat(valid_from), _ids(message_ids),
            )
            for fact_id, kind, key, value, text, source, valid_from, message_ids
            in kept["facts"]
        ),
        summary=summary
        and KnownSummary(UUID(summary[0]), summary[1], _ids(summary[2])),
    )  # fmt: skip


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(UUID(each) for each in texts)
