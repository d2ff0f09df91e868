"""Segregation in all municipalities: indices, growths, parts and places by hand; what is left out; offline."""

import json
from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answers import once
from slow_rank_order import slow
from typer.testing import CliRunner

from kloof.catalogue import catalogue
from kloof.cli.main import app
from kloof.country import counted, growth
from kloof.country import segregation as country
from kloof.country.segregation import Segregation, segregation
from kloof.errors import NotComputableError, ParameterError
from kloof.figures.plots import plot
from kloof.measures.bounds import index_range

OLD, PEOPLE = "inhabitants_aged_65_plus", "inhabitants"
LOW, HIGH = "low_income_persons_share", "high_income_persons_share"
PLACES, BUURTEN = 36, 12
Use = Callable[[dict[str, pd.DataFrame]], None]


def codes_of(places: int = PLACES, buurten: int = BUURTEN) -> list[str]:
    """Give codes with four buurten in each wijk."""
    return [f"BU{9000 + place:04d}{at // 4:02d}{at % 4:02d}" for place in range(places) for at in range(buurten)]


def country_of(seed: int = 1, fell: float = 0.7, scale: float = 20.0) -> dict[str, pd.DataFrame]:
    """Give a synthetic country: shares of the old differ, and in 2024 by `fell` times as much; counts are large."""
    rng = np.random.default_rng(seed)
    codes = pd.Index(codes_of())
    people = {year: 5 * np.rint(scale * rng.lognormal(4, 0.5, len(codes))) for year in (2017,)}
    people[2024] = people[2017] + 5 * rng.integers(-2, 3, len(codes))
    place = rng.standard_normal(len(codes))
    old = {
        year: 5 * np.rint(people[year] * (0.2 + 0.05 * spread * np.tanh(place)) / 5)
        for year, spread in ((2017, 1.0), (2024, fell))
    }
    low = np.round(40 + 15 * np.tanh(place) + rng.normal(0, 2, len(codes)), 1)
    high = np.round(np.clip(20 - 10 * np.tanh(place) + rng.normal(0, 2, len(codes)), 1, 40), 1)
    return {
        OLD: pd.DataFrame(old, index=codes), PEOPLE: pd.DataFrame(people, index=codes),
        LOW: pd.DataFrame({2017: low}, index=codes), HIGH: pd.DataFrame({2017: high}, index=codes),
    }  # fmt: skip


def rows_of(name: str, table: pd.DataFrame, source: str = "cbs") -> pd.DataFrame:
    """Lay a table code × year out as observations; what is nan was suppressed."""
    long = table.rename_axis("code").reset_index().melt("code", var_name="year", value_name="value")
    status = np.where(long["value"].isna(), "suppressed", "measured")
    unit = catalogue().indicator(name).unit
    return long.assign(indicator=name, unit=unit, status=status, source=source).astype({"year": int, "code": "str"})


@pytest.fixture
def of_country(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let the store hold a synthetic country, and the project nothing of the real one."""

    def use(tables: dict[str, pd.DataFrame]) -> None:
        def indicator(name: str) -> pd.DataFrame:
            if name not in tables:
                raise ParameterError(f"The store (data/store) has no {name}.")
            return rows_of(name, tables[name])

        monkeypatch.setattr(counted.read, "indicator", indicator)
        monkeypatch.setattr(country, "embedded_segregation", lambda *_: None)

    return use


def sides(tables: dict[str, pd.DataFrame], year: int, prefix: str = "BU") -> tuple[np.ndarray, np.ndarray]:
    """Give the old and the others of the buurten whose code begins with `prefix`."""
    own = tables[OLD].index.str.startswith(prefix)
    old, people = tables[OLD].loc[own, year].to_numpy(float), tables[PEOPLE].loc[own, year].to_numpy(float)
    return old, people - old


def entropy(share: float) -> float:
    return -sum(part * log(part) for part in (share, 1 - share) if part > 0)


def theil(old: np.ndarray, rest: np.ndarray) -> float:
    """Compute H in a loop: how much less mixed buurten are than the whole."""
    whole = float(old.sum() + rest.sum())
    mixed = entropy(float(old.sum()) / whole)
    return sum((a + b) / whole * (mixed - entropy(a / (a + b))) / mixed for a, b in zip(old, rest, strict=True))


def dissimilarity(old: np.ndarray, rest: np.ndarray) -> float:
    return float(np.abs(old / old.sum() - rest / rest.sum()).sum() / 2)


# ------------------------------------------------------------------ every municipality and year
@pytest.mark.parametrize(("index", "by_hand"), [("dissimilarity", dissimilarity), ("theil", theil)])
def test_every_municipality_equals_that_by_hand(of_country: Use, index: str, by_hand: Callable[..., float]) -> None:
    tables = country_of()
    of_country(tables)
    found = segregation(OLD, index, place="GM9004")
    assert found.years == (2017, 2024)
    assert len(found.places) == 2 * PLACES
    for row in found.places.itertuples():
        old, rest = sides(tables, row.year, f"BU{row.municipality[2:]}")
        assert row.estimate == pytest.approx(by_hand(old, rest), rel=1e-9)
        assert row.corrected < row.estimate
        assert row.chance_low < row.chance_high
        assert (row.buurten, row.missing, row.people) == (BUURTEN, 0, (old + rest).sum())
    last = found.places[found.places["year"] == 2024]
    for row in last.itertuples():
        assert row.rank == 1 + (last["corrected"] > row.corrected).sum()
        assert row.rank_low == 1 + (last["chance_low"] > row.chance_high).sum()
        assert row.rank_high == len(last) - (last["chance_high"] < row.chance_low).sum()


def test_the_place_that_is_told_has_its_exact_range_and_stands_among_those_of_its_size(of_country: Use) -> None:
    tables = country_of()
    of_country(tables)
    for code, times in (("BU9010", 0.2), ("BU9011", 5.0)):  # a village and a city
        for name in (OLD, PEOPLE):
            own = tables[name].index.str.startswith(code)
            tables[name].loc[own] = 5 * np.rint(times * tables[name].loc[own] / 5)
    plain, told = segregation(OLD), segregation(OLD, place="GM9004")
    old, rest = sides(tables, 2024, "BU9004")
    people = old + rest
    box = (np.maximum(old - 4, 0), old + 4, np.maximum(people - 4 - old - 4, 0), people + 4 - np.maximum(old - 4, 0))
    exact = index_range("dissimilarity", *box)
    rows = [found.places.query("municipality == 'GM9004' and year == 2024").iloc[0] for found in (plain, told)]
    assert (rows[1]["low"], rows[1]["high"]) == pytest.approx((exact.low, exact.high), rel=1e-6)
    assert rows[0]["low"] < rows[1]["low"] < rows[1]["estimate"] < rows[1]["high"] < rows[0]["high"]
    stands, last = told.standing(), told.places[told.places["year"] == 2024]
    alike = last[last["people"].between(people.sum() / 2, people.sum() * 2)]
    assert stands["of"] == PLACES
    assert stands["of_alike"] == len(alike) == PLACES - 2
    assert stands["rank_alike"] == 1 + (alike["corrected"] > stands["corrected"]).sum()
    assert f"{stands['rank']} (" in repr(told)
    assert plain.standing() == {}


def test_incomes_by_rank_equal_those_of_plain_loops(of_country: Use) -> None:
    tables = country_of()
    tables[LOW].iloc[1, 0] = np.nan  # a buurt without the share of one class is set aside whole
    of_country(tables)
    found = segregation("income_of_persons", "rank_order")
    assert found.years == (2017,)
    assert found.change is None
    rows = found.places.set_index("municipality")
    for place in ("GM9000", "GM9007"):
        own = tables[LOW].index.str.startswith(f"BU{place[2:]}") & tables[LOW][2017].notna().to_numpy()
        shares = [tables[name].loc[own, 2017].to_numpy(float) for name in (LOW, HIGH)]
        people = tables[PEOPLE].loc[own, 2017].to_numpy(float)
        counts = np.stack([shares[0], 100 - shares[0] - shares[1], shares[1]]) / 100 * people
        assert rows.loc[place, "estimate"] == pytest.approx(slow(counts, 1, "theil"), rel=1e-6)
        assert rows.loc[place, "buurten"] == own.sum()
    assert rows.loc["GM9000", "missing"] == 1


def test_a_group_of_one_person_has_no_rank(of_country: Use) -> None:
    tables = country_of()
    own = tables[OLD].index.str.startswith("BU9006")
    tables[OLD].loc[own, 2024] = np.where(np.arange(own.sum()) == 0, 1.0, 0.0)
    of_country(tables)
    found = segregation(OLD)
    last = found.places[found.places["year"] == 2024]
    assert "GM9006" not in set(last["municipality"])
    assert sorted(last["rank"]) == list(range(1, PLACES))
    assert {("municipalities 2024", "not_defined"): 1}.items() <= {
        (one.step, one.reason): one.rows for one in found.set_aside
    }.items()


# ------------------------------------------------------------------ the change
def test_the_growth_is_that_by_hand_and_all_together_find_it(of_country: Use) -> None:
    tables = country_of(scale=400.0)
    of_country(tables)
    found = segregation(OLD, place="GM9004")
    assert found.change is not None
    places = found.change.places.set_index("municipality")
    assert len(places) == PLACES
    truth = []
    for code, row in places.iterrows():
        then, later = (dissimilarity(*sides(tables, year, f"BU{str(code)[2:]}")) for year in (2017, 2024))
        truth.append(100 * (later / then - 1))
        assert row["estimate"] == pytest.approx(truth[-1], abs=0.5)  # what small counts add is taken off both
        assert row["own_low"] < row["estimate"] < row["own_high"]
        assert row["low"] < row["expected"] < row["high"]
    assert found.change.mean[1] < np.mean(truth) < found.change.mean[2]
    assert found.change.shrank == 100
    assert found.change.grew == 0
    assert (places["below_smallest"] > 0.9).any()
    assert places["rank"].is_monotonic_increasing
    assert found.change.smallest_effect == 0.01
    assert "shrank" in repr(found)


def test_the_same_buurten_grow_by_the_logarithm_of_the_ratio() -> None:
    rng = np.random.default_rng(2)
    old = rng.integers(200, 900, (2, 30)).astype(float) * 100  # so many that small counts add next to nothing
    counts = np.stack([old, 100_000 - old], axis=1)
    made = growth.growth_of("dissimilarity", counts, np.array([0, 12]), np.random.default_rng(1))
    for at, cut in enumerate((slice(0, 12), slice(12, 30))):
        then, later = (dissimilarity(*year[:, cut]) for year in counts)
        assert made["estimate"][at] == pytest.approx(log(later / then), abs=1e-3)
        assert made["before"][at] == pytest.approx(then, abs=1e-4)
    assert made["size"].tolist() == pytest.approx([12, 18])  # all weigh alike
    assert made["degrees"].tolist() == pytest.approx([5.5, 8.5])
    margin = (made["high"] - made["low"]) / 2
    # t with 11 degrees, 90 percent: 1.7959; drawn anew 12 have 11/12 of their variance
    assert margin[0] == pytest.approx(1.7958848 * np.sqrt(12 / 11) * made["error"][0])


def test_municipalities_that_cannot_be_compared_are_counted(of_country: Use) -> None:
    tables = country_of()
    few = tables[OLD].index.str.startswith("BU9001")
    keep = ~few | (np.arange(len(few)) % BUURTEN < 8)
    tables = {name: table[keep] for name, table in tables.items()}
    nearly_one = tables[OLD].index.str.startswith("BU900500")  # four of twelve buurten, in which nearly all live
    for name in (OLD, PEOPLE):
        tables[name].loc[nearly_one] *= 100.0
    codes = tables[OLD].index
    tables[OLD].loc[codes.str.startswith("BU9002"), 2024] = np.nan  # no figures later
    gone = codes.str.startswith("BU900700")  # four buurten that are no more: the others are not enough of 2017
    for name in (OLD, PEOPLE):
        tables[name].loc[gone, 2024] = np.nan
    half = codes.str.startswith("BU9003") & codes.str[6:8].isin(["00", "01"])
    for name in (OLD, PEOPLE):
        tables[name].loc[half, 2024] = 5 * np.rint(tables[name].loc[half, 2024] * 1.6 / 5)  # became other buurten
    of_country(tables)
    found = segregation(OLD)
    assert found.change is not None
    aside = {(one.step, one.reason): one.rows for one in found.set_aside}
    assert aside == {
        ("municipalities 2024", "no_counts"): 1,
        ("municipalities", "no_figure_in_both_years"): 2,
        ("municipalities", "jumped_in_a_year"): 1,
        ("municipalities", "too_few_buurten"): 2,
    }
    assert len(found.change.places) == PLACES - 5
    assert {"GM9001", "GM9002", "GM9003", "GM9005", "GM9007"}.isdisjoint(found.change.places["municipality"])


def test_where_nobody_sorts_no_growth_is_told() -> None:
    rng = np.random.default_rng(3)
    starts = np.arange(0, 40 * 15, 15)
    people = rng.integers(40, 120, starts[-1] + 15)
    old = rng.binomial(people, 0.2, (2, people.size)).astype(float)
    counts = np.stack([old, people - old], axis=1)
    for index in ("dissimilarity", "theil"):
        made = growth.growth_of(index, counts, starts, np.random.default_rng(1), draws=99)
        assert made["estimate"].isna().all()
    corrected = growth.corrected("theil", counts[0], starts, np.random.default_rng(1))
    assert abs(corrected.mean()) < 0.15 * counted.MEASURES["theil"](counts[0], starts).mean()


# ------------------------------------------------------------------ the levels of the map
def loops(counts: np.ndarray, names: list[str], inner: slice, outer: slice) -> float:
    """Compute H of the areas `inner` within the areas `outer`, as a part of the H of the whole, in loops."""
    whole = counts.sum()
    mixed = entropy(counts[0].sum() / whole)
    total = 0.0
    for above in sorted({name[outer] for name in names}):
        inside = [at for at, name in enumerate(names) if name[outer] == above]
        side = counts[:, inside].sum(axis=1)
        for below in sorted({names[at][inner] for at in inside}):
            part = counts[:, [at for at in inside if names[at][inner] == below]].sum(axis=1)
            total += part.sum() / whole * (entropy(side[0] / side.sum()) - entropy(part[0] / part.sum())) / mixed
    return total


def test_the_parts_are_those_of_loops_and_add_up(of_country: Use) -> None:
    tables = country_of()
    of_country(tables)
    found = segregation(OLD)
    names = codes_of()
    counts = np.stack(sides(tables, 2024))
    own = found.parts[found.parts["year"] == 2024].set_index("part")["estimate"]
    expected = [
        loops(counts, names, slice(0, 6), slice(0, 2)),
        loops(counts, names, slice(0, 8), slice(0, 6)),
        loops(counts, names, slice(0, 10), slice(0, 8)),
    ]
    assert own[list(country.PARTS[:3])].tolist() == pytest.approx(expected, rel=1e-9)
    for year, rows in found.parts.groupby("year"):
        by_part = rows.set_index("part")
        assert abs(by_part["estimate"].iloc[:3].sum() - by_part.loc["whole", "estimate"]) < 1e-12
        assert by_part["share"].iloc[:3].sum() == pytest.approx(100, abs=1e-9)
        assert by_part.loc["whole", "estimate"] == pytest.approx(theil(*sides(tables, int(year))), rel=1e-9)


def test_the_rank_order_parts_are_those_of_the_thresholds(of_country: Use) -> None:
    tables = country_of()
    of_country(tables)
    parts = segregation("income_of_persons", "rank_order").parts.set_index("part")["estimate"]
    people = tables[PEOPLE][2017].to_numpy(float)
    shares = [tables[name][2017].to_numpy(float) for name in (LOW, HIGH)]
    counts = np.stack([shares[0], 100 - shares[0] - shares[1], shares[1]]) / 100 * people
    by_wijk = np.stack([pd.Series(row).groupby([code[:8] for code in codes_of()]).sum() for row in counts])
    assert parts["whole"] == pytest.approx(slow(counts, 1, "theil"), rel=1e-6)
    assert parts["between_buurten"] == pytest.approx(parts["whole"] - slow(by_wijk, 1, "theil"), rel=1e-4)
    assert abs(parts[list(country.PARTS[:3])].sum() - parts["whole"]) < 1e-12


def test_each_level_has_an_index_and_what_the_store_lacks_says_so(of_country: Use) -> None:
    tables = country_of()
    of_country(tables)
    found = segregation(OLD, place="GM9004")
    rows = found.profile[found.profile["year"] == 2024].set_index(["place", "level"])
    counts = np.stack(sides(tables, 2024))
    wijken = [code[:8] for code in codes_of()]
    by_wijk = [pd.Series(side).groupby(wijken).sum().to_numpy() for side in counts]
    assert rows.loc[("", "buurt"), "estimate"] == pytest.approx(dissimilarity(*counts), rel=1e-9)
    assert rows.loc[("", "wijk"), "estimate"] == pytest.approx(dissimilarity(*by_wijk), rel=1e-9)
    assert rows.loc[("", "wijk"), "areas"] == PLACES * BUURTEN / 4
    own = dissimilarity(*sides(tables, 2024, "BU9004"))
    assert rows.loc[("GM9004", "buurt"), "estimate"] == pytest.approx(own, rel=1e-9)
    assert rows.loc[("", "province"), "reason"] == "no_provinces"
    assert np.isnan(rows.loc[("", "radius"), "estimate"])


def test_a_merged_municipality_counts_as_what_it_became() -> None:
    merged = country.became(2017, 2024)
    assert merged["GM0007"] == "GM1950"  # Bellingwedde and Vlagtwedde became Westerwolde
    assert country.became(2024, 2024) == {}
    counts = np.array([[10.0, 30, 20, 40], [90, 70, 80, 60]])
    codes = np.array(["BU00070000", "BU00070100", "BU00480000", "BU00480001"])
    table = country.nested(counts, codes, merged)
    assert table.municipalities.tolist() == [[100], [300]]
    assert table.wijken.tolist() == [[10, 30, 60], [90, 70, 140]]
    assert country.parts_of(table, ordered=False)["estimate"].iloc[0] == pytest.approx(0, abs=1e-15)


# ------------------------------------------------------------------ what cannot be asked
def test_what_cannot_be_asked_says_so(of_country: Use) -> None:
    tables = country_of()
    of_country(tables)
    for asked, words in (
        ((OLD, "gini"), "index 'gini' is not known. Valid: dissimilarity, theil, rank_order"),
        ((OLD, "rank_order"), "rank_order needs shares of ordered classes"),
        (("income_of_persons", "theil"), "does not go with 'income_of_persons'"),
        (("inhabitants_aged_65",), 'did you mean "inhabitants_aged_65_plus"'),
        (("mean_dwelling_value",), "is no share of people, households or dwellings, and no count of inhabitants"),
        ((OLD, "theil", (2018, 2020)), "of one source, from 2018 to 2020; it has 2017, 2024"),
        ((OLD, "theil", (2024, 2017)), "2024 is after 2017"),
        (("owner_occupied_share",), "has no owner_occupied_share"),
    ):
        with pytest.raises(ParameterError, match=words):
            segregation(*asked)
    small = {name: table[table.index.str[2:6].astype(int) < 9010] for name, table in tables.items()}
    of_country(small)
    with pytest.raises(NotComputableError, match="too few municipalities; together they need 30"):
        segregation(OLD)


def test_group_and_base_are_of_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = country_of()
    other = {OLD: tables[OLD].iloc[:20], PEOPLE: tables[PEOPLE]}  # has fewer buurten of the group

    def indicator(name: str) -> pd.DataFrame:
        return pd.concat([rows_of(name, tables[name]), rows_of(name, other[name], "aa_other")], ignore_index=True)

    monkeypatch.setattr(counted.read, "indicator", indicator)
    subject = counted.subject_of(catalogue(), OLD, "theil")
    assert set(counted.observed(subject)["source"]) == {"cbs"}


# ------------------------------------------------------------------ offline
def test_what_is_written_is_read_again(
    of_country: Use, monkeypatch: pytest.MonkeyPatch, home: Path, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    own = country.embedded_segregation
    of_country(country_of())
    made = segregation(OLD, place="GM9004")
    before = (home / "data" / country.SEGREGATION_FILE).read_bytes()
    code, _, problem = command_line("country", "segregation", "--write")
    assert (code, "has no inhabitants_aged_0_14" in problem) == (2, True)  # a store that lacks a group writes nothing
    assert (home / "data" / country.SEGREGATION_FILE).read_bytes() == before
    table = country.segregation_to_embed([(OLD, "dissimilarity"), ("income_of_persons", "rank_order")], (2017, 2024))
    table.to_csv(home / "data" / country.SEGREGATION_FILE, index=False)
    monkeypatch.setattr(country, "embedded_segregation", own)

    def nothing(name: str) -> pd.DataFrame:
        raise ParameterError(f"The store (data/store) has no {name}.")

    monkeypatch.setattr(counted.read, "indicator", nothing)
    read = segregation(OLD, place="GM9004")
    assert read.parts.empty
    assert len(read.places) == len(made.places)
    np.testing.assert_allclose(read.places["corrected"], made.places["corrected"], rtol=1e-5)
    assert read.change is not None
    assert made.change is not None
    assert read.change.mean == pytest.approx(made.change.mean, abs=0.3)
    assert segregation("income_of_persons", "rank_order").years == (2017,)
    with pytest.raises(ParameterError, match="has no inhabitants_aged_0_14"):
        segregation("inhabitants_aged_0_14")


def test_without_a_store_breda_stands_among_the_country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once(monkeypatch, country, "segregation")
    runner = CliRunner()
    told = runner.invoke(app, ["country", "segregation", "--place", "Breda", "--picture", str(tmp_path / "a.svg")])
    assert told.exit_code == 0, told.output
    assert "→ Breda" in told.output
    assert "2017=387, 2024=342" in told.output
    assert "only out of the store" in told.output
    assert (tmp_path / "a.svg").stat().st_size > 10_000
    content = json.loads(runner.invoke(app, ["country", "segregation", "--place", "Breda", "--json"]).output)
    assert content["standing"]["estimate"] == pytest.approx(0.148132)
    assert content["change"]["mean"][0] == pytest.approx(-12.2, abs=0.5)
    assert content["parts"] == []


def test_the_command_tells_levels_and_they_are_drawn(of_country: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    of_country(country_of())
    once(monkeypatch, country, "segregation")
    runner = CliRunner()
    words = ["country", "segregation", OLD, "--index", "theil", "--place", "GM9004"]
    told = runner.invoke(app, words)
    assert told.exit_code == 0, told.output
    for line in ("between wijken in a municipality", "buurt, within GM9004", "the store knows no provinces"):
        assert line in told.output
    content = json.loads(runner.invoke(app, [*words, "--json"]).output)
    assert [row["estimate"] for row in content["profile"] if row["level"] == "radius"] == [None, None]
    found = country.segregation(OLD, "theil", (2017, 2024), "GM9004")
    above = plot(found)
    below = above.figure.axes[1]
    widths = [bar.get_width() for bar in below.patches]
    assert sum(widths) == pytest.approx(200)  # of two years
    assert widths[:2] == pytest.approx(found.parts.query("part == 'between_municipalities'")["share"].tolist())
    last = found.places[found.places["year"] == 2024].set_index("municipality")["corrected"]
    assert above.lines[0].get_ydata().tolist() == pytest.approx(sorted(last))
    assert above.lines[1].get_ydata().tolist() == [last["GM9004"]]


def test_an_answer_has_a_place_only_where_it_has_a_number() -> None:
    empty = pd.DataFrame(columns=list(country.PLACES))
    found = Segregation(OLD, "theil", (2017,), empty, None, pd.DataFrame(), pd.DataFrame(), (), "GM0758")
    assert found.standing() == {}
