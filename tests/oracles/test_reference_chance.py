"""Rows of the peers' reference table about chance: null means, the bias-corrected D, simulated means and spreads.

What kloof does not compute stands in `LEFT_OUT` of test_reference.py.
"""

import math

import numpy as np
import pandas as pd
import pytest

from kloof.measures import chance, resample, two_groups
from kloof.measures.resample import Drawing, replicates

NAMES = {"D_bias_corrected", "D_null_mean", "D_sim_mean", "D_sim_sd"}
# draws behind the own_value of the reference, see reference.py
DRAWS = {"city_56x5": 40_000, "city_100x3": 40_000, "nation_14000x5": 2_000}
SIMULATED = {"systematic": 20_000, "evenness": 20_000, "bootstrap": 20_000, "person_permutation": 4_000}
MODEL = {"person_permutation": "permutation", "bootstrap": "units"}
HERE = 4_000


@pytest.fixture(scope="module")
def reference(shared) -> pd.DataFrame:
    rows = pd.read_csv(shared / "peers" / "reference.csv")
    return rows[rows["index"].isin(NAMES)].set_index("index", drop=False)


@pytest.fixture(scope="module")
def cases(shared) -> dict[str, pd.DataFrame]:
    return {
        name: pd.read_csv(shared / "peers" / "cases" / f"{name}.csv")
        .pivot(index="unit", columns="group", values="count")
        .astype(float)
        for name in DRAWS
    }


def sides(cases: dict[str, pd.DataFrame], row) -> tuple[np.ndarray, np.ndarray]:
    group, wide = row.groups[0], cases[row.case]
    return wide[group].to_numpy(), wide.drop(columns=group).sum(axis=1).to_numpy()


def test_no_row_of_the_reference_is_left_out(reference) -> None:
    counted = reference["index"].value_counts().to_dict()
    assert counted == {"D_bias_corrected": 9, "D_null_mean": 9, "D_sim_mean": 4, "D_sim_sd": 4}


def test_mean_d_under_evenness(reference, cases) -> None:
    for row in reference.loc[["D_null_mean"]].itertuples():
        a, b = sides(cases, row)
        few = 200 if a.size > 1000 else 2000
        drawn = replicates(
            {"d": resample.Dissimilarity(0)},
            np.stack([a, b]),
            (0,),
            "evenness",
            Drawing(np.random.default_rng(3), few),
        )["d"]
        error = float(row.note.removeprefix("sd ")) * math.sqrt(1 / few + 1 / DRAWS[row.case])
        assert abs(drawn.mean() - row.own_value) < 5 * error, row


def test_bias_corrected_d(reference, cases) -> None:
    for row in reference.loc[["D_bias_corrected"]].itertuples():
        a, b = sides(cases, row)
        few = 200 if a.size > 1000 else 1000
        drawn = replicates(
            {"d": resample.Dissimilarity(0)},
            np.stack([a, b]),
            (0,),
            "people_by_group",
            Drawing(np.random.default_rng(2), few),
        )["d"]
        error, ours = drawn.std(ddof=1), chance.bias_corrected(a, b)[0]
        assert abs(ours - row.own_value) < 5 * error / math.sqrt(DRAWS[row.case]), row
        assert abs(2 * two_groups.dissimilarity(a, b)[0] - drawn.mean() - ours) < 5 * error / math.sqrt(few), row


def test_simulated_nulls_and_bootstrap_have_the_means_and_spreads(reference, cases) -> None:
    for variant, behind in SIMULATED.items():
        rows = reference[reference["variant"] == f"{variant}, 500"]
        assert sorted(rows.index) == ["D_sim_mean", "D_sim_sd"]
        a, b = sides(cases, next(rows.itertuples()))
        drawn = replicates(
            {"d": resample.Dissimilarity(0)},
            np.stack([a, b]),
            (0,),
            MODEL.get(variant, variant),
            Drawing(np.random.default_rng(6), HERE),
        )["d"]
        error = rows.loc["D_sim_sd", "own_value"] * math.sqrt(1 / HERE + 1 / behind)
        assert abs(drawn.mean() - rows.loc["D_sim_mean", "own_value"]) < 5 * error, variant
        assert abs(drawn.std(ddof=1) - rows.loc["D_sim_sd", "own_value"]) < 5 * error / math.sqrt(2), variant


def test_bias_of_m_and_h_against_r(shared, cases) -> None:
    known = pd.read_csv(shared / "peers" / "reference_r.csv").query("case == 'city_56x5'").set_index("index")["value"]
    table = cases["city_56x5"].to_numpy().T
    measures = {"M": resample.mutual_information_of_sums, "H": resample.theil_h_of_sums}
    drawn = replicates(measures, table, (0,), "people_in_city", Drawing(np.random.default_rng(1), 2000))
    even = replicates(measures, table, (0,), "permutation", Drawing(np.random.default_rng(1), 1000))
    for name, measure in measures.items():
        error = known[f"{name}_se"] * math.sqrt(2 / 2000)
        bias = drawn[name].mean() - measure(table)[0]
        assert abs(bias - known[f"{name}_bias"]) < 5 * error
        assert drawn[name].std() == pytest.approx(known[f"{name}_se"], abs=5 * error / math.sqrt(2))
        assert even[name].mean() == pytest.approx(
            known[f"{name} under 0"], abs=5 * even[name].std() * math.sqrt(1 / 700)
        )
    a, b = cases["city_56x5"]["e"].to_numpy(), cases["city_56x5"].drop(columns="e").sum(axis=1).to_numpy()
    assert two_groups.expected_under_evenness(a, b)[0] == pytest.approx(known["D under 0"], abs=5 * 0.0053 / 44.7)
