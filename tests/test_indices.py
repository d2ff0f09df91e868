import math
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kloof.errors import ParameterError, SchemaError
from kloof.formulas import Segments
from kloof.indices import INDICES, expected_under_evenness, get_index
from kloof.measures import measure

COUNT_INDICES = [name for name, index in INDICES.items() if index.needs == "counts"]
EVENNESS = ["dissimilarity", "gini", "theil_h", "correlation_ratio"]
MEANS = ["weighted_sd", "coefficient_of_variation", "theil_between"]
PEER_NAMES = {
    "D": "dissimilarity",
    "Gini": "gini",
    "H": "theil_h",
    "Isolation": "isolation",
    "Interaction": "interaction",
    "eta2": "correlation_ratio",
}


def one(index_id: str, a: object, b: object) -> float:
    return float(INDICES[index_id].function(np.asarray(a), np.asarray(b), (0,))[0])


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(2, 9))
    cells = hnp.arrays(np.float64, size, elements=st.integers(0, 400).map(float))
    a, b = draw(cells), draw(cells)
    a[draw(st.integers(0, size - 1))] += 1
    b[draw(st.integers(0, size - 1))] += 1
    return a, b


# Three units, group 10 20 30 and rest 30 20 10. A = B = 60, T = 120, P = ½, shares ¼ ½ ¾.
# D = ½(20/60 + 0 + 20/60) = 1/3. Isolation = 10/60·¼ + 20/60·½ + 30/60·¾ = 1/24 + 4/24 + 9/24 = 7/12.
# η² = (7/12 − 1/2)/(1/2) = 1/6.
# Gini = Σ tᵢtⱼ|pᵢ−pⱼ| / 2T²P(1−P): 1600·2·(¼+½+¼) / (2·14400·¼) = 3200/7200 = 4/9.
# H: E = ln 2, E₁ = E₃ = ¼ ln 4 + ¾ ln(4/3) = 0.5623351446188083, E₂ = E, so
# H = ⅔(1 − E₁/E).
WORKED = {
    "dissimilarity": 1 / 3,
    "isolation": 7 / 12,
    "interaction": 5 / 12,
    "correlation_ratio": 1 / 6,
    "gini": 4 / 9,
    "theil_h": 2 / 3 * (1 - 0.5623351446188083 / 0.6931471805599453),
}


@pytest.mark.parametrize(("index_id", "value"), WORKED.items())
def test_worked_by_hand(index_id: str, value: float) -> None:
    assert one(index_id, [10, 20, 30], [30, 20, 10]) == pytest.approx(value, abs=1e-14)


# Values 1 and 3 with weights 3 and 1: mean 6/4 = 1.5; variance (3·0.25 + 1·2.25)/4 = 0.75.
# T = ¾·⅔·ln ⅔ + ¼·2·ln 2 = ½(ln ⅔ + ln 2) = ½ ln(4/3).
@pytest.mark.parametrize(
    ("index_id", "value"),
    [
        ("weighted_sd", math.sqrt(0.75)),
        ("coefficient_of_variation", math.sqrt(0.75) / 1.5),
        ("theil_between", 0.5 * math.log(4 / 3)),
    ],
)
def test_means_worked_by_hand(index_id: str, value: float) -> None:
    assert one(index_id, [1, 3], [3, 1]) == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize("index_id", MEANS)
def test_a_unit_without_weight_adds_nothing(index_id: str) -> None:
    assert one(index_id, [1, 3, 99], [3, 1, 0]) == pytest.approx(one(index_id, [1, 3], [3, 1]), abs=1e-14)
    assert one(index_id, [2, 2, 2], [5, 1, 3]) == pytest.approx(0, abs=1e-14)


def test_means_that_are_not_defined() -> None:
    assert math.isnan(one("weighted_sd", [1, 2], [0, 0]))
    assert math.isnan(one("coefficient_of_variation", [-1, 1], [1, 1]))
    assert math.isnan(one("theil_between", [-1, 5], [1, 1]))
    # a value of 0 is allowed: ½·0 + ½·2·ln 2
    assert one("theil_between", [0, 4], [1, 1]) == pytest.approx(math.log(2), abs=1e-14)


@pytest.mark.parametrize("index_id", COUNT_INDICES)
@pytest.mark.parametrize(("a", "b"), [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0], [0]), ([5], [0]), ([], [])])
def test_not_defined_is_nan_not_zero(index_id: str, a: list[float], b: list[float]) -> None:
    assert math.isnan(one(index_id, a, b))


@pytest.mark.parametrize("index_id", list(INDICES))
def test_a_missing_count_spreads_and_is_never_zero(index_id: str) -> None:
    assert math.isnan(one(index_id, [1, np.nan, 3], [2, 2, 2]))
    assert math.isnan(one(index_id, [1, 2, 3], [2, np.nan, 2]))


@given(tables())
@settings(deadline=None)
def test_inside_the_scale_and_symmetric(table: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = table
    for name in EVENNESS:
        value = one(name, a, b)
        assert -1e-12 <= value <= 1 + 1e-12, name
        assert value == pytest.approx(one(name, b, a), abs=1e-12), name
    assert one("isolation", a, b) + one("interaction", a, b) == pytest.approx(1, abs=1e-12)
    share = a.sum() / (a.sum() + b.sum())
    assert share - 1e-12 <= one("isolation", a, b) <= 1
    # the Gini index lies between D and 2D − D²
    d = one("dissimilarity", a, b)
    assert d - 1e-12 <= one("gini", a, b) <= 2 * d - d * d + 1e-12


@given(tables(), st.permutations(range(9)), st.floats(0.001, 1000))
@settings(deadline=None)
def test_order_scale_and_splitting_change_nothing(
    table: tuple[np.ndarray, np.ndarray], order: list[int], factor: float
) -> None:
    a, b = table
    shuffled = [at for at in order if at < a.size]
    halves = np.array([0.25, 0.75])
    for name in COUNT_INDICES:
        value = one(name, a, b)
        assert one(name, a[shuffled], b[shuffled]) == pytest.approx(value, abs=1e-11), name
        assert one(name, a * factor, b * factor) == pytest.approx(value, abs=1e-11), name
        split = one(name, np.concatenate([a[1:], a[0] * halves]), np.concatenate([b[1:], b[0] * halves]))
        assert split == pytest.approx(value, abs=1e-11), name
        if name in {"dissimilarity", "gini"}:  # these two don't depend on the size of the group
            assert one(name, a * factor, b) == pytest.approx(value, abs=1e-11), name


@given(hnp.arrays(np.float64, st.integers(1, 8), elements=st.integers(1, 300).map(float)), st.integers(1, 9))
@settings(deadline=None)
def test_proportional_counts_are_even(a: np.ndarray, factor: int) -> None:
    for name in EVENNESS:
        assert one(name, a, a * factor) == pytest.approx(0, abs=1e-13), name
    assert one("dissimilarity", a, a * factor) == 0
    assert one("isolation", a, a * factor) == pytest.approx(1 / (1 + factor), abs=1e-13)


@pytest.mark.parametrize("index_id", EVENNESS)
def test_complete_separation_is_one(index_id: str) -> None:
    assert one(index_id, [4, 9, 0, 0], [0, 0, 7, 2]) == pytest.approx(1, abs=1e-14)


@given(tables(), st.data())
@settings(deadline=None)
def test_an_exchange_towards_the_mix_never_raises_evenness(
    table: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    """Two units exchange as many of the group as of the rest, without crossing: unit sizes stay the same."""
    a, b = table
    share = np.divide(a, a + b, out=np.zeros(a.size), where=a + b > 0)
    i, j = data.draw(st.integers(0, a.size - 1)), data.draw(st.integers(0, a.size - 1))
    if a[i] + b[i] == 0 or a[j] + b[j] == 0 or share[i] <= share[j]:
        return
    sizes = 1 / (a[i] + b[i]) + 1 / (a[j] + b[j])
    most = min(a[i], b[j], (share[i] - share[j]) / sizes)
    moved = data.draw(st.floats(0, 1)) * most
    after_a, after_b = a.copy(), b.copy()
    after_a[[i, j]] += [-moved, moved]
    after_b[[i, j]] += [moved, -moved]
    for name in EVENNESS:
        assert one(name, after_a, after_b) <= one(name, a, b) + 1e-12, name


@given(tables(), tables())
@settings(max_examples=40, deadline=None)
def test_segments_and_replicates_equal_one_at_a_time(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> None:
    a, b = (np.concatenate([one_side, other]) for one_side, other in zip(first, second, strict=True))
    size = first[0].size
    for name, index in INDICES.items():
        # the third segment has no units at all
        batch = index.function(np.stack([a, a + 1]), np.stack([b, b + 2]), [0, size, a.size])
        assert batch.shape == (2, 3)
        for row, (up_a, up_b) in enumerate([(0, 0), (1, 2)]):
            alone = [one(name, part_a + up_a, part_b + up_b) for part_a, part_b in (first, second)]
            np.testing.assert_allclose(batch[row], [*alone, np.nan], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("starts", [[1], [], [0, 4], [0, 2, 1], 0])
def test_bad_offsets_are_refused(starts: object) -> None:
    with pytest.raises(ParameterError, match="starts must rise from 0 to at most 3"):
        Segments(starts, 3)  # type: ignore[arg-type]


def test_the_registry_is_complete() -> None:
    assert set(INDICES) == {*COUNT_INDICES, *MEANS}
    for name, index in INDICES.items():
        assert index.id == name
        assert index.family in {"evenness", "exposure", "means"}
        assert (index.family == "means") == (index.needs == "means")
        assert index.lowest < index.highest
        assert index.doi.startswith("10.")
        texts = (index.what_nl, index.what_en, index.weakness_nl, index.weakness_en)
        assert all(text.endswith(".") and len(text.split()) >= 5 for text in texts)
        assert len(set(texts)) == 4
    with pytest.raises(ParameterError, match='"disimilarity" is not known; did you mean "dissimilarity"'):
        get_index("disimilarity")


# ------------------------------------------------------------------ expected under evenness


def test_expected_by_listing_every_outcome() -> None:
    # Units of 2 and 1, one person in the group. With chance 2/3 that is in unit 1: shares 1|0 against ½|½,
    # D = ½(|1 − ½| + |0 − ½|) = ½; in unit 2 with chance 1/3: rest 2|0, D = 1. Expected 2/3·½ + 1/3·1 = 2/3.
    assert expected_under_evenness([1, 0], [1, 1])[0] == pytest.approx(2 / 3, abs=1e-12)
    assert expected_under_evenness([0, 1], [2, 0])[0] == pytest.approx(2 / 3, abs=1e-12)


@pytest.mark.parametrize("members", [8, 40, 300])
def test_expected_against_people_shuffled_at_random(members: int) -> None:
    rng = np.random.default_rng(20261124)
    sizes = rng.integers(1, 40, 25)
    drawn = rng.multivariate_hypergeometric(sizes, members, size=20_000).astype(float)
    # written out here, not taken from the library
    gaps = np.abs(drawn / members - (sizes - drawn) / (sizes.sum() - members))
    simulated = gaps.sum(axis=1) / 2
    error = simulated.std(ddof=1) / math.sqrt(simulated.size)
    expected = expected_under_evenness(drawn[0], sizes - drawn[0])[0]
    assert abs(expected - simulated.mean()) <= 5 * error
    assert error < 0.002


def test_expected_is_small_for_large_units_and_nan_without_a_group() -> None:
    assert expected_under_evenness([5000.0] * 4, [5000.0] * 4)[0] < 0.01
    assert np.isnan(expected_under_evenness([0, 0], [3, 4])[0])
    assert np.isnan(expected_under_evenness([3, 4], [0, 0])[0])
    assert expected_under_evenness([7], [5])[0] == 0


# ------------------------------------------------------------------ the peers' numbers


@pytest.mark.shared
@pytest.mark.parametrize("case", ["city_56x5", "city_100x3"])
def test_cities_equal_the_reference(shared: Path, case: str) -> None:
    counts = pd.read_csv(shared / "peers" / "cases" / f"{case}.csv", dtype={"group": str})
    reference = pd.read_csv(shared / "peers" / "reference.csv")
    chosen = reference[
        (reference["case"] == case)
        & reference["index"].isin(list(PEER_NAMES))
        & reference["groups"].str.endswith("|rest")
        & (reference["variant"] == "default")
    ]
    assert len(chosen) == 6 * counts["group"].nunique()
    for group, rows in chosen.groupby(chosen["groups"].str[0]):
        found = measure(counts, COUNT_INDICES, str(group)).set_index("index")["estimate"]
        for row in rows.itertuples():
            assert found[PEER_NAMES[str(rows.loc[row.Index, "index"])]] == (pytest.approx(row.own_value, abs=1e-9))
    nulls = reference[(reference["case"] == case) & (reference["index"] == "D_null_mean")]
    for row in nulls.itertuples():
        members = counts["group"] == row.groups[0]
        a = counts[members].set_index("unit")["count"]
        b = counts[~members].groupby("unit")["count"].sum().reindex(a.index)
        # the reference drew 40,000 binomial cities; its sd stands in the note
        error = float(str(row.note).split()[-1]) / math.sqrt(40_000)
        assert abs(expected_under_evenness(a, b)[0] - row.own_value) <= 5 * error


@pytest.mark.shared
def test_all_municipalities_in_one_call(shared: Path) -> None:
    counts = pd.read_csv(shared / "peers" / "cases" / "nation_14000x5.csv")
    reference = pd.read_csv(shared / "peers" / "reference_municipalities.csv").set_index("municipality")
    found = measure(counts, ["dissimilarity", "theil_h"], "b", by=["municipality"])
    assert len(found) == 2 * 342
    for index_id, column in (("dissimilarity", "own_D_b"), ("theil_h", "own_H_b")):
        rows = found[found["index"] == index_id].set_index("municipality")
        np.testing.assert_allclose(rows["estimate"], reference.loc[rows.index, column], atol=1e-9)
        assert (rows["n_units"] == reference.loc[rows.index, "units"]).all()
        assert (rows["n_total"] == reference.loc[rows.index, "people"]).all()

    # all municipalities from prepared arrays: well under 5 ms (a peer takes 300 ms); best of 7
    members = counts[counts["group"] == "b"]
    a = members["count"].to_numpy(dtype=float)
    b = counts[counts["group"] != "b"].groupby("unit", sort=False)["count"].sum()
    b = b.reindex(members["unit"]).to_numpy(dtype=float)
    starts = np.flatnonzero((members["municipality"] != members["municipality"].shift()).to_numpy())
    seconds = []
    for _ in range(7):
        begun = time.perf_counter()
        for index_id in ("dissimilarity", "theil_h"):
            INDICES[index_id].function(a, b, starts)
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.005


# ------------------------------------------------------------------ measure


def small() -> pd.DataFrame:
    """Two years, three units, groups x y z; 2016 has a missing count of z in unit u3."""
    rows = []
    for year, cells in ((2014, "10 5 25 20 10 10 30 5 5"), (2016, "10 5 25 20 10 10 30 5 nan")):
        for at, count in enumerate(cells.split()):
            rows.append((year, f"u{at // 3 + 1}", "xyz"[at % 3], float(count)))
    return pd.DataFrame(rows, columns=["year", "unit", "group", "count"])


def test_measure_sets_a_unit_with_a_missing_count_aside_and_counts_it() -> None:
    counts = small()
    before = counts.copy()
    found = measure(counts, ["dissimilarity", "isolation"], "x", by=["year"])
    pd.testing.assert_frame_equal(counts, before)
    assert list(found.columns) == [
        *("year", "index", "group", "against", "estimate"),
        *("n_units", "n_missing", "n_total", "reason"),
    ]
    assert found["year"].tolist() == [2014, 2014, 2016, 2016]
    # 2014 is the table worked above; 2016 lacks u3: group 10 20, rest 30 20,
    # D = ½(|1/3 − 3/5| + |2/3 − 2/5|) = 4/15, isolation = 10/30·¼ + 20/30·½ = 5/12
    np.testing.assert_allclose(found["estimate"], [1 / 3, 7 / 12, 4 / 15, 5 / 12], atol=1e-14)
    assert found["n_units"].tolist() == [3, 3, 2, 2]
    assert found["n_missing"].tolist() == [0, 0, 1, 1]
    assert found["n_total"].tolist() == [120, 120, 80, 80]
    assert found["reason"].tolist() == [None] * 4
    assert set(found["against"]) == {"rest"}


def test_measure_against_one_group_ignores_the_others() -> None:
    found = measure(small(), "dissimilarity", "x", against="y", by="year")
    # x 10 20 30 against y 5 10 5: D = ½(|1/6 − 1/4| + |1/3 − 1/2| + |1/2 − 1/4|) = ¼; z may be missing
    np.testing.assert_allclose(found["estimate"], [0.25, 0.25], atol=1e-14)
    assert found["n_missing"].tolist() == [0, 0]
    assert found["against"].tolist() == ["y", "y"]


def test_measure_without_keys_and_in_any_row_order() -> None:
    counts = small().query("year == 2014").drop(columns="year")
    shuffled = counts.sample(frac=1, random_state=3)
    for table in (counts, shuffled):
        assert measure(table, "gini", "x")["estimate"].tolist() == [pytest.approx(4 / 9, abs=1e-14)]


def test_an_absent_row_is_missing_not_zero() -> None:
    counts = small()
    absent = counts.dropna()
    pd.testing.assert_frame_equal(
        measure(absent, "theil_h", "x", by=["year"]), measure(counts, "theil_h", "x", by=["year"])
    )


def test_measure_says_why_there_is_no_number() -> None:
    rows = [
        ("A", "u1", 0, 4),
        ("B", "u1", 4, 0),
        ("C", "u1", np.nan, 1),
        ("D", "u1", 1, 2),
        ("D", "u2", 3, np.nan),
    ]
    counts = pd.concat(
        pd.DataFrame({"city": city, "unit": unit, "group": ["x", "y"], "count": [x, y]}) for city, unit, x, y in rows
    )
    found = measure(counts, ["gini"], "x", by=["city"]).set_index("city")
    assert found["reason"].to_dict() == {
        "A": "group_is_empty",
        "B": "group_is_everyone",
        "C": "no_units",
        "D": None,
    }
    assert found["estimate"].isna().tolist() == [True, True, True, False]
    assert found["n_units"].tolist() == [1, 1, 0, 1]
    assert found["n_missing"].tolist() == [0, 0, 1, 1]
    assert found["n_total"].tolist() == [4, 4, 0, 3]


def test_measure_lists_all_faults_of_the_table() -> None:
    counts = pd.concat([small(), small().head(1)])
    counts.iloc[1, 3] = -4
    counts.iloc[2, 3] = np.inf
    with pytest.raises(SchemaError) as caught:
        measure(counts, ["ginny"], "q", by=["year"])
    message = str(caught.value)
    assert message.startswith("5 faults in counts.")
    for part in (
        "1 rows repeat a unit and group (2014 u1 x)",
        "count < 0 in 1 rows (2014 u1 y)",
        "count is infinite in 1 rows (2014 u1 z)",
        'index "ginny" is not known; did you mean "gini"?',
        'group "q" is not in the table; Groups: x, y, z.',
    ):
        assert part in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"columns": {"unit": "buurt", "count": "n"}},
            '2 faults in counts. (1) column "unit" is missing (2) column "count"',
        ),
        ({"columns": {"year": "index"}}, "a key can't be called index"),
    ],
)
def test_measure_refuses_wrong_columns(change: dict[str, dict[str, str]], message: str) -> None:
    by = ["index"] if "index" in change["columns"].values() else ["year"]
    with pytest.raises(SchemaError) as caught:
        measure(small().rename(**change), "gini", "x", by=by)  # type: ignore[call-overload]
    assert message in str(caught.value)


def test_measure_refuses_text_empty_keys_and_no_rows() -> None:
    with pytest.raises(SchemaError, match="not a number"):
        measure(small().astype({"count": str}), "gini", "x", by=["year"])
    with pytest.raises(SchemaError, match="there are no rows"):
        measure(small().head(0), "gini", "x", by=["year"])
    holes = small()
    holes.loc[0, "unit"] = None
    with pytest.raises(SchemaError, match="1 rows have an empty key, unit or group"):
        measure(holes, "gini", "x", by=["year"])


@pytest.mark.parametrize(
    ("indices", "group", "against", "message"),
    [
        ("weighted_sd", "x", None, 'index "weighted_sd" needs means and weights'),
        ([], "x", None, "no index was asked for"),
        ("gini", "x", "x", 'group and against are both "x"'),
        ("gini", "x", "w", 'against "w" is not in the table'),
    ],
)
def test_measure_refuses_a_wrong_choice(
    indices: str | list[str], group: str, against: str | None, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        measure(small(), indices, group, against, by=["year"])


def test_measure_refuses_a_group_without_a_rest() -> None:
    with pytest.raises(ParameterError, match='"x" is the only group'):
        measure(small().query("group == 'x'"), "gini", "x", by=["year"])
