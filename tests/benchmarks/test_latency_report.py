"""The figures of recall as text: what is compared is divided, and written in place."""

from pathlib import Path

import pytest

from tests.benchmarks import docs
from tests.benchmarks.latency import report as reports
from tests.benchmarks.latency.fleet import Figure, figure
from tests.benchmarks.latency.measure import Results
from tests.benchmarks.latency.words import Vocabulary


def took(p50_ms: float, per_second: float) -> Figure:
    return Figure(p50_ms, p50_ms * 2, p50_ms * 3, per_second, 0.999, 100, 1.0)


@pytest.fixture
def results() -> Results:
    works = {
        "limit": took(0.5, 2_000),
        "sql": took(1.0, 1_000),
        "end_to_end": took(4.0, 250),
        "embedding": took(2.0, 500),
    }
    both = {"sql": took(1.0, 1_000), "limit": took(0.5, 2_000)}
    larger = {"sql": took(3.0, 300), "limit": took(2.0, 500)}
    return Results(
        memories=1_000_000,
        minutes=1.0,
        one=works,
        many=works,
        arriving=took(5.0, 98),
        growth={10_000: both, 1_000_000: larger},
        sizes={100: both, 10_000: larger},
    )


def test_a_figure_is_made_of_all_its_times() -> None:
    it = figure([float(each) for each in range(1, 101)], seconds=10)
    assert it.p50_ms == pytest.approx(50.5)
    assert it.p95_ms == pytest.approx(95.95)
    assert it.per_second == 10
    assert it.under_40_ms == pytest.approx(0.39)


def test_recall_is_shown_as_so_many_times_the_limit_and_the_smallest(
    results: Results,
) -> None:
    text = reports.report(results)
    assert "| ratio to the limit | 2.00 times | | | 0.50 times |" in text
    assert "| 1,000,000 | 3.00 ms | 3.00 times | 2.00 ms | 1.50 times |" in text
    assert "**99.90% under 40 ms**" in text
    assert text.count("xychart-beta") == 2


def test_only_the_marked_section_of_the_documentation_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "benchmarks.md"
    file.write_text(f"before\n\n{reports.BEGIN}\n\nold\n\n{docs.END}\n\nafter\n")
    monkeypatch.setattr(docs, "DOCS", file)
    reports.write("new")
    assert file.read_text() == (
        f"before\n\n{reports.BEGIN}\n\nnew\n\n{docs.END}\n\nafter\n"
    )


def test_the_documentation_has_the_place_for_it() -> None:
    text = docs.DOCS.read_text(encoding="utf-8")
    assert docs.END in text[text.index(reports.BEGIN) :]


def test_no_question_is_asked_twice_and_the_same_seed_draws_the_same() -> None:
    asked = Vocabulary(7).questions(500)
    assert len(set(asked)) == 500
    assert asked == Vocabulary(7).questions(500)
