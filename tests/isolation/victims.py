"""What the isolation matrix cannot find out by itself about a model, a page or a task.

Everything else is generated: models, pages, frames, tasks and commands come out of the
registries of Django, Channels and Celery. Whatever is new and needs a word here fails
the matrix by name, with the line to add.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Model
from django.utils import timezone

from accounts import audit, staff
from accounts.models import AuditEvent, AuditReason, Invitation, User
from accounts.scope import tenant_scope
from chat import identity
from chat.models import Message
from memory import embeddings, requests
from memory.models import Embedding, Fact, PrivacyRequest, PrivacySubject
from tests.isolation import passkeys
from tests.isolation.owners import Owner

# --- Models --------------------------------------------------------------------------

# Tables with nothing of a tenant, each with its reason.
OF_NOBODY = {
    "auth.Permission": "names of permissions, unused",
    "auth.Group": "unused",
    "auth.Group_permissions": "unused",
    "contenttypes.ContentType": "names of models",
    "sessions.Session": "random keys, read before anybody is known",
}

# Tables that stay empty: their policy shows and takes no row at all.
EMPTY = {"socialaccount.SocialApp": "providers are rows of SingleSignOn"}

# Tables that only grow, and the triggers that refuse anything else.
APPEND_ONLY = {
    "accounts.AuditEvent": (
        "accounts_auditevent_append_only",
        "accounts_auditevent_keep",
        "accounts_auditevent_continues",
    )
}

# Rows of the tenant's that name one of its customers, so that each has her own.
HERS = {
    "accounts.AuditEvent": "whom it is about",
    "memory.ErasureReceipt": "who was erased",
    "memory.PrivacyRequest": "who asked",
    "memory.PrivacySubject": "whom a request is about",
}

# Values that a row needs so that pages and tasks take it for a live one; a function is
# given the owner.
VALUES: dict[str, dict[str, Any]] = {
    "accounts.Customer": {"verified": True},
    "accounts.Invitation": {"expires_at": lambda _: _in_a_month()},
    # Where nobody listens.
    "accounts.SingleSignOn": {"issuer": "http://127.0.0.1:9"},
    "mfa.Authenticator": {
        "type": "webauthn",
        "data": lambda owner: passkeys.stored(owner.token()),
    },
    "chat.Conversation": {
        "last_seq": lambda owner: owner.number,
        "last_message_seq": lambda owner: owner.number,
        "consolidated_seq": lambda owner: owner.number,
        "consolidate_trigger": "close",
    },
    "chat.Message": {"author": "customer"},
    # One version of a conversation's summary is there once, whoever points at it.
    "memory.Summary": {"version": lambda owner: 2 if owner.points_at else 1},
    "chat.HttpTool": {"url": "http://127.0.0.1:9/{customer}"},
    "chat.TokenDay": {
        "sums": lambda owner: {owner.token(): 1},
        "spread": lambda owner: {owner.token(): {"1": 1}},
    },
}

# Further rows of every customer, which other queries look for.
MORE: list[tuple[str, dict[str, Any]]] = [
    ("memory.Fact", {"valid_to": lambda _: timezone.now()}),
    ("memory.Summary", {"kind": "episode"}),
]

# Columns that hold the id of a row, where neither a foreign key nor the name says of
# which: "model.field" → the model.
REFERENCES = {
    "accounts.AuditEvent.customer_ref": "accounts.Customer",
    "accounts.AuditReason.event_id": "accounts.AuditEvent",
    "memory.PrivacySubject.customer_ref": "accounts.Customer",
    "memory.Embedding.source_id": "memory.Fact",
    "memory.Summary.sampled": "chat.Message",
    "memory.ErasureReceipt.customer_ref": "accounts.Customer",
}


def _entry(owner: Owner) -> Model:
    named = owner.points_at or owner
    entry = embeddings.Entry(
        source_kind=Embedding.SourceKind.FACT,
        source_id=named.row(Fact).pk,
        text=owner.token(),
        occurred_at=timezone.now(),
        message_ids=(named.named("message").pk,),
        conversation_id=named.named("conversation").pk,
    )
    embeddings.index(owner.customer.pk, [entry], embeddings.embed([entry]))
    found: Model = Embedding.objects.get(customer_id=owner.customer.pk)
    return found


def _event(owner: Owner) -> Model:
    about = (owner.points_at or owner).customer.pk
    return audit.record(
        actor=f"user:{owner.users[User.Role.ADMIN].pk}",
        action="customer.export",
        subject_type="customer",
        subject_id=about,
        customer_id=about,
    )


def _reason(owner: Owner) -> Model:
    # An event has one reason, so whoever points at nobody's has one more event.
    named = owner.points_at
    event = named.row(AuditEvent) if named else _event(owner)
    made: Model = AuditReason.objects.create(
        tenant=owner.tenant,
        customer=owner.customer,
        event_id=event.pk,
        salt=owner.token(),
        text=owner.token(),
    )
    return made


def _in_a_month() -> Any:
    return timezone.now() + timedelta(days=30)


def _request(owner: Owner, **more: Any) -> PrivacyRequest:
    """An erasure that one person has asked for, with whom it is about."""
    made: PrivacyRequest = PrivacyRequest.objects.create(
        tenant=owner.tenant,
        kind=PrivacyRequest.Kind.ERASURE,
        reason=owner.token(),
        opened_by=owner.users[User.Role.COMPLIANCE],
        due_at=_in_a_month(),
        **more,
    )
    return made


def _subject(owner: Owner, request: PrivacyRequest) -> Model:
    made: Model = PrivacySubject.objects.create(
        tenant=owner.tenant,
        request=request,
        customer_ref=(owner.points_at or owner).customer.pk,
    )
    return made


def _asked(owner: Owner, state: str) -> PrivacyRequest:
    """A request that somebody was asked to approve."""
    asker = owner.users[User.Role.COMPLIANCE]
    made = _request(owner, state=state, asked_by=asker, asked_at=timezone.now())
    _subject(owner, made)
    return made


def _approved(owner: Owner) -> Model:
    made = _asked(owner, PrivacyRequest.State.APPROVED)
    made.decided_by = owner.users[User.Role.ADMIN]
    made.approved_subjects = requests.digest(made)
    made.save()
    return made


def _answer(owner: Owner) -> Model:
    """A message of the assistant, with the receipt of what it used."""
    named = owner.points_at or owner
    kinds = {"fact": "fact", "summary": "summary", "message": "message"}
    recalled = [
        {"kind": kind, "source": str(named.named(name).pk), "score": 1, "reason": ""}
        for kind, name in kinds.items()
    ]
    ledger = dict.fromkeys(
        ("instructions", "facts", "summary", "recalled", "buffer", "total"), 1
    )
    made: Model = Message.objects.create(
        tenant=owner.tenant,
        customer=owner.customer,
        conversation=owner.named("conversation"),
        seq=owner.number + 1_000_000,
        author=Message.Author.ASSISTANT,
        text=owner.token(),
        context={
            "ledger": ledger | {"budget": 10, "left_out": {}},
            "facts": [str(named.named("fact").pk)],
            "recalled": recalled,
            "tools": [],
        },
    )
    return made


# Rows that only their own service can make.
MAKERS: dict[str, Callable[[Owner], Model]] = {
    "memory.Embedding": _entry,
    "memory.EmbeddingModel": lambda _: embeddings.active_model(),
    "accounts.AuditEvent": _event,
    "accounts.AuditReason": _reason,
    "memory.PrivacyRequest": _request,
    "memory.PrivacySubject": lambda owner: _subject(owner, owner.row(PrivacyRequest)),
}

# Further rows, for pages and tasks that do something only with one in another state.
IN_STATES: dict[str, Callable[[Owner], Model]] = {
    "waiting request": lambda owner: _asked(owner, PrivacyRequest.State.WAITING),
    "approved request": _approved,
    "answer": _answer,
}

# --- Pages ---------------------------------------------------------------------------


def forged_token(invitation: Invitation) -> str:
    """A link that names an invitation, under the signature of another one.

    The link itself is what opens an invitation, whoever has it.
    """
    other = Invitation(pk=uuid4(), tenant_id=uuid4())
    named, signed = (staff.invitation_token(each) for each in (invitation, other))
    return f"{named.partition('.')[0]}.{signed.partition('.')[2]}"


# Arguments of paths that are not named `<model>_id`: the model and its attribute, or
# what makes the argument out of its row.
ARGUMENTS: dict[str, tuple[str, str | Callable[[Any], str]]] = {
    "item_id": ("memory.ReviewItem", "pk"),
    "pk": ("mfa.Authenticator", "pk"),
    "provider_id": ("accounts.Tenant", "slug"),
    "request_id": ("memory.PrivacyRequest", "pk"),
    "token": ("accounts.Invitation", forged_token),
    "tool_id": ("chat.HttpTool", "pk"),
    "strategy_id": ("memory.CustomStrategy", "pk"),
    "external_id": ("accounts.Customer", "external_id"),
    "tenant_slug": ("accounts.Tenant", "slug"),
    "entry_id": ("memory.Embedding", "pk"),
    "example_id": ("memory.IntentExample", "pk"),
    "job_id": ("memory.ReembedJob", "pk"),
    "receipt_id": ("memory.ErasureReceipt", "pk"),
}
# Paths and tasks that need one of the further rows: the argument, and which one.
INSTEAD = {
    "privacy/requests/<uuid:request_id>/decide/": ("request_id", "waiting request"),
    "memory.tasks.erase_approved": ("request_id", "approved request"),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/known/": (
        "message_id",
        "answer",
    ),
}
# Arguments that name nothing of a tenant's.
PLAIN_ARGUMENTS = {"number": "LF-20418"}

# What everybody may open, and why. The desk's own name and slug may stand on it.
PUBLIC = {
    "healthz": "says whether the process is fit to serve",
    "accounts/login/": "signing in: nobody is known yet",
    "accounts/logout/": "signing out",
    "accounts/inactive/": "says that a login is suspended",
    "accounts/reauthenticate/": "signing in again",
    "accounts/sso/": "leads to the provider of a desk, before anybody is known",
    "accounts/invitation/": "its link is the invitation; another one opens nothing",
    "demo/": "the demo's shop",
    "widget/": "a shop's page frames it; it says the desk's name",
}

# Pages with something on them that is another one each time, so that only the status
# and what is not on them can be compared.
DRAWN = {
    "accounts/security/app/": "a new secret for an authenticator app",
    "accounts/security/passkeys/add/": "a new challenge for a passkey",
    "audit/": "looking at the log is an event in it",
    "settings/desk/secret/": "a new secret for the widget",
}

# Pages that ask another server, which is away here.
ASKS_OTHERS = {
    "accounts/sso/<slug:provider_id>/": "asks the provider",
    "accounts/sso/<slug:provider_id>/callback/": "asks the provider",
}

# Pages that show all customers of a desk, so a colleague's customer is on them, too;
# to htmx some show the one customer alone.
ABOUT_ALL = {
    "review/<uuid:item_id>/": "the queue stands beside the item",
    "inbox/<uuid:conversation_id>/": "the list stands beside the conversation",
    "settings/remembering/": "what goes into memory, whoever said it",
    "settings/tokens/": "the newest answers, whoever asked",
    "inbox/<uuid:conversation_id>/row/": "the counts of the views come along",
}

WHOLE = {"review/<uuid:item_id>/": "htmx does not ask for this page"}

# What a form of some page is sent, so that it would do its worst.
FORM = {
    "value": "Changed", "pinned": "1", "key": "", "reason": "Asked by phone",
    "role": "admin", "password": "wrong as can be", "kind": "erasure", "state": "done",
    "sites": "https://shop.example", "url": "https://shop.example/orders",
    "description": "Looks up", "parameters": "[]", "header_name": "X-Key",
    "header_value": "Planted", "timeout_s": "1", "cache_s": "0", "arguments": "[]",
    "strategies": "summary", "instructions": "Planted", "schema": "[]",
    "actor": "", "action": "", "since": "", "until": "", "before": "",
    "verdict": "approve", "seen": "", "next": "/", "keep_days": "1",
    "half_life_days": "1", "window": "forget",
    "buffer_messages": "5", "buffer_tokens": "500", "session_hours": "",
    "live_sessions": "10", "trigger_tokens": "500", "trigger_messages": "5",
    "mask_messages": "on", "model": "all-MiniLM-L6-v2", "both": "1", "not_hers": "1",
    "time_zone": "Asia/Kolkata",
    "intent": "refund", "text": "Planted", "intents_by_model": "on",
}  # fmt: skip


def _seen(owner: Owner) -> str:
    """What somebody says who was shown whom a request is about."""
    with tenant_scope(owner.tenant.id):
        return requests.digest(owner.more["waiting request"])


# Where a word means something else than on all other pages.
FORM_AT: dict[str, dict[str, Callable[[Owner], str]]] = {
    "privacy/": {"customer": lambda owner: str(owner.customer.pk), "seen": _seen}
}

# --- Sockets -------------------------------------------------------------------------

# The fields that frames have: whose word fills them.
FRAME_FIELDS: dict[str, Callable[[Owner], Any]] = {
    "conversation": lambda owner: str(owner.named("conversation").pk),
    "after": lambda _: 0,
    "client_id": lambda _: str(uuid4()),
    "text": lambda _: "Planted",
    "note": lambda _: True,
    "time_zone": lambda _: "Asia/Kolkata",
    "token": lambda owner: identity.sign_customer(
        owner.tenant, owner.customer.external_id
    ),
    "visitor": lambda owner: identity.sign_visitor(owner.customer),
}

# --- Commands ------------------------------------------------------------------------

# Commands that serve no tenant, or all, each with its reason.
NO_TENANT = {
    "prepare_database": "makes roles and grants, reads no row",
    "seed_demo": "writes the demo's own desks only",
    "rotate_secrets": "encrypts the secrets of all tenants again, and tells counts",
}

# What options of commands say that ask for somebody else's; each value in turn.
OPTIONS: dict[tuple[str, str], Callable[[Owner], list[str]]] = {
    ("who_saw", "customer"): lambda owner: [
        owner.customer.external_id,
        str(owner.customer.pk),
    ],
    ("who_saw", "since"): lambda _: ["2000-01-01"],
    ("who_saw", "until"): lambda _: ["2100-01-01"],
    ("single_sign_on", "issuer"): lambda _: ["https://login.example"],
    ("single_sign_on", "client_id"): lambda _: ["recollect"],
    ("single_sign_on", "domain"): lambda owner: [
        *owner.named("singlesignon").domains,
        "planted.example",
    ],
}


def _questions(owner: Owner) -> list[dict[str, Any]]:
    return [
        {"id": "q", "customer": who, "query": owner.row(Fact).text}
        for who in (owner.customer.external_id, str(owner.customer.pk), "nobody")
    ]


def _conversations(owner: Owner) -> list[dict[str, Any]]:
    message = {"id": "m1", "author": "customer", "content": "Planted"}
    return [
        {
            "id": str(owner.named("conversation").pk),
            "customer": {"id": owner.customer.external_id},
            "messages": [message],
        }
    ]


# What a command's input file says, when it is somebody else's rows that it asks for.
INPUTS: dict[str, Callable[[Owner], list[dict[str, Any]]]] = {
    "recall_questions": _questions,
    "import_conversations": _conversations,
}


def input_text(command: str, owner: Owner) -> str:
    """The input file of a command that asks for what is not its tenant's."""
    if command not in INPUTS:
        raise AssertionError(
            f"Command {command} reads a file: say in tests/isolation/victims.py"
            " (INPUTS) what it says"
        )
    return "".join(json.dumps(line) + "\n" for line in INPUTS[command](owner))
