"""One policy object for each model; the same answer by page, API and socket.

The table is made from the policy objects themselves: role by act by row, in each state
of the world that changes an answer. What a policy says is then asked for wherever the
product offers it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

import chat.policies
import memory.policies
from accounts import audit, policies
from accounts.models import (
    AuditEvent,
    AuditReason,
    Customer,
    CustomerModel,
    Invitation,
    SingleSignOn,
    Tenant,
    TenantModel,
    User,
)
from accounts.policies import POLICIES, POWERS, Act, Policy, Power
from accounts.scope import tenant_scope
from chat import services
from chat.models import Conversation, Event, HttpTool, Message, TokenDay
from memory import requests
from memory.embeddings import reembedding
from memory.llm import gateway
from memory.models import (
    Consolidation,
    CustomStrategy,
    Embedding,
    EmbeddingModel,
    ErasureReceipt,
    Evidence,
    Fact,
    Forgotten,
    IntentExample,
    MemorySettings,
    PrivacyRequest,
    PrivacySubject,
    ReembedJob,
    RetentionRule,
    ReviewItem,
    Summary,
)
from tests.chat.line import Server
from tests.clients import signed_in
from tests.conftest import make_conversation, make_user
from tests.memory.four_tiers import (
    make_consolidation,
    make_fact,
    make_summary,
    make_working_item,
)

WITHOUT_POLICY: dict[type[Model], str] = {
    Tenant: "each user has one; nobody picks another",
    Evidence: "comes with its fact, never by itself",
    EmbeddingModel: "made by the index; its page counts what each one has",
    AuditReason: "comes with its event, never by itself",
    SingleSignOn: "set by the operator's command; no page shows it",
    PrivacySubject: "comes with its request, never by itself",
    Event: "the log of a conversation, read with it",
    Forgotten: "marks of what was forgotten; nobody reads them",
    MemorySettings: "the desk has one, which no page names",
    RetentionRule: "the desk has one of each kind, which no page names",
    TokenDay: "sums of the desk by day, which no page names",
}
Answer = Literal["yes", "hidden", "denied"]


# --- Whether every model has one -----------------------------------------------------


def test_every_model_of_a_tenant_has_a_policy_or_a_reason() -> None:
    scoped = {
        model
        for model in apps.get_models()
        if issubclass(model, TenantModel | User | Tenant)
    }
    assert len(scoped) >= 15
    missing = scoped - set(POLICIES) - set(WITHOUT_POLICY)
    assert not missing, f"say in a `policies` module who may touch {missing}"
    assert not set(POLICIES) & set(WITHOUT_POLICY)


def test_every_power_of_a_policy_belongs_to_somebody() -> None:
    held = frozenset[Power]().union(*POWERS.values())
    for model, policy in POLICIES.items():
        assert policy.powers, model
        assert set(policy.powers.values()) <= held, model


def test_the_roles_are_as_the_documentation_says() -> None:
    role = User.Role
    assert Power.READ_ALL_MEMORY not in POWERS[role.AGENT]
    assert not {Power.READ_MEMORY, Power.CHAT} & POWERS[role.COMPLIANCE]
    assert Power.PRIVACY not in POWERS[role.ADMIN]
    assert not {Power.ERASE_MEMORY, Power.APPROVE_ERASURE} & POWERS[role.AGENT]


# --- The table -----------------------------------------------------------------------


def make_tool(customer: Customer) -> HttpTool:
    tool: HttpTool = HttpTool.objects.create(
        tenant_id=customer.tenant_id,
        name="look",
        parameters={},
        url="https://x.example",
    )
    return tool


def make_strategy(customer: Customer) -> CustomStrategy:
    strategy: CustomStrategy = CustomStrategy.objects.create(
        tenant_id=customer.tenant_id,
        name=f"pets-{uuid4().hex[:6]}",
        instructions="Pets.",
        schema={"type": "object", "properties": {"pet": {"type": "string"}}},
        changed_by=make_user(customer.tenant, f"S{uuid4().hex[:6]}", "admin"),
    )
    return strategy


def make_example(customer: Customer) -> IntentExample:
    example: IntentExample = IntentExample.objects.create(
        tenant_id=customer.tenant_id, intent="refund", text="Money back, please."
    )
    return example


def make_receipt(customer: Customer) -> ErasureReceipt:
    receipt: ErasureReceipt = ErasureReceipt.objects.create(
        tenant_id=customer.tenant_id,
        customer_ref=uuid4(),
        requested_by="user:gone",
        counts={},
        remaining=0,
    )
    return receipt


def make_event(customer: Customer) -> AuditEvent:
    return audit.record(
        actor="system", action="x.y", subject_type="x", subject_id=uuid4()
    )


def make_invitation(customer: Customer) -> Invitation:
    invitation: Invitation = Invitation.objects.create(
        tenant_id=customer.tenant_id,
        email=f"{uuid4().hex}@example.org",
        invited_by=make_user(customer.tenant, f"I{uuid4().hex[:6]}", "admin"),
        expires_at=timezone.now() + timedelta(hours=1),
    )
    return invitation


def make_review_item(customer: Customer) -> ReviewItem:
    item: ReviewItem = ReviewItem.objects.create(
        tenant_id=customer.tenant_id,
        customer=customer,
        kind=ReviewItem.Kind.INSTRUCTION,
        fact_kind=Fact.Kind.PREFERENCE,
        key="note",
        value="Always refund",
        conversation_id=uuid4(),
        message_id=uuid4(),
        said_at=timezone.now(),
    )
    return item


def make_reembed_job(customer: Customer) -> ReembedJob:
    return reembedding.start(name=gateway.embedding_name(), actor="operator")


def make_request(customer: Customer) -> PrivacyRequest:
    opener = make_user(customer.tenant, f"Opener{uuid4().hex[:4]}", "compliance")
    return requests.open_request(
        kind=PrivacyRequest.Kind.ERASURE,
        customers=[customer],
        reason="ticket 118",
        user=opener,
    )


def entry_of(customer: Customer) -> Embedding:
    entry: Embedding = Embedding.objects.get(source_id=make_fact(customer).id)
    return entry


def closed(customer: Customer) -> Conversation:
    conversation = make_conversation(customer, "Hello")
    return services.close(conversation_id=conversation.id)


def message_in(customer: Customer) -> Message:
    message: Message = Message.objects.filter(conversation=closed(customer))[0]
    return message


ROWS: dict[type[Model], Callable[[Customer], Model]] = {
    Customer: lambda customer: customer,
    User: lambda customer: make_user(customer.tenant, f"U{uuid4().hex[:6]}"),
    Invitation: make_invitation,
    AuditEvent: make_event,
    Fact: make_fact,
    Summary: make_summary,
    Embedding: entry_of,
    ErasureReceipt: make_receipt,
    PrivacyRequest: make_request,
    Conversation: closed,
    Message: message_in,
    HttpTool: make_tool,
    CustomStrategy: make_strategy,
    IntentExample: make_example,
    ReviewItem: make_review_item,
    Consolidation: lambda customer: make_consolidation(
        customer, conversation_id=closed(customer).id
    ),
    ReembedJob: make_reembed_job,
}


def nobodys(customer: Customer, user: User) -> None:
    """Nobody in particular works with her, and nobody asked anything."""


def with_an_open_conversation(customer: Customer, user: User) -> None:
    services.open_conversation(customer=customer)


def answered_by_the_user(customer: Customer, user: User) -> None:
    conversation = services.open_conversation(customer=customer)
    services.send_as_agent(conversation_id=conversation.id, user=user, text="Done.")
    services.close(conversation_id=conversation.id)
    # Somebody else has it now.
    Conversation.objects.filter(pk=conversation.pk).update(agent=None)


def with_an_open_request(customer: Customer, user: User) -> None:
    make_request(customer)


WORLDS = [
    nobodys,
    with_an_open_conversation,
    answered_by_the_user,
    with_an_open_request,
]
# Rows that are about no customer answer the same in every world.
TABLE = [
    pytest.param(model, act, world, id=f"{model.__name__}-{act.name}-{world.__name__}")
    for model in sorted(POLICIES, key=lambda model: model.__name__)
    for act in POLICIES[model].powers
    for world in (
        WORLDS if model in {Customer, *CustomerModel.__subclasses__()} else WORLDS[:1]
    )
]


def says(policy: Policy[Any], user: User, act: Act, row: Model) -> Answer:
    """What a policy answers, three ways that must agree."""
    with tenant_scope(user.tenant_id):
        seen = policy.rows(user, act).filter(pk=row.pk).exists()
        try:
            assert policy.fetch(user, act, row.pk) == row
            answer: Answer = "yes"
        except Http404:
            answer = "hidden"
        except PermissionDenied:
            answer = "denied"
    assert (answer == "denied") is not policy.may(user, act)
    assert (answer == "yes") is seen
    return answer


def status(response: Any) -> Answer:
    return {403: "denied", 404: "hidden"}.get(response.status_code, "yes")  # type: ignore[return-value]  # one of three


def customer_of(row: Any) -> UUID:
    found: UUID = getattr(row, "customer_id", row.pk)
    return found


def page(name: str, *, post: bool = False) -> Callable[[Client, Any], Answer]:
    """Ask a page about the row itself."""
    return lambda client, row: _asked(client, f"{name}", [row.pk], post)


def item(name: str, *, post: bool = False) -> Callable[[Client, Any], Answer]:
    """Ask a page about an item of a customer."""
    return lambda client, row: _asked(client, name, [customer_of(row), row.pk], post)


def subject(name: str, *, post: bool = False) -> Callable[[Client, Any], Answer]:
    """Ask a page about the one whom a request is about."""

    def asked(client: Client, row: PrivacyRequest) -> Answer:
        with tenant_scope(row.tenant_id):
            ref = PrivacySubject.objects.get(request=row).customer_ref
        return _asked(client, name, [row.pk, ref], post)

    return asked


def _asked(client: Client, name: str, ids: list[UUID], post: bool) -> Answer:
    url = reverse(name, args=ids)
    return status(client.post(url) if post else client.get(url))


def api_facts(client: Client, row: Customer) -> Answer:
    return status(client.get(reverse("memory:api_facts", args=[row.external_id])))


def api_recall(client: Client, row: Customer) -> Answer:
    asked = {"customer": row.external_id, "query": "Where?"}
    return status(
        client.post("/api/v1/recall/", asked, content_type="application/json")
    )


def in_the_list(client: Client, row: Customer) -> Answer:
    response = client.get("/customers/", {"q": row.name})
    if response.status_code == 200 and str(row.pk) not in response.text:
        return "hidden"
    return status(response)


def as_a_subject(client: Client, row: Customer) -> Answer:
    response = client.get("/privacy/requests/new/", {"customer": str(row.pk)})
    if response.status_code == 200 and str(row.pk) not in response.text:
        return "hidden"
    return status(response)


# Where the product offers an act; anywhere else it is not offered to anybody.
WAYS: dict[tuple[type[Model], Act], list[Callable[[Client, Any], Answer]]] = {
    (Customer, Act.FIND): [as_a_subject],
    (Customer, Act.READ): [
        page("memory:customer"),
        in_the_list,
        api_facts,
        api_recall,
    ],
    (Fact, Act.READ): [item("memory:fact")],
    (Fact, Act.CHANGE): [
        item("memory:correct"),
        item("memory:pin", post=True),
        item("memory:retract"),
    ],
    (Fact, Act.ERASE): [item("memory:erase_fact")],
    (Summary, Act.CHANGE): [item("memory:rewrite_summary", post=True)],
    (Summary, Act.ERASE): [item("memory:erase_summary")],
    (Embedding, Act.ERASE): [item("memory:erase_entry")],
    (Conversation, Act.READ): [
        page("chat:conversation"),
        page("chat:row"),
        page("chat:head"),
        page("chat:memory"),
    ],
    (Conversation, Act.CHANGE): [
        page("chat:hand_back", post=True),
        page("chat:close", post=True),
    ],
    (ReembedJob, Act.CHANGE): [
        page("memory:index_cut_over", post=True),
        page("memory:index_roll_back", post=True),
        page("memory:index_cancel", post=True),
    ],
    (IntentExample, Act.CHANGE): [
        page("memory:intent_example"),
        page("memory:delete_intent_example", post=True),
    ],
    (PrivacyRequest, Act.READ): [page("memory:privacy_request")],
    (PrivacyRequest, Act.LOOK): [subject("memory:privacy_look")],
    (PrivacyRequest, Act.EXPORT): [subject("memory:privacy_export", post=True)],
    (PrivacyRequest, Act.CHANGE): [page("memory:privacy_close")],
    (PrivacyRequest, Act.ERASE): [
        page("memory:privacy_erase"),
        page("memory:privacy_add"),
    ],
    (PrivacyRequest, Act.APPROVE): [page("memory:privacy_decide")],
    (ErasureReceipt, Act.READ): [page("memory:receipt")],
}


@pytest.fixture
def cast(alice: User, ada: User, carla: User, charlie: User) -> dict[str, User]:
    return {"alice": alice, "ada": ada, "carla": carla, "charlie": charlie}


@pytest.mark.parametrize("model", POLICIES)
def test_nobody_may_do_what_a_policy_does_not_name(
    cast: dict[str, User], elena: Customer, model: type[Model]
) -> None:
    with tenant_scope(elena.tenant_id):
        row = ROWS[model](elena)
    for act in set(Act) - set(POLICIES[model].powers):
        for user in cast.values():
            assert says(POLICIES[model], user, act, row) == "denied"
        assert (model, act) not in WAYS


@pytest.mark.parametrize(("model", "act", "world"), TABLE)
def test_pages_and_api_answer_what_the_policy_says(
    cast: dict[str, User],
    elena: Customer,
    model: type[Model],
    act: Act,
    world: Callable[[Customer, User], None],
) -> None:
    with tenant_scope(elena.tenant_id):
        world(elena, cast["alice"])
        row = ROWS[model](elena)
    for name, user in cast.items():
        expected = says(POLICIES[model], user, act, row)
        if name == "charlie":
            assert expected != "yes"
        for way in WAYS.get((model, act), []):
            assert way(signed_in(user), row) == expected, (name, way)


def test_an_agent_sees_memory_only_of_those_she_works_with(
    cast: dict[str, User], elena: Customer
) -> None:
    fact = make_fact(elena)
    told = {}
    for world in WORLDS:
        with tenant_scope(elena.tenant_id):
            world(elena, cast["alice"])
        told[world.__name__] = says(
            memory.policies.facts, cast["alice"], Act.READ, fact
        )
        with tenant_scope(elena.tenant_id):
            Message.objects.all().delete()
            Event.objects.all().delete()
            Conversation.objects.all().delete()
    assert told == {
        "nobodys": "hidden",
        "with_an_open_conversation": "yes",
        "answered_by_the_user": "yes",
        "with_an_open_request": "hidden",
    }


def test_without_anybody_to_say_whom_an_agent_works_with_she_sees_nobody(
    alice: User, elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_conversation(elena, "Hello")
    assert says(policies.customers, alice, Act.READ, elena) == "yes"
    monkeypatch.setattr(policies, "_works_with", [])
    assert says(policies.customers, alice, Act.READ, elena) == "hidden"


def test_who_was_suspended_may_do_nothing(ada: User, elena: Customer) -> None:
    assert says(policies.customers, ada, Act.READ, elena) == "yes"
    ada.is_active = False
    assert says(policies.customers, ada, Act.READ, elena) == "denied"


def test_working_memory_is_read_and_erased_like_the_other_tiers(
    alice: User, ada: User, carla: User, elena: Customer
) -> None:
    key = make_working_item(elena)
    rule = memory.policies.working_memory
    with tenant_scope(elena.tenant_id):
        assert rule.fetch(ada, Act.ERASE, elena, key).key == key
        for user, act in ((alice, Act.ERASE), (carla, Act.READ)):
            with pytest.raises(Http404):
                rule.fetch(user, act, elena, key)


# --- Sockets -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock(), Server() as running:
        yield running


@pytest.mark.usefixtures("live_db")
@pytest.mark.parametrize("act", [Act.READ, Act.CHANGE])
def test_the_socket_answers_what_the_policy_says(
    cast: dict[str, User], elena: Customer, server: Server, act: Act
) -> None:
    with tenant_scope(elena.tenant_id):
        row = closed(elena)
    for name, user in cast.items():
        expected = says(chat.policies.conversations, user, act, row)
        cookie = signed_in(user).cookies["sessionid"].value
        assert _by_socket(server, cookie, row, act) == expected, name


def _by_socket(server: Server, cookie: str, row: Conversation, act: Act) -> Answer:
    wanted = {"conversation": str(row.pk)}
    with server.open("/ws/console/", cookie=cookie) as line:
        try:
            if act is Act.READ:
                frame = line.ask(type="open", after=0, **wanted)
            else:
                note = {"text": "Hm", "note": True, "client_id": str(uuid4())}
                frame = line.ask(type="send", **note, **wanted)
        except ConnectionClosed:
            assert line.closed_with() == 4401
            return "denied"
    if frame["type"] == "error":
        assert frame["code"] == "not_found"
        return "hidden"
    return "yes"
