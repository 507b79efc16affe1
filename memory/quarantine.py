"""Keeps out of memory what reads as an order, and puts it before people instead.

Every way into memory passes here: `screened` takes such sentences out of the messages
before anything is extracted, summarised or indexed, `facts.remember` asks
`reason_to_hold` of each candidate, and `screened_draft` goes through what a model wrote
of its own.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from accounts.models import Customer
from accounts.scope import require_tenant
from memory.extraction import instructions
from memory.llm.words import split_sentences
from memory.models import ReviewItem
from memory.refusals import honoured, masked_turns
from memory.types import FactCandidate, SummaryDraft, Turn

# A customer who writes nothing but orders fills no queue: beyond this, what she says of
# that kind is neither remembered nor held.
MAX_WAITING = 50
# Under this key an order that is accepted becomes a fact.
ORDER_KEY = "standing_request"
# How a summary names who spoke (`memory.summaries.labelled`).
_LABEL = re.compile(r"(?:^|(?<=[.!?\u2026] ))\(?(?:Customer|Agent|Assistant|Desk): ")
_PEOPLE = ("customer", "agent")


@dataclass(frozen=True, slots=True)
class Held:
    """Words that are held back, with the candidate that they would have been."""

    candidate: FactCandidate
    reason: str
    source: str
    said_at: datetime
    said: str


def reason_to_hold(candidate: FactCandidate) -> str:
    """Return why a candidate needs a person's yes; empty when it needs none.

    What staff or a system of record say is believed.
    """
    if candidate.source != "customer":
        return ""
    parts = (candidate.text, candidate.value, candidate.span, *candidate.entities)
    reasons = (instructions.reason_to_hold(part) for part in parts)
    return next((reason for reason in reasons if reason), "")


def screened(turns: Sequence[Turn]) -> tuple[list[Turn], list[Held]]:
    """Return the turns without the sentences that read as orders, and those sentences.

    What the customer wished not to be remembered is left out, and held for nobody.

    What the assistant says is screened too, since it may repeat what it was told; but
    nobody stands behind its words, so they are held for nobody.
    """
    kept, held = [], []
    turns = honoured(turns)
    for turn, safe in zip(turns, masked_turns(turns), strict=True):
        orders = instructions.orders(turn.text)
        if not orders:
            kept.append(turn)
            continue
        kept.append(replace(turn, text=_without(turn.text, orders)))
        if turn.author in _PEOPLE:
            held += [_held(turn, safe, order) for order in orders]
    return kept, held


def screened_draft(
    draft: SummaryDraft, *, last: Turn
) -> tuple[SummaryDraft, list[Held]]:
    """Return a summary without what reads as an order, and the actions among that.

    Args:
        draft: The summary.
        last: The last turn that it covers.
    """
    actions = [(action, _reason(action)) for action in draft.pending_actions]
    clean = replace(
        draft,
        text=screened_text(draft.text),
        topics=_plain(draft.topics),
        entities=_plain(draft.entities),
        pending_actions=tuple(action for action, reason in actions if not reason),
    )
    held = [
        Held(_candidate(action, last.id), reason, "assistant", last.sent_at, action)
        for action, reason in actions
        if reason
    ]
    return clean, held


def screened_text(text: str) -> str:
    """Return a text without the sentences that read as orders."""
    if not _reason(text):
        return text
    safe = " ".join(part for part in split_sentences(text) if not _reason(part))
    return safe if not _reason(safe) else ""


def hold(
    *,
    customer_id: UUID,
    conversation_id: UUID,
    held: Iterable[Held],
) -> list[ReviewItem]:
    """Put what is held back before people; what they saw already stays decided.

    Runs in a scope, under the customer's lock.
    """
    items = list(held)
    if not items:
        return []
    waiting = ReviewItem.objects.filter(
        customer_id=customer_id, state=ReviewItem.State.WAITING
    ).count()
    verified = Customer.objects.get(pk=customer_id).verified
    added: list[ReviewItem] = []
    for item in items:
        if waiting + len(added) >= MAX_WAITING:
            break
        row, created = ReviewItem.objects.get_or_create(
            tenant_id=require_tenant(),
            customer_id=customer_id,
            kind=ReviewItem.Kind.INSTRUCTION,
            content_hash=_content_hash(item.candidate),
            defaults={**_fields(item), "conversation_id": conversation_id}
            | {"verified": verified and item.source == "customer"},
        )
        if created:
            added.append(row)
    return added


def held_candidate(candidate: FactCandidate, reason: str, *, said_at: datetime) -> Held:
    """Return a candidate as what is held back."""
    return Held(
        candidate,
        reason,
        candidate.source,
        said_at,
        said=candidate.span,
    )


def _held(turn: Turn, safe: Turn, order: instructions.Order) -> Held:
    # Where a secret was masked the span no longer stands as it was said: the masked
    # message says it then.
    span = turn.text[order.start : order.end].strip()
    span = span if span in safe.text else safe.text
    return Held(
        _candidate(span, turn.id),
        order.reason,
        turn.author,
        turn.sent_at,
        said=safe.text,
    )


def _candidate(words: str, message_id: UUID) -> FactCandidate:
    return FactCandidate(
        kind="preference",
        key=ORDER_KEY,
        value=words,
        text=f"Asked: “{words}”",
        message_id=message_id,
        span=words,
        confidence=1.0,
        importance=0.5,
        single=False,
        polarity="assert",
    )


def _fields(item: Held) -> dict[str, object]:
    told = item.candidate
    return {
        "reason": item.reason,
        "source": item.source,
        "fact_kind": told.kind,
        "key": told.key,
        "value": told.value[:500],
        "text": told.text[:1000],
        "normal": told.normal[:500],
        "polarity": told.polarity,
        "event_at": told.event_at,
        "single": told.single,
        "importance": told.importance,
        "confidence": told.confidence,
        "message_id": told.message_id,
        "span": told.span[:1000],
        "said": item.said[:2000],
        "said_at": item.said_at,
    }


def _content_hash(candidate: FactCandidate) -> str:
    words = " ".join(candidate.span.casefold().split())
    return hashlib.sha256(f"{candidate.key}\n{words}".encode()).hexdigest()


def _without(text: str, orders: Sequence[instructions.Order]) -> str:
    # A line break keeps what stood around it apart.
    for order in reversed(orders):
        text = f"{text[: order.start].rstrip(' ')}\n{text[order.end :]}"
    return text.strip()


def _plain(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not _reason(word))


def _reason(text: str) -> str:
    """Judge what a summary says; who is quoted in it is no role of its own."""
    return instructions.reason_to_hold(_LABEL.sub("", text))
