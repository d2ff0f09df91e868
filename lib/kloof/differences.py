"""The difference between focus and rest in something each buurt did, with a spread that lets both groups differ.

In a balanced panel with unit and year effects and weights that stay with the buurt, every coefficient of focus × year
terms is a difference of two weighted means of a contrast over the years of each buurt's own figures, and clustering by
buurt is then the ordinary robust variance of that difference. So the estimator takes contrasts (buurt × coefficient),
not panels.
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import LEVEL, Array, Flags
from kloof.errors import NotComputableError

_EQUAL = 1e-9  # relative; a spread that is smaller is only floating point


@dataclass(frozen=True)
class Difference:
    """Focus minus rest of k contrasts: `estimate` (k), `covariance` (k × k), `degrees` of freedom of each t (k)."""

    estimate: Array
    covariance: Array
    degrees: Array

    @property
    def standard_error(self) -> Array:
        """Square root of the variances (k)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def interval(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Give the limits of each coefficient by the t distribution (k, k)."""
        from scipy.special import stdtrit

        margin = stdtrit(self.degrees, (1 + level) / 2) * self.standard_error
        return self.estimate - margin, self.estimate + margin

    def p_value(self, c: float = 0.0) -> Array:
        """Give the two-sided p-value of "the coefficient is c" by the t distribution (k)."""
        from scipy.special import stdtr

        return np.asarray(2 * stdtr(self.degrees, -np.abs(self.estimate - c) / self.standard_error))


def check_groups(is_focus: Flags) -> None:
    """Raise NotComputableError(too_few_buurten) unless both groups have two buurten to see a spread in."""
    smallest = int(min(is_focus.sum(), (~is_focus).sum()))
    if smallest < 2:
        raise NotComputableError(
            "too_few_buurten", f"The smallest group has {smallest} buurten; a spread within a group needs two."
        )


def difference(contrasts: Array, weight: Array, is_focus: Flags) -> Difference:
    """Give focus minus rest of each contrast with its robust covariance and few degrees of freedom.

    `contrasts` buurt × k, `weight` and `is_focus` one per buurt. The variance sums (share · residual)² / m, where m is
    the expected squared residual when buurten within a group vary alike: unbiased then, whatever the two groups differ
    (CR2). The degrees of freedom are Satterthwaite's for each group, joined by Welch.
    Raises NotComputableError(too_few_buurten), or (no_spread) when a contrast does not vary within the groups.
    Sources: Bell & McCaffrey 2002, Survey Methodology 28; Imbens & Kolesár 2016, doi:10.1162/REST_a_00552; Pustejovsky
    & Tipton 2018, doi:10.1080/07350015.2016.1247004; Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    check_groups(is_focus)
    width = contrasts.shape[1]
    estimate, covariance = np.zeros(width), np.zeros((width, width))
    squared = np.zeros(width)
    for side, sign in ((is_focus, 1.0), (~is_focus, -1.0)):
        share = weight[side] / weight[side].sum()
        middle = share @ contrasts[side]
        residual = contrasts[side] - middle
        factor = share**2 / expected_square(share)
        part = (factor[:, None] * residual).T @ residual
        estimate += sign * middle
        covariance += part
        squared += np.diag(part) ** 2 / satterthwaite(share)
    variance = np.diag(covariance)
    if (variance <= (_EQUAL * np.abs(contrasts).max(axis=0)) ** 2).any():
        raise NotComputableError(
            "no_spread", "All buurten of a group did the same, so nothing shows how far they could have differed."
        )
    return Difference(estimate, covariance, np.asarray(variance**2 / squared))


def expected_square(share: Array) -> Array:
    """Give the expected squared residual from a weighted mean, per unit of variance: 1 - 2s + Σs²."""
    return np.asarray(1 - 2 * share + (share**2).sum(axis=-1, keepdims=True))


def satterthwaite(share: Array) -> float:
    """Give the degrees of freedom of the variance of one weighted mean: tr(B)² / tr(B²) of its quadratic form ε'Bε.

    Equal shares of n give n - 1. Source: Satterthwaite 1946, doi:10.2307/3002019; Bell & McCaffrey 2002.
    """
    factor = share**2 / expected_square(share)
    centre = np.eye(len(share)) - share  # takes the weighted mean off every buurt
    form = centre.T @ (factor[:, None] * centre)
    return float(np.trace(form) ** 2 / (form * form).sum())
