"""The same index at units, parents and random parts: ends that are known, the same partitions for every index."""

import numpy as np
import pandas as pd
import pytest

from kloof.errors import ParameterError
from kloof.measures.counts import Prepared, prepare
from kloof.measures.measure import measure
from kloof.measures.scale import by_scale


def city(parents: list[str], shares: list[float], name: str = "A") -> pd.DataFrame:
    rows = [
        {"city": name, "unit": f"u{at}", "parent": parent, "group": group, "count": 100 * part}
        for at, (parent, share) in enumerate(zip(parents, shares, strict=True))
        for group, part in (("x", share), ("y", 1 - share))
    ]
    return pd.DataFrame(rows)


def ready(*tables: pd.DataFrame) -> Prepared:
    return prepare(pd.concat(tables), ["city"])


def scales(prepared: Prepared, index: str = "dissimilarity", partitions: int = 200) -> pd.DataFrame:
    return by_scale(prepared, [index], np.random.default_rng(3), partitions, ("x", None)).set_index(["city", "scale"])


def test_parents_that_follow_the_border_keep_all_and_random_parts_lose_it() -> None:
    apart = city(list("aabbccdd"), [0.9] * 4 + [0.1] * 4)
    # the same units in parents that each mix a high and a low one
    mixed = city(list("abcdabcd"), [0.9] * 4 + [0.1] * 4, "B")
    found = scales(ready(apart, mixed))
    assert found.loc[[("A", "unit"), ("B", "unit")], "estimate"].tolist() == pytest.approx([0.8, 0.8])
    assert found.loc[("A", "parent"), "estimate"] == pytest.approx(0.8)
    assert found.loc[("B", "parent"), "estimate"] == pytest.approx(0, abs=1e-12)
    assert found.loc[("A", "parent"), "n_units"] == found.loc[("A", "random"), "n_units"] == 4
    # Pairs at random: a mixed part has share ½ and adds nothing, a pure one |a/A − b/B| = (1.8 − 0.2)/4 = .4. Two of 8
    # are of one kind with chance 2·(4·3)/(8·7) = 3/7: expected D = ½ · 4 · 3/7 · .4 = .342857
    for name in "AB":
        assert found.loc[(name, "random"), "estimate"] == pytest.approx(0.342857, abs=0.04)
        assert 0 <= found.loc[(name, "random"), "low"] < found.loc[(name, "random"), "high"] <= 0.8 + 1e-12
    assert found.loc[("A", "unit"), ["low", "high"]].isna().all()


def test_parents_of_one_unit_change_nothing() -> None:
    found = scales(ready(city(list("abcd"), [0.9, 0.5, 0.2, 0.1])), "theil_h", 5)
    assert found["estimate"].to_numpy() == pytest.approx([found["estimate"].iloc[0]] * 3, abs=1e-12)
    assert found["n_units"].tolist() == [4, 4, 4]
    assert found["partitions"].tolist() == [0, 0, 5]


def test_the_same_partitions_for_every_index_and_the_same_seed_the_same_table() -> None:
    prepared = ready(city(list("aabbc"), [0.9, 0.5, 0.2, 0.1, 0.7]))
    both = by_scale(prepared, ["dissimilarity", "minmax"], np.random.default_rng(3), 1, ("x", None))
    random = both[both["scale"] == "random"].set_index("index")["estimate"]
    # minmax is 2D/(1 + D) of one and the same table
    assert random["minmax"] == pytest.approx(2 * random["dissimilarity"] / (1 + random["dissimilarity"]), abs=1e-12)
    again = by_scale(prepared, ["minmax", "dissimilarity"], np.random.default_rng(3), 1, ("x", None))
    assert set(again["estimate"].round(14)) == set(both["estimate"].round(14))


def test_the_scales_are_the_indices_of_the_parts() -> None:
    rng = np.random.default_rng(5)
    rows = [
        {"unit": f"u{at}", "parent": f"w{at % 3}", "group": group, "count": float(rng.integers(1, 50))}
        for at in range(10)
        for group in "xyz"
    ]
    table = pd.DataFrame(rows)
    found = by_scale(prepare(table), ["multigroup_gini", "gini"], rng, 10)
    merged = table.groupby(["parent", "group"], as_index=False)["count"].sum().rename(columns={"parent": "unit"})
    for scale, source in (("unit", table), ("parent", merged)):
        rows_of = found[found["scale"] == scale]
        expected = measure(source, ["multigroup_gini", "gini"])
        assert rows_of[["index", "group", "against"]].to_numpy().tolist() == (
            expected[["index", "group", "against"]].to_numpy().tolist()
        )
        np.testing.assert_allclose(rows_of["estimate"], expected["estimate"], atol=1e-12)
    assert (found.loc[found["scale"] == "parent", "n_units"] == 3).all()


def test_not_defined_stays_missing_and_a_unit_without_parent_is_set_aside() -> None:
    table = city(list("aabb"), [0, 0, 0, 0])
    found = scales(ready(table), partitions=3)
    assert found["estimate"].isna().all()
    assert found["partitions"].tolist() == [0, 0, 0]
    table = city(list("aabbc"), [0.9, 0.5, 0.2, 0.1, 0.7])
    table.loc[table["unit"] == "u4", "parent"] = None
    assert scales(ready(table))["n_units"].tolist() == [4, 2, 2]


def test_all_faults_at_once() -> None:
    prepared = prepare(city(list("ab"), [0.1, 0.5]).drop(columns="parent"), ["city"])
    with pytest.raises(ParameterError) as caught:
        by_scale(prepared, ["delta", "gini"], np.random.default_rng(0), 0)
    for part in ("3 faults", "no column parent", "delta needs more than counts", "partitions must be 1 or more, got 0"):
        assert part in str(caught.value)
