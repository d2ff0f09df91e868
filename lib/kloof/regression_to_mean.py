"""What comes back of a figure and what lasts: a group chosen on noisy figures moves although nothing happens to it.

A figure is truth plus noise that does not last. Who is chosen on low figures is also chosen on low noise, and that
part comes back in other years. How far depends on how much of what buurten do from year to year is such noise.

Sources: Galton 1886, doi:10.2307/2841583; Davis 1976, doi:10.1093/oxfordjournals.aje.a112321; Barnett, van der Pols &
Dobson 2005, doi:10.1093/ije/dyh299.
"""

import numpy as np

from kloof.dealing import Array, Flags
from kloof.errors import NotComputableError


def variance_parts(value: Array, is_focus: Flags, rounding: float = 0.0) -> tuple[float, float]:
    """Split what buurten do from year to year in lasting shocks and passing noise: two variances per year.

    `value` buurt × year. What each group shared in a year is taken out. A passing deviation is undone in the next year,
    so neighbouring changes have covariance -noise; a change has variance shock + 2 noise. Noise is never less than what
    rounding to multiples of `rounding` makes; neither part is below 0. Raises NotComputableError(too_few_years) with
    fewer than three years, too_few_buurten with fewer than two in a group.
    Source: Abowd & Card 1989, doi:10.2307/1912561; Carroll & Samwick 1997, doi:10.1016/S0304-3932(97)00055-6.
    """
    if value.shape[1] < 3:
        raise NotComputableError(
            "too_few_years", f"Lasting and passing changes cannot be told apart in {value.shape[1]} years; three can."
        )
    if min(is_focus.sum(), (~is_focus).sum()) < 2:
        raise NotComputableError("too_few_buurten", "Each group needs two buurten to see what one did of its own.")
    moved = np.diff(value, axis=1)
    own = np.empty_like(moved)
    for side in (is_focus, ~is_focus):
        own[side] = moved[side] - moved[side].mean(axis=0)
    free = len(value) - 2
    neighbours = float((own[:, 1:] * own[:, :-1]).sum() / (free * (own.shape[1] - 1)))
    spread = float((own**2).sum() / (free * own.shape[1]))
    noise = min(max(-neighbours, rounding**2 / 12, 0.0), max(spread / 2, rounding**2 / 12))
    return max(spread - 2 * noise, 0.0), noise
