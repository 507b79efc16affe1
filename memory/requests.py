"""Privacy requests: what persons asked of the desk, step by step to an answer.

Nobody erases many people alone. One customer at a time may be erased by the officer
who handles the request; a second one by her within ten minutes, and any request about
several, needs the approval of somebody else. Every step locks the request's row first,
so that of two people who decide at once only one does.
"""

import calendar
import hashlib
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Customer, User
from accounts.policies import Act
from accounts.queue import enqueue
from memory import policies, privacy
from memory.models import ErasureReceipt, PrivacyRequest, PrivacySubject

logger = logging.getLogger(__name__)

MAX_SUBJECTS: Final = 500
# So long after erasing a customer alone, one cannot erase the next one alone.
ALONE_EVERY: Final = timedelta(minutes=10)
_NAME_LETTERS: Final = 3
_ERASE_TASK: Final = "memory.tasks.erase_approved"


class NeedsApprovalError(ValidationError):
    """Somebody else has to agree to this erasure."""


def month_after(moment: datetime) -> datetime:
    """Return the same day of the next month, or its last day if it is shorter.

    Source: GDPR, Article 12(3), with Regulation 1182/71, Article 3.
    """
    first = (moment.replace(day=1) + timedelta(days=32)).replace(day=1)
    last_day = calendar.monthrange(first.year, first.month)[1]
    return first.replace(day=min(moment.day, last_day))


def names_somebody(text: str, customers: Iterable[Customer]) -> bool:
    """Return whether a text says who one of these customers is."""
    written = plain(text)
    return any(
        len(told) >= _NAME_LETTERS and plain(told) in written
        for each in customers
        for told in (each.name, each.email, each.external_id)
    )


def plain(text: str) -> str:
    """Return a text without capitals and doubled spaces."""
    return " ".join(text.casefold().split())


def customers_of(request: PrivacyRequest) -> QuerySet[Customer]:
    """Return those whom a request is about and who are still there."""
    refs = PrivacySubject.objects.filter(request=request).values("customer_ref")
    rows: QuerySet[Customer] = Customer.objects.filter(id__in=refs)
    return rows.order_by("name", "id")


def digest(request: PrivacyRequest) -> str:
    """Return a digest of whom a request is about: what an approver agrees to."""
    refs = PrivacySubject.objects.filter(request=request).values_list("customer_ref")
    listed = ",".join(sorted(ref.hex for (ref,) in refs))
    return hashlib.sha256(listed.encode()).hexdigest()


@transaction.atomic
def open_request(
    *, kind: str, customers: Sequence[Customer], reason: str, user: User
) -> PrivacyRequest:
    """Open a request about one customer or several.

    Raises:
        ValidationError: There is nobody, too many, or the reason names one of them.
    """
    if kind == PrivacyRequest.Kind.ACCESS and len(customers) > 1:
        raise ValidationError("An access request is about one person.")
    now = timezone.now()
    request: PrivacyRequest = PrivacyRequest.objects.create(
        tenant_id=user.tenant_id,
        kind=kind,
        reason=reason,
        opened_by=user,
        opened_at=now,
        due_at=month_after(now),
    )
    _add(request, customers)
    _record("privacy_request.open", request, user, reason)
    return request


@transaction.atomic
def add_customers(
    *, request_id: UUID, customers: Sequence[Customer], user: User
) -> None:
    """Add customers to an erasure that nobody has been asked to approve yet.

    Raises:
        ValidationError: It is not open any more, or too many, or the reason names one.
    """
    request = _lock(request_id, user, Act.ERASE)
    _add(request, customers)
    _record("privacy_request.add", request, user)


@transaction.atomic
def erase_alone(*, request_id: UUID, reason: str, user: User) -> ErasureReceipt:
    """Erase the one customer of a request, on one person's word.

    Raises:
        NeedsApprovalError: It is about several, or she erased somebody a moment ago.
        ValidationError: It is not open any more, or the customer has gone.
        redis.RedisError: Redis is away; nothing was erased.
    """
    request = _lock(request_id, user, Act.ERASE)
    subjects = list(PrivacySubject.objects.filter(request=request)[:2])
    if len(subjects) > 1:
        raise NeedsApprovalError("Somebody else has to approve erasing several people.")
    _refuse_in_a_row(user)
    customer = Customer.objects.filter(pk=subjects[0].customer_ref).first()
    if customer is None:
        raise ValidationError("This customer has been erased already.")
    receipt = privacy.erase_customer(customer=customer, user=user, reason=reason)
    _settle(subjects[0], receipt)
    _decide(request, PrivacyRequest.State.DONE, user, reason)
    return receipt


@transaction.atomic
def ask_approval(*, request_id: UUID, seen: str, user: User) -> PrivacyRequest:
    """Ask somebody else to approve the erasures of a request; it is fixed from here on.

    Args:
        request_id: The request.
        seen: The digest of whom she was shown: a colleague who adds somebody behind her
            back, and approves it then, would have erased alone.
        user: Who asks.

    Raises:
        ValidationError: It is not open any more, or is about others than she saw.
    """
    request = _lock(request_id, user, Act.ERASE)
    _refuse_another_list(request, seen)
    request.state = PrivacyRequest.State.WAITING
    request.asked_by, request.asked_at = user, timezone.now()
    request.save()
    _record("privacy_request.ask_approval", request, user, request.reason)
    return request


@transaction.atomic
def approve(*, request_id: UUID, seen: str, reason: str, user: User) -> PrivacyRequest:
    """Agree, as the second person, to erasing exactly those whom one was shown.

    Args:
        request_id: The request.
        seen: The digest of whom she was shown.
        reason: Why she agrees.
        user: Who agrees.

    Raises:
        ValidationError: It does not wait for her, or is about others than she saw.
    """
    request = _lock(request_id, user, Act.APPROVE)
    _refuse_another_list(request, seen)
    _refuse_naming(reason, customers_of(request))
    request.approved_subjects = seen
    _decide(request, PrivacyRequest.State.APPROVED, user, reason)
    _enqueue(request)
    return request


@transaction.atomic
def reject(*, request_id: UUID, reason: str, user: User) -> PrivacyRequest:
    """Refuse, as the second person, what was asked: nothing is erased.

    Raises:
        ValidationError: It does not wait for her.
    """
    request = _lock(request_id, user, Act.APPROVE)
    _refuse_naming(reason, customers_of(request))
    return _decide(request, PrivacyRequest.State.REFUSED, user, reason)


@transaction.atomic
def close(*, request_id: UUID, state: str, reason: str, user: User) -> PrivacyRequest:
    """End a request without an erasure: done, refused or cancelled.

    Raises:
        ValidationError: It is over, or being erased, or the reason names somebody.
    """
    request = _lock(request_id, user, Act.CHANGE)
    if state not in endings(request):
        raise ValidationError("An erasure is done only by erasing.")
    _refuse_naming(reason, customers_of(request))
    return _decide(request, state, user, reason)


def endings(request: PrivacyRequest) -> list[PrivacyRequest.State]:
    """Return how a request may end without an erasure."""
    state = PrivacyRequest.State
    ends = [state.REFUSED, state.CANCELLED]
    return [state.DONE, *ends] if request.kind == PrivacyRequest.Kind.ACCESS else ends


@transaction.atomic
def erase_next(*, request_id: UUID) -> bool:
    """Erase one more customer of an approved request, in one transaction.

    The row of the request is locked meanwhile: two workers take turns, and one that
    dies leaves the rest as it was.

    Returns:
        Whether there may be another one.

    Raises:
        redis.RedisError: Redis is away; nobody was erased.
    """
    rows: QuerySet[PrivacyRequest] = PrivacyRequest.objects.select_for_update(
        of=("self",)
    )
    request = rows.filter(pk=request_id, state=PrivacyRequest.State.APPROVED).first()
    if request is None:
        return False
    if request.approved_subjects != digest(request):
        return _stop(request)
    subject = (
        PrivacySubject.objects.filter(request=request, settled_at=None)
        .order_by("id")
        .first()
    )
    if subject is None:
        request.state = PrivacyRequest.State.DONE
        request.save(update_fields=["state"])
        return False
    customer = Customer.objects.filter(pk=subject.customer_ref).first()
    receipt = None
    if customer is not None:
        receipt = privacy.erase_customer(
            customer=customer,
            user=_known(request.asked_by),
            reason=request.reason,
            approved_by=_known(request.decided_by),
        )
    _settle(subject, receipt)
    return True


def being_erased() -> list[UUID]:
    """Return the approved requests that are not through."""
    state = PrivacyRequest.State.APPROVED
    rows = PrivacyRequest.objects.filter(state=state)
    return list(rows.order_by("decided_at").values_list("id", flat=True))


# --- Building blocks -----------------------------------------------------------------


def _lock(request_id: UUID, user: User, act: Act) -> PrivacyRequest:
    rows: QuerySet[PrivacyRequest] = PrivacyRequest.objects.select_for_update(
        of=("self",)
    )
    found = policies.privacy_requests.rows(user, act, among=rows)
    request = found.filter(pk=request_id).first()
    if request is None:
        raise ValidationError(
            "That cannot be done with this request, or not by you, or not any more."
        )
    return request


def _add(request: PrivacyRequest, customers: Sequence[Customer]) -> None:
    _refuse_naming(request.reason, customers)
    PrivacySubject.objects.bulk_create(
        [
            PrivacySubject(
                tenant_id=request.tenant_id, request=request, customer_ref=each.id
            )
            for each in customers
        ],
        ignore_conflicts=True,
    )
    subjects = PrivacySubject.objects.filter(request=request).count()
    if not subjects:
        raise ValidationError("Say whom the request is about.")
    if subjects > MAX_SUBJECTS:
        raise ValidationError(f"A request is about {MAX_SUBJECTS} people at most.")


def _refuse_another_list(request: PrivacyRequest, seen: str) -> None:
    if seen != digest(request):
        raise ValidationError("The list of customers is another one: look again.")


def _refuse_naming(text: str, customers: Iterable[Customer]) -> None:
    if names_somebody(text, customers):
        raise ValidationError(
            "Leave out who it is: the request stays when the person is gone.",
            code="names_somebody",
        )


def _refuse_in_a_row(user: User) -> None:
    with connection.cursor() as cursor:
        # Two requests of the same officer at once: the second waits and sees the first.
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"erasing alone:{user.id}"],
        )
    lately = ErasureReceipt.objects.filter(
        requested_by=user.actor,
        approved_by="",
        erased_at__gt=timezone.now() - ALONE_EVERY,
    )
    if lately.exists():
        raise NeedsApprovalError(
            "You erased somebody less than ten minutes ago. Another one so soon needs"
            " the approval of a colleague."
        )


def _settle(subject: PrivacySubject, receipt: ErasureReceipt | None) -> None:
    subject.receipt = receipt
    subject.settled_at = timezone.now()
    subject.save(update_fields=["receipt", "settled_at"])


def _decide(
    request: PrivacyRequest, state: str, user: User, reason: str
) -> PrivacyRequest:
    request.state = state
    request.decided_by, request.decided_at = user, timezone.now()
    request.outcome = reason
    request.save()
    _record(f"privacy_request.{state}", request, user, reason)
    return request


def _stop(request: PrivacyRequest) -> bool:
    logger.error("Privacy request %s names others than were approved", request.id)
    request.state = PrivacyRequest.State.REFUSED
    request.outcome = "Stopped: it named others than were approved."
    request.save(update_fields=["state", "outcome"])
    _record("privacy_request.stop", request, None)
    return False


def _enqueue(request: PrivacyRequest) -> None:
    enqueue(_ERASE_TASK, tenant_id=request.tenant_id, request_id=request.id)


def _known(user: User | None) -> User:
    return cast(User, user)


def _record(
    action: str, request: PrivacyRequest, user: User | None, reason: str = ""
) -> None:
    detail: dict[str, Any] = {
        "kind": request.kind,
        "subjects": PrivacySubject.objects.filter(request=request).count(),
    }
    audit.record(
        actor=user.actor if user else "system",
        action=action,
        subject_type="privacy_request",
        subject_id=request.id,
        reason=reason,
        detail=detail,
    )
