"""What the isolation matrix cannot find out by itself about a model, a page or a task.

Everything else is generated: models, pages, frames, tasks and commands come out of the
registries of Django, Channels and Celery. Whatever is new and needs a word here fails
the matrix by name, with the line to add.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db.models import Model
from django.utils import timezone

from accounts import audit
from accounts.models import User
from chat import identity
from memory import embeddings
from memory.models import Embedding, Fact
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

# Values that a row needs so that pages and tasks take it for a live one; a function is
# given the owner.
VALUES: dict[str, dict[str, Any]] = {
    "accounts.Customer": {"verified": True},
    "chat.Conversation": {
        "last_seq": lambda owner: owner.number,
        "last_message_seq": lambda owner: owner.number,
        "consolidated_seq": lambda owner: owner.number,
    },
    "chat.Message": {"author": "customer"},
    # One version of a conversation's summary is there once, whoever points at it.
    "memory.Summary": {"version": lambda owner: 2 if owner.points_at else 1},
    "chat.HttpTool": {"url": "http://127.0.0.1:9/{customer}"},
}

# Further rows of every customer, which other queries look for.
MORE: list[tuple[str, dict[str, Any]]] = [
    ("memory.Fact", {"valid_to": lambda _: timezone.now()}),
    ("memory.Summary", {"kind": "episode"}),
]

# Columns that hold the id of a row, where neither a foreign key nor the name says of
# which: "model.field" → the model.
REFERENCES = {
    "memory.Embedding.source_id": "memory.Fact",
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
    return audit.record(
        actor=f"user:{owner.users[User.Role.ADMIN].pk}",
        action="customer.export",
        subject_type="customer",
        subject_id=owner.customer.pk,
        customer_id=owner.customer.pk,
        reason=owner.token(),
    )


# Rows that only their own service can make.
MAKERS: dict[str, Callable[[Owner], Model]] = {
    "memory.Embedding": _entry,
    "memory.EmbeddingModel": lambda _: embeddings.active_model(),
    "accounts.AuditEvent": _event,
}

# --- Pages ---------------------------------------------------------------------------

# Arguments of paths that are not named `<model>_id`: the model and its attribute.
ARGUMENTS = {
    "external_id": ("accounts.Customer", "external_id"),
    "tenant_slug": ("accounts.Tenant", "slug"),
    "entry_id": ("memory.Embedding", "pk"),
    "receipt_id": ("memory.ErasureReceipt", "pk"),
}
# Arguments that name nothing of a tenant's.
PLAIN_ARGUMENTS = {"number": "LF-20418"}

# What everybody may open, and why. The desk's own name and slug may stand on it.
PUBLIC = {
    "healthz": "says whether the process is fit to serve",
    "accounts/": "signing in: nobody is known yet",
    "demo/": "the demo's shop",
    "widget/": "a shop's page frames it; it says the desk's name",
}

# Pages that show all customers of a desk, so a colleague's customer is on them, too.
ABOUT_ALL = {
    "inbox/<uuid:conversation_id>/": "the list stands beside the conversation",
    "inbox/<uuid:conversation_id>/row/": "the counts of the views come along",
}

# What a form of some page is sent, so that it would do its worst.
FORM = {"value": "Changed", "pinned": "1", "key": "", "reason": "Asked by phone"}

# --- Sockets -------------------------------------------------------------------------

# The fields that frames have: whose word fills them.
FRAME_FIELDS: dict[str, Callable[[Owner], Any]] = {
    "conversation": lambda owner: str(owner.named("conversation").pk),
    "after": lambda _: 0,
    "client_id": lambda _: str(uuid4()),
    "text": lambda _: "Planted",
    "note": lambda _: True,
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
