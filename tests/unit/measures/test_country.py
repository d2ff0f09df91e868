"""An index for every municipality at once: by hand, and against the path of one municipality.

The real files of all municipalities are in test_plausibility.py.
"""

from collections.abc import Mapping

import handmade
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_rank_order import slow

from kloof.catalogue import Group
from kloof.errors import ParameterError, SchemaError
from kloof.measures.bounds import dissimilarity_range
from kloof.measures.country import (
    COUNTRY_COLUMNS,
    Everywhere,
    certain_range,
    counts_everywhere,
    measure_everywhere,
    own_municipality,
)
from kloof.measures.tables import CountBox
from kloof.measures.two_groups import dissimilarity, expected_under_evenness
from kloof.questions import groups
from kloof.schema import SetAside, check_observations
from kloof.study.study import open_study

POOR = Group("poor", "arm", "poor", "households", share="poor")
WORK = Group("work", "werk", "work", "inhabitants", count="workers")
D = ["dissimilarity"]

# municipality 1 is complete, 2 lacks a share, 3 lacks too much, 4 has no share, 5 is one buurt, in 6 all are poor
TOWN: dict[str, tuple[float | None, float | None, float | None]] = {  # code: share, households, inhabitants
    "BU00010001": (10, 100, 200),
    "BU00010002": (30, 100, 200),
    "BU00010003": (None, 0, 5),
    "BU00020001": (20, 300, 600),
    "BU00020002": (60, 100, 200),
    "BU00020003": (None, None, 96),
    "BU00030001": (20, 100, 200),
    "BU00030002": (None, 100, 200),
    "BU00040001": (None, 100, 200),
    "BU00050001": (20, 100, 200),
    "BU00060001": (100, 100, 200),
    "BU00060002": (100, 200, 400),
}


def observed(cells: Mapping[str, tuple[float | None, ...]], names: tuple[str, ...], year: int = 2016) -> pd.DataFrame:
    """Lay cells out as observations; None is no row."""
    known = handmade.known()
    rows = [
        (code, year, name, float(cell), known.indicator(name).unit, "measured", "cbs")
        for code, row in cells.items()
        for name, cell in zip(names, row, strict=True)
        if cell is not None
    ]
    return check_observations(
        pd.DataFrame(rows, columns=["code", "year", "indicator", "value", "unit", "status", "source"]), "cells"
    )


def town(cells: Mapping[str, tuple[float | None, ...]] = TOWN, **years: int) -> Everywhere:
    rows = observed(cells, ("poor", "households", "inhabitants"), **years)
    return counts_everywhere(rows, handmade.known(), POOR, own_municipality(cells))


def measured(counted: Everywhere, minimum: float = 80.0) -> pd.DataFrame:
    return measure_everywhere(counted, D, minimum).set_index("municipality")


# ------------------------------------------------------------------ by hand


def test_every_municipality_by_hand() -> None:
    found = measure_everywhere(town(), ["dissimilarity", "isolation"], 80)
    assert tuple(found.columns) == COUNTRY_COLUMNS
    assert found["municipality"].tolist() == [f"GM000{place}" for place in range(1, 7) for _ in range(2)]
    assert set(found["group"]) == {"poor"}
    assert set(found["base"]) == {"households"}
    by_index = found.set_index(["municipality", "index"])
    # 10 and 30 of 40 poor, 90 and 70 of 160 others: ½ (|¼ − 9/16| + |¾ − 7/16|) = 5/16
    first = by_index.loc[("GM0001", "dissimilarity")]
    assert first["estimate"] == pytest.approx(5 / 16)
    assert (first["n_units"], first["n_missing"], first["n_total"], first["coverage"]) == (2, 0, 200, 100)
    assert first["reason"] is None
    assert by_index.loc[("GM0001", "isolation"), "estimate"] == pytest.approx(0.25 * 0.1 + 0.75 * 0.3)
    # 60 and 60 poor, 240 and 40 others; the third has at most 96 + 2.5 households
    second = by_index.loc[("GM0002", "dissimilarity")]
    assert second["estimate"] == pytest.approx(6 / 7 - 1 / 2)
    assert (second["n_units"], second["n_missing"]) == (2, 1)
    assert second["coverage"] == pytest.approx(100 * 400 / 498.5)
    # the same homes, the same poor, dealt at random over two buurten of 100: E D from the hypergeometric sum
    a, b = np.array([10.0, 30]), np.array([90.0, 70])
    drawn = np.random.default_rng(1).multivariate_hypergeometric([100, 100], 40, 40_000)
    apart = np.abs(drawn / 40 - (100 - drawn) / 160).sum(axis=1) / 2
    assert first["expected"] == pytest.approx(apart.mean(), abs=4 * apart.std() / 200)
    assert first["expected"] == pytest.approx(expected_under_evenness(a, b)[0])
    assert first["bias_corrected"] < first["estimate"]
    assert by_index.loc[("GM0001", "isolation"), ["low", "high", "expected", "bias_corrected"]].isna().all()


def test_a_number_that_cannot_be_made_says_why_and_leaves_every_column_empty() -> None:
    found = measured(town())
    reasons = found["reason"].to_dict()
    assert reasons == {
        "GM0001": None,
        "GM0002": None,
        "GM0003": "too_little_measured",
        "GM0004": "no_counts",
        "GM0005": "one_area",
        "GM0006": "group_is_everyone",
    }
    without = found[found["reason"].notna()]
    assert without[["estimate", "low", "high", "expected", "bias_corrected"]].isna().all(axis=None)
    assert found.loc["GM0003", "coverage"] == 50
    assert found.loc["GM0004", ["n_units", "n_missing", "coverage"]].tolist() == [0, 1, 0]
    assert measured(town(), 50).loc["GM0003", "reason"] == "one_area"
    nobody = {code: (0.0, households, people) for code, (_, households, people) in TOWN.items()}
    assert measured(town(nobody)).loc["GM0001", "reason"] == "group_is_empty"


def test_a_buurt_without_a_row_is_missing_and_one_without_homes_is_not() -> None:
    rows = observed(TOWN, ("poor", "households", "inhabitants"))
    own = own_municipality([*TOWN, "BU00010009", "GM0001", "WK000100"])
    assert own["BU00010009"] == "GM0001"
    assert len(own) == len(TOWN) + 1
    found = measured(counts_everywhere(rows, handmade.known(), POOR, own))
    assert (found.loc["GM0001", "n_missing"], found.loc["GM0001", "n_units"]) == (1, 2)
    assert found.loc["GM0001", "coverage"] == 100  # nothing bounds it, so it is only counted


def test_years_are_keys_and_an_absent_municipality_has_a_row() -> None:
    later = dict.fromkeys(("BU00010001", "BU00010002"), (50.0, 100.0, 200.0))
    names = ("poor", "households", "inhabitants")
    rows = pd.concat([observed(TOWN, names), observed(later, names, year=2018)])
    found = measure_everywhere(counts_everywhere(rows, handmade.known(), POOR, own_municipality(TOWN)), D, 80)
    assert len(found) == 12
    assert found[["municipality", "year"]].to_numpy().tolist()[:3] == [
        ["GM0001", 2016],
        ["GM0001", 2018],
        ["GM0002", 2016],
    ]
    assert found.loc[[0, 1], "estimate"].tolist() == pytest.approx([5 / 16, 0])
    assert found.loc[3, ["reason", "n_missing"]].tolist() == ["no_counts", 3]


def test_a_group_of_counts_and_its_box() -> None:
    """Workers to 100: 350–450; inhabitants to 5: 997.5–1002.5; so the others from 547.5 to 652.5."""
    cells = {"BU00010001": (400, 1000), "BU00010002": (100, 1000), "BU00010003": (None, 80)}
    counted = counts_everywhere(
        observed(cells, ("workers", "inhabitants")), handmade.known(), WORK, own_municipality(cells)
    )
    assert [side[0] for side in counted.box] == [350, 450, 547.5, 652.5]
    assert [side[2] for side in counted.box] == [0, 82.5, 0, 82.5]
    # 400 and 100 of 500, 600 and 900 of 1500
    assert measured(counted)["estimate"].tolist() == pytest.approx([0.8 - 0.4])


def test_the_box_of_a_share_is_that_of_its_rounding() -> None:
    box = town().box
    assert [side[0] for side in box] == pytest.approx([0.095 * 97.5, 0.105 * 102.5, 0.895 * 97.5, 0.905 * 102.5])


@pytest.mark.parametrize("order", [False, True])
def test_another_municipality_changes_nothing(order: bool) -> None:
    rng = np.random.default_rng(4)
    cells: dict[str, tuple[float | None, ...]] = {
        f"BU{city:04d}{place:04d}": (float(rng.integers(0, 60)), float(5 * rng.integers(1, 200)), 2000.0)
        for city in range(1, 8)
        for place in range(1, int(rng.integers(3, 12)))
    }
    listed = dict(sorted(cells.items(), reverse=order))
    together = measured(town(listed))
    for city in range(1, 8):
        alone = measured(town({code: row for code, row in cells.items() if code[2:6] == f"{city:04d}"}))
        pd.testing.assert_frame_equal(alone, together.loc[[f"GM{city:04d}"]], rtol=1e-12)


# ------------------------------------------------------------------ what is refused


def test_what_contradicts_is_refused() -> None:
    rows = observed(TOWN, ("poor", "households", "inhabitants"))
    known, own = handmade.known(), own_municipality(TOWN)
    twice = pd.concat([rows, rows[rows["indicator"] == "poor"].assign(source="town")])
    with pytest.raises(SchemaError, match=r"poor has cbs, town for 8 areas.*Keep one source"):
        counts_everywhere(twice, known, POOR, own)
    apart = rows.assign(year=rows["year"].where(rows["indicator"] != "households", 2017))
    with pytest.raises(ParameterError, match=r"no year has all of poor: 2016; households: 2017"):
        counts_everywhere(apart, known, POOR, own)
    with pytest.raises(ParameterError, match=r"households: no year.*hold inhabitants, poor"):
        counts_everywhere(rows[rows["indicator"] != "households"], known, POOR, own)
    with pytest.raises(ParameterError, match="there are no areas"):
        counts_everywhere(rows, known, POOR, own.iloc[:0])
    with pytest.raises(ParameterError, match="group work is a count; classes need the share"):
        counts_everywhere(rows, known, WORK, own, ["poor"])
    with pytest.raises(ParameterError, match=r'index "dissimilarty"'):
        measure_everywhere(town(), ["dissimilarty"], 80)


# ------------------------------------------------------------------ the range


def boxes(seed: int, cities: int = 3) -> tuple[CountBox, np.ndarray]:
    """Boxes of a few small cities behind each other, some of their units anywhere from nobody to everybody."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 7, cities)
    group, rest = rng.integers(0, 40, sizes.sum()) * 1.0, rng.integers(0, 200, sizes.sum()) * 1.0
    off = [rng.uniform(0, 4, sizes.sum()) for _ in range(4)]
    box = [np.maximum(group - off[0], 0), group + off[1], np.maximum(rest - off[2], 0), rest + off[3]]
    hidden = rng.random(sizes.sum()) < 0.15
    box = [np.where(hidden, 0.0 if end % 2 == 0 else 30.0, side) for end, side in enumerate(box)]
    return CountBox(*box), np.cumsum(sizes) - sizes


@given(st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_the_certain_range_holds_the_exact_one(seed: int) -> None:
    box, starts = boxes(seed)
    low, high = certain_range(box, starts)
    ends = [*starts[1:], box.a_low.size]
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        exact = dissimilarity_range(*(side[start:end] for side in box))
        assert low[place] <= exact.low + 1e-9
        assert high[place] >= exact.high - 1e-9


def test_without_rounding_the_range_is_the_number() -> None:
    rng = np.random.default_rng(2)
    a, b, starts = rng.integers(1, 90, 20) * 1.0, rng.integers(1, 90, 20) * 1.0, np.array([0, 6, 13])
    for end in certain_range(CountBox(a, a, b, b), starts):
        assert end == pytest.approx(dissimilarity(a, b, starts), abs=1e-12)


def test_the_range_of_breda_is_a_little_wider_than_the_exact_one() -> None:
    """The exact range over nine suppressed buurten is 0.233 to 0.303, by a search of seconds."""
    study = open_study({"preset": "breda"})
    name = "households_around_social_minimum"
    made = groups.group_counts(study, name)[0]
    rows, checks = study.data.observations, study.data.checks
    assert checks is not None
    own = checks[(checks["indicator"] == "households") & checks["source_other"].isin(made.sources)]
    own = own.assign(value=own["value_other"], source=own["source_other"], status="measured", unit="households")
    kept = rows[(rows["indicator"] != "households") | rows["source"].isin(made.sources)]
    rows = pd.concat([kept, own[list(rows.columns)]])  # of one source, as the group counts are
    counted = counts_everywhere(rows, study.known, study.known.group(name), own_municipality(study.data.areas["code"]))
    found = measured(counted)
    exact = dissimilarity_range(made.group_low, made.group_high, made.rest_low, made.rest_high)
    breda = found.loc["GM0758"]
    assert exact.low - 0.02 < breda["low"] <= exact.low
    assert exact.high <= breda["high"] < exact.high + 0.03
    # the path of one municipality, for each of the six
    for place, row in found.iterrows():
        [alone] = groups.group_counts(study, name, str(place))
        assert row["estimate"] == pytest.approx(dissimilarity(alone.group, alone.rest)[0], abs=1e-13)
        assert row["expected"] == pytest.approx(expected_under_evenness(alone.group, alone.rest)[0], abs=1e-13)
        assert row["coverage"] == pytest.approx(alone.coverage, abs=1e-10)
        assert (row["n_units"], row["n_missing"]) == (len(alone.group), alone.n_missing)
        start = list(found.index).index(place)
        begin = counted.counts.starts[start]
        inside = slice(begin, begin + int(row["n_units"] + row["n_missing"]))
        for end, other in zip(
            counted.box, (alone.group_low, alone.group_high, alone.rest_low, alone.rest_high), strict=True
        ):
            assert np.sort(end[inside]) == pytest.approx(np.sort(other))


# ------------------------------------------------------------------ another geography, and classes


def test_areas_without_a_municipality_are_counted() -> None:
    rows = observed(TOWN, ("poor", "households", "inhabitants"))
    own = own_municipality(code for code in TOWN if code[2:6] != "0002")
    counted = counts_everywhere(rows, handmade.known(), POOR, own)
    assert counted.set_aside == (SetAside("everywhere", 7, "no_municipality", "BU00020001, BU00020002, BU00020003"),)
    assert "GM0002" not in measured(counted).index
    assert town().set_aside == ()


def test_ordered_classes_by_hand() -> None:
    """Three classes of 100, 200 and 100 households; a buurt without one of its classes is set aside whole."""
    share = {"middle": handmade.known().indicator("poor"), "rich": handmade.known().indicator("poor")}
    known = handmade.known(**{name: type(entry)(**{**vars(entry), "id": name}) for name, entry in share.items()})
    cells = {
        "BU00010001": (50.0, 30.0, 20.0, 100.0),
        "BU00010002": (20.0, 30.0, 50.0, 200.0),
        "BU00010003": (10.0, 70.0, 20.0, 100.0),
        "BU00010004": (10.0, None, 20.0, 10.0),
    }
    rows = pd.concat(
        observed({code: (row[place],) for code, row in cells.items()}, ("poor" if place < 3 else "households",)).assign(
            indicator=name
        )
        for place, name in enumerate(("poor", "middle", "rich", "households"))
    )
    counted = counts_everywhere(rows, known, POOR, own_municipality(cells), ["middle", "rich"])
    assert counted.counts.groups == ("poor", "middle", "rich")
    found = measure_everywhere(counted, ["dissimilarity", "rank_order_theil_h"], 80).set_index("index")
    counts = np.array([[50, 40, 10], [30, 60, 70], [20, 100, 20.0]])
    assert found.loc["rank_order_theil_h", "estimate"] == pytest.approx(slow(counts, 1, "theil"), abs=1e-9)
    assert found.loc["rank_order_theil_h", "group"] == "all"
    assert found.loc["dissimilarity", "estimate"] == pytest.approx(
        (50 / 100 - 50 / 300 + abs(0.4 - 160 / 300) + abs(0.1 - 90 / 300)) / 2
    )
    assert found["n_missing"].tolist() == [1, 1]
    assert found["coverage"].tolist() == pytest.approx([100 * 400 / 410] * 2)
