"""Recall: a customer's own memories, the right ones, with reasons."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Customer, Tenant
from accounts.scope import ScopeRequiredError, customer_scope, tenant_scope
from memory import embeddings, recall
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from memory.models import Embedding, EmbeddingModel
from memory.recall import Recalled
from tests.conftest import make_customer
from tests.memory.remembered import index, remember, say, tell
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("rows")

JAN, MAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def ask(customer: Customer, text: str, **options: Any) -> list[Recalled]:
    query = recall.prepare(text, tenant_id=customer.tenant_id)
    with customer_scope(customer.tenant_id, customer.id):
        return recall.recall(query, customer_id=customer.id, **options)


def texts(found: list[Recalled]) -> list[str]:
    return [memory.text for memory in found]


def test_without_any_memory_nothing_is_recalled(elena: Customer) -> None:
    assert ask(elena, "Where is my laptop?") == []


def test_what_means_the_same_is_found_without_a_common_word(elena: Customer) -> None:
    say(elena, "My notebook computer is broken", "I like tulips", "It rains in Oslo")
    best = ask(elena, "defective laptop")[0]
    assert best.text == "My notebook computer is broken"
    assert best.reasons.vector_rank == 1
    assert best.reasons.keyword_rank is None
    assert "Similar meaning" in best.reasons.sentence()


def test_an_order_number_is_found_by_its_letters_alone(elena: Customer) -> None:
    say(elena, "LF-20418 came without its cable")
    say(elena, *(f"My parcel number {n} has not arrived yet" for n in range(80)))
    found = ask(elena, "What about parcel LF-20418, has it arrived?", limit=80)
    (exact,) = [memory for memory in found if memory.text.startswith("LF-20418")]
    assert exact.reasons.keyword_rank is not None
    (alone,) = ask(elena, "LF-20418", limit=1)
    assert alone.text == exact.text
    assert alone.reasons.keyword_rank == 1
    assert "Same words" in alone.reasons.sentence()


def test_only_her_own_memories_are_recalled(
    elena: Customer, desk: Tenant, viktor: Customer
) -> None:
    otto = make_customer(desk, "Otto")
    for customer in (elena, otto, viktor):
        say(customer, f"The laptop of {customer.name}")
    assert texts(ask(elena, "laptop")) == ["The laptop of Elena"]
    # The tenant's scope alone does not widen it either.
    query = recall.prepare("laptop", tenant_id=elena.tenant_id)
    with tenant_scope(desk.id):
        hers = recall.recall(query, customer_id=elena.id)
        foreign = recall.recall(query, customer_id=viktor.id)
    assert texts(hers) == ["The laptop of Elena"]
    assert foreign == []


def test_in_one_customers_scope_another_ones_id_finds_nothing(
    elena: Customer, desk: Tenant
) -> None:
    otto = make_customer(desk, "Otto")
    say(otto, "My laptop")
    query = recall.prepare("laptop", tenant_id=elena.tenant_id)
    with customer_scope(desk.id, elena.id):
        assert recall.recall(query, customer_id=otto.id) == []


def test_without_a_scope_recall_refuses(elena: Customer) -> None:
    with pytest.raises(ScopeRequiredError):
        recall.recall(
            recall.prepare("laptop", tenant_id=elena.tenant_id), customer_id=elena.id
        )


def test_a_superseded_fact_is_not_recalled_but_as_of_then_it_is(
    elena: Customer,
) -> None:
    old = remember(elena, "city", "Ghent", "Lives in the city of Ghent.", said_at=JAN)
    remember(elena, "city", "Berlin", "Lives in the city of Berlin.", said_at=MAR)
    index(elena, [old])
    question = "Which city does she live in?"
    assert texts(ask(elena, question)) == ["Lives in the city of Berlin."]
    then = ask(elena, question, as_of=JAN + timedelta(days=30))
    assert texts(then) == ["Lives in the city of Ghent."]
    assert ask(elena, question, as_of=JAN - timedelta(days=1)) == []
    # Each at the very moment it became true.
    assert texts(ask(elena, question, as_of=MAR)) == ["Lives in the city of Berlin."]


def test_what_the_reader_sees_already_is_not_recalled_again(elena: Customer) -> None:
    shown, hidden = say(elena, "My laptop is broken", "My laptop is a Hutch 7")
    found = ask(elena, "laptop", known=[shown.id])
    assert texts(found) == [hidden.text]


def test_what_has_expired_is_not_recalled(elena: Customer) -> None:
    say(elena, "My laptop is broken")
    with customer_scope(elena.tenant_id, elena.id):
        Embedding.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ask(elena, "laptop") == []


def test_a_memory_for_another_purpose_is_not_recalled(elena: Customer) -> None:
    say(elena, "My laptop is broken")
    with customer_scope(elena.tenant_id, elena.id):
        Embedding.objects.update(purpose="marketing")
    assert ask(elena, "laptop") == []
    assert len(ask(elena, "laptop", purposes=["support", "marketing"])) == 1


def test_what_is_kept_for_bills_is_recalled_in_support(elena: Customer) -> None:
    remember(elena, "payment_method", "invoice", "Pays by invoice.")
    with customer_scope(elena.tenant_id, elena.id):
        assert Embedding.objects.get(source_kind="fact").purpose == "billing"
    assert texts(ask(elena, "How does she pay?")) == ["Pays by invoice."]


def test_of_two_equal_memories_the_fresher_one_leads(elena: Customer) -> None:
    now = timezone.now()
    say(elena, "I prefer mornings for the courier", at=now - timedelta(days=1_000))
    say(elena, "I prefer evenings for the courier", at=now - timedelta(days=3))
    found = ask(elena, "When should the courier come, prefer")
    assert found[0].text == "I prefer evenings for the courier"
    assert found[0].reasons.freshness > found[1].reasons.freshness


def test_the_limit_holds_and_the_scores_fall(elena: Customer) -> None:
    say(elena, *(f"Laptop number {n}" for n in range(30)))
    found = ask(elena, "laptop", limit=7)
    assert len(found) == 7
    scores = [memory.score for memory in found]
    assert scores == sorted(scores, reverse=True)


def test_the_same_question_gets_the_same_answer(elena: Customer) -> None:
    say(elena, *["The same words again"] * 8)
    first = [memory.id for memory in ask(elena, "same words")]
    assert first == [memory.id for memory in ask(elena, "same words")]


@pytest.mark.parametrize("seed", range(25))
def test_no_query_breaks_the_search(elena: Customer, seed: int) -> None:
    dice = random.Random(seed)
    say(elena, "It's LF-20418 at C:\\temp\\a'b & http://x.example/a\\b|c")
    signs = "'\"\\|&!():*<->%_{}[];$?.,/ abLF-20418é🦊\n\t@#`~^=+"
    query = "".join(dice.choice(signs) for _ in range(dice.randint(1, 60)))
    ask(elena, query)
    ask(elena, f"http://x.example/a\\b'{query}")


@pytest.mark.parametrize("query", ["", "   ", "the of and", "?", "🦊"])
def test_a_query_without_words_is_no_error(elena: Customer, query: str) -> None:
    say(elena, "My laptop is broken")
    ask(elena, query)


def test_a_long_message_is_found_by_what_stands_at_its_end(elena: Customer) -> None:
    said = say(elena, "word " * 900 + "and the parcel number is LF-77777")[0]
    with customer_scope(elena.tenant_id, elena.id):
        assert Embedding.objects.count() > 1
    best = ask(elena, "LF-77777")[0]
    assert best.message_ids == (said.id,)
    assert best.text.endswith("LF-77777")


# --- The index ------------------------------------------------------------------------


def also_embedded(customer: Customer, dimensions: int, **changes: Any) -> None:
    """Let another model have vectors of all entries, or of one that no other has."""
    with customer_scope(customer.tenant_id, customer.id):
        other = EmbeddingModel.objects.create(
            tenant_id=customer.tenant_id,
            name=f"model-{dimensions}",
            version="1",
            dimensions=dimensions,
            active=False,
        )
        for entry in Embedding.objects.filter(model__active=True):
            entry.pk, entry.model = uuid7(), other
            entry.vector = [dimensions**-0.5] * dimensions
            for name, value in changes.items():
                setattr(entry, name, value)
            entry.save(force_insert=True)


def test_vectors_of_different_lengths_stand_side_by_side(elena: Customer) -> None:
    said = [remember(elena, "product", p, f"Has a {p}.") for p in ("laptop", "dock")]
    for dimensions in (1536, 3072, 8):
        also_embedded(elena, dimensions)
    with customer_scope(elena.tenant_id, elena.id):
        lengths = Embedding.objects.values_list("model__dimensions", flat=True)
        assert sorted(lengths) == sorted([384, 1536, 3072, 8] * 2)
    # Neither an error nor a second copy of anything, whatever order it is asked in.
    for query in ("laptop", "a notebook computer", "LF-20418"):
        assert {found.source_id for found in ask(elena, query)} == {f.id for f in said}
        assert len(ask(elena, query)) == 2


@pytest.mark.parametrize("setting", ["enable_hashjoin", "enable_nestloop"])
def test_no_plan_compares_vectors_of_two_models(elena: Customer, setting: str) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    for dimensions in (1536, 3072):
        text = f"Has {dimensions} laptops."
        also_embedded(elena, dimensions, source_id=uuid4(), text=text)
    query = recall.prepare("laptop", tenant_id=elena.tenant_id)
    with customer_scope(elena.tenant_id, elena.id):
        with connection.cursor() as cursor:
            cursor.execute(f"set local {setting} = off")
        found = recall.recall(query, customer_id=elena.id)
    assert len(found) == 3


def test_what_the_index_in_use_lacks_is_found_by_its_words(elena: Customer) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    also_embedded(elena, 1536, source_id=uuid4(), text="Has a laptop stand.")
    first, second = ask(elena, "laptop")
    assert first.reasons.vector_rank == 1
    assert (second.text, second.reasons.vector_rank) == ("Has a laptop stand.", None)
    assert [found.text for found in ask(elena, "hovercraft")] == ["Has a laptop."]


def test_after_a_change_of_the_embedding_model_recall_goes_on(elena: Customer) -> None:
    """The desk's own model goes on, until the desk is re-embedded."""
    remember(elena, "product", "laptop", "Has a laptop.")
    with ScriptedOpenAI() as server:
        before = gateway._gateway().config
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                api_key="k",
                models={"embed": "scripted-embed"},
                data_dir=before.data_dir,
            )
        )
        try:
            remember(elena, "product", "dock", "Has a dock.")
            assert texts(ask(elena, "dock"))[0] == "Has a dock."
            assert ask(elena, "a notebook computer")[0].text == "Has a laptop."
            assert not server.requests
        finally:
            gateway.configure(before)
    with tenant_scope(elena.tenant_id):
        (model,) = EmbeddingModel.objects.all()
    assert (model.dimensions, model.active) == (384, True)


def test_indexing_the_same_thing_again_replaces_it(elena: Customer) -> None:
    fact = remember(elena, "product", "laptop", "Has a laptop.")
    index(elena, [fact])
    with customer_scope(elena.tenant_id, elena.id):
        assert Embedding.objects.count() == 1


def test_vectors_are_normalised_and_as_long_as_their_model_says(
    elena: Customer,
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    with customer_scope(elena.tenant_id, elena.id):
        entry = Embedding.objects.select_related("model").get()
        assert len(entry.vector) == entry.model.dimensions == 384
        assert np.linalg.norm(np.array(entry.vector)) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 3_000,
        "short " * 400 + "Donaudampfschifffahrtsgesellschaft " * 400,
        "注文はどこですか" * 500,
        "x" * 8_000,
        "🦊" * 4_000,
        "a\nb\n" * 2_000,
    ],
    ids=["words", "uneven", "japanese", "one word", "emoji", "lines"],
)
def test_a_chunk_never_holds_more_than_it_may(text: str) -> None:
    from memory.llm.tokens import count_tokens

    pieces = list(embeddings.chunks(text))
    assert len(pieces) > 1
    assert max(count_tokens(piece) for piece in pieces) <= embeddings.CHUNK_TOKENS
    # Nothing is lost between the pieces.
    assert (
        set(text.split()) <= {w for p in pieces for w in p.split()} or " " not in text
    )


def test_a_short_text_is_one_chunk_unchanged() -> None:
    assert list(embeddings.chunks("Two\n lines ")) == ["Two\n lines "]


def test_who_spoke_is_found_by_name_but_does_not_pull_the_vectors(
    elena: Customer,
) -> None:
    (turn,) = say(elena, "It is broken")
    entries = embeddings.message_entries([turn], conversation_id=uuid4())
    assert entries[0].text == "It is broken"
    assert entries[0].speaker == "customer"


def test_a_forgotten_source_is_gone_from_the_index(elena: Customer) -> None:
    fact = remember(elena, "product", "laptop", "Has a laptop.")
    tell(elena, "product", "dock")
    with customer_scope(elena.tenant_id, elena.id):
        assert embeddings.remove([fact.id, UUID(int=1)]) == 1
    assert ask(elena, "laptop") == []


def test_recall_asks_nothing_beside_its_one_statement(
    elena: Customer, django_assert_num_queries: Any
) -> None:
    say(elena, *(f"Laptop {n}" for n in range(20)))
    query = recall.prepare("laptop", tenant_id=elena.tenant_id)
    with customer_scope(elena.tenant_id, elena.id), django_assert_num_queries(0):
        recall.recall(query, customer_id=elena.id)
