"""The log as frames: in order, in pages, and never more than the reader may see."""

from typing import Any

import pytest

from accounts.models import Customer, User
from accounts.scope import customer_scope, tenant_scope
from chat import services, timeline, turns
from chat.models import Conversation
from tests.conftest import make_conversation

pytestmark = pytest.mark.usefixtures("rows")


def frames(
    conversation: Conversation, after: int = 0, *, console: bool = False
) -> list[dict[str, Any]]:
    with tenant_scope(conversation.tenant_id):
        row = Conversation.objects.select_related("agent").get(pk=conversation.id)
        return timeline.events_after(row, after, console=console)


def test_frames_follow_one_another_without_a_gap(elena: Customer) -> None:
    conversation = make_conversation(elena, "One", "Two", "Three")
    assert [frame["seq"] for frame in frames(conversation)] == [1, 2, 3]
    assert [frame["seq"] for frame in frames(conversation, 2)] == [3]
    assert frames(conversation, 3) == []


def test_a_page_has_an_end_and_the_next_one_goes_on(
    elena: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "PAGE", 2)
    conversation = make_conversation(elena, "One", "Two", "Three")
    assert [frame["seq"] for frame in frames(conversation)] == [1, 2]
    assert [frame["seq"] for frame in frames(conversation, 2)] == [3]


def test_an_older_event_shows_the_message_as_it_is_now(elena: Customer) -> None:
    conversation = make_conversation(elena, "Hello")
    with customer_scope(elena.tenant_id, elena.id):
        turn = turns.start_turn(conversation_id=conversation.id)
        assert turn is not None
        turns.finish_turn(turn=turn, text="Whole.", context={"facts": []})
    shown = [frame["message"] for frame in frames(conversation) if frame["seq"] > 1]
    assert [message["text"] for message in shown] == ["Whole.", "Whole."]
    assert {message["status"] for message in shown} == {"complete"}
    # What was recalled is for the desk alone.
    assert "context" not in shown[0]


def test_the_console_gets_html_and_notes_and_the_customer_neither(
    elena: Customer, alice: User
) -> None:
    conversation = make_conversation(elena, "Hello")
    with tenant_scope(elena.tenant_id):
        services.send_as_agent(
            conversation_id=conversation.id, user=alice, text="VIP", note=True
        )
        services.take_over(conversation_id=conversation.id, user=alice)
    desk = frames(conversation, console=True)
    assert [frame["seq"] for frame in desk] == [1, 2, 3]
    assert desk[1]["message"]["author"] == "note"
    assert "VIP" in desk[1]["html"]
    assert desk[2]["detail"] == {"what": "taken_over", "who": "Alice"}
    hers = frames(conversation)
    assert [frame["seq"] for frame in hers] == [1, 2, 3]
    assert hers[1]["message"] is None
    assert not any({"html", "detail"} & set(frame) for frame in hers)
    assert hers[2]["state"]["owner_name"] == "Alice"


def test_what_somebody_wrote_is_shown_as_text_and_never_as_html(
    elena: Customer,
) -> None:
    conversation = make_conversation(elena, "<img src=x onerror=alert(1)>")
    (frame,) = frames(conversation, console=True)
    assert "<img src=x" not in frame["html"]
    assert "&lt;img" in frame["html"]


def test_a_page_costs_the_same_queries_however_long(
    elena: Customer, django_assert_num_queries: Any
) -> None:
    conversation = make_conversation(elena, *["Hello"] * 30)
    with tenant_scope(elena.tenant_id):
        row = Conversation.objects.select_related("agent").get(pk=conversation.id)
        with django_assert_num_queries(2):
            assert len(timeline.events_after(row, 0, console=True)) == 30
