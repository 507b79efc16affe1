"""Forgetting whole: a fact leaves every tier, and words said before do not return it.

Staff, the customer's own wish and the assistant's tool all pass here. What was
forgotten is told from the rest by its words (`memory.forgotten`): summaries and index
entries lose the sentences that say it, review items and working memory that hold it
go, and consolidations that read before are not written after (`Customer.memory_epoch`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import audit
from accounts.models import Customer
from accounts.queue import enqueue
from accounts.scope import require_tenant
from memory import embeddings, facts, forgotten, working
from memory.forgotten import Marks
from memory.llm.tokens import count_tokens
from memory.models import Embedding, Evidence, Fact, ReviewItem, Summary

# How a summary says that sentences were taken out of it.
MADE_BY = "forgetting"


_SHORTEST_CHARS = 4
# In place of words that said what was forgotten as well.
_GONE = "•••"


@dataclass(frozen=True, slots=True)
class Forgot:
    """How much of each tier went, or lost sentences."""

    facts: int = 0
    summaries: int = 0
    entries: int = 0


@transaction.atomic
def forget(*, fact: Fact, actor: str, reason: str = "") -> Forgot:
    """Forget a fact with every other that says the same, in all tiers.

    Nothing that it had superseded comes back. The messages themselves stay.

    Args:
        fact: The fact.
        actor: Who forgets it, as in the audit log.
        reason: Why, in a person's own words.
    """
    return forget_all(
        customer_id=fact.customer_id, rows=[fact], actor=actor, reason=reason
    )


@transaction.atomic
def forget_all(
    *,
    customer_id: UUID,
    rows: Sequence[Fact],
    actor: str,
    reason: str = "",
    said: Iterable[str] = (),
    gives_back: bool = False,
) -> Forgot:
    """Forget several facts of one customer, and more words of hers, in all tiers.

    Args:
        customer_id: Whose.
        rows: The facts.
        actor: Who forgets them, as in the audit log.
        reason: Why, in a person's own words.
        said: Values that are to be forgotten as well, though no fact holds them.
        gives_back: Whether what they had superseded holds again.
    """
    if not rows or not facts.lock_customer(customer_id):
        return Forgot()
    hers = list(Fact.objects.filter(customer_id=customer_id))
    gone = [fact for fact in hers if any(_says_same(fact, row) for row in rows)]
    if not gone:
        # Somebody else has forgotten them meanwhile.
        return Forgot()
    marks = forgotten.marks_of(gone, words=said)
    forgotten.keep(marks)
    if gives_back:
        facts.take_out(gone)
    else:
        for fact in gone:
            facts.delete(fact)
    _narrow_evidence(customer_id, marks)
    forgot = Forgot(
        facts=len(gone),
        summaries=_clean_summaries(customer_id, marks),
        entries=_clean_entries(customer_id, marks),
    )
    _drop_review_items(customer_id, marks)
    raise_epoch(customer_id)
    for row in rows:
        audit.record(
            actor=actor,
            action="fact.erase",
            subject_type="fact",
            subject_id=row.id,
            customer_id=customer_id,
            reason=reason,
            detail={"summaries": forgot.summaries, "entries": forgot.entries},
        )
    return forgot


def raise_epoch(customer_id: UUID) -> None:
    """Make what was read of a customer before too old to be written.

    Working memory is rebuilt: it may hold what was forgotten. Runs under the
    customer's lock.
    """
    Customer.objects.filter(pk=customer_id).update(memory_epoch=F("memory_epoch") + 1)
    transaction.on_commit(partial(working.drop, require_tenant(), customer_id))


def epoch(customer_id: UUID) -> int | None:
    """Return how often something of a customer was forgotten; None when she is gone."""
    rows = Customer.objects.filter(pk=customer_id)
    found: int | None = rows.values_list("memory_epoch", flat=True).first()
    return found


def _says_same(fact: Fact, other: Fact) -> bool:
    if fact.pk == other.pk:
        return True
    ours, theirs = (" ".join(row.value.casefold().split()) for row in (fact, other))
    if fact.key != other.key and len(ours) < _SHORTEST_CHARS:
        # "Yes" of one thing is not "yes" of another.
        return False
    return ours == theirs or (bool(fact.normal) and fact.normal == other.normal)


def _narrow_evidence(customer_id: UUID, marks: Marks) -> None:
    """Let what other facts rest on no longer say what was forgotten."""
    rows = Evidence.objects.filter(customer_id=customer_id).select_related("fact")
    for evidence in rows:
        if not marks.holds(evidence.span):
            continue
        value = evidence.fact.value
        if marks.holds(value):
            continue
        if value not in evidence.span:
            left = marks.without(evidence.span) or _GONE
            Evidence.objects.filter(pk=evidence.pk).update(span=left)
            continue
        rows_of_it = Evidence.objects.filter(
            fact=evidence.fact, message_id=evidence.message_id, span=value
        )
        if rows_of_it.exists():
            evidence.delete()
        else:
            Evidence.objects.filter(pk=evidence.pk).update(span=value)


def _clean_summaries(customer_id: UUID, marks: Marks) -> int:
    """Take sentences out of a customer's summaries; returns of how many."""
    newest: dict[tuple[UUID, str], Summary] = {}
    touched: dict[tuple[UUID, str], list[UUID]] = {}
    for row in Summary.objects.filter(customer_id=customer_id).order_by("version"):
        of = (row.conversation_id, row.kind)
        newest[of] = row
        if _says(row, marks):
            touched.setdefault(of, []).append(row.id)
    for of, ids in touched.items():
        last = newest[of]
        if last.id in ids:
            _store_without(last, marks)
        # The versions before say it too.
        embeddings.remove(ids)
        Summary.objects.filter(id__in=ids).delete()
    return len(touched)


def _says(row: Summary, marks: Marks) -> bool:
    parts = (row.text, *row.topics, *row.entities, *row.pending_actions, *row.missing)
    return any(marks.holds(part) for part in parts)


def _store_without(row: Summary, marks: Marks) -> None:
    text = marks.summary_without(row.text)
    if not text:
        return
    kept = {field.attname: getattr(row, field.attname) for field in row._meta.fields}
    for name in ("topics", "entities", "pending_actions", "missing"):
        kept[name] = [item for item in kept[name] if not marks.holds(item)]
    new = Summary.objects.create(
        **{
            **kept,
            "id": uuid7(),
            "version": row.version + 1,
            "text": text,
            "tokens": count_tokens(text),
            "made_by": MADE_BY,
            "created_at": timezone.now(),
        }
    )
    if row.kind == Summary.Kind.EPISODE:
        enqueue(
            "memory.tasks.index_summary",
            tenant_id=new.tenant_id,
            customer_id=new.customer_id,
            summary_id=new.id,
        )


def _clean_entries(customer_id: UUID, marks: Marks) -> int:
    """Take sentences out of a customer's index; returns of how many entries."""
    # Of facts it is the row that counts: what stays says more than what is forgotten.
    rows = (
        Embedding.objects.filter(customer_id=customer_id)
        .exclude(source_kind=Embedding.SourceKind.FACT)
        .defer("vector", "keywords")
    )
    holding = [row for row in rows if marks.holds(row.text)]
    conversations = {row.conversation_id for row in holding}
    for row in holding:
        text = marks.without(row.text)
        if not text or row.source_kind != Embedding.SourceKind.MESSAGE:
            Embedding.objects.filter(pk=row.pk).delete()
            continue
        Embedding.objects.filter(pk=row.pk).update(text=text)
        enqueue(
            "memory.tasks.embed_again",
            tenant_id=row.tenant_id,
            customer_id=customer_id,
            entry_id=row.id,
        )
    if conversations:
        _clean_keywords(customer_id, [item for item in conversations if item])
    return len(holding)


def _clean_keywords(customer_id: UUID, conversations: Sequence[UUID]) -> None:
    """Let messages be found by their own words only: the turn before said it, maybe."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update memory_embedding set keywords ="
            " setweight(to_tsvector('english', source || ' ' || text), 'A')"
            " where tenant_id = %s and customer_id = %s and source_kind = 'message'"
            " and conversation_id = any(%s)",
            [require_tenant(), customer_id, list(conversations)],
        )


def _drop_review_items(customer_id: UUID, marks: Marks) -> None:
    rows = ReviewItem.objects.filter(customer_id=customer_id)
    held = [
        row.id
        for row in rows
        if any(map(marks.holds, (row.value, row.text, row.span, row.said)))
    ]
    ReviewItem.objects.filter(id__in=held).delete()
