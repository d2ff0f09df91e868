"""Small panels for the tests of panel methods."""

import numpy as np

from kloof.models import Paths


def random_paths(seed: int, units: int, times: np.ndarray, level: float = 0.0, size: int = 4) -> Paths:
    """A panel with unit and year effects, shocks that last, unequal weights; figures known to within 0.05."""
    rng = np.random.default_rng(seed)
    value = level + rng.standard_normal((units, 1)) + rng.standard_normal(len(times))
    value = value + rng.standard_normal((units, len(times))).cumsum(axis=1)
    is_focus = np.arange(units) < size
    return Paths(value, value - 0.05, value + 0.05, times, np.exp(rng.standard_normal(units)), is_focus)


def lettered() -> Paths:
    """A panel without random numbers, 10 buurten × 6 years, made again in any language for a stored answer."""
    i, t = np.arange(10)[:, None], np.arange(6)[None, :]
    focus = i < 3
    value = 10 + np.sin(1.7 * i + 0.9 * t) * (1 + 0.2 * i) + 0.3 * t * focus + np.cos(2.3 * i * t + 1)
    return Paths(value, value, value, np.arange(6.0), 1.0 + (i[:, 0] * 7 % 5), focus[:, 0])
