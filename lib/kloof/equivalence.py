"""Equivalence: how often two one-sided tests (TOST) would show that an effect is smaller than the smallest of interest.

"No difference" is never shown by a test that failed to find one; it is shown when both "at least as large as the
smallest effect of interest" and "at least as large the other way" are rejected.

Sources: Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017, doi:10.1177/1948550617697177 (smallest effect of
interest); Phillips 1990, doi:10.1007/BF01063556 (power).
"""

import numpy as np

from kloof.errors import NotComputableError

ALPHA = 0.05


def power(standard_error: float, degrees: float, smallest: float, effect: float = 0.0, alpha: float = ALPHA) -> float:
    """Chance that TOST by the t distribution shows equivalence when the truth is `effect`, the error being estimated.

    `standard_error`, `smallest` (the smallest effect of interest, above 0) and `effect` are in one unit; `degrees` may
    be infinite (normal). Exact: the chance given the estimated standard error, integrated over its chi distribution
    (Phillips 1990). Raises NotComputableError(no_smallest_effect, no_spread).
    """
    from scipy.integrate import quad
    from scipy.special import ndtr, stdtrit
    from scipy.stats import chi

    if not smallest > 0:
        raise NotComputableError(
            "no_smallest_effect", f"Equivalence needs a smallest effect above 0; it is {smallest:g}."
        )
    if not standard_error > 0:
        raise NotComputableError("no_spread", "Equivalence needs a standard error above 0.")
    margin, critical = smallest / standard_error, float(stdtrit(degrees, 1 - alpha))
    centre = effect / standard_error

    def given(ratio: float) -> float:
        reach = margin - critical * ratio
        return float(ndtr(reach - centre) - ndtr(-reach - centre)) if reach > 0 else 0.0

    if np.isinf(degrees):
        return given(1.0)
    scale = float(1 / np.sqrt(degrees))
    density = chi(degrees, scale=scale).pdf
    top = min(margin / critical, float(chi(degrees, scale=scale).isf(1e-12)))
    return float(quad(lambda ratio: given(ratio) * density(ratio), 0.0, top, limit=200)[0])
