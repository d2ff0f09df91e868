"""Every row of the peers' reference table about chance: null means, corrections, simulated means and spreads."""

import math

import numpy as np
import pandas as pd
import pytest

from kloof import chance, corrections, formulas, sums
from kloof.resample import Drawing, replicates

NAMES = {
    "D_bias_corrected",
    "D_density_corrected",
    "D_modified",
    "Gini_modified",
    "D_null_mean",
    "D_sim_mean",
    "D_sim_sd",
}
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


def spread_of_null(reference: pd.DataFrame, row) -> float:
    same = reference[(reference["case"] == row.case) & (reference["groups"] == row.groups)]
    return float(same.loc["D_null_mean", "note"].removeprefix("sd "))


def test_no_row_of_the_reference_is_left_out(reference) -> None:
    counted = reference["index"].value_counts().to_dict()
    assert counted == {
        "D_bias_corrected": 9,
        "D_modified": 9,
        "D_null_mean": 9,
        "D_density_corrected": 8,
        "Gini_modified": 8,
        "D_sim_mean": 4,
        "D_sim_sd": 4,
    }


def test_expected_d_under_evenness(reference, cases) -> None:
    for row in reference.loc[["D_null_mean"]].itertuples():
        off = chance.expected_dissimilarity(*sides(cases, row))[0] - row.own_value
        assert abs(off) < 5 * spread_of_null(reference, row) / math.sqrt(DRAWS[row.case]), row


def test_d_and_gini_corrected_for_chance(reference, cases) -> None:
    for name, index, function in (
        ("D_modified", formulas.dissimilarity, corrections.modified_dissimilarity),
        ("Gini_modified", formulas.gini, corrections.modified_gini),
    ):
        for row in reference.loc[[name]].itertuples():
            a, b = sides(cases, row)
            # (D − E)/(1 − E) moves by (1 − D)/(1 − E)² per unit of E; the Gini's null is 1.45 times as wide as D's
            wide = spread_of_null(reference, row) * (1.45 if name == "Gini_modified" else 1)
            room = 5 * wide * (1 - index(a, b)[0]) / (1 - 0.05) ** 2 / math.sqrt(DRAWS[row.case])
            assert abs(function(a, b)[0] - row.own_value) < room, row


def test_bias_corrected_d(reference, cases) -> None:
    for row in reference.loc[["D_bias_corrected"]].itertuples():
        a, b = sides(cases, row)
        few = 200 if a.size > 1000 else 1000
        drawn = replicates(
            {"d": sums.Dissimilarity(0)},
            np.stack([a, b]),
            (0,),
            "people_by_group",
            Drawing(np.random.default_rng(2), few),
        )["d"]
        error, ours = drawn.std(ddof=1), corrections.bias_corrected(a, b)[0]
        assert abs(ours - row.own_value) < 5 * error / math.sqrt(DRAWS[row.case]), row
        assert abs(2 * formulas.dissimilarity(a, b)[0] - drawn.mean() - ours) < 5 * error / math.sqrt(few), row


def test_density_corrected_d_to_the_digit(reference, cases) -> None:
    for row in reference.loc[["D_density_corrected"]].itertuples():
        assert corrections.density_corrected(*sides(cases, row))[0] == pytest.approx(row.own_value, abs=1e-9), row


def test_density_corrected_d_keeps_units_far_apart_where_the_peer_loses_them(reference, cases) -> None:
    """Two units, wholly apart: nothing of D = 1 is chance. The peer's density underflows: 0.503 for group e."""
    assert corrections.density_corrected([9000.0, 0.0], [0.0, 9000.0])[0] == 1.0
    row = next(row for row in reference.loc[["D_density_corrected"]].itertuples() if row.groups == "e|rest")
    assert float(row.value) < 0.51
    assert corrections.density_corrected(*sides(cases, row))[0] > 0.78


def test_simulated_nulls_and_bootstrap_have_the_means_and_spreads(reference, cases) -> None:
    for variant, behind in SIMULATED.items():
        rows = reference[reference["variant"] == f"{variant}, 500"]
        assert sorted(rows.index) == ["D_sim_mean", "D_sim_sd"]
        a, b = sides(cases, next(rows.itertuples()))
        drawn = replicates(
            {"d": sums.Dissimilarity(0)},
            np.stack([a, b]),
            (0,),
            MODEL.get(variant, variant),
            Drawing(np.random.default_rng(6), HERE),
        )["d"]
        error = rows.loc["D_sim_sd", "own_value"] * math.sqrt(1 / HERE + 1 / behind)
        assert abs(drawn.mean() - rows.loc["D_sim_mean", "own_value"]) < 5 * error, variant
        assert abs(drawn.std(ddof=1) - rows.loc["D_sim_sd", "own_value"]) < 5 * error / math.sqrt(2), variant


def test_a_single_seed_reused_is_not_a_mean_of_many_draws(reference) -> None:
    """The peer's modified D is one draw: it misses the closed form by what one draw misses it, not one in 500."""
    off = [
        abs(float(row.value) - row.own_value) / spread_of_null(reference, row)
        for row in reference.loc[["D_modified"]].itertuples()
    ]
    assert np.mean(off) > 10 / math.sqrt(500)


def test_bias_of_m_and_h_against_r(shared, cases) -> None:
    known = pd.read_csv(shared / "peers" / "reference_r.csv").query("case == 'city_56x5'").set_index("index")["value"]
    table = cases["city_56x5"].to_numpy().T
    measures = {"M": sums.mutual_information, "H": sums.theil_h}
    drawn = replicates(measures, table, (0,), "people_in_city", Drawing(np.random.default_rng(1), 2000))
    even = replicates(measures, table, (0,), "permutation", Drawing(np.random.default_rng(1), 1000))
    for name, measure in measures.items():
        error = known[f"{name}_se"] * math.sqrt(2 / 2000)
        bias = drawn[name].mean() - measure(table)[0]
        assert abs(bias - known[f"{name}_bias"]) < 5 * error
        assert drawn[name].std() == pytest.approx(known[f"{name}_se"], abs=5 * error / math.sqrt(2))
        index = {"M": "mutual_information", "H": "theil_h"}[name]
        assert abs(corrections.jackknife(table, index=index)[0] - known[f"{name}_debiased"]) < 5 * error
        assert even[name].mean() == pytest.approx(
            known[f"{name} under 0"], abs=5 * even[name].std() * math.sqrt(1 / 700)
        )
    a, b = cases["city_56x5"]["e"].to_numpy(), cases["city_56x5"].drop(columns="e").sum(axis=1).to_numpy()
    assert chance.expected_dissimilarity(a, b, null="permutation")[0] == pytest.approx(
        known["D under 0"], abs=5 * 0.0053 / 44.7
    )
