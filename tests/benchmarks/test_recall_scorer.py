"""The figures of recall: what an answer is worth, and what is said to be idle."""

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from memory.recall.weights import WEIGHTS
from tests.benchmarks import docs
from tests.benchmarks.recall import report as reports
from tests.benchmarks.recall.baselines import rrf, stems
from tests.benchmarks.recall.intervals import difference, estimate
from tests.benchmarks.recall.scorer import (
    Answer,
    Score,
    auc,
    marks,
    outdated_first,
    score,
)
from tests.benchmarks.recall.sets import NEVER_SAID, Question, ours
from tests.benchmarks.recall.variants import PARTS, STEPS, only, without


def asked(*evidence: str, outdated: str = "", category: str = "time") -> Question:
    return Question(
        id="q",
        customer="u",
        text="When?",
        asked_at=datetime(2025, 1, 1, tzinfo=UTC),
        category=category,
        evidence=frozenset(evidence),
        outdated=frozenset(outdated.split()),
    )


def test_evidence_counts_where_it_stands() -> None:
    ranked = [f"m{place}" for place in range(1, 21)]
    found = marks(asked("m1", "m7", "m11", "m99"), Answer(ranked))
    assert found["R@5"] == 0.25
    assert found["R@10"] == 0.5
    assert found["R@20"] == 0.75
    assert found["all@10"] == 0
    assert found["MRR"] == 1
    gained = 1 + 1 / math.log2(8)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4) + 1 / math.log2(5)
    assert found["nDCG@10"] == pytest.approx(gained / ideal)
    assert "context any" not in found


def test_the_tenth_place_is_in_the_first_ten_and_the_eleventh_is_not() -> None:
    ranked = [f"m{place}" for place in range(1, 12)]
    assert marks(asked("m10"), Answer(ranked))["all@10"] == 1
    late = marks(asked("m11"), Answer(ranked))
    assert late["all@10"] == late["R@10"] == late["nDCG@10"] == 0
    assert late["MRR"] == pytest.approx(1 / 11)


def test_a_context_has_some_or_all_of_the_evidence() -> None:
    answer = Answer([], context=frozenset({"m1", "m5"}))
    some, every = marks(asked("m1", "m2"), answer), marks(asked("m1", "m5"), answer)
    assert (some["context any"], some["context all"]) == (1, 0)
    assert (every["context any"], every["context all"]) == (1, 1)


@pytest.mark.parametrize(
    ("ranked", "first"),
    [(["x", "old", "new"], True), (["new", "old"], False), (["x"], False)],
)
def test_outdated_is_first_when_it_stands_before_all_evidence(
    ranked: list[str], first: bool
) -> None:
    assert outdated_first(asked("new", outdated="old"), Answer(ranked)) is first


def test_auc_is_how_often_an_answered_question_scores_higher() -> None:
    assert auc([0.9, 0.5], [0.1, 0.5]) == pytest.approx(3.5 / 4)
    assert math.isnan(auc([0.9], []))


def test_what_was_never_said_counts_for_the_auc_alone() -> None:
    questions = [
        asked("m1"),
        asked("m2", outdated="m1", category="changed-now"),
        asked(category=NEVER_SAID),
    ]
    answers = [
        Answer(["m1"], best=0.9, took_ms=4),
        Answer(["m1", "m2"], best=0.4, took_ms=6),
        Answer(["m3"], best=0.5, took_ms=5),
    ]
    total = score(questions, answers)
    assert total.categories == ["time", "changed-now"]
    assert total.mean("R@5") == 1
    assert total.mean("MRR", "changed-now") == 0.5
    assert total.outdated_share == 1
    assert total.auc == 0.5
    assert total.took_ms == [4, 6, 5]


def test_an_interval_holds_the_mean_and_pairs_what_is_compared() -> None:
    it = estimate([0.0, 1.0] * 50)
    assert it.low < it.mean == 0.5 < it.high
    assert 0.38 < it.low < 0.43
    # The questions differ far more than the two ways do.
    values = [float(each % 2) for each in range(100)]
    more = difference([each + 0.1 for each in values], values)
    assert more == pytest.approx((0.1, 0.1, 0.1))


def test_reciprocal_ranks_are_summed_and_what_a_channel_lacks_has_none() -> None:
    fused = rrf([np.array([0.9, 0.1, 0.0]), np.array([1.0, 3.0, 0.0])])
    assert fused == pytest.approx([1 / 61 + 1 / 62, 1 / 62 + 1 / 61, 0])


def test_words_are_compared_by_their_stems() -> None:
    assert stems("Deliveries, delivered!") == ["deliveri", "deliv"]


def test_the_steps_make_the_whole_each_part_once() -> None:
    assert sorted(sum(STEPS.values(), ())) == sorted(PARTS)
    assert only(*PARTS) == WEIGHTS


def test_without_a_factor_nothing_is_multiplied() -> None:
    assert without("summary").summary == 1
    assert without("meaning").meaning == 0
    assert without("meaning").words == WEIGHTS.words


def made(*marked: float, never: float = 0.1) -> Score:
    """A score of as many questions, told from one that was never said or not."""
    found = score(
        [*(asked("m", outdated="o") for _ in marked), asked(category=NEVER_SAID)],
        [
            *(Answer(["m"] if each else ["o"], best=0.5, took_ms=2) for each in marked),
            Answer([], best=never),
        ],
    )
    found.rows = [{**row, "context any": 1, "context all": 0} for row in found.rows]
    return found


def results(**removals: Score) -> reports.Results:
    return reports.Results(
        ours=made(1, 0),
        baselines={"BM25": made(0, 0)},
        channels={"meaning alone": made(1, 0)},
        steps={"meaning alone": made(0, 0), "+ words": made(1, 0)},
        removals=removals,
    )


def test_only_what_nothing_is_lost_without_anywhere_is_idle() -> None:
    here = results(words=made(0, 0), idle=made(1, 0), sure=made(1, 0, never=0.9))
    there = results(words=made(1, 0), idle=made(1, 1), sure=made(1, 0))
    assert reports.idle([here, there]) == ["idle"]
    assert reports.idle([there]) == ["words", "idle", "sure"]


def test_the_report_compares_with_baselines_and_with_less() -> None:
    text = reports.report(results(words=made(0, 0)))
    assert "| time | 2 | 0.500 | 0.500 |" in text
    assert "| baseline: BM25 | 0.000 (0.000 to 0.000) |" in text
    assert "| words | -0.5000 (-1.000 to +0.000) |" in text
    assert '"time"' in text
    assert "bar [0.500]" in text
    assert "line [0.000]" in text
    assert "| +50.0 | +0.000 |" in text


@pytest.mark.parametrize("name", ["development", "held-out"])
def test_our_sets_name_messages_that_are_there(name: str) -> None:
    those = ours(name)
    there: dict[str, set[str]] = {}
    for customer, message in those.messages:
        there.setdefault(customer, set()).add(message["id"])
    for question in those.questions:
        named = question.evidence | question.outdated
        assert named <= there[question.customer], question.id
        assert not question.evidence & question.outdated, question.id
        assert bool(question.evidence) != (question.category == NEVER_SAID)


@pytest.mark.parametrize("name", ["development", "held-out", "long dialogues"])
def test_the_documentation_has_the_places_for_it(name: str) -> None:
    text = Path(docs.DOCS).read_text(encoding="utf-8")
    at = text.index(reports.begin(name))
    assert docs.END in text[at:]
