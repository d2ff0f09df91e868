"""What a measure would be without segregation, by simulation: "more than chance?".

With whole people, units differ by chance even when nobody sorts. Two nulls are told apart: "permutation" deals the same
people over the same homes (both margins fixed, hypergeometric); "evenness" draws the group of each resident anew with
the city's share (sizes of units fixed, binomial).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.errors import ParameterError
from kloof.resample import Drawing, replicates
from kloof.sums import Measure
from kloof.uncertainty import COLUMNS, inhabited, mean_and_error, p_value, quantiles, reasons

NULLS = ("permutation", "evenness", "systematic")


def more_than_chance(
    measures: Mapping[str, Measure],
    counts: ArrayLike,
    drawing: Drawing,
    starts: ArrayLike = (0,),
    null: str = "permutation",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Test each measure of counts (G, N) against a null: rows as `uncertainty.COLUMNS`, with expected and p_value.

    low and high are the range that chance alone gives (range_kind "null"), not an interval around the estimate; bias
    is nan; p_value is (b + 1)/(m + 1), one-sided. null: permutation, evenness or systematic, see `draws`. A reason for
    what is missing: no_units, group_is_empty, group_is_everyone, one_group, one_unit. Raises ParameterError (null).
    """
    if null not in NULLS:
        raise ParameterError(f'null "{null}" is not known: {", ".join(NULLS)}.')
    table = np.asarray(counts, dtype=np.float64)
    drawn = replicates(measures, table, starts, null, drawing)
    why = reasons(table, starts)
    single = inhabited(table, starts) < 2
    reason = pd.Series(
        [said or ("one_unit" if alone else None) for said, alone in zip(why, single, strict=True)], dtype=object
    )
    missing = reason.notna().to_numpy()
    found = []
    for name, measure in measures.items():
        estimate = measure(table, starts)
        low, high = quantiles(drawn[name], ((1 - confidence) / 2, (1 + confidence) / 2))
        expected, error = mean_and_error(drawn[name])
        shown = {"low": low, "high": high, "expected": expected, "standard_error": error}
        shown["p_value"] = p_value(estimate, drawn[name])
        found.append(
            pd.DataFrame(
                {
                    "segment": np.arange(estimate.size),
                    "index": name,
                    "estimate": estimate,
                    **{key: np.where(missing, np.nan, values) for key, values in shown.items()},
                    "range_kind": "null",
                    "method": null,
                    "confidence": confidence,
                    "bias": np.nan,
                    "draws": drawing.draws,
                    "draws_used": np.isfinite(drawn[name]).sum(axis=0),
                    "reason": reason,
                }
            )
        )
    return pd.concat(found, ignore_index=True).loc[:, [*COLUMNS, "expected", "p_value"]]
