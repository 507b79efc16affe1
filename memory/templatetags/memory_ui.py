"""What the memory pages and the export need to be read by people."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import template

from accounts.models import User
from accounts.scope import tenant_scope
from memory import review, trust
from memory.models import ErasureReceipt, ReviewItem
from memory.privacy import short_ref

register = template.Library()
register.filter("short_ref", short_ref)

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
# What a person looks for in a row of any category, in the order in which she reads it;
# everything else is a detail.
_READ: Final = (
    "name",
    "email",
    "external_id",
    "subject",
    "key",
    "value",
    "text",
    "span",
    "author",
    "author_name",
    "kind",
    "source",
    "verified",
    "pinned",
    "sent_at",
    "said_at",
    "at",
    "valid_from",
    "valid_to",
    "event_at",
    "opened_at",
    "closed_at",
    "started_at",
    "ended_at",
    "occurred_at",
    "expires_at",
    "created_at",
    "last_seen_at",
    "topics",
    "entities",
    "sentiment",
    "pending_actions",
    "purpose",
    "confidence",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a row: what it is called, and what it says."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Readable:
    """A row of an export: what a person looks for, and the details for machines."""

    lines: list[Line]
    details: list[Line]


@register.simple_tag
def waiting_reviews(user: User) -> int:
    """Count what waits in the review queue of a user's desk."""
    # Pages of the sign-in show the navigation too, and open no scope of their own.
    with tenant_scope(user.tenant_id):
        return review.items("waiting").count()


@register.filter
def whose_word(item: ReviewItem) -> str:
    """Say whose word an item of the review queue is."""
    if item.source == "assistant":
        return "the summary of the conversation"
    return f"the {trust.whose_word(item.source, verified=item.verified)}"


@register.filter
def as_percent(share: float) -> str:
    """Return a share of one for people, such as `86 %`."""
    return f"{float(share) * 100:.0f} %"


@register.filter
def judge(name: str) -> str:
    """Return who judged a summary."""
    return "Embedded rules" if name == "embedded" else name


@register.filter
def named(names: Mapping[str, str], actor: str) -> str:
    """Return the name of an actor such as `user:<id>`."""
    return names.get(actor, "Somebody who no longer has a login")


@register.filter
def person(names: Mapping[UUID, str], ref: UUID) -> str:
    """Return a customer's name by the id, or the end of the id of one who has gone."""
    return names.get(ref) or short_ref(ref)


@register.filter
def of(items: Mapping[UUID, ReviewItem], ref: UUID) -> ReviewItem | None:
    """Return what waits against a fact, by the fact's id."""
    return items.get(ref)


@register.filter
def erased(receipt: ErasureReceipt) -> int:
    """Return how many records an erasure took, over all stores."""
    return sum(receipt.counts.values())


@register.filter
def duration(seconds: int) -> str:
    """Return a time to come in its largest unit, such as `23 h`."""
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length_s:
            return f"{seconds // length_s} {unit}"
    return f"{max(seconds, 0)} s"


@register.filter
def readable(row: Mapping[str, Any]) -> Readable:
    """Return a row of an export for people: what is empty is left out."""
    texts = {name: text for name, value in row.items() if (text := _text(value))}
    read = [name for name in _READ if name in texts]
    return Readable(
        [_line(name, texts[name]) for name in read],
        [_line(name, text) for name, text in texts.items() if name not in read],
    )


def _line(name: str, text: str) -> Line:
    return Line(name.replace("_", " ").capitalize(), text)


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    match value:
        case bool():
            return "Yes" if value else "No"
        case str() if _MOMENT.match(value):
            return _moment(value)
        case list():
            return ", ".join(_text(item) for item in value)
        case dict():
            return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)


def _moment(text: str) -> str:
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        # Somebody wrote something that begins like a date.
        return text
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
