"""How much a verdict hangs on choices: every combination of focus list, smallest effect, weights, indicator, window.

Also called a multiverse: the same question under all defensible choices, the headline being one of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from kloof.errors import ParameterError, SchemaError, examples, faults
from kloof.findings import CONTRADICTED, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED, VERDICTS

ROBUST = "robust"
DEPENDS = "depends"
NO_VERDICT = "no_verdict"
_DECIDED = (SUPPORTED, CONTRADICTED, NEGLIGIBLE)


@dataclass(frozen=True)
class Specifications:
    """The curve and what it says.

    `curve`: the given rows in order of their estimate, with `place` (0 = lowest, in the order to plot; without an
    estimate last), `is_headline` and `agrees`. `options`: one row per choice and option: choice, option, votes, agree,
    agree_share. `choices`: one row per choice, most decisive first: choice, pairs (comparisons in which only this
    choice differs), flips (pairs with another verdict), flip_share, from_headline (options that, changed alone, give
    another verdict than the headline).

    `verdict` is the headline's; `votes` the combinations that could be tested, `agree` those with that verdict,
    `agree_share` their part (0-1), `not_tested` the others. `label` is "robust" (enough agree, and no combination
    decides otherwise), "depends" on the choices in `depends_on`, or "no_verdict" when the headline could not be tested.
    """

    curve: pd.DataFrame
    options: pd.DataFrame
    choices: pd.DataFrame
    verdict: str
    votes: int
    agree: int
    agree_share: float | None
    not_tested: int
    label: str
    depends_on: tuple[str, ...]


def specification_curve(
    table: pd.DataFrame, choices: Sequence[str], headline: Mapping[str, object], agree_minimum: float = 0.8
) -> Specifications:
    """Lay out the verdicts of all combinations and say what they depend on.

    `table` has one row per combination: a column for each of `choices`, estimate, low, high (missing when not
    computable) and verdict; not every combination need be there. `headline` gives the option of each choice. A
    combination that cannot be tested does not vote. The verdict depends on a choice when changing it alone flips at
    least one pair of combinations that could both be tested.

    Raises SchemaError (columns, missing options, unknown verdicts, a combination twice) and ParameterError when the
    headline is not one of the rows or agree_minimum is not in 0-1.
    Sources: Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z; Steegen et al. 2016,
    doi:10.1177/1745691616658637.
    """
    names = list(choices)
    _check(table, names, agree_minimum)
    is_headline = (table[names] == pd.Series({name: headline.get(name) for name in names})).all(axis=1)
    if int(is_headline.sum()) != 1:
        shown = ", ".join(f"{name} = {headline.get(name)}" for name in names)
        raise ParameterError(f"The headline ({shown}) is not one of the {len(table)} combinations.")
    verdict = str(table.loc[is_headline, "verdict"].iloc[0])
    curve = table.assign(is_headline=is_headline, agrees=table["verdict"] == verdict)
    curve = curve.sort_values(["estimate", *names], na_position="last", ignore_index=True, key=_sortable)
    curve.insert(0, "place", range(len(curve)))
    voting = curve[curve["verdict"] != NOT_TESTABLE]
    rows = [_choice(voting, names, name) for name in names]
    flips = pd.DataFrame(rows, columns=["choice", "pairs", "flips", "flip_share", "from_headline"])
    order = flips["flip_share"].fillna(-1.0).sort_values(ascending=False, kind="stable").index
    flips = flips.loc[order].reset_index(drop=True)
    votes, agree = len(voting), int(voting["agrees"].sum())
    if verdict == NOT_TESTABLE:
        label = NO_VERDICT
    else:
        other = voting["verdict"].isin(_DECIDED) & ~voting["agrees"]
        label = ROBUST if agree >= agree_minimum * votes and not other.any() else DEPENDS
    depends = tuple(flips.loc[flips["flips"] > 0, "choice"]) if label == DEPENDS else ()
    return Specifications(
        curve=curve,
        options=_options(voting, names),
        choices=flips,
        verdict=verdict,
        votes=votes,
        agree=agree,
        agree_share=agree / votes if label != NO_VERDICT else None,
        not_tested=len(curve) - votes,
        label=label,
        depends_on=depends,
    )


def _sortable(column: "pd.Series[float]") -> "pd.Series[float]":
    """Sort numbers as numbers and options of any kind by their text."""
    return column if column.name == "estimate" else column.astype("str")  # type: ignore[return-value]


def _choice(
    voting: pd.DataFrame, names: list[str], name: str
) -> tuple[str, int, int, float | None, tuple[object, ...]]:
    """Count the pairs of combinations that differ in one choice only, and those with another verdict."""
    others = [other for other in names if other != name]
    pairs = _pairs(voting, others)
    alike = _pairs(voting, [*others, "verdict"])
    headline = voting[voting["is_headline"]]
    near = pd.Series(data=not headline.empty, index=voting.index)
    for other in others:
        near &= voting[other].isin(headline[other])
    away = tuple(voting.loc[near & ~voting["agrees"], name])
    return name, pairs, pairs - alike, (pairs - alike) / pairs if pairs else None, away


def _pairs(voting: pd.DataFrame, shared: list[str]) -> int:
    """Count the pairs of combinations that have all of `shared` in common."""
    sizes = Counter(zip(*(voting[name] for name in shared), strict=True)) if shared else {(): len(voting)}
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _options(voting: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    rows = []
    for name in names:
        for option, group in voting.groupby(name, sort=True):
            agree = int(group["agrees"].sum())
            rows.append((name, option, len(group), agree, agree / len(group)))
    return pd.DataFrame(rows, columns=["choice", "option", "votes", "agree", "agree_share"])


def _check(table: pd.DataFrame, names: list[str], agree_minimum: float) -> None:
    if not 0 <= agree_minimum <= 1:
        raise ParameterError(f"agree_minimum must be between 0 and 1, got {agree_minimum}.")
    needed = [*names, "estimate", "low", "high", "verdict"]
    found = [f"column {name} is missing" for name in needed if name not in table.columns]
    found += ["no choice is named"] * (not names)
    if not found:
        open_choices = table.index[table[names].isna().any(axis=1)].tolist()
        unknown = sorted(set(table["verdict"].astype("str")) - set(VERDICTS))
        twice = table.index[table.duplicated(names)].tolist()
        found += [f"an option is missing in row {examples(open_choices)}"] * bool(open_choices)
        found += [f"unknown verdict {examples(unknown)} (known: {', '.join(VERDICTS)})"] * bool(unknown)
        found += [f"the same combination twice in row {examples(twice)}"] * bool(twice)
    if found:
        raise SchemaError(faults("the table of specifications", found, "Give one row per combination of choices."))
