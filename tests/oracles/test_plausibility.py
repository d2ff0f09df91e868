"""The indices on the real files, for every municipality at once: distributions, and the same numbers in plain loops.

`benchmarks/plausibility.py` reads the files through kloof and makes data/plausibility.csv; the loops read them anew.
"""

import csv
import re
import sqlite3
import sys
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from slow_rank_order import slow

from kloof.measures import decompose, resample
from kloof.measures.country import Everywhere, counts_everywhere, measure_everywhere, own_municipality
from kloof.store import add, read

pytestmark = [pytest.mark.shared, pytest.mark.xdist_group("plausibility")]

D = ["dissimilarity"]


@pytest.fixture(scope="module")
def plausibility(project: Path) -> ModuleType:
    sys.path.insert(0, str(project / "benchmarks"))
    try:
        import plausibility
    finally:
        sys.path.pop(0)
    return plausibility


@pytest.fixture(scope="module")
def files(plausibility: ModuleType, shared: Path) -> Any:
    return plausibility.read_files(shared / "data")


@pytest.fixture(scope="module")
def large(plausibility: ModuleType, files: Any) -> list[str]:
    return list(plausibility.large_municipalities(files))


def apart(pairs: list[tuple[float, float]]) -> float:
    """D in a loop."""
    a, b = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return sum(abs(one / a - two / b) for one, two in pairs) / 2


def of_shares(rows: list[tuple[float, float]]) -> float:
    """D of percentages of a base, in a loop."""
    return apart([(share / 100 * base, base - share / 100 * base) for share, base in rows])


def national_rows(shared: Path) -> list[dict[str, Any]]:
    columns = ["code", "level", "gemeente_code", "koopwoningen_pct", "huishoudens", "postcode4", "inwoners"]
    path = shared / "data" / "national" / "buurten_2024.parquet"
    return list(pyarrow.parquet.read_table(path, columns=columns).to_pylist())


def workbook_rows(shared: Path) -> dict[str, list[float | None]]:
    """Households and the five shares by postcode, out of the XML of the workbook."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(shared / "data" / "pc4" / "cbs_pc4_median_income.xlsx") as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        words = [
            "".join(part.text or "" for part in item.iter(f"{space}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
    found = {}
    for row in sheet.iter(f"{space}row"):
        cells = {}
        for cell in row.iter(f"{space}c"):
            value = cell.find(f"{space}v")
            text = "" if value is None else value.text or ""
            cells[re.sub(r"\d", "", cell.attrib["r"])] = words[int(text)] if cell.get("t") == "s" else text
        code = cells.get("A", "").strip()
        if re.fullmatch(r"\d{4}", code):
            numbers = [cells.get(letter, "").strip() for letter in "BDEFGH"]
            found[code] = [None if text in ("", ".") else float(text) for text in numbers]
    return found


def by_municipality(rows: pd.DataFrame, name: str = "dissimilarity") -> pd.DataFrame:
    return rows[rows["index"] == name].set_index("municipality")


HANDFUL = ["GM0758", "GM0917", "GM0363", "GM0599", "GM0088", "GM0502"]  # the last two: Schiermonnikoog and Capelle


# ------------------------------------------------------------------ owner-occupied against all other dwellings, 2024


@pytest.fixture(scope="module")
def tenure(plausibility: ModuleType, files: Any) -> dict[str, pd.DataFrame]:
    return {
        level: by_municipality(measure_everywhere(plausibility.owner_occupied(files, level), D, 80))
        for level in ("buurt", "wijk")
    }


def test_all_municipalities_and_why_three_have_no_number(tenure: dict[str, pd.DataFrame]) -> None:
    buurt = tenure["buurt"]
    assert len(buurt) == 342
    # Vlieland and Rozendaal have one measured buurt; Wageningen has shares for 79 percent of its households
    assert buurt["reason"].dropna().to_dict() == {
        "GM0096": "one_area",
        "GM0277": "one_area",
        "GM0289": "too_little_measured",
    }
    assert tenure["wijk"]["reason"].dropna().unique().tolist() == ["one_area"]


def test_tenure_a_plain_loop_over_the_file_gives_the_same(tenure: dict[str, pd.DataFrame], shared: Path) -> None:
    rows = national_rows(shared)
    for code in HANDFUL:
        for level, table in tenure.items():
            pairs = [
                (row["koopwoningen_pct"], row["huishoudens"])
                for row in rows
                if row["gemeente_code"] == code
                and row["level"] == level
                and row["koopwoningen_pct"] is not None
                and row["huishoudens"] is not None
            ]
            if len(pairs) > 1:
                assert table.loc[code, "estimate"] == pytest.approx(of_shares(pairs), abs=1e-12)
            assert table.loc[code, "n_units"] == len(pairs)


def test_out_of_the_store_comes_the_same(
    plausibility: ModuleType, files: Any, tenure: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    add.add(files.national, tmp_path)
    rows = pd.concat(read.indicator(name, tmp_path) for name in ("owner_occupied_share", "households", "inhabitants"))
    group = replace(files.known.group("owner_occupied_dwellings"), base="households")
    own = own_municipality(read.areas(tmp_path)["code"])
    again = by_municipality(measure_everywhere(counts_everywhere(rows, files.known, group, own), D, 80))
    pd.testing.assert_frame_equal(again, tenure["buurt"])


def test_the_distribution_of_tenure(tenure: dict[str, pd.DataFrame], large: list[str]) -> None:
    """Dwellings are built by the row and sold or let by the row, so tenure is split more than age or income.

    Yet a buurt of one tenure is rare: half of the owners would have to move in hardly any municipality.
    """
    values = tenure["buurt"]["estimate"].dropna()
    quarter, median, three_quarters = values.quantile([0.25, 0.5, 0.75])
    assert 0.18 < quarter < 0.24
    assert 0.24 < median < 0.30
    assert 0.31 < three_quarters < 0.37
    assert 0.4 < values.max() < 0.5
    assert (values > tenure["buurt"]["expected"].dropna()).all()  # nowhere as even as by lot
    assert values.reindex(large).median() > median + 0.05  # towns have both kinds of stock
    # Breda lies in the upper quarter of all, and in the middle half of those of 50,000 inhabitants or more
    assert 0.75 < (values < values["GM0758"]).mean() < 0.90
    assert 0.50 < (values.reindex(large) < values["GM0758"]).mean() < 0.75


def test_joining_buurten_to_wijken_lowers_it(tenure: dict[str, pd.DataFrame]) -> None:
    buurt, wijk = tenure["buurt"], tenure["wijk"]
    both = buurt["estimate"].notna() & wijk["estimate"].notna()
    # a wijk is made of its buurten: beyond what is rounded or missing it can't be more uneven
    assert (wijk["low"] <= buurt["high"])[both].all()
    higher = both & (wijk["estimate"] > buurt["estimate"])
    assert higher.sum() <= 5
    complete = higher & (buurt["n_missing"] == 0)
    assert (wijk["estimate"] - buurt["estimate"])[complete].max() < 0.001
    assert 0.4 < (wijk["estimate"] / buurt["estimate"])[both].median() < 0.75


def test_wijken_keep_more_than_random_parts_of_their_size(plausibility: ModuleType, files: Any) -> None:
    random = plausibility.random_parts(files, 80.0)
    wijk = by_municipality(measure_everywhere(plausibility.owner_occupied(files, "wijk"), D, 80))["estimate"]
    assert float(random["median"]) < wijk.median()
    for name, code in plausibility.PLACES.items():
        assert float(random[name]) < wijk[code]


# ------------------------------------------------------------------ low incomes by buurt
# beside the band of CBS: 9 to 38 percent over municipalities, almost a quarter on average (Armoede en sociale
# uitsluiting 2015, section 6.3: D of households below and above the low-income line, 2013, squares of 500 metres)


def test_social_minimum_in_breda_and_five_cities(plausibility: ModuleType, files: Any, project: Path) -> None:
    found = by_municipality(measure_everywhere(plausibility.social_minimum(files), D, 80))
    cells: dict[tuple[str, str], float] = {}
    for name in ("kwb_breda.csv", "kwb_other.csv"):
        with (project / "data" / "breda" / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["source_id"] == "cbs_kwb_2017" and row["year"] == "2017":
                    cells[row["code"], row["indicator"]] = float(row["value"])
    share = "households_around_social_minimum_share"
    for code, row in found.iterrows():
        pairs = [
            (value, cells[area, "households"])
            for (area, name), value in cells.items()
            if name == share and area[2:6] == str(code)[2:]
        ]
        assert row["estimate"] == pytest.approx(of_shares(pairs), abs=1e-12)
    assert found["estimate"].between(0.09, 0.38).all()
    assert 0.20 < found["estimate"].mean() < 0.30
    # Heerlen, Eindhoven, Breda, 's-Hertogenbosch, Tilburg, Dordrecht
    assert found["estimate"].sort_values().index.tolist() == [
        "GM0917", "GM0772", "GM0758", "GM0796", "GM0855", "GM0505",
    ]  # fmt: skip
    # rounding can't turn the ends of that order
    assert found.loc["GM0917", "high"] < found.loc["GM0796", "low"] < found.loc["GM0505", "low"]
    assert found["expected"].max() < 0.06


def test_below_the_low_income_line_in_amsterdam_and_heerlen(plausibility: ModuleType, files: Any, shared: Path) -> None:
    counted = plausibility.low_income(files, "households_below_low_income_line_share")
    found = measure_everywhere(counted, D, 80).set_index(["municipality", "year"])["estimate"]
    for year in (2017, 2019):
        assert found["GM0363", year] == pytest.approx(of_shares(amsterdam(shared, year)), abs=1e-12)
    assert found["GM0917", 2017] == pytest.approx(of_shares(heerlen(shared)), abs=1e-12)
    assert np.isnan(found["GM0917", 2019])
    assert found.dropna().between(0.09, 0.25).all()  # buurten: at or below almost a quarter


def test_two_copies_of_heerlen_agree(plausibility: ModuleType, files: Any) -> None:
    raw = plausibility.low_income(files, "households_around_social_minimum_share")
    found = measure_everywhere(raw, D, 80).set_index(["municipality", "year"])["estimate"]
    embedded = by_municipality(measure_everywhere(plausibility.social_minimum(files), D, 80))["estimate"]
    assert found["GM0917", 2017] == embedded["GM0917"]


def amsterdam(
    shared: Path, year: int, title: str = "Huishoudens.met.een.laag.inkomen...."
) -> list[tuple[float, float]]:
    """Share and households of every buurt that has both, with the csv module."""
    with (shared / "data" / "kwb" / f"amsterdam_{year}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Regioaanduiding.Codering..code."].startswith("BU")]
    share = f"Inkomen.Inkomen.van.huishoudens.{title}"
    households = "Bevolking.Particuliere.huishoudens.Huishoudens.totaal..aantal."
    cells = [(row[share].strip().replace(",", "."), row[households]) for row in rows]
    return [(float(one), float(two)) for one, two in cells if one not in ("", ".", "NA") and float(two) > 0]


def heerlen(shared: Path) -> list[tuple[float, float]]:
    """Share and households of every buurt of 2017 that has both, with sqlite3."""
    with closing(sqlite3.connect(f"file:{shared}/data/kwb/heerlen_2016_2020.db?mode=ro", uri=True)) as base:
        name = next(
            row[0] for row in base.execute("select name from sqlite_master where type = 'table'") if "2017" in row[0]
        )
        first = base.execute(f'pragma table_info("{name}")').fetchall()[0][1]
        rows = base.execute(
            f'select "{first}", Inkomen_Inkomen_van_huishoudens_Huishoudens_met_een_laag_inkomen, '
            f'Bevolking_Particuliere_huishoudens_Huishoudens_totaal from "{name}"'
        ).fetchall()
    return [
        (one, two) for area, one, two in rows if one is not None and two and not re.match(r"Wijk \d|Heerlen$", area)
    ]


# ------------------------------------------------------------------ income quintiles by postcode, 2017

INDICES = ("dissimilarity", "theil_h", "rank_order_theil_h")


@pytest.fixture(scope="module")
def counted_quintiles(plausibility: ModuleType, files: Any) -> Everywhere:
    return plausibility.lowest_quintile(files)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def quintiles(counted_quintiles: Everywhere) -> dict[str, pd.DataFrame]:
    rows = measure_everywhere(counted_quintiles, INDICES, 80)
    return {name: by_municipality(rows, name) for name in INDICES}


def test_the_bridge_is_close_and_counted(files: Any, counted_quintiles: Everywhere, shared: Path) -> None:
    households = {code: row[0] for code, row in workbook_rows(shared).items()}
    most: dict[str, dict[str, float]] = {}
    for row in national_rows(shared):
        if row["level"] == "buurt" and row["postcode4"] and row["inwoners"] is not None:
            here = most.setdefault(row["postcode4"], {})
            here[row["gemeente_code"]] = here.get(row["gemeente_code"], 0) + row["inwoners"]
    chosen = {f"PC{code}": max(sorted(parts), key=parts.__getitem__) for code, parts in most.items()}
    assert files.bridge.municipality.to_dict() == chosen
    assert files.bridge.several == sum(len(parts) > 1 for parts in most.values()) == 3
    assert files.bridge.elsewhere < 0.01  # percent of the inhabitants
    lost = {code: size or 0 for code, size in households.items() if f"PC{code}" not in chosen}
    [aside] = counted_quintiles.set_aside
    assert (aside.reason, aside.rows) == ("no_municipality", 6 * len(lost))
    assert sum(lost.values()) < 0.01 * sum(size or 0 for size in households.values())


def test_a_fifth_of_the_country_is_in_each_quintile(counted_quintiles: Everywhere) -> None:
    """By definition of the classes: a mistake in shares, households or postcodes would show here."""
    sizes = np.nansum(counted_quintiles.counts.counts, axis=1)
    assert 100 * sizes / sizes.sum() == pytest.approx([20] * 5, abs=0.05)


def test_quintiles_a_plain_loop_over_the_file_gives_the_same(
    quintiles: dict[str, pd.DataFrame], files: Any, shared: Path
) -> None:
    rows = workbook_rows(shared)
    own = files.bridge.municipality
    for code in HANDFUL:
        here = [rows[area[2:]] for area in own.index[own == code] if area[2:] in rows]
        complete = [[float(cell) for cell in row if cell is not None] for row in here if None not in row]
        counts = np.array([[share / 100 * size for share in shares] for size, *shares in complete]).T
        assert quintiles["dissimilarity"].loc[code, "n_units"] == len(complete)
        if len(complete) < 2:
            assert quintiles["dissimilarity"].loc[code, "reason"] == "one_area"
            continue
        pairs = list(zip(counts[0].tolist(), counts[1:].sum(axis=0).tolist(), strict=True))
        assert quintiles["dissimilarity"].loc[code, "estimate"] == pytest.approx(apart(pairs), abs=1e-12)
        assert quintiles["rank_order_theil_h"].loc[code, "estimate"] == pytest.approx(
            slow(counts, 2, "theil"), abs=1e-8
        )


def test_the_distribution_of_quintiles(quintiles: dict[str, pd.DataFrame], large: list[str]) -> None:
    """A postcode holds some 2,000 households: D lies well below the quarter that squares of 500 m give on average.

    The highest stay under the highest square-based index, 38 percent.
    """
    values = quintiles["dissimilarity"]["estimate"].dropna()
    assert len(values) == 332
    assert quintiles["dissimilarity"]["reason"].dropna().unique().tolist() == ["one_area"]
    quarter, median, three_quarters = values.quantile([0.25, 0.5, 0.75])
    assert 0.05 < quarter < 0.08
    assert 0.09 < median < 0.12
    assert 0.14 < three_quarters < 0.19
    assert 0.30 < values.max() < 0.38
    assert 0.15 < values.reindex(large).median() < 0.20
    rank_order = quintiles["rank_order_theil_h"]["estimate"].dropna()
    assert (rank_order > 0).all()
    assert 0.08 < rank_order.max() < 0.11
    assert 0.010 < rank_order.median() < 0.016
    # the whole distribution and its lowest fifth tell much the same
    assert rank_order.corr(quintiles["theil_h"]["estimate"], method="spearman") > 0.9
    # Breda is among the most uneven by postcode: in the upper tenth of all and of the larger
    for chosen in (values, values.reindex(large)):
        assert (chosen < values["GM0758"]).mean() > 0.9


def test_the_north_east_is_the_most_uneven(quintiles: dict[str, pd.DataFrame], large: list[str], shared: Path) -> None:
    """CBS 2015, section 6.3: low incomes live apart the most in the north-east."""
    path = shared / "data" / "national" / "buurten_2024.parquet"
    rows = pyarrow.parquet.read_table(path, columns=["code", "level", "provincie_name"]).to_pylist()
    province = {row["code"]: row["provincie_name"] for row in rows if row["level"] == "gemeente"}
    values = quintiles["dissimilarity"]["estimate"].reindex(large)
    mean = values.groupby(values.index.map(province)).mean()
    assert set(mean.nlargest(4).index) == {"Groningen", "Fryslân", "Overijssel", "Drenthe"}
    assert set(values.nlargest(2).index) == {"GM0014", "GM0080"}  # Groningen and Leeuwarden


# ------------------------------------------------------------------ the same group by coarser units


def test_inhabitants_aged_65_plus_by_postcode_and_by_buurt(plausibility: ModuleType, files: Any) -> None:
    group = files.known.group("inhabitants_aged_65_plus")
    fine = {}
    for rows in (files.embedded.observations, files.amsterdam[2017].observations):
        own = own_municipality(rows["code"].unique())
        made = measure_everywhere(counts_everywhere(rows, files.known, group, own), D, 80)
        fine |= made[made["year"] == 2017].set_index("municipality")["estimate"].dropna().to_dict()
    coarse = by_municipality(measure_everywhere(plausibility.aged_65_plus(files, "postcode"), D, 80))["estimate"]
    assert len(fine) == 7
    for code, value in fine.items():
        assert coarse[code] < value
    # the two ends of what a postcode keeps, as data/README.md says
    assert (coarse["GM0758"], fine["GM0758"]) == pytest.approx((0.170, 0.184), abs=5e-4)
    assert (coarse["GM0917"], fine["GM0917"]) == pytest.approx((0.101, 0.196), abs=5e-4)


def test_the_lowest_two_fifths_by_postcode_and_by_buurt(plausibility: ModuleType, files: Any, shared: Path) -> None:
    buurt = measure_everywhere(plausibility.low_income(files, "low_income_households_share"), D, 80)
    buurt = buurt[buurt["year"] == 2017].set_index("municipality")
    rows, own = workbook_rows(shared), files.bridge.municipality
    for code in ("GM0363", "GM0917"):
        here = [rows[area[2:]] for area in own.index[own == code] if area[2:] in rows]
        pairs = [(row[1] + row[2], row[0]) for row in here if None not in row]  # type: ignore[operator]
        assert of_shares(pairs) < buurt.loc[code, "estimate"] - 0.02  # type: ignore[arg-type]


def test_all_municipalities_by_wijk_postcode_and_buurt(plausibility: ModuleType, files: Any) -> None:
    medians = [
        measure_everywhere(plausibility.aged_65_plus(files, unit), D, 80)["estimate"].median()
        for unit in ("wijk", "postcode", "buurt")
    ]
    assert medians == sorted(medians)
    assert medians[2] > 1.3 * medians[1]


def test_the_committed_table_is_what_the_files_give(
    plausibility: ModuleType, files: Any, project: Path, tmp_path: Path
) -> None:
    plausibility.write(plausibility.table(files), tmp_path / "plausibility.csv")
    assert (tmp_path / "plausibility.csv").read_text() == (project / "data" / "plausibility.csv").read_text()


SHARES = [
    "households_around_social_minimum_share",
    "households_below_low_income_line_share",
    "low_income_households_share",
]
MEASURES = {"D": resample.Dissimilarity(0), "H": resample.theil_h_of_sums, "M": resample.mutual_information_of_sums}


# ------------------------------------------------------------------ Amsterdam, 2017 and 2019


@pytest.fixture(scope="module")
def years(plausibility: ModuleType, files: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {share: common(plausibility.low_income(files, share)) for share in SHARES}


@pytest.mark.parametrize("method", decompose.DECOMPOSITIONS)
@pytest.mark.parametrize("share", SHARES)
def test_the_parts_add_up(years: dict[str, tuple[np.ndarray, np.ndarray]], share: str, method: str) -> None:
    first, second = years[share]
    assert first.shape[1] > 370
    for measure in MEASURES.values():
        parts = {
            name: float(part[0]) for name, part in decompose.decompose(first, second, (0,), measure, method).items()
        }
        whole = [parts.pop(name) for name in ("first", "second", "change")]
        assert sum(parts.values()) == pytest.approx(whole[2], abs=1e-10)
        assert whole[1] - whole[0] == pytest.approx(whole[2], abs=1e-15)
        assert max(abs(part) for part in parts.values()) > 1e-4
        assert parts["additions"] == parts["removals"] == 0  # no buurt or group is empty in one year only
        if method != "karmel_maclachlan":
            back = decompose.decompose(second, first, (0,), measure, method)
            for name, part in parts.items():
                assert float(back[name][0]) == pytest.approx(-part, abs=1e-12)


def test_what_moved(years: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Fewer low incomes and growing buurten on the edges; the structure hardly moved, less than matters (0.01)."""
    moved = {
        share: float(decompose.decompose(*tables, (0,), MEASURES["D"])["structural"][0])
        for share, tables in years.items()
    }
    assert moved == pytest.approx(dict(zip(SHARES, (0.0011, -0.0053, -0.0065), strict=True)), abs=5e-5)
    first, second = years[SHARES[0]]
    assert apart(list(zip(*first.tolist(), strict=True))) == pytest.approx(0.1990, abs=5e-5)
    assert apart(list(zip(*second.tolist(), strict=True))) == pytest.approx(0.2010, abs=5e-5)


def common(counted: Everywhere) -> tuple[np.ndarray, np.ndarray]:
    """Counts of the two years of Amsterdam over the buurten measured in both, (2, N) each."""
    ends = [*counted.counts.starts[1:], counted.counts.units.size]
    tables = []
    for place, key in enumerate(counted.counts.keys.itertuples()):
        if key.municipality == "GM0363":
            inside = slice(counted.counts.starts[place], ends[place])
            tables.append(pd.DataFrame(counted.counts.counts[:, inside].T, index=counted.counts.units[inside]).dropna())
    both = tables[0].index.intersection(tables[1].index)
    first, second = (table.loc[both].to_numpy().T for table in tables)
    return first, second
