"""Privacy requests: four eyes, races, and erasures that go on after a kill."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from memory import privacy, requests, tasks, working
from memory.models import ErasureReceipt, Fact, PrivacyRequest, PrivacySubject
from tests.conftest import make_customer, make_user
from tests.memory.four_tiers import make_fact
from tests.threads import at_once

State = PrivacyRequest.State
WHY = "asked by email, ticket 118"


@pytest.fixture
def dora(carla: User) -> User:
    """Another compliance officer of the same desk."""
    return make_user(carla.tenant, "Dora", User.Role.COMPLIANCE)


@pytest.fixture
def people(carla: User) -> list[Customer]:
    """Three customers with a fact each."""
    found = [make_customer(carla.tenant, f"Guest{number}") for number in range(3)]
    for each in found:
        make_fact(each)
    return found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were sent, instead of a queue."""
    names: list[str] = []
    monkeypatch.setattr(
        "accounts.queue.current_app.send_task", lambda name, **_: names.append(name)
    )
    return names


def opened(
    people: list[Customer], user: User, kind: str = "erasure", reason: str = WHY
) -> PrivacyRequest:
    with tenant_scope(user.tenant_id):
        return requests.open_request(
            kind=kind, customers=people, reason=reason, user=user
        )


def waiting(people: list[Customer], user: User) -> PrivacyRequest:
    request = opened(people, user)
    with tenant_scope(user.tenant_id):
        return requests.ask_approval(
            request_id=request.id, seen=requests.digest(request), user=user
        )


def approve(request: PrivacyRequest, user: User, seen: str = "") -> PrivacyRequest:
    with tenant_scope(user.tenant_id):
        return requests.approve(
            request_id=request.id,
            seen=seen or requests.digest(request),
            reason="fits the ticket",
            user=user,
        )


def erase_alone(request: PrivacyRequest, user: User) -> ErasureReceipt:
    with tenant_scope(user.tenant_id):
        return requests.erase_alone(request_id=request.id, reason=WHY, user=user)


def work_off(request: PrivacyRequest) -> None:
    tasks.erase_approved(tenant_id=str(request.tenant_id), request_id=str(request.id))


def again(request: PrivacyRequest) -> PrivacyRequest:
    with tenant_scope(request.tenant_id):
        row: PrivacyRequest = PrivacyRequest.objects.get(pk=request.pk)
        return row


def left(people: list[Customer]) -> int:
    with tenant_scope(people[0].tenant_id):
        return Customer.objects.filter(pk__in=[each.pk for each in people]).count()


def outcomes(jobs: list[Callable[[], Any]]) -> list[str]:
    """Run jobs at the same moment; say which went through."""

    def told(job: Callable[[], Any]) -> str:
        try:
            job()
        except ValidationError:
            return "refused"
        return "done"

    return sorted(at_once(*(partial(told, job) for job in jobs)))


# --- The request ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened_on", "due_on"),
    [
        ("2026-03-14", "2026-04-14"),
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2026-12-31", "2027-01-31"),
        ("2026-03-31", "2026-04-30"),
    ],
)
def test_an_answer_is_due_after_a_month(opened_on: str, due_on: str) -> None:
    moment = datetime.fromisoformat(opened_on).replace(hour=23, tzinfo=UTC)
    expected = datetime.fromisoformat(due_on).replace(hour=23, tzinfo=UTC)
    assert requests.month_after(moment) == expected


def test_the_days_left_are_counted(carla: User, elena: Customer) -> None:
    request = opened([elena], carla)
    assert 28 <= request.days_left <= 31
    request.due_at = timezone.now() - timedelta(days=2)
    assert request.days_left == -2


def test_a_request_holds_nothing_personal(
    carla: User, dora: User, elena: Customer
) -> None:
    request = opened([elena], carla)
    erase_alone(request, carla)
    with tenant_scope(carla.tenant_id):
        rows = [
            *PrivacyRequest.objects.values(),
            *PrivacySubject.objects.values(),
            *AuditEvent.objects.values(),
        ]
        assert privacy.remaining(elena.id) == 0
    assert "Elena" not in str(rows)
    assert again(request).state == State.DONE


def test_a_reason_that_names_somebody_is_refused_at_every_step(
    carla: User, ada: User, elena: Customer
) -> None:
    other = make_customer(carla.tenant, "Somebody")
    told = "ELENA wrote to us"
    with pytest.raises(ValidationError, match="Leave out who"):
        opened([elena], carla, reason=told)
    unnamed = opened([other], carla, reason=told)
    asked = waiting([elena, other], carla)
    with tenant_scope(carla.tenant_id):
        seen = requests.digest(asked)
        with pytest.raises(ValidationError, match="Leave out who"):
            requests.add_customers(request_id=unnamed.id, customers=[elena], user=carla)
        with pytest.raises(ValidationError, match="Leave out who"):
            requests.close(
                request_id=asked.id, state="cancelled", reason=told, user=carla
            )
        for decide in (partial(requests.approve, seen=seen), requests.reject):
            with pytest.raises(ValidationError, match="Leave out who"):
                decide(request_id=asked.id, reason=told, user=ada)
    assert again(asked).state == State.WAITING


def test_a_request_is_about_somebody_and_not_about_too_many(
    carla: User, people: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MAX_SUBJECTS", 2)
    for kind, about in (("erasure", []), ("erasure", people), ("access", people[:2])):
        with pytest.raises(ValidationError):
            opened(about, carla, kind)
    with tenant_scope(carla.tenant_id):
        assert not PrivacyRequest.objects.exists()
        assert not AuditEvent.objects.exists()


def test_a_foreign_request_cannot_be_touched(
    carla: User, charlie: User, elena: Customer
) -> None:
    stranger = make_user(charlie.tenant, "Stranger", User.Role.COMPLIANCE)
    request = waiting([elena], carla)
    with tenant_scope(stranger.tenant_id):
        for step in (
            partial(requests.reject, reason="x"),
            partial(requests.approve, reason="x", seen=""),
            partial(requests.close, reason="x", state="cancelled"),
            partial(requests.erase_alone, reason="x"),
            partial(requests.ask_approval, seen=""),
        ):
            with pytest.raises(ValidationError):
                step(request_id=request.id, user=stranger)
        assert requests.erase_next(request_id=request.id) is False
    assert again(request).state == State.WAITING


# --- Four eyes -----------------------------------------------------------------------


def test_nobody_erases_several_alone(carla: User, people: list[Customer]) -> None:
    request = opened(people, carla)
    with pytest.raises(requests.NeedsApprovalError):
        erase_alone(request, carla)
    assert left(people) == 3


def test_one_person_erases_one_customer_in_ten_minutes_alone(
    carla: User, dora: User, people: list[Customer]
) -> None:
    first, second, third = (opened([each], carla) for each in people)
    receipt = erase_alone(first, carla)
    with pytest.raises(requests.NeedsApprovalError, match="ten minutes"):
        erase_alone(second, carla)
    erase_alone(second, dora)
    with tenant_scope(carla.tenant_id):
        past = timezone.now() - requests.ALONE_EVERY - timedelta(seconds=1)
        ErasureReceipt.objects.filter(pk=receipt.pk).update(erased_at=past)
    erase_alone(third, carla)
    assert left(people) == 0


@pytest.mark.usefixtures("live_db")
def test_two_erasures_of_one_person_at_once_are_one_too_many(
    carla: User, people: list[Customer]
) -> None:
    both = [opened([each], carla) for each in people[:2]]
    jobs = [partial(erase_alone, request, carla) for request in both]
    assert outcomes([*jobs]) == ["done", "refused"]
    assert left(people) == 2


def test_an_approved_erasure_does_not_count_as_one_alone(
    carla: User, ada: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people[:2], carla)
    approve(request, ada)
    work_off(request)
    erase_alone(opened(people[2:], carla), carla)
    assert left(people) == 0


@pytest.mark.parametrize("who", ["carla", "dora"])
def test_neither_who_opened_nor_who_asked_approves(
    carla: User, dora: User, people: list[Customer], who: str
) -> None:
    request = opened(people, carla)
    with tenant_scope(carla.tenant_id):
        requests.ask_approval(
            request_id=request.id, seen=requests.digest(request), user=dora
        )
    user = {"carla": carla, "dora": dora}[who]
    with pytest.raises(ValidationError):
        approve(request, user)
    with tenant_scope(carla.tenant_id), pytest.raises(ValidationError):
        requests.reject(request_id=request.id, reason="no", user=user)
    assert again(request).state == State.WAITING


@pytest.mark.parametrize("who", ["ada", "dora"])
def test_an_admin_or_another_officer_approves(
    carla: User,
    people: list[Customer],
    who: str,
    sent: list[str],
    request: pytest.FixtureRequest,
    django_capture_on_commit_callbacks: Any,
) -> None:
    second: User = request.getfixturevalue(who)
    asked = waiting(people, carla)
    with django_capture_on_commit_callbacks(execute=True):
        approve(asked, second)
    assert sent == ["memory.tasks.erase_approved"]
    assert left(people) == 3
    work_off(asked)
    assert left(people) == 0
    assert again(asked).state == State.DONE
    with tenant_scope(carla.tenant_id):
        receipts = list(ErasureReceipt.objects.all())
        assert PrivacySubject.objects.filter(receipt__isnull=False).count() == 3
    assert {r.requested_by for r in receipts} == {f"user:{carla.id}"}
    assert {r.approved_by for r in receipts} == {f"user:{second.id}"}
    assert {r.remaining for r in receipts} == {0}


def test_an_agent_approves_nothing(
    carla: User, alice: User, people: list[Customer]
) -> None:
    request = waiting(people, carla)
    with pytest.raises(ValidationError):
        approve(request, alice)


def test_asking_about_another_list_than_one_saw_is_refused(
    carla: User, dora: User, people: list[Customer]
) -> None:
    request = opened(people[:1], carla)
    with tenant_scope(carla.tenant_id):
        seen = requests.digest(request)
        requests.add_customers(request_id=request.id, customers=people[1:], user=dora)
        with pytest.raises(ValidationError, match="another one"):
            requests.ask_approval(request_id=request.id, seen=seen, user=carla)
    assert again(request).state == State.OPEN


def test_approving_another_list_than_one_saw_is_refused(
    carla: User, ada: User, people: list[Customer]
) -> None:
    request = opened(people[:2], carla)
    with tenant_scope(carla.tenant_id):
        seen = requests.digest(request)
        requests.add_customers(request_id=request.id, customers=people[2:], user=carla)
        requests.ask_approval(
            request_id=request.id, seen=requests.digest(request), user=carla
        )
    with pytest.raises(ValidationError, match="another one"):
        approve(request, ada, seen)
    assert again(request).state == State.WAITING


def test_nobody_is_added_once_approval_was_asked(
    carla: User, ada: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people[:2], carla)

    def add() -> None:
        with tenant_scope(carla.tenant_id):
            requests.add_customers(
                request_id=request.id, customers=people[2:], user=carla
            )

    with pytest.raises(ValidationError):
        add()
    approve(request, ada)
    with pytest.raises(ValidationError):
        add()
    work_off(request)
    assert left(people) == 1


def test_whoever_is_slipped_in_after_the_approval_stops_it(
    carla: User, ada: User, people: list[Customer], sent: list[str]
) -> None:
    """Past every service: a row straight into the table."""
    request = waiting(people[:2], carla)
    approve(request, ada)
    with tenant_scope(carla.tenant_id):
        PrivacySubject.objects.create(
            tenant_id=carla.tenant_id, request=request, customer_ref=people[2].id
        )
    work_off(request)
    assert left(people) == 3
    assert again(request).state == State.REFUSED
    with tenant_scope(carla.tenant_id):
        assert AuditEvent.objects.filter(action="privacy_request.stop").exists()


def test_what_was_rejected_or_closed_is_never_erased(
    carla: User, ada: User, dora: User, people: list[Customer], sent: list[str]
) -> None:
    rejected, cancelled = waiting(people[:1], carla), opened(people[1:2], carla)
    with tenant_scope(carla.tenant_id):
        requests.reject(request_id=rejected.id, reason="no ground", user=ada)
        requests.close(
            request_id=cancelled.id, state="cancelled", reason="mistake", user=carla
        )
    for request in (rejected, cancelled):
        for step in (erase_alone, approve):
            with pytest.raises(ValidationError):
                step(request, dora)
        with tenant_scope(carla.tenant_id), pytest.raises(ValidationError):
            requests.ask_approval(
                request_id=request.id, seen=requests.digest(request), user=carla
            )
        work_off(request)
    assert left(people) == 3


def test_an_erasure_is_not_done_by_saying_so(carla: User, elena: Customer) -> None:
    erasure, access = opened([elena], carla), opened([elena], carla, "access")
    with tenant_scope(carla.tenant_id):
        with pytest.raises(ValidationError, match="only by erasing"):
            requests.close(request_id=erasure.id, state="done", reason="x", user=carla)
        requests.close(request_id=access.id, state="done", reason="sent", user=carla)
    assert again(access).state == State.DONE


def test_every_step_is_in_the_audit_log(
    carla: User, ada: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people[:2], carla)
    approve(request, ada)
    work_off(request)
    with tenant_scope(carla.tenant_id):
        log = list(AuditEvent.objects.order_by("seq").values_list("action", "actor"))
    hers, second = f"user:{carla.id}", f"user:{ada.id}"
    assert log == [
        ("privacy_request.open", hers),
        ("privacy_request.ask_approval", hers),
        ("privacy_request.approved", second),
        ("customer.erase", hers),
        ("customer.erase", hers),
    ]


# --- Races ---------------------------------------------------------------------------


@pytest.mark.usefixtures("live_db")
def test_of_two_decisions_at_once_one_counts(
    carla: User, ada: User, dora: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people, carla)

    def reject() -> None:
        with tenant_scope(dora.tenant_id):
            requests.reject(request_id=request.id, reason="no ground", user=dora)

    assert outcomes([partial(approve, request, ada), reject]) == ["done", "refused"]
    decided = again(request)
    work_off(request)
    assert left(people) == (0 if decided.state == State.APPROVED else 3)


@pytest.mark.usefixtures("live_db")
def test_approving_twice_sends_one_task(
    carla: User, ada: User, dora: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people, carla)
    both = [partial(approve, request, user) for user in (ada, dora)]
    assert outcomes([*both]) == ["done", "refused"]
    assert sent == ["memory.tasks.erase_approved"]


@pytest.mark.usefixtures("live_db")
def test_two_workers_erase_each_customer_once(
    carla: User, ada: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people, carla)
    approve(request, ada)
    at_once(partial(work_off, request), partial(work_off, request))
    assert left(people) == 0
    with tenant_scope(carla.tenant_id):
        assert ErasureReceipt.objects.count() == 3
    assert again(request).state == State.DONE


@pytest.mark.usefixtures("live_db")
def test_an_erasure_that_was_killed_goes_on_where_it_was(
    carla: User,
    ada: User,
    people: list[Customer],
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = waiting(people, carla)
    approve(request, ada)
    real = privacy.remaining
    looks: list[UUID] = []

    def killed_at_the_second(customer_id: UUID) -> int:
        looks.append(customer_id)
        if len(looks) == 2:
            raise SystemExit
        return real(customer_id)

    monkeypatch.setattr(privacy, "remaining", killed_at_the_second)
    with pytest.raises(SystemExit):
        work_off(request)
    assert left(people) == 2
    with tenant_scope(carla.tenant_id):
        # The second one is whole: nothing of hers went without the rest.
        assert Fact.objects.count() == 2
        assert ErasureReceipt.objects.count() == 1
    tasks.resume_erasures()
    assert sent.count("memory.tasks.erase_approved") == 2
    work_off(request)
    work_off(request)
    assert left(people) == 0
    with tenant_scope(carla.tenant_id):
        assert ErasureReceipt.objects.count() == 3


def test_redis_away_puts_it_off(
    carla: User,
    ada: User,
    people: list[Customer],
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = waiting(people, carla)
    approve(request, ada)

    def away(*_: object) -> int:
        raise redis.ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(working, "erase_customer", away)
        work_off(request)
        assert left(people) == 3
        assert again(request).state == State.APPROVED
    work_off(request)
    assert left(people) == 0


def test_whoever_went_meanwhile_holds_nothing_up(
    carla: User, ada: User, people: list[Customer], sent: list[str]
) -> None:
    request = waiting(people, carla)
    approve(request, ada)
    with tenant_scope(carla.tenant_id):
        privacy.erase_customer(customer=people[0], user=carla, reason=WHY)
    work_off(request)
    assert left(people) == 0
    assert again(request).state == State.DONE
    with tenant_scope(carla.tenant_id):
        (gone,) = PrivacySubject.objects.filter(receipt=None)
    assert gone.customer_ref == people[0].id
    assert gone.settled_at is not None


def test_a_request_that_is_not_there_is_nothing_to_do(carla: User) -> None:
    tasks.erase_approved(tenant_id=str(carla.tenant_id), request_id=str(uuid4()))
