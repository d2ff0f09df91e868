"""Compares what different sources say about the same figure: how often they agree, and how far they are apart."""

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.schema import level_of

KEY = ["code", "year", "indicator"]
COLUMNS = (
    "indicator", "year", "level", "source", "other", "areas", "equal", "within_rounding",
    "mean_difference", "largest_difference", "where",
)  # fmt: skip


def agreement(observations: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Compare every two sources of one figure, area by area.

    Takes observations of several sources. Returns one row per indicator, year, level and pair of sources in
    alphabetical order: the number of areas both measured, how many are equal, how many differ no more than one step of
    rounding, the mean and the largest absolute difference in the unit of the indicator, and the area of the largest.
    """
    rows = observations.loc[observations["status"] == "measured", [*KEY, "value", "source"]]
    several = rows[rows.duplicated(KEY, keep=False)]
    pairs = several.merge(several, on=KEY, suffixes=("", "_other"))
    pairs = pairs[pairs["source"] < pairs["source_other"]]
    if pairs.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    step = {name: one.rounding for name, one in catalogue.indicators.items()}
    difference = (pairs["value"] - pairs["value_other"]).abs().round(9)
    pairs = pairs.assign(
        level=[level_of(code) for code in pairs["code"]],
        difference=difference,
        same=difference == 0,
        near=difference <= pairs["indicator"].map(step) + 1e-9,
    )
    found = []
    for key, part in pairs.groupby(["indicator", "year", "level", "source", "source_other"]):
        most = int(np.argmax(part["difference"].to_numpy()))
        numbers = (len(part), int(part["same"].sum()), int(part["near"].sum()))
        spread = (float(part["difference"].mean()), float(part["difference"].iloc[most]), part["code"].iloc[most])
        found.append((*key, *numbers, *spread))
    return pd.DataFrame(found, columns=list(COLUMNS))
