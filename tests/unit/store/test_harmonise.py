"""One geography for all years: numbers worked by hand, identities, and the municipalities of the panel."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from handmade import known
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mapping import NOWHERE, table

from kloof.catalogue import Catalogue, Indicator, catalogue
from kloof.errors import ParameterError
from kloof.schema import COLUMNS, SetAside, check_observations
from kloof.store.harmonise import Harmonised, division_of, harmonise
from kloof.store.mapping import check_mapping, read_mapping

A, B, C = "GM0001", "GM0002", "GM0009"
MERGER = table((A, 2015, C, "merged", 1), (B, 2015, C, "merged", 1))
SPLIT = table(
    (A, 2015, B, "split", 0.25), (A, 2015, C, "split", 0.75), (B, 2015, B, "same", 1), (C, 2015, C, "same", 1)
)  # fmt: skip
BLANK = table((A, 2015, B, "split", None), (A, 2015, C, "split", None), (B, 2015, B, "same", 1))
MORE = {
    "model": Indicator("model", "m", "m", "percent", "share", "population", universe="inhabitants", modelled=True),
    "grade": Indicator("grade", "g", "g", "class_1_9", "class", "population"),
    "density": Indicator("density", "d", "d", "per_km2", "rate", "population"),
}
KNOWN = known(**MORE)
Cell = float | str
Row = tuple[str, int, str, Cell] | tuple[str, int, str, Cell, str]


def rows(*given_rows: Row, of: Catalogue = KNOWN) -> pd.DataFrame:
    """Make observations of (code, year, indicator, cell, source)."""
    made = [
        (code, year, name, np.nan if isinstance(cell, str) else float(cell), of.indicator(name).unit,
         cell if isinstance(cell, str) else "measured", source[0] if source else "cbs")
        for code, year, name, cell, *source in given_rows
    ]  # fmt: skip
    return pd.DataFrame(made, columns=list(COLUMNS)).astype({"value": "float64", "year": "int64"})


def cells(found: Harmonised) -> dict[tuple[str, int, str, str], Cell]:
    """Value or status by code, year, indicator and source."""
    return {
        (row.code, row.year, row.indicator, row.source): row.value if row.status == "measured" else row.status
        for row in found.observations.itertuples()
    }


def reasons(found: Harmonised) -> dict[str, int]:
    return {row.reason: row.rows for row in found.set_aside}


def test_a_merger_by_hand() -> None:
    """100 people with an income of 20 and 300 with 30 have 27.5 together, and their rates 8 and 16 make 14.

    30 households of which 12 % are poor and 60 with 3 % make 6 %.
    """
    found = harmonise(
        rows(
            (A, 2014, "inhabitants", 100), (B, 2014, "inhabitants", 300),
            (A, 2014, "income", 20), (B, 2014, "income", 30),
            (A, 2014, "households", 30), (B, 2014, "households", 60), (A, 2014, "poor", 12), (B, 2014, "poor", 3),
            (A, 2014, "crime_rate", 8), (B, 2014, "crime_rate", 16), (C, 2015, "inhabitants", 410),
        ),
        MERGER, 2015, KNOWN,
    )  # fmt: skip
    assert cells(found) == {
        (C, 2014, "inhabitants", "cbs"): 400, (C, 2014, "income", "cbs"): 27.5, (C, 2014, "households", "cbs"): 90,
        (C, 2014, "poor", "cbs"): pytest.approx(6), (C, 2014, "crime_rate", "cbs"): 14,
        (C, 2015, "inhabitants", "cbs"): 410,
    }  # fmt: skip
    assert (len(found.apportioned), found.set_aside) == (0, ())


def test_a_whole_with_a_missing_part_is_missing() -> None:
    found = harmonise(
        rows(
            (A, 2014, "inhabitants", 100), (B, 2014, "inhabitants", "suppressed"),
            (A, 2013, "inhabitants", 100),
            (A, 2014, "dwellings", 50), (B, 2014, "dwellings", 70), (A, 2014, "income", 20), (B, 2014, "income", 30),
            (A, 2014, "crimes", "not_published"), (B, 2014, "crimes", "suppressed"),
        ),
        MERGER, 2015, KNOWN,
    )  # fmt: skip
    assert cells(found) == {
        (C, 2014, "inhabitants", "cbs"): "suppressed", (C, 2013, "inhabitants", "cbs"): "not_published",
        (C, 2014, "dwellings", "cbs"): 120, (C, 2014, "income", "cbs"): "not_published",
        (C, 2014, "crimes", "cbs"): "suppressed",
    }  # fmt: skip
    assert found.set_aside == (
        SetAside("harmonise", 5, "part_without_a_figure", C), SetAside("harmonise", 2, "part_without_a_weight", C),
    )  # fmt: skip


def test_an_empty_part_does_not_make_a_mean_missing() -> None:
    empty = [(A, 2014, "inhabitants", 0), (B, 2014, "inhabitants", 300), (A, 2014, "income", "suppressed")]
    found = harmonise(rows(*empty, (B, 2014, "income", 30)), MERGER, 2015, KNOWN)
    assert cells(found)[C, 2014, "income", "cbs"] == 30
    nobody = rows(*empty[:1], (B, 2014, "inhabitants", 0), (A, 2014, "income", "suppressed"), (B, 2014, "income", 3))
    assert cells(harmonise(nobody, MERGER, 2015, KNOWN))[C, 2014, "income", "cbs"] == "not_published"


def test_what_cannot_be_combined_is_left_out_and_said() -> None:
    given_rows = rows(
        *[(code, 2014, name, 5) for code in (A, B) for name in ("grade", "model", "density", "inhabitants")]
    )
    found = harmonise(given_rows, MERGER, 2015, KNOWN)
    assert cells(found) == {(C, 2014, "inhabitants", "cbs"): 10}
    assert reasons(found) == {
        "class_cannot_be_combined": 2, "modelled_estimates_do_not_add_up": 2, "no_universe_to_weigh_by": 2,
    }  # fmt: skip
    recoded = table((A, 2015, C, "recoded", 1), (B, 2015, "GM0008", "recoded", 1))
    kept = harmonise(given_rows, recoded, 2015, KNOWN)
    assert len(kept.observations) == 8
    assert set(kept.observations["code"]) == {C, "GM0008"}
    assert kept.set_aside == ()


def test_a_split_is_apportioned_and_says_how_much_of_the_figure_that_is() -> None:
    """A quarter of 200 joins 150: 50 of 200 is 25 percent. The mean: 50 people with 40, 150 with 20, is 25."""
    found = harmonise(
        rows(
            (A, 2014, "inhabitants", 200), (B, 2014, "inhabitants", 150), (C, 2014, "inhabitants", 0),
            (A, 2014, "income", 40), (B, 2014, "income", 20), (C, 2014, "income", "suppressed"),
        ),
        SPLIT, 2015, KNOWN,
    )  # fmt: skip
    assert cells(found) == {
        (B, 2014, "inhabitants", "cbs"): 200, (C, 2014, "inhabitants", "cbs"): 150,
        (B, 2014, "income", "cbs"): 25, (C, 2014, "income", "cbs"): 40,
    }  # fmt: skip
    shares = {(row.code, row.indicator): row.share for row in found.apportioned.itertuples()}
    assert shares == {(B, "inhabitants"): 25, (C, "inhabitants"): 100, (B, "income"): 25, (C, "income"): 100}
    assert found.set_aside == ()


def test_a_split_by_people_does_not_divide_dwellings() -> None:
    """The weight of the one kind says nothing about the other, and is not borrowed."""
    found = harmonise(rows(*[(code, 2014, "dwellings", 80) for code in (A, B, C)]), SPLIT, 2015, KNOWN)
    assert set(cells(found).values()) == {"not_published"}
    assert reasons(found) == {"split_without_weight": 4}  # the split area counts in both of its wholes
    by_dwelling = SPLIT[SPLIT["kind"] == "split"].assign(weight_kind="dwellings", weight=[0.5, 0.5])
    both = check_mapping(pd.concat([SPLIT, by_dwelling], ignore_index=True), "by hand")
    found = harmonise(rows(*[(code, 2014, "dwellings", 80) for code in (A, B, C)]), both, 2015, KNOWN)
    assert set(cells(found).values()) == {120}


def test_a_split_without_a_weight_is_refused_for_both_sides() -> None:
    found = harmonise(rows(*[(code, 2014, "inhabitants", 80) for code in (A, B)]), BLANK, 2015, KNOWN)
    assert cells(found) == {
        (B, 2014, "inhabitants", "cbs"): "not_published",
        (C, 2014, "inhabitants", "cbs"): "not_published",
    }
    assert reasons(found) == {"split_without_weight": 3}


def test_sources_and_indicators_stay_apart() -> None:
    """A provisional part does not complete a revised one; households do not stand in for inhabitants."""
    found = harmonise(
        rows((A, 2014, "inhabitants", 100, "first"), (B, 2014, "inhabitants", 200, "revised"),
             (A, 2014, "households", 40, "first"), (B, 2014, "households", 90, "first")),
        MERGER, 2015, KNOWN,
    )  # fmt: skip
    assert cells(found) == {
        (C, 2014, "inhabitants", "first"): "not_published", (C, 2014, "inhabitants", "revised"): "not_published",
        (C, 2014, "households", "first"): 130,
    }  # fmt: skip


def test_weights_come_from_one_source_for_all_parts() -> None:
    """Its own when that has every part, else the one with most areas; never one part from each."""
    income = [(A, 2014, "income", 20, "tax"), (B, 2014, "income", 30, "tax")]
    census = [(A, 2014, "inhabitants", 100, "census"), (B, 2014, "inhabitants", 300, "census")]
    own = [(A, 2014, "inhabitants", 200, "tax"), (B, 2014, "inhabitants", 200, "tax")]
    value = lambda *more: cells(harmonise(rows(*income, *more), MERGER, 2015, KNOWN))[C, 2014, "income", "tax"]  # noqa: E731
    assert value(*census) == 27.5
    assert value(*census, *own) == 25
    assert value(*census, own[0]) == 27.5
    assert value(census[0], own[1]) == "not_published"


def test_figures_in_a_later_division_are_not_moved_twice() -> None:
    """A health monitor gives 2012 in the division of 2020; its code for the merged municipality tells."""
    steps = table(
        (A, 2015, C, "merged", 1), (B, 2015, C, "merged", 1),
        ("GM0005", 2014, "GM0005", "same", 1), ("GM0006", 2014, "GM0005", "merged", 1),
    )  # fmt: skip
    given_rows = rows((C, 2012, "inhabitants", 390), ("GM0005", 2012, "inhabitants", 50))
    found = harmonise(given_rows, steps, 2024, KNOWN)
    assert cells(found) == {(C, 2012, "inhabitants", "cbs"): 390, ("GM0005", 2012, "inhabitants", "cbs"): 50}
    alone = given_rows[given_rows["code"] == "GM0005"]
    assert cells(harmonise(alone, steps, 2024, KNOWN)) == {("GM0005", 2012, "inhabitants", "cbs"): "not_published"}
    assert cells(harmonise(alone, steps, 2024, KNOWN, {("cbs", 2012): 2020})) == {
        ("GM0005", 2012, "inhabitants", "cbs"): 50
    }


def test_figures_stand_in_the_division_of_their_youngest_code_and_in_none_before_their_year() -> None:
    starts = {"GM0005": 2015, "GM0006": 2019}
    assert division_of(2012, ["GM0001", "GM0006", "GM0005"], starts) == 2019
    assert division_of(2021, ["GM0001", "GM0006"], starts) == 2021
    assert division_of(2012, ["GM0001"], starts) == 2012


def test_of_two_young_codes_the_youngest_tells_the_division() -> None:
    steps = table(
        (A, 2015, "GM0007", "recoded", 1), (B, 2018, C, "recoded", 1),
        ("GM0005", 2014, "GM0005", "same", 1), ("GM0006", 2016, "GM0005", "merged", 1),
    )  # fmt: skip
    given_rows = rows(*[(code, 2012, "inhabitants", 50) for code in ("GM0007", C, "GM0005")])
    found = harmonise(given_rows, steps, 2024, KNOWN)
    assert set(cells(found).values()) == {50}, "GM0005 is that of after the merger, as C is of 2019"


def test_going_back_keeps_what_was_only_renamed() -> None:
    steps = table((A, 2015, "GM0008", "recoded", 1), (B, 2015, C, "merged", 1), ("GM0003", 2015, C, "merged", 1))
    given_rows = rows(*[(code, 2020, "inhabitants", 10) for code in ("GM0008", C, "GM0004")])
    found = harmonise(given_rows, steps, 2014, KNOWN)
    assert cells(found) == {
        (A, 2020, "inhabitants", "cbs"): 10, ("GM0004", 2020, "inhabitants", "cbs"): 10,
        (C, 2020, "inhabitants", "cbs"): "not_published",
    }  # fmt: skip
    assert reasons(found) == {"merger_cannot_be_undone": 1}


def test_buurten_of_a_municipality_that_is_gone_need_a_mapping_of_their_own() -> None:
    given_rows = rows(
        (A, 2014, "inhabitants", 10), (B, 2014, "inhabitants", 10), ("BU00010000", 2014, "inhabitants", 10)
    )
    found = harmonise(given_rows, MERGER, 2015, KNOWN)
    assert cells(found) == {(C, 2014, "inhabitants", "cbs"): 20}
    assert found.set_aside == (SetAside("harmonise", 1, "area_without_mapping", A),)
    buurt = check_mapping(pd.concat([MERGER, table(("BU00010000", 2015, "BU00090003", "recoded", 1))]), "by hand")
    assert cells(harmonise(given_rows, buurt, 2015, KNOWN))["BU00090003", 2014, "inhabitants", "cbs"] == 10


def test_nothing_in_nothing_out_and_an_unknown_indicator_is_an_error() -> None:
    found = harmonise(rows(), MERGER, 2015, KNOWN)
    assert (len(found.observations), len(found.apportioned), found.set_aside) == (0, 0, ())
    odd = rows((A, 2014, "inhabitants", 1)).assign(indicator="odd")
    with pytest.raises(ParameterError, match="indicator 'odd' is not known"):
        harmonise(odd, MERGER, 2015, KNOWN)


# ------------------------------------------------------------------ properties

WEIGHTS = st.floats(0.01, 0.99)
COUNTS = st.lists(st.integers(0, 10_000), min_size=3, max_size=3)


@settings(max_examples=12, deadline=None)
@given(COUNTS, WEIGHTS, st.permutations(range(6)), st.lists(st.floats(1, 99), min_size=3, max_size=3))
def test_totals_are_conserved_the_same_year_changes_nothing_and_order_does_not_matter(
    counts: list[int], weight: float, order: list[int], means: list[float]
) -> None:
    steps = table(
        (A, 2015, B, "split", weight), (A, 2015, C, "split", 1 - weight), (B, 2015, B, "same", 1),
        (C, 2015, C, "same", 1), (B, 2017, "GM0008", "merged", 1), (C, 2017, "GM0008", "merged", 1),
    )  # fmt: skip
    given_rows = rows(
        *[(code, 2014, "inhabitants", count) for code, count in zip((A, B, C), counts, strict=True)],
        *[(code, 2014, "income", mean) for code, mean in zip((A, B, C), means, strict=True)],
    )
    expected = check_observations(given_rows, "by hand")
    same = harmonise(given_rows.iloc[order], steps, 2014, KNOWN)
    pd.testing.assert_frame_equal(same.observations, expected)
    for to_year in (2015, 2017):
        found = harmonise(given_rows.iloc[order] if to_year == 2017 else given_rows, steps, to_year, KNOWN)
        people = found.observations[found.observations["indicator"] == "inhabitants"].set_index("code")["value"]
        assert people.sum() == pytest.approx(sum(counts))
        mean = found.observations[found.observations["indicator"] == "income"].set_index("code")["value"]
        total = sum(count * one for count, one in zip(counts, means, strict=True))
        assert (mean * people).sum() == pytest.approx(total)
        if to_year == 2017:
            assert list(people.index) == ["GM0008"]
            pd.testing.assert_frame_equal(found.observations, harmonise(given_rows, steps, 2017, KNOWN).observations)
            assert found.apportioned.empty, "both parts came back together"
            if sum(counts):
                assert mean["GM0008"] == pytest.approx(total / sum(counts))
                assert min(means) - 1e-9 <= mean["GM0008"] <= max(means) + 1e-9


# ------------------------------------------------------------------ the real panel


@pytest.mark.shared
def test_the_panel_in_the_division_of_2024(project: Path, shared: Path) -> None:
    """People add up to the country in every year, but for those of the municipalities that a split touched."""
    known_ = catalogue()
    panel = pd.read_csv(shared / "data" / "kwb" / "gemeenten_panel_2012_2024.csv")
    panel = panel[~panel["gemeentecode"].isin(NOWHERE)]
    given_rows = rows(
        *[(row.gemeentecode, row.jaar, "inhabitants", row.aantal_inwoners, "panel") for row in panel.itertuples()],
        *[
            (row.gemeentecode, row.jaar, "mean_dwelling_value", row.gem_woz_waarde, "panel")
            for row in panel.itertuples() if row.gem_woz_waarde > 0
        ],
        *[
            (row.gemeentecode, row.jaar, "dwellings", row.woningvoorraad, "panel")
            for row in panel.itertuples() if row.woningvoorraad > 0
        ],
        of=known_,
    )  # fmt: skip
    mapping = read_mapping(project / "data" / "mapping.csv")
    found = harmonise(given_rows, mapping, 2024, known_)
    people = found.observations[found.observations["indicator"] == "inhabitants"]
    today = set(panel.loc[panel["jaar"] == 2024, "gemeentecode"])
    assert {year: set(part["code"]) == today for year, part in people.groupby("year")} == dict.fromkeys(
        panel["jaar"], True
    )
    missing = people[people["value"].isna()].groupby("year")["code"].agg(set)
    by_2019 = {"GM0757", "GM0824", "GM0855", "GM0865"}  # parts of Haaren, 2021
    by_2018 = by_2019 | {"GM1966", "GM1969"}  # and of Winsum, 2019
    by_2017 = by_2018 | {"GM0080", "GM1900", "GM1949"}  # and of Littenseradiel, 2018
    assert missing.to_dict() == {
        2012: by_2017 | {"GM1940", "GM0074", "GM0796", "GM0828"}, 2017: by_2017, 2018: by_2018, 2019: by_2019,
    }  # fmt: skip
    raw = panel.set_index(["jaar", "gemeentecode"])["aantal_inwoners"]
    touched = {
        2019: by_2019 | {"GM0788"}, 2018: by_2018 | {"GM0788", "GM0053", "GM1663", "GM1651", "GM0005"} |
        {"GM0015", "GM0022", "GM0025", "GM0056"}, 2022: set(), 2023: set(), 2024: set(),
    }  # fmt: skip
    for year, codes in touched.items():
        rest = [code for code in raw[year].index if code not in codes]
        assert people.loc[people["year"] == year, "value"].sum() == raw[year][rest].sum()
    # golden, worked by hand: Uden and Landerd 2019, 41,782 and 15,529 people; dwelling values by dwellings
    values = cells(found)
    assert values["GM1991", 2019, "inhabitants", "panel"] == 41_782 + 15_529
    stock = panel[panel["jaar"] == 2019].set_index("gemeentecode")[["woningvoorraad", "gem_woz_waarde"]]
    uden, landerd = stock.loc["GM0856"], stock.loc["GM1685"]
    mean = (uden.prod() + landerd.prod()) / (uden["woningvoorraad"] + landerd["woningvoorraad"])
    assert values["GM1991", 2019, "mean_dwelling_value", "panel"] == pytest.approx(mean)
    assert min(uden["gem_woz_waarde"], landerd["gem_woz_waarde"]) < mean < 300
