"""How sure a mean is: bootstrap over questions, with a fixed seed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

ROUNDS: Final = 2_000
_SEED: Final = 7


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of some values and how far it may be off."""
    rows = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(_SEED).integers(len(rows), size=(ROUNDS, len(rows)))
    low, high = np.percentile(rows[drawn].mean(axis=1), (2.5, 97.5))
    return Estimate(float(rows.mean()), float(low), float(high))


def difference(ones: Sequence[float], others: Sequence[float]) -> Estimate:
    """Return how much more the ones are than the others, question by question."""
    return estimate([a - b for a, b in zip(ones, others, strict=True)])
