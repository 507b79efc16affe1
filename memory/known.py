"""What is known about a customer when she asks: her facts, and the talk so far.

It is read before every answer and changes seldom, so it is kept in working memory. The
copy counts only while PostgreSQL says the same as when it was made: each read takes a
stamp of the very values that are in it, by one query. So no write has to tell anybody,
and none can be overlooked, a fact that expires by itself included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, F, Func, OuterRef, QuerySet, Subquery, Sum

from accounts.models import Customer
from accounts.scope import require_tenant
from memory import facts, summaries, working
from memory.llm.tokens import count_tokens
from memory.models import Evidence, Fact, Summary

# What of a fact goes into an answer, and what puts facts in their order.
_FACT = ("id", "kind", "key", "value", "text", "source", "valid_from")
_ORDER = ("pinned", "importance")
_EVIDENCE = ("fact_id", "message_id")
_SUMMARY = ("id", "text", "message_ids")


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
    found = Known(
        facts=as_known(facts.current_facts().filter(customer_id=customer_id)),
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


class _RowHash(Func):
    """64 bits that stand for the values of a row, in the order given."""

    function = "hash_record_extended"
    template = "%(function)s(row(%(expressions)s), 0)"
    # Their sum is longer than a bigint.
    output_field = DecimalField(max_digits=40, decimal_places=0)


def _stamp(customer_id: UUID, conversation_id: UUID) -> str:
    current = facts.current_facts().prefetch_related(None)
    evidence = Evidence.objects.filter(message_id__isnull=False)
    rolling = (
        Summary.objects.filter(
            customer_id=OuterRef("pk"),
            conversation_id=conversation_id,
            kind=Summary.Kind.ROLLING,
        )
        .order_by("-version")
        .annotate(stamp=_RowHash(*map(F, _SUMMARY)))
        .values("stamp")
    )
    stamps = Customer.objects.filter(pk=customer_id).values_list(
        _summed(current, (*_FACT, *_ORDER)),
        _summed(evidence, _EVIDENCE),
        Subquery(rolling[:1]),
    )
    return ":".join(str(stamp) for stamp in stamps.get())


def _summed(rows: QuerySet[Any], fields: Sequence[str]) -> Subquery:
    of_customer = rows.filter(customer_id=OuterRef("pk")).order_by()
    return Subquery(
        of_customer.values("customer_id")
        .annotate(stamp=Sum(_RowHash(*map(F, fields))))
        .values("stamp")
    )


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
