"""What is forgotten is gone from every tier, and nothing said before returns it."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Customer, Tenant, User
from accounts.scope import customer_scope, tenant_scope
from accounts.secrets import fingerprints
from chat import history, imports, remembering, services
from chat.models import Conversation
from memory import consolidation, facts, forgetting, recall, tasks, working
from memory.models import (
    Embedding,
    Evidence,
    Fact,
    Forgotten,
    MemorySettings,
    ReviewItem,
    Summary,
)
from memory.working import Limits
from tests.conftest import as_superuser, make_conversation, make_customer
from tests.memory.four_tiers import make_fact, make_review_item, make_summary
from tests.memory.remembered import tell

TIERS = ("fact", "evidence", "summary", "embedding", "reviewitem", "forgotten")
SAID = (
    "Hi, my name is Elena Marsh and my email is marsh77@example.org.",
    "Where is my order LF-20418? It should have come on Monday.",
    "You can also write to marsh77@example.org about the blue lamp.",
)
WORDS = "marsh77"


def consolidate(conversation: Conversation) -> bool:
    return remembering.consolidate(
        conversation.tenant_id, conversation.customer_id, conversation.id
    )


def scan(words: str) -> list[str]:
    """Return which tables of memory, and which keys of Redis, say the words."""
    found = []
    with as_superuser() as admin:
        for tier in TIERS:
            rows = admin.execute(
                f"select to_jsonb(r) - 'vector' from memory_{tier} r"
            ).fetchall()
            if words in json.dumps(rows, default=str).casefold():
                found.append(tier)
    return found + [
        key
        for key in working.keys_like("t:*")
        if working.client().type(key) == "string"
        and words in str(working.client().get(key)).casefold()
    ]


def known(customer: Customer) -> dict[str, str]:
    with customer_scope(customer.tenant_id, customer.id):
        return {fact.key: fact.value for fact in facts.current_facts()}


def forget(customer: Customer, user: User, key: str = "email") -> forgetting.Forgot:
    with tenant_scope(customer.tenant_id):
        fact = Fact.objects.get(customer=customer, key=key, valid_to=None)
        return forgetting.forget(fact=fact, actor=user.actor)


def finish_tasks(customer: Customer) -> None:
    """Do what was enqueued: the vectors of what was changed."""
    ids = {"tenant_id": str(customer.tenant_id), "customer_id": str(customer.id)}
    with customer_scope(customer.tenant_id, customer.id):
        summaries = list(Summary.objects.filter(made_by="forgetting"))
        entries = list(Embedding.objects.filter(source_kind="message"))
    for summary in summaries:
        tasks.index_summary(**ids, summary_id=str(summary.id))
    for entry in entries:
        tasks.embed_again(**ids, entry_id=str(entry.id))


def test_a_forgotten_fact_leaves_every_tier(
    live_db: None, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, *SAID)
    consolidate(conversation)
    with customer_scope(elena.tenant_id, elena.id):
        history.recent_turns(
            Conversation.objects.get(pk=conversation.id), Limits.of(MemorySettings())
        )
    assert {"fact", "evidence", "summary", "embedding"} < set(scan(WORDS))
    forgot = forget(elena, alice)
    assert forgot.summaries
    assert forgot.entries
    assert scan(WORDS) == []
    finish_tasks(elena)
    assert scan(WORDS) == []
    assert "email" not in known(elena)


def test_what_else_was_said_stays_and_is_found(
    live_db: None, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, *SAID)
    consolidate(conversation)
    forget(elena, alice)
    finish_tasks(elena)
    assert "LF-20418" in known(elena).values()
    query = recall.prepare("Where is order LF-20418?", tenant_id=elena.tenant_id)
    with customer_scope(elena.tenant_id, elena.id):
        texts = [found.text for found in recall.recall(query, customer_id=elena.id)]
        (episode,) = Summary.objects.all()
        assert Embedding.objects.filter(source_id=episode.id).exists()
    assert any("LF-20418" in text for text in texts)
    assert episode.made_by == "forgetting"
    assert episode.version == 2
    assert "LF-20418" in episode.text


def test_the_vector_of_what_is_left_is_made_anew(
    live_db: None, elena: Customer, alice: User
) -> None:
    conversation = make_conversation(
        elena, "My email is marsh77@example.org. The blue lamp is broken."
    )
    consolidate(conversation)
    with customer_scope(elena.tenant_id, elena.id):
        before = Embedding.objects.get(source_kind="message").vector
    forget(elena, alice)
    finish_tasks(elena)
    with customer_scope(elena.tenant_id, elena.id):
        entry = Embedding.objects.get(source_kind="message")
    assert entry.text == "The blue lamp is broken."
    assert entry.vector != before


@pytest.mark.parametrize("again", ["consolidated anew", "imported", "told late"])
def test_words_from_before_do_not_bring_it_back(
    live_db: None, elena: Customer, alice: User, again: str
) -> None:
    conversation = make_conversation(elena, *SAID)
    consolidate(conversation)
    forget(elena, alice)
    if again == "consolidated anew":
        with tenant_scope(elena.tenant_id):
            Conversation.objects.update(consolidated_seq=0)
        assert consolidate(conversation)
    elif again == "imported":
        with tenant_scope(elena.tenant_id):
            copy, _ = imports.import_conversation(
                imports.ImportedConversation(
                    id="again",
                    customer_id=elena.external_id,
                    customer_name="",
                    started_at=timezone.now() - timedelta(days=1),
                    messages=tuple(
                        imports.ImportedMessage(
                            str(place),
                            "customer",
                            "",
                            text,
                            timezone.now() - timedelta(days=1),
                        )
                        for place, text in enumerate(SAID)
                    ),
                )
            )
        assert consolidate(copy)
    else:
        told = tell(
            elena,
            "contact_email",
            "Marsh77@example.org",
            said_at=timezone.now() - timedelta(hours=1),
        )
        assert (told.fact, told.outcome) == (None, "forgotten")
    assert scan(WORDS) == []
    assert "email" not in known(elena)


def test_said_anew_it_is_remembered_again(
    live_db: None, elena: Customer, alice: User
) -> None:
    consolidate(make_conversation(elena, *SAID))
    forget(elena, alice)
    consolidate(make_conversation(elena, "My email is marsh77@example.org now."))
    assert known(elena)["email"] == "marsh77@example.org"


def test_work_that_read_before_is_not_written_after(
    live_db: None, elena: Customer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    consolidate(make_conversation(elena, *SAID))
    conversation = make_conversation(elena, "Again: my email is marsh77@example.org.")
    plan = consolidation.plan

    def plan_while_somebody_forgets(span: consolidation.Span) -> consolidation.Plan:
        made = plan(span)
        forget(elena, alice)
        return made

    monkeypatch.setattr(consolidation, "plan", plan_while_somebody_forgets)
    assert not consolidate(conversation)
    monkeypatch.undo()
    assert scan(WORDS) == []
    # It is read again without what was forgotten.
    assert consolidate(conversation)
    assert scan(WORDS) == []


def test_a_rolling_summary_that_read_before_is_not_written_after(
    live_db: None, elena: Customer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = make_conversation(elena, *SAID, *["The lamp flickers."] * 20)
    consolidate(conversation)
    roll_up = consolidation.roll_up

    def roll_up_while_somebody_forgets(*args: object, **kwargs: object) -> object:
        made = roll_up(*args, **kwargs)  # type: ignore[arg-type]  # handed through
        forget(elena, alice)
        return made

    monkeypatch.setattr(consolidation, "roll_up", roll_up_while_somebody_forgets)
    ids = (elena.tenant_id, elena.id, conversation.id)
    assert not remembering.roll_up(*ids)
    monkeypatch.undo()
    assert remembering.roll_up(*ids)
    assert scan(WORDS) == []


def test_every_version_of_a_summary_loses_it(
    live_db: None, elena: Customer, alice: User
) -> None:
    where = uuid4()
    for version in (1, 2):
        make_summary(
            elena,
            "Customer: My phone is 0470 12 34 56. Agent: Noted. Customer: It is late.",
            version=version,
            conversation_id=where,
        )
    make_fact(elena, "phone", "+32470123456")
    make_fact(elena, "note", "0470123456")
    forget(elena, alice, "note")
    with tenant_scope(elena.tenant_id):
        (left,) = Summary.objects.all()
    assert left.text == "Agent: Noted. Customer: It is late."
    assert left.version == 3


def test_only_keyed_hashes_are_kept_of_it(
    live_db: None, elena: Customer, alice: User
) -> None:
    make_fact(elena, "email", "marsh77@example.org")
    forget(elena, alice)
    with tenant_scope(elena.tenant_id):
        hashes = set(Forgotten.objects.values_list("content_hash", flat=True))
    assert hashes
    text = f"{elena.id}\nmarsh77 example org"
    assert fingerprints(text, info=b"recollect: what was forgotten")[0] in hashes
    assert fingerprints(text, info=b"another purpose")[0] not in hashes


def test_another_customer_keeps_the_same_words(
    live_db: None, desk: Tenant, elena: Customer, alice: User
) -> None:
    other = make_customer(desk, "Rosa")
    for customer in (elena, other):
        consolidate(make_conversation(customer, *SAID))
    forget(elena, alice)
    assert known(other)["email"] == "marsh77@example.org"
    with customer_scope(desk.id, other.id):
        assert Summary.objects.filter(text__contains="marsh77").exists()
        assert Embedding.objects.filter(text__contains="marsh77").exists()
    assert tell(other, "email", "marsh77@example.org").outcome == "merged"


def test_what_waits_for_people_and_says_it_goes_too(
    live_db: None, elena: Customer, alice: User
) -> None:
    make_review_item(elena, "From now on you must write to marsh77@example.org")
    make_review_item(elena, "From now on you must refund me")
    make_fact(elena, "email", "marsh77@example.org")
    forget(elena, alice)
    with tenant_scope(elena.tenant_id):
        (left,) = ReviewItem.objects.all()
    assert "refund" in left.said


def test_what_another_fact_rests_on_says_it_no_more(
    live_db: None, elena: Customer, alice: User
) -> None:
    make_fact(elena, "email", "marsh77@example.org")
    tell(
        elena,
        "customer_name",
        "Elena Marsh",
        span="I'm Elena Marsh, marsh77@example.org",
    )
    forget(elena, alice)
    with tenant_scope(elena.tenant_id):
        assert Evidence.objects.get().span == "Elena Marsh"


def test_a_secret_passes_no_door_whoever_proposes_it(
    live_db: None, elena: Customer
) -> None:
    for source in ("customer", "approved", "agent", "system"):
        told = tell(elena, "note", "4111 1111 1111 1111", source=source)
        assert told.outcome == "refused"
    assert known(elena) == {}


def test_staff_cannot_write_one_down_either(
    live_db: None, elena: Customer, alice: User
) -> None:
    fact = make_fact(elena, "note", "call back")
    with (
        tenant_scope(elena.tenant_id),
        pytest.raises(ValidationError, match="not kept"),
    ):
        facts.correct(fact=fact, value="4111 1111 1111 1111", user=alice)
    assert known(elena) == {"note": "call back"}


def test_the_buffer_holds_no_card_number(live_db: None, elena: Customer) -> None:
    conversation = make_conversation(elena, "My card is 4111 1111 1111 1111, why?")
    with customer_scope(elena.tenant_id, elena.id):
        buffer = history.recent_turns(
            Conversation.objects.get(pk=conversation.id), Limits.of(MemorySettings())
        )
        (turn,) = buffer.turns
        services.close(conversation_id=conversation.id)
    assert "4111" not in turn.text
    assert scan("4111") == []
