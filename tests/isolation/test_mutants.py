"""Whether the mutants still fit the source: `make prove-isolation` runs them."""

from pathlib import Path

from tests import environment as env
from tests.isolation.mutants.in_source import MUTANTS


def test_the_text_that_a_mutant_replaces_stands_exactly_once() -> None:
    """Whoever moves such a text moves it in the mutant, too."""
    sources = {
        mutant.file: Path(env.ROOT / mutant.file).read_text() for mutant in MUTANTS
    }
    found = {
        mutant.what: sources[mutant.file].count(mutant.old)
        for mutant in MUTANTS
        if sources[mutant.file].count(mutant.old) != 1
    }
    assert not found, "these mutants do not fit their files any more"


def test_every_mutant_is_another_one() -> None:
    assert len({mutant.what for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.old != mutant.new for mutant in MUTANTS)
