"""On which level of the map segregation lies: between municipalities, between their wijken, or between buurten in them.

Theil's index of the whole country is the sum of these three, and so is the rank-order index, which adds up Theil's at
each threshold with the same weights at every level. Dissimilarity has no such sum: it only has a value at each level.
Source: Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x; Theil 1972 (the sum).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.measures.registry import get_index
from kloof.measures.tables import FloatArray

MUNICIPALITIES, WIJKEN, BUURTEN, WHOLE = "between_municipalities", "between_wijken", "between_buurten", "whole"
PARTS = (MUNICIPALITIES, WIJKEN, BUURTEN, WHOLE)
LEVELS = ("buurt", "wijk", "municipality")
LACKING = {"province": "no_provinces", "radius": "no_coordinates"}  # levels of which the store knows nothing


class Nested(NamedTuple):
    """Counts (G, areas) of buurten, wijken and municipalities, and to which area of the next level each belongs."""

    buurten: FloatArray
    wijken: FloatArray
    municipalities: FloatArray
    wijk: NDArray[np.intp]
    municipality: NDArray[np.intp]


def nested(counts: FloatArray, codes: NDArray[np.str_], now: Mapping[str, str]) -> Nested:
    """Add buurten (counts (G, N), codes of CBS) up to wijken and municipalities; `now` is what a municipality became.

    A wijk and a municipality are part of the code of a buurt. A wijk stays one when its municipality is merged.
    """
    own = pd.Series(codes, dtype="str")
    wijken, wijk = np.unique(own.str[2:8].to_numpy(dtype=object).astype(str), return_inverse=True)
    place = pd.Series([f"GM{code[:4]}" for code in wijken], dtype="str")
    places, municipality = np.unique(
        place.map(lambda code: now.get(code, code)).to_numpy(dtype=object).astype(str), return_inverse=True
    )
    by_wijk = _added(counts, wijk, len(wijken))
    return Nested(counts, by_wijk, _added(by_wijk, municipality, len(places)), wijk, municipality)


def _added(counts: FloatArray, place: NDArray[np.intp], size: int) -> FloatArray:
    return np.stack([np.bincount(place, weights=row, minlength=size) for row in counts])


def parts_of(table: Nested, *, ordered: bool) -> pd.DataFrame:
    """Divide the index of the whole over the levels: part, estimate, share (percent of the whole).

    The index is Theil's of a group and the rest, or of ordered classes the rank-order one.
    """
    if ordered:
        index = get_index("rank_order_theil_h")
        at = [float(index.of_counts(rows, (0,))[0]) for rows in (table.municipalities, table.wijken, table.buurten)]
        found = [at[0], at[1] - at[0], at[2] - at[1], at[2]]
    else:
        between, within = (get_index(f"theil_h_{side}_parents").function for side in ("between", "within"))
        whole = get_index("theil_h").of_counts(table.buurten, (0,))
        made = (
            between(table.wijken, table.municipality, (0,)), within(table.wijken, table.municipality, (0,)),
            within(table.buurten, table.wijk, (0,)), whole,
        )  # fmt: skip
        found = [float(one[0]) for one in made]
    return pd.DataFrame(
        {"part": PARTS, "estimate": found, "share": [100 * one / found[-1] if found[-1] else np.nan for one in found]}
    )


def profile_of(index_id: str, table: Nested) -> pd.DataFrame:
    """Give an index at each level of the map: level, areas, estimate, reason (None, or why there is no number)."""
    index = get_index(index_id)
    rows: list[tuple[str, int, float, str | None]] = [
        (level, counts.shape[1], float(index.of_counts(counts, (0,))[0]), None)
        for level, counts in zip(LEVELS, (table.buurten, table.wijken, table.municipalities), strict=True)
    ]
    rows += [(level, 0, np.nan, reason) for level, reason in LACKING.items()]
    return pd.DataFrame(rows, columns=["level", "areas", "estimate", "reason"])
