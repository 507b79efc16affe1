"""Exports and recall: all of hers, and nothing of anybody else's."""

import io
import re
import zipfile
from typing import Any

import numpy as np
import pytest

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from chat.panel import spans
from memory import privacy, recall, working
from memory.models import Embedding
from tests.isolation import world as worlds
from tests.isolation.owners import Owner, about_customers, owned_models
from tests.isolation.routes import ask
from tests.isolation.test_pages import WALLS, every_wall
from tests.isolation.world import World


def written_of(owner: Owner) -> set[str]:
    """Every marked text in the rows about a customer, out of the tables themselves."""
    found: set[str] = set()
    for model in owned_models():
        if not about_customers(model):
            continue
        column = "id" if model is Customer else "customer_id"
        rows = worlds.superuser().execute(
            f"select to_jsonb(r)::text from {model._meta.db_table} r"
            f" where {column} = %s",
            [owner.customer.pk],
        )
        for (text,) in rows.fetchall():
            found |= set(re.findall(rf"{owner.mark}\d+", text))
    return found


def exported(owner: Owner) -> str:
    """All that an export holds, as one text."""
    with tenant_scope(owner.tenant.id):
        content = privacy.export_customer(
            customer=owner.customer, user=owner.users[User.Role.COMPLIANCE]
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


@every_wall
def test_an_export_holds_all_of_hers_and_nothing_of_anybody_elses(
    world: World, wall: str
) -> None:
    for owner in world.others_than(world.victim):
        with WALLS[wall]():
            text = exported(owner)
        missing = {token for token in written_of(owner) if token not in text}
        assert len(written_of(owner)) > 10
        assert missing == set()
        assert f"{owner.mark}result" in text, "working memory is left out"
        for other in world.others_than(owner):
            assert other.mark not in text


def query_of(owner: Owner) -> recall.Query:
    """The victim's own text with the very vector that her entry has."""
    with tenant_scope(owner.tenant.id):
        entry = Embedding.objects.get(customer_id=owner.customer.pk)
    return recall.Query(entry.text, np.asarray(entry.vector, np.float32))


def marked(owner: Owner, found: Any) -> bool:
    return owner.mark in repr(found)


@every_wall
@pytest.mark.parametrize("whose", ["victim", "neighbour"])
def test_recall_by_somebody_elses_own_text_and_vector_finds_nothing_of_hers(
    world: World, wall: str, whose: str
) -> None:
    owner: Owner = getattr(world, whose)
    query, own = query_of(owner), world.own
    tenant, customer = own.tenant.id, own.customer.pk
    with customer_scope(owner.tenant.id, owner.customer.pk):
        hers = recall.recall(query, customer_id=owner.customer.pk)
        assert marked(owner, hers), "she does not find it herself"
    with WALLS[wall]():
        for asker in world.others_than(owner):
            with customer_scope(asker.tenant.id, asker.customer.pk):
                found = recall.recall(query, customer_id=asker.customer.pk)
                assert found
                assert not marked(owner, found)
        # In the scope of the desk, and for a customer that is not in scope at all.
        with tenant_scope(tenant):
            assert not marked(owner, recall.recall(query, customer_id=customer))
            if owner is world.victim:
                assert recall.recall(query, customer_id=owner.customer.pk) == []
    with customer_scope(tenant, customer):
        assert recall.recall(query, customer_id=owner.customer.pk) == []


@pytest.mark.parametrize("role", [User.Role.AGENT, User.Role.ADMIN])
def test_the_api_recalls_nothing_of_anybody_else(world: World, role: str) -> None:
    query = query_of(world.victim).text
    for owner in world.others_than(world.victim):
        sent = {"customer": owner.customer.external_id, "query": query}
        answer = ask(
            world.client(role), "POST", "/api/v1/recall/", sent=sent, is_api=True
        )
        # Compliance may read memory only inside a request, agents that of their own.
        assert answer.status in {200, 403, 404}
        assert (answer.status == 200) == (owner.mark in answer.all_text)
        assert answer.status == 200 or role != User.Role.ADMIN
        for other in world.others_than(owner):
            assert other.mark not in answer.all_text


def test_working_memory_is_asked_by_its_whole_owner(world: World) -> None:
    for owner in world.owners:
        items = working.items(owner.tenant.id, owner.customer.pk)
        assert items
        assert all(owner.mark in item.text for item in items)
        for other in world.others_than(owner):
            ids = other.tenant.id, other.customer.pk
            assert not working.erase_item(*ids, items[0].key)
            conversation = owner.named("conversation").pk
            kept = working.cached_tool_result(
                *ids,
                conversation,
                tool="look_up",
                arguments={"order": f"{owner.mark}order"},
            )
            assert kept is None
    # A tenant's id beside another one's customer names nothing, either.
    assert working.items(world.own.tenant.id, world.victim.customer.pk) == []


def test_the_words_that_facts_rest_on_are_one_customers(world: World) -> None:
    """Evidence of somebody else may name her message, as no key forbids it."""
    neighbour, crossed = world.neighbour, world.crossed
    message = neighbour.named("message").pk
    assert crossed.named("evidence").message_id == message
    with tenant_scope(neighbour.tenant.id):
        found = spans(neighbour.customer.pk, [message])
    assert found == {message: [neighbour.named("evidence").span]}
