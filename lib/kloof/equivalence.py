"""Equivalence: is an effect smaller than the smallest one that matters? Two one-sided tests (TOST).

"No difference" is never shown by a test that failed to find one; it is shown when both "at least as large as the
smallest effect of interest" and "at least as large the other way" are rejected.

Sources: Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017, doi:10.1177/1948550617697177 (smallest effect of
interest); Phillips 1990, doi:10.1007/BF01063556 (power).
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import Array
from kloof.errors import NotComputableError

ALPHA = 0.05


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests: p of "at most -smallest" and of "at least smallest", the larger of the two, the verdict.

    `smallest_declared`: the smallest effect of interest for which these data would say equivalent at `alpha`.
    """

    p_below: float
    p_above: float
    p_value: float
    smallest_declared: float
    equivalent: bool


def _check(smallest: float, standard_error: float | None = None) -> None:
    """Raise NotComputableError when the smallest effect is not above 0, or there is no standard error."""
    if not smallest > 0:
        raise NotComputableError(
            "no_smallest_effect", f"Equivalence needs a smallest effect above 0; it is {smallest:g}."
        )
    if standard_error is not None and not standard_error > 0:
        raise NotComputableError("no_spread", "Equivalence needs a standard error above 0.")


def by_t(estimate: float, standard_error: float, degrees: float, smallest: float, alpha: float = ALPHA) -> Equivalence:
    """Test equivalence with a t distribution; `degrees` may be infinite (normal).

    `estimate`, `standard_error` and `smallest` (the smallest effect of interest, above 0) are in one unit.
    Raises NotComputableError(no_smallest_effect, no_spread).
    """
    from scipy.special import stdtr, stdtrit

    _check(smallest, standard_error)
    below = float(stdtr(degrees, -(estimate + smallest) / standard_error))
    above = float(stdtr(degrees, (estimate - smallest) / standard_error))
    declared = abs(estimate) + float(stdtrit(degrees, 1 - alpha)) * standard_error
    return Equivalence(below, above, max(below, above), declared, max(below, above) <= alpha)


def by_draws(estimate: float, errors: Array, smallest: float, alpha: float = ALPHA) -> Equivalence:
    """Test equivalence with draws of the estimator's error (estimate minus truth), such as a dealt or bootstrapped one.

    `errors` one value per draw, in the unit of the estimate, centred where the truth is. p-values are
    (b + 1) / (draws + 1). Raises NotComputableError: no_smallest_effect; too_few_draws when no draws could reject.
    """
    _check(smallest)
    draws = len(errors)
    outside = int(np.floor(alpha * (draws + 1)))
    if outside < 1:
        raise NotComputableError("too_few_draws", f"{draws} draws can give no p-value under {alpha:g}.")
    below = (int((errors >= estimate + smallest).sum()) + 1) / (draws + 1)
    above = (int((errors <= estimate - smallest).sum()) + 1) / (draws + 1)
    ordered = np.sort(errors)
    declared = max(float(ordered[-outside]) - estimate, estimate - float(ordered[outside - 1]), 0.0)
    return Equivalence(below, above, max(below, above), declared, max(below, above) <= alpha)


def by_interval(low: float, high: float, smallest: float) -> bool:
    """Whether an interval lies wholly inside ± the smallest effect.

    With a 90 percent interval that is TOST at 5 percent; with a 95 percent interval, at 2.5 percent: stricter.
    """
    _check(smallest)
    return -smallest <= low and high <= smallest


def power(standard_error: float, degrees: float, smallest: float, effect: float = 0.0, alpha: float = ALPHA) -> float:
    """Chance that `by_t` declares equivalence when the truth is `effect` and the standard error is estimated.

    Exact: the chance given the estimated standard error, integrated over its chi distribution (Phillips 1990).
    """
    from scipy.integrate import quad
    from scipy.special import ndtr, stdtrit
    from scipy.stats import chi

    _check(smallest, standard_error)
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
