"""The measuring commands, as anybody runs them: JSON Lines in and out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Customer, Tenant, User
from accounts.scope import identity_scope, tenant_scope
from chat import remembering
from chat.models import Conversation, Message
from memory import consolidation, facts
from memory import recall as memory_recall
from memory.llm.errors import RetryableError
from memory.models import Embedding, Fact, Summary
from memory.recall import Query, finding

pytestmark = pytest.mark.usefixtures("rows")


def talk(number: int, *texts: str, customer: str = "u1") -> dict[str, Any]:
    return {
        "id": f"c{number}",
        "customer": {"id": customer, "name": "Elena Marsh"},
        "started_at": f"2026-03-{number:02}T09:00:00Z",
        "messages": [
            {"id": f"c{number}m{place}", "author": author, "content": text}
            for place, text in enumerate(texts, start=1)
            for author in ["customer" if place % 2 else "agent"]
        ],
    }


TALKS = [
    talk(1, "Hi, my email is elena@example.org.", "Thank you.", "I live in Ghent."),
    talk(2, "My order LF-20418 has not arrived.", "I am sorry.", "I moved to Berlin."),
    talk(3, "My email is otto@example.org.", customer="u2"),
]

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write lines into a file: objects as JSON, strings as they are."""

    def into(*lines: Any) -> str:
        path = tmp_path / "in.jsonl"
        path.write_text(
            "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines),
            encoding="utf-8",
        )
        return str(path)

    return into


def run(name: str, *args: str) -> None:
    call_command(name, *args)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def tenant(slug: str = "measured") -> Tenant:
    with identity_scope():
        return Tenant.objects.get(slug=slug)


def count(model: Any, slug: str = "measured") -> int:
    desk = tenant(slug)
    with tenant_scope(desk.id):
        return int(model.objects.count())


# --- import_conversations -------------------------------------------------------------


def test_importing_makes_the_tenant_and_stores_every_conversation(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import_conversations", write(*TALKS), "--tenant", "measured")
    assert (count(Conversation), count(Message), count(Customer)) == (3, 7, 2)
    assert "3 conversations, 7 new messages, 0 bad lines" in capsys.readouterr().out
    assert count(Fact) == 0


def test_importing_again_is_idempotent(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        run(
            "import_conversations",
            write(*TALKS),
            "--tenant",
            "measured",
            "--consolidate",
        )
    assert "0 new messages" in capsys.readouterr().out
    assert (count(Conversation), count(Message), count(Summary)) == (3, 7, 3)


def test_consolidating_brings_all_tiers_and_closes(write: Write) -> None:
    run("import_conversations", write(*TALKS), "--tenant", "measured", "--consolidate")
    assert count(Summary) == 3
    assert count(Embedding) > 7
    desk = tenant()
    with tenant_scope(desk.id):
        current = {
            (f.customer.external_id, f.key): f.value for f in facts.current_facts()
        }
        assert not Conversation.objects.exclude(status="closed").exists()
    assert current["u1", "email"] == "elena@example.org"
    assert current["u2", "email"] == "otto@example.org"
    assert current["u1", "city"] == "Berlin"


def test_an_interrupted_import_goes_on_where_it_stopped(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    consolidate = remembering.consolidate
    done: list[Any] = []

    def killed(*ids: Any) -> bool:
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(ids)
        return consolidate(*ids)

    path = write(*TALKS)
    with monkeypatch.context() as patch:
        patch.setattr(remembering, "consolidate", killed)
        with pytest.raises(KeyboardInterrupt):
            run("import_conversations", path, "--tenant", "measured", "--consolidate")
    assert count(Summary) == 1
    run("import_conversations", path, "--tenant", "measured", "--consolidate")
    assert (count(Summary), count(Message)) == (3, 7)


def test_it_is_said_how_many_could_not_be_consolidated(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = consolidation.plan

    def fail_for_one(span: consolidation.Span) -> consolidation.Plan:
        if "otto" in span.turns[0].text:
            raise RetryableError("The model is away.")
        return plan(span)

    monkeypatch.setattr(consolidation, "plan", fail_for_one)
    with pytest.raises(CommandError, match=r"^1 conversations could not"):
        run(
            "import_conversations",
            write(*TALKS),
            "--tenant",
            "measured",
            "--consolidate",
        )
    assert count(Summary) == 2


def test_bad_lines_are_reported_by_number_and_the_good_ones_kept(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = {**TALKS[0], "customer": {"id": "u9"}}
    path = write(
        TALKS[0],  # 1
        "{not json",  # 2
        "",  # 3: blank lines do not matter
        '"a text"',  # 4
        {"id": "c9", "customer": {"id": "u1"}},  # 5
        stranger,  # 6
        "[" * 100_000,  # 7
        "9" * 5_000,  # 8
        TALKS[1],  # 9
    )
    with pytest.raises(CommandError) as failed:
        run("import_conversations", path, "--tenant", "measured", "--consolidate")
    assert failed.value.returncode == 1
    told = capsys.readouterr().err
    for number, problem in (
        (2, "not JSON"), (4, "one JSON object"), (5, "messages must be a list"),
        (6, "belongs to another customer"), (7, "not JSON"), (8, "JSON"),
    ):  # fmt: skip
        assert f"line {number}: " in told
        assert problem in told.split(f"line {number}: ")[1].splitlines()[0]
    assert (count(Conversation), count(Summary)) == (2, 2)
    assert "Traceback" not in told


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.jsonl"
    path.write_text(json.dumps(TALKS[0]), encoding="utf-8-sig")
    run("import_conversations", str(path), "--tenant", "measured")
    assert count(Conversation) == 1


@pytest.mark.parametrize("slug", ["no slug", "", "x" * 64, "ä"])
def test_a_slug_that_is_none_is_one_line(write: Write, slug: str) -> None:
    with pytest.raises(CommandError, match="is not a slug") as failed:
        run("import_conversations", write(*TALKS), "--tenant", slug)
    assert "\n" not in str(failed.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        run("import_conversations", str(tmp_path / "none"), "--tenant", "measured")
    with identity_scope():
        assert not Tenant.objects.exists()


# --- recall_questions -----------------------------------------------------------------


def question(**changes: Any) -> dict[str, Any]:
    base = {"id": "q1", "customer": "u1", "query": "Which order has not arrived?"}
    return {**base, **changes}


@pytest.fixture
def imported(write: Write) -> None:
    run("import_conversations", write(*TALKS), "--tenant", "measured", "--consolidate")


def recall(
    write: Write, tmp_path: Path, *questions: Any, options: Any = ()
) -> list[Any]:
    out = tmp_path / "out.jsonl"
    run(
        "recall_questions", write(*questions), "--tenant", "measured",
        "--out", str(out), *options,
    )  # fmt: skip
    return lines_of(out)


def test_each_question_gets_one_line_of_the_promised_shape(
    imported: None, write: Write, tmp_path: Path
) -> None:
    first, second = recall(
        write, tmp_path, question(), question(id="q2", customer="u2", query="My email?")
    )
    assert set(first) == {
        "id", "latency_ms", "results", "context_tokens", "context_messages",
    }  # fmt: skip
    assert (first["id"], second["id"]) == ("q1", "q2")
    assert first["latency_ms"] > 0
    assert 0 < first["context_tokens"] <= 2_000
    for result in first["results"]:
        assert set(result) == {"kind", "id", "messages", "text", "score"}
        assert result["kind"] in {"message", "summary", "fact"}
    assert "c2m1" in first["results"][0]["messages"]
    assert "c2m1" in first["context_messages"]
    assert len(first["context_messages"]) == len(set(first["context_messages"]))
    scores = [result["score"] for result in first["results"]]
    assert scores == sorted(scores, reverse=True)
    hers = {m for result in first["results"] for m in result["messages"]}
    assert all(name.startswith(("c1", "c2")) for name in hers)
    assert "otto@example.org" in json.dumps(second)
    assert "elena@example.org" not in json.dumps(second)


def test_limit_and_context_tokens_are_kept(
    imported: None, write: Write, tmp_path: Path
) -> None:
    (row,) = recall(
        write, tmp_path, question(), options=("--limit", "2", "--context-tokens", "40")
    )
    assert len(row["results"]) == 2
    assert row["context_tokens"] <= 40
    (row,) = recall(write, tmp_path, question(), options=("--context-tokens", "0"))
    assert (row["context_tokens"], row["context_messages"]) == (0, [])


def test_a_question_is_asked_as_of_its_moment(
    imported: None, write: Write, tmp_path: Path
) -> None:
    early = question(query="Which city do I live in?", asked_at="2026-03-01T12:00:00Z")
    (then,) = recall(write, tmp_path, early)
    (now,) = recall(write, tmp_path, early, options=("--as-of", "2026-03-20T00:00:00"))
    assert "Berlin" not in json.dumps(then)
    assert "Ghent" in json.dumps(then["results"])
    assert "Berlin" in json.dumps(now["results"])
    assert not any(r["kind"] == "fact" and "Ghent" in r["text"] for r in now["results"])


def test_the_times_of_a_question_are_counted_from_its_moment(
    imported: None, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def prepare(text: str, **options: Any) -> Query:
        asked.append(whole(text, **options))
        return asked[-1]

    whole = memory_recall.prepare
    monkeypatch.setattr(finding, "prepare", prepare)
    early = question(query="What did I say yesterday?", asked_at="2026-03-01T12:00:00Z")
    recall(write, tmp_path, early)
    (period,) = asked[-1].periods
    assert period.start == datetime(2026, 2, 28, tzinfo=UTC)


def test_bad_questions_are_reported_and_the_good_ones_answered(
    imported: None, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="4 questions"):
        recall(
            write, tmp_path,
            question(), "nonsense", question(customer="nobody"),
            question(asked_at="yesterday"), question(query=" "),
            question(id="q9", query="nul\x00 and \ud800"),
        )  # fmt: skip
    told = capsys.readouterr().err
    assert "line 2: not JSON" in told
    assert "line 3: there is no customer 'nobody'" in told
    assert "line 4: asked_at must be a time" in told
    assert "line 5: query must be" in told
    assert [row["id"] for row in lines_of(tmp_path / "out.jsonl")] == ["q1", "q9"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--as-of", "soon"), "--as-of must be a time"),
        (("--limit", "0"), "--limit"),
        (("--context-tokens", "-1"), "--context-tokens"),
    ],
)
def test_a_wrong_option_is_one_line(
    imported: None, write: Write, tmp_path: Path, options: Any, problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        recall(write, tmp_path, question(), options=options)


def test_an_unknown_tenant_is_one_line(write: Write, tmp_path: Path) -> None:
    for name, args in (("recall_questions", [write(question())]), ("dump_facts", [])):
        with pytest.raises(
            CommandError, match="There is no tenant 'measured'"
        ) as failed:
            run(name, *args, "--tenant", "measured", "--out", str(tmp_path / "out"))
        assert "\n" not in str(failed.value)


def test_an_out_file_that_cannot_be_written_is_one_line(
    imported: None, write: Write, tmp_path: Path
) -> None:
    out = str(tmp_path / "no" / "such" / "folder.jsonl")
    for name, args in (("recall_questions", [write(question())]), ("dump_facts", [])):
        with pytest.raises(CommandError, match="Cannot write"):
            run(name, *args, "--tenant", "measured", "--out", out)


# --- dump_facts -----------------------------------------------------------------------


def dump(tmp_path: Path) -> list[dict[str, Any]]:
    out = tmp_path / "facts.jsonl"
    run("dump_facts", "--tenant", "measured", "--out", str(out))
    return lines_of(out)


def test_every_fact_is_dumped_in_the_promised_shape(
    imported: None, tmp_path: Path
) -> None:
    rows = dump(tmp_path)
    for row in rows:
        assert set(row) == {
            "customer", "conversation", "key", "value", "normal", "text", "kind",
            "purpose", "source", "valid_from", "recorded_at", "valid_to", "evidence",
        }  # fmt: skip
        assert set(row["evidence"]) == {"message", "span", "author"}
    (email,) = [r for r in rows if r["key"] == "email" and r["customer"] == "u1"]
    assert email["value"] == "elena@example.org"
    assert email["conversation"] == "c1"
    assert email["evidence"]["message"] == "c1m1"
    assert "elena@example.org" in email["evidence"]["span"]
    cities = {r["value"]: r["valid_to"] for r in rows if r["key"] == "city"}
    assert cities["Berlin"] is None
    assert cities["Ghent"].startswith("2026-03-02")


def test_a_fact_that_staff_corrected_is_dumped_too(
    imported: None, tmp_path: Path
) -> None:
    desk = tenant()
    with identity_scope():
        user = User.objects.create(tenant=desk, email="ada@example.com", name="Ada")
    with tenant_scope(desk.id):
        wrong = Fact.objects.get(key="email", customer__external_id="u2")
        facts.correct(fact=wrong, value="otto.k@example.org", user=user)
    (row,) = [r for r in dump(tmp_path) if r["value"] == "otto.k@example.org"]
    assert row["evidence"] == {"message": None, "span": "", "author": None}
    assert row["conversation"] is None


def test_another_tenants_facts_are_not_dumped(imported: None, tmp_path: Path) -> None:
    with identity_scope():
        Tenant.objects.create(slug="empty", name="Empty")
    out = tmp_path / "facts.jsonl"
    run("dump_facts", "--tenant", "empty", "--out", str(out))
    assert lines_of(out) == []
