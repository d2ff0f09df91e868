"""Turns replays of a test (dealt labels) into a p-value and the values that are not rejected.

A replay of the test of "the effect is c" is a t-statistic whose top is linear in c and whose variance is quadratic in
c. Five numbers per draw hold it for every c at once, so an interval costs no new draws.
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import LEVEL, Array
from kloof.errors import NotComputableError

_EQUAL = 1e-9  # relative; two statistics that differ less are equal: only floating point sets them apart
_DOUBLINGS = 60
_HALVINGS = 45


@dataclass(frozen=True)
class Replays:
    """Replayed statistics as functions of c: (top - c·slope) / sqrt(square - 2c·cross + c²·bend), one entry per draw.

    `complete`: every possible draw is there once, the observed one included; otherwise it counts as one more draw.
    """

    top: Array
    slope: Array
    square: Array
    cross: Array
    bend: Array
    complete: bool

    def at(self, c: float) -> Array:
        """Give the absolute statistics under the hypothesis that the effect is c; without any spread it is infinite."""
        variance = self.square - 2 * c * self.cross + c * c * self.bend
        top = np.abs(self.top - c * self.slope)
        scale = _EQUAL**2 * (self.square + c * c * self.bend)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = top / np.sqrt(np.maximum(variance, 0.0))
        return np.asarray(np.where(variance > scale, found, np.where(top > _EQUAL, np.inf, 0.0)))


def p_value(replays: Replays, estimate: float, standard_error: float, c: float = 0.0) -> float:
    """Give the part of the replays that are at least as far from c as the estimate; never 0.

    Two-sided and symmetric. Source: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (the observed one counts).
    """
    observed = abs(estimate - c) / standard_error
    as_far = int((replays.at(c) >= observed * (1 - _EQUAL)).sum())
    draws = len(replays.top)
    return max(as_far, 1) / draws if replays.complete else (as_far + 1) / (draws + 1)


def interval(replays: Replays, estimate: float, standard_error: float, level: float = LEVEL) -> tuple[float, float]:
    """Give the values of c around the estimate that the test does not reject at 1 - `level`.

    Each limit is found by doubling the distance until c is rejected and halving back. Raises
    NotComputableError(too_few_draws) when no distance leads to a rejection.
    Source: Ernst 2004, doi:10.1214/088342304000000396; Roodman et al. 2019, doi:10.1177/1536867X19830877, section 3.5.
    """
    limits = []
    for side in (-1.0, 1.0):
        inside, outside = 0.0, standard_error
        for _ in range(_DOUBLINGS):
            if p_value(replays, estimate, standard_error, estimate + side * outside) <= 1 - level:
                break
            inside, outside = outside, 2 * outside
        else:
            raise NotComputableError(
                "too_few_draws",
                f"{len(replays.top)} draws reject no value at {1 - level:.0%}, however far: there are too few groups or"
                " too few draws.",
            )
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            rejected = p_value(replays, estimate, standard_error, estimate + side * middle) <= 1 - level
            inside, outside = (inside, middle) if rejected else (middle, outside)
        limits.append(estimate + side * inside)
    return limits[0], limits[1]
