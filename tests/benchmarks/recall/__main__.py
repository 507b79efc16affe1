"""Measures how well recall finds what answers a question.

make bench-recall                    on our own support histories, both sets
make bench-recall WRITE=1            into docs/benchmarks.md
make bench-recall FILE=conversations.jsonl QUESTIONS=questions.jsonl GOLD=gold.jsonl
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks import docs
from tests.benchmarks.recall import place
from tests.benchmarks.recall.report import Results, begin, idle, report
from tests.benchmarks.recall.scorer import Answer, Score, score
from tests.benchmarks.recall.sets import Set, ours


def main() -> None:
    """Import what is missing, ask, print."""
    parser = argparse.ArgumentParser(prog="make bench-recall")
    parser.add_argument("--conversations", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--name", default="other", help="of the files' set")
    parser.add_argument("--write", action="store_true")
    told = parser.parse_args()
    files = [told.conversations, told.questions, told.gold]
    if any(files) and not all(files):
        parser.error("--conversations, --questions and --gold go together")
    if all(files):
        sets = [Set(told.name, *(path.resolve() for path in files))]
    else:
        sets = [ours("development"), ours("held-out")]
    place.start()
    measured = []
    for those in sets:
        measured.append(measure(those))
        text = report(measured[-1])
        sys.stdout.write(f"# {those.name}\n\n{text}\n\n")
        sys.stdout.flush()
        if told.write:
            docs.write(begin(those.name), text)
    sys.stdout.write(f"Nothing is lost without: {', '.join(idle(measured)) or '-'}\n")


def measure(those: Set) -> Results:
    """Measure everything on one set."""
    # Models and queries can be imported only once Django is set up.
    from tests.benchmarks.recall.asking import by_command, in_variants
    from tests.benchmarks.recall.baselines import baselines
    from tests.benchmarks.recall.variants import channels, removals, steps

    def scored(answers: Mapping[str, list[Answer]]) -> dict[str, Score]:
        return {name: score(those.questions, it) for name, it in answers.items()}

    slug = place.imported(those)
    groups = {"channels": channels(), "steps": steps(), "removals": removals()}
    # All at once: a question is understood once.
    answers = in_variants(
        those,
        slug,
        {
            (group, name): variant
            for group, variants in groups.items()
            for name, variant in variants.items()
        },
    )
    return Results(
        ours=score(those.questions, by_command(those, slug)),
        baselines=scored(baselines(those)),
        **{
            group: scored({name: answers[group, name] for name in variants})
            for group, variants in groups.items()
        },
    )


if __name__ == "__main__":
    main()
