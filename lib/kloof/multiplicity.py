"""Many tests, one registry: verdicts that still stand when all registered tests are counted, not those printed.

Source: Holm 1979, Scandinavian Journal of Statistics 6 (no DOI); statsmodels' `multipletests`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kloof.errors import CatalogueError, faults
from kloof.findings import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED, VERDICTS

ALPHA = 0.05
DECIDED = (SUPPORTED, CONTRADICTED, NEGLIGIBLE)


@dataclass(frozen=True)
class Adjusted:
    """A verdict after the count of all tests, the one before, and the p-value before and after (None: no test)."""

    verdict: str
    alone: str
    p_value: float | None
    adjusted: float | None


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjust the p-values of all registered tests; a test that could not be made counts in the family and stays None.

    Counting it as p = 1 costs the others no less than a test that found nothing: what is missing now may be delivered
    later and must not change what the family was. Raises CatalogueError listing every p-value outside 0 to 1.
    """
    from statsmodels.stats.multitest import multipletests

    wrong = [f"{name} has p = {p}" for name, p in p_values.items() if p is not None and not 0 <= p <= 1]
    if wrong:
        raise CatalogueError(faults("the p-values", wrong, "A p-value lies from 0 to 1."))
    if not p_values:
        return {}
    adjusted = multipletests([1.0 if p is None else p for p in p_values.values()], method="holm")[1]
    return {
        name: None if p is None else float(after) for (name, p), after in zip(p_values.items(), adjusted, strict=True)
    }


def adjusted_verdicts(
    verdicts: Mapping[str, str], p_values: Mapping[str, float | None], alpha: float = ALPHA
) -> dict[str, Adjusted]:
    """Keep a decided verdict only where its adjusted p-value is at most `alpha`; otherwise it is undecided.

    `p_values` names every registered test: that of a difference for SUPPORTED and CONTRADICTED, that of equivalence for
    NEGLIGIBLE, in the order of `verdicts` or any other. Raises CatalogueError listing every fault: names that differ,
    an unknown verdict, a decided verdict without p-value.
    """
    found = [f"{name} has a verdict but is not registered" for name in verdicts if name not in p_values]
    found += [f"{name} is registered but has no verdict" for name in p_values if name not in verdicts]
    found += [f"{name} has the verdict {verdict!r}" for name, verdict in verdicts.items() if verdict not in VERDICTS]
    found += [
        f"{name} is {verdict} without a p-value"
        for name, verdict in verdicts.items()
        if verdict in DECIDED and name in p_values and p_values[name] is None
    ]
    if found:
        raise CatalogueError(faults("the verdicts", found, "Give one verdict and one p-value per registered test."))
    adjusted = holm(p_values)
    made = {}
    for name, verdict in verdicts.items():
        after = adjusted[name]
        fails = verdict in DECIDED and after is not None and after > alpha
        made[name] = Adjusted(UNDECIDED if fails else verdict, verdict, p_values[name], after)
    return made
