"""The figures of recall as Markdown tables and a Mermaid chart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.benchmarks import docs
from tests.benchmarks.recall.intervals import Estimate, difference, estimate
from tests.benchmarks.recall.scorer import Score

OURS: Final = "**recall**"
_MARKS: Final = ("R@5", "R@10", "R@20", "all@10", "MRR", "nDCG@10")
_CONTEXT: Final = ("context any", "context all")
_COMPARED: Final = ("R@5", "R@10", "nDCG@10")


@dataclass(frozen=True)
class Results:
    """All that was measured on one set; scores by name.

    Attributes:
        ours: Recall as the command has it.
        baselines: What it is compared with.
        channels: Our own channels, alone and fused.
        steps: Recall as it grows part by part; the last one is the whole.
        removals: The whole without one part.
    """

    ours: Score
    baselines: Mapping[str, Score]
    channels: Mapping[str, Score]
    steps: Mapping[str, Score]
    removals: Mapping[str, Score]

    @property
    def whole(self) -> Score:
        """Recall without what follows it: a second look, a reranker."""
        return list(self.steps.values())[-1]


def begin(name: str) -> str:
    """Return the mark in the documentation after which a set's figures stand."""
    return f"<!-- make bench-recall writes {name} from here -->"


def report(results: Results) -> str:
    """Return the tables and the chart of one set."""
    return "\n\n".join(
        [
            _told(results.ours),
            _methods(results),
            "Recall by kind of question, with R@5 of the baselines:",
            _categories(results),
            _chart(results),
            "Recall as it grows; each line has all parts of those above it:",
            _growing(results.steps),
            "What is lost without one part of the whole, with 95 % intervals of the"
            " paired differences (negative: the part helps):",
            _removed(results),
        ]
    )


def idle(everywhere: Sequence[Results]) -> list[str]:
    """Return the parts without which nothing gets worse on any of the sets."""
    return [
        name
        for name in everywhere[0].removals
        if not any(_hurts(it.whole, it.removals[name]) for it in everywhere)
    ]


def _hurts(whole: Score, less: Score) -> bool:
    return (
        any(less.mean(mark) < whole.mean(mark) for mark in _COMPARED)
        or less.outdated_share > whole.outdated_share
        or less.auc < whole.auc
    )


def _told(ours: Score) -> str:
    times = np.percentile(ours.took_ms, (50, 95, 99))
    return (
        f"{docs.machine()}; {len(ours.took_ms)} questions, of which {len(ours.rows)}"
        f" were answered in the history. One question takes"
        f" {times[0]:.1f} / {times[1]:.1f} / {times[2]:.1f} ms end to end"
        " (p50 / p95 / p99), its embedding included."
    )


def _methods(results: Results) -> str:
    named = {
        OURS: results.ours,
        **{f"ours: {name}": score for name, score in results.channels.items()},
        **{f"baseline: {name}": score for name, score in results.baselines.items()},
    }
    lines = [
        f"| | {' | '.join((*_MARKS, *_CONTEXT))} | outdated first | AUC |",
        "|---" * (len(_MARKS) + len(_CONTEXT) + 3) + "|",
    ]
    lines += [
        f"| {name} | {_interval(score, 'R@5')} | {_interval(score, 'R@10')}"
        f" | {_row(score, _MARKS[2:])} | {_row(score, _CONTEXT)}"
        f" | {_share(score.outdated_share)} | {_number(score.auc)} |"
        for name, score in named.items()
    ]
    return "\n".join(lines)


def _categories(results: Results) -> str:
    ours, others = results.ours, results.baselines
    lines = [
        f"| | questions | {' | '.join((*_MARKS, *_CONTEXT))} | {' | '.join(others)} |",
        "|---" * (len(_MARKS) + len(_CONTEXT) + len(others) + 2) + "|",
    ]
    for kind in [*_kinds(ours), ""]:
        count = ours.categories.count(kind) if kind else len(ours.rows)
        theirs = " | ".join(f"{it.mean('R@5', kind):.3f}" for it in others.values())
        lines.append(
            f"| {kind or '**all**'} | {count}"
            f" | {_row(ours, (*_MARKS, *_CONTEXT), kind)} | {theirs} |"
        )
    return "\n".join(lines)


def _chart(results: Results) -> str:
    kinds = _kinds(results.ours)

    def values(score: Score) -> str:
        return ", ".join(f"{score.mean('R@5', kind):.3f}" for kind in kinds)

    names = ", ".join(f'"{kind}"' for kind in kinds)
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'    title "R@5: recall (bars), {", ".join(results.baselines)} (lines)"',
            f"    x-axis [{names}]",
            '    y-axis "R@5" 0 --> 1',
            f"    bar [{values(results.ours)}]",
            *(f"    line [{values(it)}]" for it in results.baselines.values()),
            "```",
        ]
    )


def _growing(steps: Mapping[str, Score]) -> str:
    lines = [
        "| | R@5 | R@10 | all@10 | nDCG@10 | outdated first | AUC |",
        "|---" * 7 + "|",
    ]
    lines += [
        f"| {name} | {_row(score, ('R@5', 'R@10', 'all@10', 'nDCG@10'))}"
        f" | {_share(score.outdated_share)} | {_number(score.auc)} |"
        for name, score in steps.items()
    ]
    return "\n".join(lines)


def _removed(results: Results) -> str:
    lines = [
        f"| without | {' | '.join(_COMPARED)} | outdated first | AUC |",
        "|---" * (len(_COMPARED) + 3) + "|",
    ]
    whole = results.whole
    for name, score in results.removals.items():
        lost = " | ".join(
            _difference(difference(score.column(mark), whole.column(mark)))
            for mark in _COMPARED
        )
        outdated = _change(100 * (score.outdated_share - whole.outdated_share), 1)
        lines.append(
            f"| {name.replace('_', ' ')} | {lost} | {outdated}"
            f" | {_change(score.auc - whole.auc, 3)} |"
        )
    return "\n".join(lines)


def _kinds(score: Score) -> list[str]:
    return list(dict.fromkeys(score.categories))


def _row(score: Score, marks: Sequence[str], kind: str = "") -> str:
    return " | ".join(
        _number(score.mean(mark, kind)) if mark in score.rows[0] else "-"
        for mark in marks
    )


def _interval(score: Score, mark: str) -> str:
    it = estimate(score.column(mark))
    return f"{it.mean:.3f} ({it.low:.3f} to {it.high:.3f})"


def _difference(it: Estimate) -> str:
    if it.low == it.high == 0:
        return "0"
    sure = "**" if it.low > 0 or it.high < 0 else ""
    return f"{sure}{it.mean:+.4f}{sure} ({it.low:+.3f} to {it.high:+.3f})"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f} %"


def _change(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:+.{digits}f}"
