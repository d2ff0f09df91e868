"""A town with homes: the twelve buurten of `town`, their households, dwellings, tenure and groups."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from town import Cell, indicator, town

from kloof.catalogue import Group, Indicator
from kloof.study.panel import Focus
from kloof.study.study import Study

Rows = Mapping[int, Sequence[Cell]]
GROUPS = ("low_income_households", "households_around_social_minimum", "social_assistance_recipients")


def share(name: str, universe: str, rounding: float) -> Indicator:
    """A percentage that is registered with a claim."""
    return Indicator(
        name, f"Deel {name}", f"Part {name}", "percent", "share", "population", rounding=rounding, universe=universe,
        smallest_effect=2.0,
    )  # fmt: skip


def estate(
    cells: Mapping[str, Rows], *, rounding: float = 0.0, counts: float = 0.0, focus: Focus | None = None, **changes: Any
) -> Study:
    """Make a study with the indicators and groups of the housing claims.

    Shares are rounded to `rounding` and counts to `counts`; by default nothing is.
    """
    entries = [
        *[share(name, "dwellings", rounding) for name in ("housing_corporation_share", "owner_occupied_share")],
        *[
            share(f"{name}_share", "households", rounding)
            for name in ("low_income_households", "households_around_social_minimum")
        ],
        share("social_assistance_share", "inhabitants", rounding),
        *[indicator(name, rounding=counts) for name in ("households", "dwellings", "inhabitants")],
        Indicator(
            "social_assistance_recipients", "Bijstand", "Assistance", "persons", "count", "population", rounding=counts
        ),
    ]
    made = town(cells, *entries, focus=focus, **changes)
    groups = {name: Group(name, name, name, "households", None, f"{name}_share") for name in GROUPS[:2]}
    groups[GROUPS[2]] = Group(GROUPS[2], GROUPS[2], GROUPS[2], "inhabitants", GROUPS[2])
    return dataclasses.replace(made, known=dataclasses.replace(made.known, groups=groups))


def same(value: float) -> list[Cell]:
    """Give every buurt the same figure."""
    return [value] * 12


def two(focus: float, rest: float) -> list[Cell]:
    """Give the four focus buurten one figure and the other eight another."""
    return [focus] * 4 + [rest] * 8


def frame(rows: Sequence[tuple[str, int, str, float, str]]) -> pd.DataFrame:
    """Make observations of code, year, indicator, value, unit."""
    columns = ["code", "year", "indicator", "value", "unit"]
    return pd.DataFrame(rows, columns=columns).assign(status="measured", source="cbs")
