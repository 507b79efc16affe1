"""The privacy pages: requests, looking inside, exporting, erasing, and the receipts."""

import io
import zipfile
from uuid import uuid4

import pytest
import redis
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEvent, Customer, User
from accounts.scope import identity_scope, tenant_scope
from memory import requests, working
from memory.models import ErasureReceipt, Fact, PrivacyRequest
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer, make_user
from tests.memory.four_tiers import (
    make_fact,
    make_summary,
    make_working_item,
)

HTMX = {"HX-Request": "true", "HX-Target": "found"}
WHY = "asked by email, ticket 118"
GOOD = {"name": "Elena", "reason": WHY}


def of(name: str, request: PrivacyRequest, *more: Customer) -> str:
    return reverse(f"memory:privacy_{name}", args=[request.id, *(c.id for c in more)])


def opened(user: User, *people: Customer, kind: str = "erasure") -> PrivacyRequest:
    with tenant_scope(user.tenant_id):
        return requests.open_request(kind=kind, customers=people, reason=WHY, user=user)


def waiting(user: User, *people: Customer) -> PrivacyRequest:
    request = opened(user, *people)
    with tenant_scope(user.tenant_id):
        return requests.ask_approval(
            request_id=request.id, seen=requests.digest(request), user=user
        )


def as_seen(request: PrivacyRequest) -> dict[str, str]:
    """What the form sends along of whom its page showed."""
    with tenant_scope(request.tenant_id):
        return {"seen": requests.digest(request)}


def again(request: PrivacyRequest) -> PrivacyRequest:
    with tenant_scope(request.tenant_id):
        row: PrivacyRequest = PrivacyRequest.objects.get(pk=request.pk)
        return row


def events(user: User, action: str) -> list[AuditEvent]:
    with tenant_scope(user.tenant_id):
        return list(AuditEvent.objects.filter(action=action))


def receipts(user: User) -> list[ErasureReceipt]:
    with tenant_scope(user.tenant_id):
        return list(ErasureReceipt.objects.all())


def is_there(customer: Customer) -> bool:
    with tenant_scope(customer.tenant_id):
        return Customer.objects.filter(pk=customer.pk).exists()


def forgetful(user: User) -> Client:
    """Signed in long enough ago that she has to say again who she is."""
    user.password = make_password("a long enough password")
    with identity_scope():
        user.save()
    return signed_in(user, minutes_ago=10)


@pytest.fixture
def dora(carla: User) -> User:
    """Another compliance officer of the same desk."""
    return make_user(carla.tenant, "Dora", User.Role.COMPLIANCE)


# --- Who may -------------------------------------------------------------------------


def test_nobody_comes_in_without_signing_in(
    client: Client, carla: User, elena: Customer
) -> None:
    request = opened(carla, elena)
    for address in ("/privacy/", "/privacy/requests/new/", of("request", request)):
        assert client.get(address)["Location"].startswith("/accounts/login/")
    for address in (of("export", request, elena), of("erase", request)):
        answer = client.post(address, GOOD)
        assert answer["Location"].startswith("/accounts/login/")
    assert is_there(elena)


def test_an_agent_finds_no_door(alice: User, carla: User, elena: Customer) -> None:
    request = opened(carla, elena)
    client = signed_in(alice)
    answers = [
        client.get("/privacy/"),
        client.get("/privacy/requests/new/"),
        client.get(of("request", request)),
        client.get(of("look", request, elena)),
        client.post(of("export", request, elena)),
        client.post(of("erase", request), GOOD),
        client.post(of("decide", request), {"reason": "x", "verdict": "approve"}),
        client.get(reverse("memory:receipt", args=[uuid4()])),
    ]
    assert [answer.status_code for answer in answers] == [403] * 8
    assert is_there(elena)


def test_an_admin_only_approves(ada: User, carla: User, elena: Customer) -> None:
    request = opened(carla, elena)
    client = signed_in(ada)
    assert "Nothing to approve" in client.get("/privacy/").text
    assert client.get(of("request", request)).status_code == 404
    with tenant_scope(carla.tenant_id):
        requests.ask_approval(
            request_id=request.id, seen=requests.digest(request), user=carla
        )
    assert of("request", request) in client.get("/privacy/").text
    assert of("decide", request) in client.get(of("request", request)).text
    # Nor does she find people here: she has the list of customers.
    assert "Elena" not in client.get("/privacy/", {"q": "elena"}, headers=HTMX).text
    answers = [
        client.get("/privacy/requests/new/"),
        client.get(of("look", request, elena)),
        client.post(of("export", request, elena)),
        client.post(of("erase", request), GOOD),
        client.post(of("ask", request)),
        client.post(of("close", request), {"state": "cancelled", "reason": "x"}),
        client.get(reverse("memory:receipt", args=[uuid4()])),
    ]
    assert [answer.status_code for answer in answers] == [403] * 7
    assert is_there(elena)
    assert receipts(ada) == []


def test_compliance_has_no_other_way_to_memory(carla: User, elena: Customer) -> None:
    fact = make_fact(elena)
    conversation = make_conversation(elena, "I live in Ghent")
    opened(carla, elena)  # not even while a request is open
    client = signed_in(carla)
    asked = {"customer": "elena", "query": "Ghent"}
    answers = [
        client.get("/customers/"),
        client.get(reverse("memory:customer", args=[elena.id])),
        client.get(reverse("memory:fact", args=[elena.id, fact.id])),
        client.get(reverse("memory:api_facts", args=["elena"])),
        client.post("/api/v1/recall/", asked, content_type="application/json"),
        client.get(reverse("chat:conversation", args=[conversation.id])),
        client.get(reverse("chat:memory", args=[conversation.id])),
    ]
    assert [answer.status_code for answer in answers] == [403] * 7
    assert client.get("/")["Location"] == "/privacy/"


def test_another_desk_is_as_if_it_were_not_there(
    carla: User, charlie: User, viktor: Customer
) -> None:
    theirs = make_user(charlie.tenant, "Theirs", User.Role.COMPLIANCE)
    request = waiting(theirs, viktor)
    client = signed_in(carla)
    nowhere = client.get(reverse("memory:privacy_request", args=[uuid4()]))
    answers = [
        client.get(of("request", request)),
        client.get(of("look", request, viktor)),
        client.post(of("export", request, viktor)),
        client.post(of("erase", request), {**GOOD, "name": "Viktor"}),
        client.post(of("ask", request)),
        client.post(of("decide", request), {"reason": "x", "verdict": "approve"}),
        client.post(of("close", request), {"reason": "x", "state": "cancelled"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.text for answer in answers} == {nowhere.text}
    found = client.get("/privacy/", {"q": "Viktor"}, headers=HTMX).text
    assert "Viktor" not in found.replace("“Viktor”", "")
    assert is_there(viktor)
    assert again(request).state == "waiting"


@pytest.mark.parametrize("by", ["customer", "ids"])
def test_nobody_of_another_desk_can_be_asked_about(
    carla: User, viktor: Customer, by: str
) -> None:
    sent = {"kind": "erasure", "reason": WHY}
    sent[by] = str(viktor.id) if by == "customer" else "viktor"
    answer = signed_in(carla).post("/privacy/requests/new/", sent)
    nobody = str(uuid4()) if by == "customer" else "nobody"
    missing = signed_in(carla).post("/privacy/requests/new/", {**sent, by: nobody})
    assert (answer.status_code, missing.status_code) == (422, 422)
    assert answer.text.count("is not there any more") == missing.text.count(
        "is not there any more"
    )
    with tenant_scope(carla.tenant_id):
        assert not PrivacyRequest.objects.exists()


@pytest.mark.parametrize("name", ["look", "export"])
def test_a_request_opens_the_memory_of_nobody_else(
    carla: User, elena: Customer, viktor: Customer, name: str
) -> None:
    request = opened(carla, elena)
    client = signed_in(carla)
    for other in (make_customer(carla.tenant, "Other"), viktor):
        ask = client.get if name == "look" else client.post
        assert ask(of(name, request, other)).status_code == 404
    assert events(carla, "memory.read") == []


def test_the_receipt_of_another_desk_is_not_found(
    carla: User, charlie: User, viktor: Customer
) -> None:
    with tenant_scope(viktor.tenant_id):
        receipt = ErasureReceipt.objects.create(
            tenant_id=viktor.tenant_id,
            customer_ref=viktor.id,
            requested_by=f"user:{charlie.id}",
            counts={},
            remaining=0,
        )
    client = signed_in(carla)
    assert client.get(reverse("memory:receipt", args=[receipt.id])).status_code == 404
    assert "Nobody has been erased" in client.get("/privacy/").text


@pytest.mark.parametrize("name", ["export", "erase", "ask", "decide", "close", "add"])
def test_every_write_needs_a_token(
    carla: User, ada: User, elena: Customer, name: str
) -> None:
    request = (waiting if name == "decide" else opened)(carla, elena)
    strict = signed_in(ada if name == "decide" else carla, enforce_csrf_checks=True)
    address = of(name, request, *([elena] if name == "export" else []))
    assert strict.post(address, GOOD).status_code == 403
    assert again(request).state == request.state
    assert is_there(elena)


FRESH = ["export", "erase", "ask", "decide"]


@pytest.mark.parametrize("name", FRESH)
def test_powerful_acts_ask_again_who_it_is(
    carla: User, dora: User, elena: Customer, name: str
) -> None:
    request = (waiting if name == "decide" else opened)(carla, elena)
    client = forgetful(dora if name == "decide" else carla)
    address = of(name, request, *([elena] if name == "export" else []))
    sent = {**GOOD, "verdict": "approve", "seen": "x"}
    for answer in (
        client.post(address, sent),
        *([client.get(address)] if name != "ask" else []),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/reauthenticate/")
    dialog = client.post(address, sent, headers=HTMX)
    assert dialog.status_code == 401
    assert dialog["HX-Redirect"].startswith("/accounts/reauthenticate/")
    assert again(request).state == request.state
    assert is_there(elena)
    assert events(carla, "customer.export") == []


def test_what_was_posted_is_done_once_the_password_was_given(
    carla: User, elena: Customer
) -> None:
    request = opened(carla, elena)
    client = forgetful(carla)
    asked = client.post(of("erase", request), GOOD)
    answer = client.post(asked["Location"], {"password": "a long enough password"})
    (receipt,) = receipts(carla)
    assert answer["Location"] == reverse("memory:receipt", args=[receipt.id])
    assert not is_there(elena)


# --- Opening a request ---------------------------------------------------------------


def test_a_customer_is_found_while_one_types(carla: User, elena: Customer) -> None:
    make_customer(carla.tenant, "Other")
    make_fact(elena)
    found = signed_in(carla).get("/privacy/", {"q": "ele"}, headers=HTMX).text
    assert f"/privacy/requests/new/?customer={elena.id}" in found
    assert "Other" not in found
    assert "<html" not in found
    # A directory, and nothing of what is remembered.
    assert "fact" not in found
    assert "Ghent" not in found


def test_a_request_is_opened_about_whoever_was_chosen(
    carla: User, elena: Customer
) -> None:
    client = signed_in(carla)
    form = client.get("/privacy/requests/new/", {"customer": str(elena.id)}).text
    assert "Elena" in form
    sent = {"customer": str(elena.id), "kind": "access", "reason": WHY}
    answer = client.post("/privacy/requests/new/", sent, follow=True)
    with tenant_scope(carla.tenant_id):
        request = PrivacyRequest.objects.get()
    assert answer.redirect_chain == [(of("request", request), 302)]
    assert "Elena" in answer.text
    assert WHY in answer.text
    assert (request.kind, request.opened_by_id) == ("access", carla.id)
    assert of("request", request) in client.get("/privacy/").text


def test_many_are_named_by_pasted_ids_or_addresses(
    carla: User, elena: Customer
) -> None:
    make_customer(carla.tenant, "Nora")
    make_customer(carla.tenant, "Other")
    sent = {"ids": " elena \n\nNORA@example.org\nelena", "kind": "erasure"}
    signed_in(carla).post("/privacy/requests/new/", {**sent, "reason": WHY})
    with tenant_scope(carla.tenant_id):
        request = PrivacyRequest.objects.get()
        people = [each.name for each in requests.customers_of(request)]
    assert people == ["Elena", "Nora"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"kind": ""}, "Say what was asked for."),
        ({"kind": "revenge"}, "revenge"),
        ({"reason": ""}, "it is kept with the request"),
        ({"reason": "Elena asked"}, "Leave out who it is"),
        ({"ids": ""}, "Say whom the request is about."),
        ({"ids": "elena\nnobody"}, "Nobody here is known as nobody."),
        ({"ids": "\n".join("abcdef")}, "a, b, c and 3 more."),
        ({"ids": "\n".join(map(str, range(501)))}, "500 at most"),
    ],
)
def test_a_request_that_is_not_accepted_says_why(
    carla: User, elena: Customer, sent: dict[str, str], words: str
) -> None:
    good = {"ids": "elena", "kind": "erasure", "reason": WHY}
    answer = signed_in(carla).post("/privacy/requests/new/", good | sent)
    assert answer.status_code == 422
    assert words in answer.text
    with tenant_scope(carla.tenant_id):
        assert not PrivacyRequest.objects.exists()


def test_what_is_due_first_comes_first_and_what_is_over_last(
    carla: User, elena: Customer
) -> None:
    over, later, sooner = (opened(carla, elena) for _ in range(3))
    with tenant_scope(carla.tenant_id):
        requests.close(request_id=over.id, state="refused", reason="x", user=carla)
        PrivacyRequest.objects.filter(pk=sooner.pk).update(due_at=carla.created_at)
    page = signed_in(carla).get("/privacy/").text
    places = [page.index(of("request", each)) for each in (sooner, later, over)]
    assert places == sorted(places)


def test_the_overview_takes_the_same_queries_for_one_request_and_for_many(
    carla: User, elena: Customer
) -> None:
    opened(carla, elena)
    client = signed_in(carla)
    alone = _count(client, "/privacy/")
    for number in range(6):
        opened(carla, make_customer(carla.tenant, f"Guest{number}"), elena)
    assert _count(client, "/privacy/") == alone


# --- Inside a request ----------------------------------------------------------------


def test_the_four_tiers_are_read_inside_a_request_and_each_look_recorded(
    carla: User, elena: Customer
) -> None:
    make_fact(elena)
    make_summary(elena, "She asked about the parcel.")
    make_working_item(elena)
    request = opened(carla, elena)
    page = signed_in(carla).get(of("look", request, elena)).text
    for words in ("Ghent", "She asked about the parcel.", "order_lookup"):
        assert words in page
    for words in ("Correct", "Erase", "Pin:"):
        assert f'title="{words}' not in page
    (event,) = events(carla, "memory.read")
    assert (event.actor, event.subject_id) == (f"user:{carla.id}", str(elena.id))
    assert event.detail["purpose"] == f"privacy request {request.id}"


def test_the_index_is_paged_inside_the_request(carla: User, elena: Customer) -> None:
    for number in range(51):
        make_fact(elena, "product", f"Thing {number}", single=False)
    request = opened(carla, elena)
    address = of("look", request, elena)
    client = signed_in(carla)
    assert f"{address}?index=2" in client.get(address).text
    part = client.get(address, {"index": 2}, headers={**HTMX, "HX-Target": "index"})
    assert "<html" not in part.text
    assert len(events(carla, "memory.read")) == 2


@pytest.mark.parametrize("state", ["done", "refused", "cancelled"])
def test_memory_is_closed_again_with_the_request(
    carla: User, elena: Customer, state: str
) -> None:
    request = opened(carla, elena, kind="access")
    client = signed_in(carla)
    assert client.get(of("look", request, elena)).status_code == 200
    client.post(of("close", request), {"state": state, "reason": "sent"})
    assert again(request).state == state
    assert client.get(of("look", request, elena)).status_code == 404
    assert client.post(of("export", request, elena)).status_code == 404
    page = client.get(of("request", request)).text
    assert of("look", request, elena) not in page


def test_a_page_says_how_much_is_kept_where(carla: User, elena: Customer) -> None:
    make_conversation(elena, "Hello", "I live in Ghent")
    make_fact(elena)
    make_working_item(elena)
    request = opened(carla, elena)
    page = " ".join(signed_in(carla).get(of("request", request)).text.split())
    for title, rows in (("Profile", 1), ("Facts, with history", 1), ("Messages", 2)):
        assert f'<td>{title}</td> <td class="right num">{rows}</td>' in page
    assert "Ghent" not in page


def test_a_store_that_does_not_answer_is_said_so(
    carla: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, client = opened(carla, elena), signed_in(carla)

    class Away:
        def pipeline(self, **_: object) -> None:
            raise redis.ConnectionError

    monkeypatch.setattr(working.connection, "client", Away)
    assert "does not answer" in client.get(of("request", request)).text


def test_the_pages_have_no_inline_style_or_script(
    carla: User, dora: User, elena: Customer
) -> None:
    make_fact(elena)
    request, asked = opened(carla, elena), waiting(carla, elena)
    client = signed_in(dora)
    for address in (
        "/privacy/",
        "/privacy/requests/new/",
        of("request", request),
        of("look", request, elena),
        of("erase", request),
        of("add", request),
        of("close", request),
        of("decide", asked),
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert " style=" not in page.text
        assert "<script>" not in page.text
        assert "no-store" in page["Cache-Control"]


# --- Export --------------------------------------------------------------------------


def test_an_export_is_a_zip_to_download(carla: User, elena: Customer) -> None:
    make_fact(elena)
    request = opened(carla, elena, kind="access")
    client = signed_in(carla)
    asked = client.get(of("export", request, elena))
    assert asked["Content-Type"].startswith("text/html")
    assert events(carla, "customer.export") == []
    answer = client.post(of("export", request, elena))
    assert answer["Content-Type"] == "application/zip"
    name = f"recollect-export-{elena.id.hex[-8:]}.zip"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "no-store" in answer["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert b"Ghent" in archive.read("data/memory_fact.json")


# --- Approval ------------------------------------------------------------------------


def test_several_are_erased_by_two_people(
    carla: User, ada: User, elena: Customer
) -> None:
    nora = make_customer(carla.tenant, "Nora")
    request = opened(carla, elena, nora)
    client = signed_in(carla)
    assert client.get(of("erase", request)).status_code == 404
    page = client.post(of("ask", request), as_seen(request), follow=True).text
    assert "Somebody other than Carla" in page
    assert of("decide", request) not in page
    assert client.get(of("decide", request)).status_code == 404

    second = signed_in(ada)
    page = second.get(of("decide", request)).text
    assert "Erase 2 customers?" in page
    assert "Elena" in page
    assert "Nora" in page
    with tenant_scope(carla.tenant_id):
        seen = requests.digest(request)
    sent = {"seen": seen, "verdict": "approve"}
    assert second.post(of("decide", request), sent).status_code == 422
    answer = second.post(of("decide", request), {**sent, "reason": "fits"}, follow=True)
    assert "Approved." in answer.text
    assert "0 of 2" in answer.text
    part = second.get(of("request", request), headers=HTMX)
    assert "0 of 2" in part.text
    assert "HX-Refresh" not in part
    with tenant_scope(carla.tenant_id):
        while requests.erase_next(request_id=request.id):
            pass
    part = second.get(of("request", request), headers=HTMX)
    assert part["HX-Refresh"] == "true"
    page = client.get(of("request", request)).text
    assert page.count("Nothing left") == 2
    assert "Elena" not in page
    (one, _) = receipts(carla)
    receipt = client.get(reverse("memory:receipt", args=[one.id])).text
    assert "Approved by" in receipt
    assert "Ada" in receipt


def test_a_rejection_says_why_and_erases_nothing(
    carla: User, dora: User, elena: Customer
) -> None:
    request = waiting(carla, elena)
    sent = {"verdict": "reject", "reason": "the invoice is still open"}
    signed_in(dora).post(of("decide", request), sent)
    assert again(request).state == "refused"
    page = signed_in(carla).get(of("request", request)).text
    assert "the invoice is still open" in page
    assert is_there(elena)


def test_a_list_that_changed_while_it_was_looked_at_is_not_approved(
    carla: User, dora: User, elena: Customer
) -> None:
    request = waiting(carla, elena)
    sent = {"verdict": "approve", "reason": "fits", "seen": "of another list"}
    answer = signed_in(dora).post(of("decide", request), sent)
    assert answer.status_code == 422
    assert "another one" in answer.text
    assert again(request).state == "waiting"


def test_another_one_within_ten_minutes_needs_a_colleague(
    carla: User, elena: Customer
) -> None:
    nora = make_customer(carla.tenant, "Nora")
    first, second = opened(carla, nora), opened(carla, elena)
    client = signed_in(carla)
    client.post(of("erase", first), {**GOOD, "name": "Nora"})
    answer = client.post(of("erase", second), GOOD)
    assert answer.status_code == 422
    assert "less than ten minutes ago" in answer.text
    assert of("ask", second) in answer.text
    assert is_there(elena)
    client.post(of("ask", second), as_seen(second))
    assert again(second).state == "waiting"


def test_people_are_added_by_id_before_anybody_was_asked(
    carla: User, elena: Customer
) -> None:
    make_customer(carla.tenant, "Nora")
    request = opened(carla, elena)
    client = signed_in(carla)
    assert client.post(of("add", request), {"ids": "nobody"}).status_code == 422
    page = client.post(of("add", request), {"ids": "nora"}, follow=True).text
    assert "Nora" in page
    client.post(of("ask", request), as_seen(request))
    assert client.post(of("add", request), {"ids": "nora"}).status_code == 404


# --- Erasure -------------------------------------------------------------------------


def test_erasure_ends_on_a_receipt(carla: User, elena: Customer) -> None:
    make_conversation(elena, "I live in Ghent")
    make_fact(elena)
    make_working_item(elena)
    request = opened(carla, elena)
    client = signed_in(carla)
    answer = client.post(of("erase", request), GOOD, follow=True)
    (receipt,) = receipts(carla)
    assert answer.redirect_chain == [
        (reverse("memory:receipt", args=[receipt.id]), 302)
    ]
    assert receipt.reason == GOOD["reason"]
    assert receipt.remaining == 0
    for words in ("Nothing left", "Carla", "ticket 118", str(elena.id), "Messages"):
        assert words in answer.text
    assert "Elena" not in answer.text
    assert not is_there(elena)
    assert client.get(of("look", request, elena)).status_code == 404
    (event,) = events(carla, "customer.erase")
    assert event.detail["receipt"] == str(receipt.id)
    overview = client.get("/privacy/").text
    assert "Nothing left" in overview
    assert "Elena" not in overview


def test_capitals_and_spaces_of_the_typed_name_do_not_matter(
    carla: User, elena: Customer
) -> None:
    request = opened(carla, elena)
    signed_in(carla).post(of("erase", request), {**GOOD, "name": "  eLENA "})
    assert not is_there(elena)


def test_a_visitor_without_a_name_is_erased_by_what_the_desk_calls_her(
    carla: User,
) -> None:
    with tenant_scope(carla.tenant_id):
        visitor: Customer = Customer.objects.create(tenant=carla.tenant)
    request = opened(carla, visitor)
    told = {**GOOD, "name": visitor.display_name}
    signed_in(carla).post(of("erase", request), told)
    assert not is_there(visitor)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"name": "Helena"}, "That is not this customer"),
        ({"name": ""}, "Type the name to go on."),
        ({"reason": ""}, "the receipt keeps the reason"),
        ({"reason": "Elena asked"}, "Leave out who it is"),
        ({"reason": "mail of ELENA@example.org"}, "Leave out who it is"),
    ],
)
def test_an_erasure_that_is_not_accepted_says_why_and_erases_nothing(
    carla: User, elena: Customer, sent: dict[str, str], words: str
) -> None:
    make_fact(elena)
    answer = signed_in(carla).post(of("erase", opened(carla, elena)), GOOD | sent)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert receipts(carla) == []
    with tenant_scope(elena.tenant_id):
        assert Fact.objects.count() == 1


def test_redis_away_says_that_nothing_was_erased(
    carla: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_fact(elena)

    def away(*_: object) -> int:
        raise redis.ConnectionError

    monkeypatch.setattr(working, "erase_customer", away)
    request = opened(carla, elena)
    answer = signed_in(carla).post(of("erase", request), GOOD)
    assert answer.status_code == 503
    assert "Nothing was erased:" in answer.text
    assert GOOD["reason"] in answer.text  # what was typed is kept
    assert receipts(carla) == []
    with tenant_scope(elena.tenant_id):
        assert Fact.objects.count() == 1
        assert not AuditEvent.objects.filter(action="customer.erase").exists()


def test_an_erasure_that_left_something_does_not_look_like_a_success(
    carla: User,
) -> None:
    with tenant_scope(carla.tenant_id):
        receipt = ErasureReceipt.objects.create(
            tenant_id=carla.tenant_id,
            customer_ref=uuid4(),
            requested_by="user:gone",
            counts={"memory.fact": 2},
            remaining=3,
        )
    client = signed_in(carla)
    page = client.get(reverse("memory:receipt", args=[receipt.id])).text
    assert "Erased, but not everything" in page
    assert "3 left" in page
    assert "Nothing left" not in page
    assert "Somebody who no longer has a login" in page
    assert "3 left" in client.get("/privacy/").text


def test_receipts_page_by_fifty(carla: User) -> None:
    with tenant_scope(carla.tenant_id):
        for _ in range(51):
            ErasureReceipt.objects.create(
                tenant_id=carla.tenant_id,
                customer_ref=uuid4(),
                requested_by=f"user:{carla.id}",
                counts={},
                remaining=0,
            )
    client = signed_in(carla)
    assert client.get("/privacy/").text.count("Nothing left") == 50
    assert client.get("/privacy/", {"receipts": 2}).text.count("Nothing left") == 1


def _count(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
