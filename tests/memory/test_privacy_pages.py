"""The privacy pages: finding a person, exporting, erasing, and the receipts."""

import io
import zipfile
from uuid import uuid4

import pytest
import redis
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Customer, User
from accounts.scope import tenant_scope
from memory import working
from memory.models import ErasureReceipt, Fact
from tests.clients import signed_in
from tests.conftest import make_conversation, make_customer
from tests.memory.four_tiers import make_fact, make_working_item

HTMX = {"HX-Request": "true", "HX-Target": "found"}
GOOD = {"name": "Elena", "reason": "asked by email, ticket 118"}


def url(name: str, customer: Customer) -> str:
    return reverse(f"memory:{name}", args=[customer.id])


def receipts(user: User) -> list[ErasureReceipt]:
    with tenant_scope(user.tenant_id):
        return list(ErasureReceipt.objects.all())


def is_there(customer: Customer) -> bool:
    with tenant_scope(customer.tenant_id):
        return Customer.objects.filter(pk=customer.pk).exists()


# --- Who may -------------------------------------------------------------------------


def test_nobody_comes_in_without_signing_in(client: Client, elena: Customer) -> None:
    for address in ("/privacy/", url("privacy_customer", elena)):
        assert client.get(address)["Location"].startswith("/accounts/login/")
    for name in ("export", "erase"):
        answer = client.post(url(name, elena), GOOD)
        assert answer["Location"].startswith("/accounts/login/")
    assert is_there(elena)


def test_only_compliance_comes_in(alice: User, ada: User, elena: Customer) -> None:
    for user in (alice, ada):
        client = signed_in(user)
        answers = [
            client.get("/privacy/"),
            client.get(url("privacy_customer", elena)),
            client.post(url("export", elena)),
            client.post(url("erase", elena), GOOD),
            client.get(reverse("memory:receipt", args=[uuid4()])),
        ]
        assert [answer.status_code for answer in answers] == [403] * 5
    assert is_there(elena)
    assert receipts(ada) == []


def test_another_desk_is_as_if_it_were_not_there(carla: User, viktor: Customer) -> None:
    client = signed_in(carla)
    nowhere = client.get(reverse("memory:privacy_customer", args=[uuid4()]))
    answers = [
        client.get(url("privacy_customer", viktor)),
        client.post(url("export", viktor)),
        client.post(url("erase", viktor), {**GOOD, "name": "Viktor"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.text for answer in answers} == {nowhere.text}
    assert "Viktor" not in client.get(
        "/privacy/", {"q": "Viktor"}, headers=HTMX
    ).text.replace("“Viktor”", "")
    assert is_there(viktor)


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


@pytest.mark.parametrize("name", ["export", "erase"])
def test_export_and_erasure_are_posts_with_a_token(
    carla: User, elena: Customer, name: str
) -> None:
    assert signed_in(carla).get(url(name, elena)).status_code == 405
    strict = signed_in(carla, enforce_csrf_checks=True)
    assert strict.post(url(name, elena), GOOD).status_code == 403
    assert is_there(elena)


# --- What it shows -------------------------------------------------------------------


def test_a_customer_is_found_while_one_types(carla: User, elena: Customer) -> None:
    make_customer(carla.tenant, "Other")
    found = signed_in(carla).get("/privacy/", {"q": "ele"}, headers=HTMX).text
    assert url("privacy_customer", elena) in found
    assert "Other" not in found
    assert "<html" not in found


def test_a_page_says_how_much_is_kept_where(carla: User, elena: Customer) -> None:
    make_conversation(elena, "Hello", "I live in Ghent")
    make_fact(elena)
    make_working_item(elena)
    page = " ".join(signed_in(carla).get(url("privacy_customer", elena)).text.split())
    for title, rows in (("Profile", 1), ("Facts, with history", 1), ("Messages", 2)):
        assert f'<td>{title}</td> <td class="right num">{rows}</td>' in page


def test_a_store_that_does_not_answer_is_said_so(
    carla: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(carla)

    class Away:
        def scan_iter(self, *_: object, **__: object) -> list[str]:
            raise redis.ConnectionError

    monkeypatch.setattr(working, "client", Away)
    assert "does not answer" in client.get(url("privacy_customer", elena)).text


def test_the_pages_have_no_inline_style_or_script(carla: User, elena: Customer) -> None:
    client = signed_in(carla)
    for address in ("/privacy/", url("privacy_customer", elena)):
        page = client.get(address).text
        assert " style=" not in page
        assert "<script>" not in page
        assert "no-store" in client.get(address)["Cache-Control"]


# --- Export --------------------------------------------------------------------------


def test_an_export_is_a_zip_to_download(carla: User, elena: Customer) -> None:
    make_fact(elena)
    answer = signed_in(carla).post(url("export", elena))
    assert answer["Content-Type"] == "application/zip"
    name = f"recollect-export-{elena.id.hex[-8:]}.zip"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "no-store" in answer["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert b"Ghent" in archive.read("data/memory_fact.json")


# --- Erasure -------------------------------------------------------------------------


def test_erasure_ends_on_a_receipt(carla: User, elena: Customer) -> None:
    make_conversation(elena, "I live in Ghent")
    make_fact(elena)
    make_working_item(elena)
    client = signed_in(carla)
    answer = client.post(url("erase", elena), GOOD, follow=True)
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
    assert client.get(url("privacy_customer", elena)).status_code == 404
    overview = client.get("/privacy/").text
    assert "Nothing left" in overview
    assert "Elena" not in overview


def test_capitals_and_spaces_of_the_typed_name_do_not_matter(
    carla: User, elena: Customer
) -> None:
    signed_in(carla).post(url("erase", elena), {**GOOD, "name": "  eLENA "})
    assert not is_there(elena)


def test_a_visitor_without_a_name_is_erased_by_what_the_desk_calls_her(
    carla: User,
) -> None:
    with tenant_scope(carla.tenant_id):
        visitor: Customer = Customer.objects.create(tenant=carla.tenant)
    signed_in(carla).post(url("erase", visitor), {**GOOD, "name": visitor.display_name})
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
    answer = signed_in(carla).post(url("erase", elena), GOOD | sent)
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
    answer = signed_in(carla).post(url("erase", elena), GOOD)
    assert answer.status_code == 503
    assert "Nothing was erased:" in answer.text
    assert GOOD["reason"] in answer.text  # what was typed is kept
    assert receipts(carla) == []
    with tenant_scope(elena.tenant_id):
        assert Fact.objects.count() == 1
        assert not AuditEvent.objects.exists()


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
