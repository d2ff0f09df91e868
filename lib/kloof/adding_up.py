"""Compares the wijken and buurten of a municipality, added up, with the municipality itself."""

import pandas as pd

from kloof.schema import SetAside, level_of

ROUNDED_TO = {"inhabitants": 5.0, "registered_crimes": 0.5}  # by which each area may be off in a sum
SHOWN = 20  # municipalities named in one notice


def differences(observations: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Add up the areas of every municipality, level, year and source of one count.

    Takes observations; returns municipality, year, source, level, areas (number with a value), total (their sum),
    whole (the municipality itself), only where the municipality has a value.
    """
    rows = observations[(observations["indicator"] == indicator) & observations["value"].notna()]
    rows = rows[rows["code"].str.slice(0, 2).isin(["GM", "WK", "BU"])]
    rows = rows.assign(level=rows["code"].map(level_of), municipality="GM" + rows["code"].str.slice(2, 6))
    key = ["municipality", "year", "source"]
    wholes = rows[rows["level"] == "gemeente"].rename(columns={"value": "whole"})[[*key, "whole"]]
    parts = rows[rows["level"] != "gemeente"].groupby([*key, "level"], as_index=False)
    added = parts.agg(areas=("value", "size"), total=("value", "sum"))
    return added.merge(wholes, on=key, validate="many_to_one").sort_values(["year", "source", "level", "municipality"])


def sums(observations: pd.DataFrame, indicator: str, rounded_to: float) -> list[SetAside]:
    """Notice where areas do not add up to their municipality by more than rounding each of them explains."""
    found = differences(observations, indicator)
    found = found[(found["total"] - found["whole"]).abs() > rounded_to * found["areas"]]
    several = len(observations["code"].str.slice(2, 6).unique()) > 1
    details = [
        (f"{row.municipality} " if several else "")
        + f"{row.year} {row.level} {row.total:.0f} ({row.areas}) {row.whole:.0f}"
        for row in found.head(SHOWN).itertuples()
    ]
    notices = [SetAside("kwb_sums", 0, f"{indicator}_do_not_add_up", detail) for detail in details]
    if len(found) > SHOWN:
        notices.append(SetAside("kwb_sums", 0, f"{indicator}_do_not_add_up", f"+{len(found) - SHOWN}"))
    return notices
