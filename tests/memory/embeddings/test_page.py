"""The settings of the index, and the command: what a person sees and does."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEvent, AuditReason, Customer, Tenant, User
from accounts.scope import tenant_scope
from memory.embeddings import reembedding
from memory.models import EmbeddingModel, ReembedJob
from tests.clients import signed_in
from tests.memory.embeddings.conftest import OTHER, begin, cut_over, the_job
from tests.memory.remembered import remember
from tests.scripted_openai import ScriptedOpenAI

pytestmark = pytest.mark.usefixtures("rows")
State = ReembedJob.State
MINILM = "all-MiniLM-L6-v2"
PAGE = "/settings/index/"


@pytest.fixture
def admin(ada: User) -> Client:
    return signed_in(ada)


def act(client: Client, desk: Tenant, what: str, **sent: str) -> Any:
    sent = {"reason": "Better answers", **sent}
    return client.post(f"{PAGE}jobs/{the_job(desk).pk}/{what}/", sent, follow=True)


def test_an_admin_re_embeds_cuts_over_and_rolls_back(
    desk: Tenant, elena: Customer, admin: Client, ada: User
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    assert MINILM in admin.get(PAGE).text
    sent = {"model": MINILM, "reason": "It has drifted"}
    page = admin.post(f"{PAGE}start/", sent, follow=True)
    assert "Another index is being made" in page.text
    assert "every 2s" in admin.get(f"{PAGE}progress/").text
    reembedding.run(desk.id)
    progress = admin.get(f"{PAGE}progress/").text
    assert "Ready to cut over" in progress
    assert "every 2s" not in progress
    assert "The new index is in use" in act(admin, desk, "cut-over").text
    assert the_job(desk).state == State.LIVE
    assert "There is a way back until" in admin.get(PAGE).text
    assert "in use again" in act(admin, desk, "roll-back").text
    with tenant_scope(desk.id):
        assert "~" not in EmbeddingModel.objects.get(active=True).version
        done = AuditEvent.objects.filter(actor=ada.actor, action__startswith="index.")
        assert list(done.order_by("seq").values_list("action", flat=True)) == [
            "index.reembed",
            "index.cut_over",
            "index.roll_back",
        ]
        assert AuditReason.objects.filter(text="It has drifted").exists()


@pytest.mark.parametrize("what", ["cut-over", "roll-back", "cancel"])
def test_without_a_reason_nothing_happens(
    desk: Tenant, elena: Customer, admin: Client, what: str
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk, MINILM)
    reembedding.run(desk.id)
    answer = act(admin, desk, what, reason="")
    assert answer.status_code == 422
    assert the_job(desk).state == State.READY


def test_what_cannot_be_done_is_said(
    desk: Tenant, elena: Customer, admin: Client
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    begin(desk, MINILM)
    answer = act(admin, desk, "cut-over")
    assert answer.status_code == 422
    assert "There is no new index that is ready." in answer.text
    sent = {"model": MINILM, "reason": "Again"}
    answer = admin.post(f"{PAGE}start/", sent)
    assert answer.status_code == 422
    assert "being made already" in answer.text
    answer = admin.post(f"{PAGE}start/", {"model": "gpt-9", "reason": "Try"})
    assert answer.status_code == 422
    act(admin, desk, "cancel")
    assert the_job(desk).state == State.CANCELLED


def test_only_who_manages_the_desk_sees_the_index(
    desk: Tenant, elena: Customer, alice: User, carla: User, charlie: User
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    job = begin(desk, MINILM)
    for user in (alice, carla):
        for path in ("", "progress/"):
            assert signed_in(user).get(f"{PAGE}{path}").status_code == 403
    stranger = signed_in(charlie)
    assert str(job.pk) not in stranger.get(PAGE).text
    for what in ("cut-over", "roll-back", "cancel"):
        sent = {"reason": "Mine"}
        path = f"{PAGE}jobs/{job.pk}/{what}/"
        assert stranger.post(path, sent).status_code == 404
    assert the_job(desk).state == State.RUNNING


def test_the_page_says_when_the_model_cannot_be_reached(
    desk: Tenant, elena: Customer, admin: Client
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    with tenant_scope(desk.id):
        EmbeddingModel.objects.update(version="ct2-int8-of-yesterday")
    text = admin.get(PAGE).text
    assert "cannot be reached any more" in text
    assert "100 %" in text


def test_the_page_of_a_new_desk_is_empty(admin: Client) -> None:
    assert "Nothing is remembered yet" in admin.get(PAGE).text


def test_the_page_asks_for_a_drift_check(
    desk: Tenant, elena: Customer, admin: Client
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    with patch("memory.views.index.enqueue") as enqueue:
        answer = admin.post(f"{PAGE}drift/", follow=True)
    assert "Look again in a moment" in answer.text
    enqueue.assert_called_once_with("memory.tasks.check_drift", tenant_id=desk.id)


# --- The command ---------------------------------------------------------------------


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command for the desk; returns what it said."""

    def run(*options: str) -> str:
        call_command("reembed", "--tenant", "linden", *options)
        return capsys.readouterr().out

    return run


@pytest.mark.usefixtures("server")
def test_the_command_makes_cuts_over_and_rolls_back(elena: Customer, say: Any) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    told = say("--model", OTHER)
    assert f"re-embedding to {OTHER}: ready to cut over, 1 of 1" in told
    assert f"{MINILM}" in told
    assert f"{OTHER} 1, 8 dimensions: 1 entries, in use" in say("--cut-over")
    remember(elena, "product", "dock", "Has a dock.")
    told = say("--roll-back")
    assert "384 dimensions: 1 entries, in use" in told
    told = say("--model", OTHER, "--cut-over")
    assert "8 dimensions: 2 entries, in use" in told
    assert "way back until" in told
    assert "drift: 0.00" in say("--check-drift")


def test_the_command_goes_on_with_what_was_begun(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI, say: Any
) -> None:
    remember(elena, "product", "laptop", "Has a laptop.")
    server.raw_answer("{}", to="embeddings")
    for _ in range(2):
        server.error(503, to="embeddings", retry_after="0")
    with pytest.raises(CommandError, match="0 of 1 are done; call it again"):
        say("--model", OTHER)
    begun = the_job(desk)
    say("--model", OTHER)
    assert the_job(desk).pk == begun.pk
    assert the_job(desk).state == State.READY
    assert "cancelled" in say("--cancel")
    with pytest.raises(CommandError, match="no new index under way"):
        say("--cancel")


def test_the_command_says_when_something_is_wrong(elena: Customer, say: Any) -> None:
    with pytest.raises(CommandError, match="No endpoint"):
        say("--model", "text-embedding-3-small")
    with pytest.raises(CommandError, match="never re-embedded"):
        say("--roll-back")
    assert "stale: 0 of 0" in say("--status")


def test_a_cut_over_copies_first_what_came_in_meanwhile(
    desk: Tenant, elena: Customer, server: ScriptedOpenAI, say: Any
) -> None:
    say("--model", OTHER)
    remember(elena, "product", "laptop", "Has a laptop.")
    with pytest.raises(ValidationError):
        cut_over(desk)
    assert "8 dimensions: 1 entries, in use" in say("--cut-over")
