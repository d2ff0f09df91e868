"""Every real file goes in with its columns understood, or is refused with the command by which it goes in."""

import csv
import io
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from kloof.store import read

pytestmark = pytest.mark.shared

Kloof = Callable[..., tuple[int, str, str]]
NO_TABLE = {"INDEX.md", "national/README.md", "geo/buurt_centroids_2024_wgs84.json"}
KEYED = {"national/kwb_2022_keyed.csv.gz"}  # the codes in it were inferred: a person must say that they may count
LESS = {  # of the figures in these the catalogue has no indicator for many
    "national/kwb_2025_demography.csv.gz",
    "wild/SES_WOA_scores_per_wijk_en_buurt_25042023_160857.csv", "wild/baarn_buurten.geojson",
    "wild/fin_gemeente_2024_stats.parquet",
}  # fmt: skip
BY = 'publisher = "?"', 'publisher = "CBS"'
COLUMN = '# "{yyyy} number" = ""', '"{yyyy} number" = "registered_crimes"'
REPORTED = '"Geregistreerde overlast (aantal)" = '
REPORTS = f'# {REPORTED}"registered_crimes"', f'{REPORTED}"nuisance_reports"'
# what a person corrects in the mapping that is proposed for a file that is refused, and a figure in it
MAPPED: dict[str, tuple[tuple[tuple[str, str], ...], tuple[str, int, str]]] = {
    "breda/crimes_per_district_2012_2022.zip": ((BY,), ("GM0758", 2022, "registered_crimes")),
    "breda/income_recipients_2014_2021.csv": ((BY,), ("BU07580001", 2014, "income_recipients")),
    "breda/inhabitants_2008_2022.csv": ((BY,), ("BU07580001", 2022, "inhabitants")),
    "breda/nuisances_2022.zip": ((BY, REPORTS), ("GM0758", 2022, "nuisance_reports")),
    "breda/woz_2015_2022.csv": ((BY,), ("BU07580001", 2022, "mean_dwelling_value")),
    "kwb/amsterdam_2015.csv": ((BY,), ("GM0363", 2015, "income_recipients")),
    "kwb/heerlen_2016_2020.db": ((BY, ("year = 0", "year = 2017")), ("GM0917", 2017, "inhabitants")),
    "police/amsterdam_crimes_2012_2022.zip": ((BY, COLUMN), ("GM0363", 2012, "registered_crimes")),
    "wild/CBS_PC4.csv": ((BY, ("year = 0", "year = 2023")), ("PC1011", 2023, "inhabitants")),
}
NAMES_OF = {  # a file that is in the store already, and says what the areas of another are called
    "kwb/amsterdam_2015.csv": "kwb/amsterdam_2019.csv",
    "kwb/heerlen_2016_2020.db": "national/raw/GM0917.json",
    "police/amsterdam_crimes_2012_2022.zip": "kwb/amsterdam_2019.csv",
}


@pytest.fixture
def data(home: Path, command_line: Kloof) -> Kloof:
    return partial(command_line, "data")


def test_every_file_is_understood_or_refused_with_the_command_to_type_next(
    data: Kloof, shared: Path, tmp_path: Path
) -> None:
    folder = shared / "data"
    shown, refused = {}, set()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        code, out, err = data("add", path, "--dry-run")
        if code == 0:
            shown[name] = re.findall(r"^  understood +(\d+\.\d) % of|^  understood +(no figures) in it", out, re.M)
            continue
        refused.add(name)
        own = shutil.copy(path, tmp_path)
        said = f" Or say what its columns mean: kloof data map {path}"
        assert err.strip().endswith(said) == (name not in NO_TABLE), err
        assert data("map", own)[0] == (2 if name in NO_TABLE else 0)
    assert refused == MAPPED.keys() | NO_TABLE | KEYED
    assert len(shown) == 29
    assert {name for name, [(share, none)] in shown.items() if share != "100.0" and not none} == LESS


def figure(path: Path) -> float:
    """Read the figure that `MAPPED` names by other means than kloof's; the crimes of Breda end with the last year."""
    if path.suffix == ".db":
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as base:
            query = "select Bevolking_Aantal_inwoners from Kerncijfers_wijken_en_buurten_2017_pp limit 1"
            return float(base.execute(query).fetchone()[0])
    if path.suffix == ".zip" or path.name == "amsterdam_2015.csv":
        content = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                content = archive.read(archive.namelist()[0])
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
        place = {"Amsterdam": 1, "Breda": -1}
        found = [float(row[place[one]]) for row in rows for one in map(str.strip, row) if one in place]
        return found[-1 if path.name.startswith("crimes") else 0]
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    if path.name == "CBS_PC4.csv":
        return float(next(row for row in rows if "1011" in row)[rows[0].index("aantal_inwoners")])
    row = next(row for row in rows if "Valkenberg" in row)
    return float(row[2 if "recipients" in path.name else -1].replace(",", ""))


@pytest.mark.parametrize("name", MAPPED)
def test_a_file_that_is_refused_goes_in_by_a_mapping_of_which_few_lines_are_changed(
    data: Kloof, shared: Path, tmp_path: Path, name: str
) -> None:
    changes, (place, year, indicator) = MAPPED[name]
    if name in NAMES_OF:
        assert data("add", shared / "data" / NAMES_OF[name])[0] == 0
    path = Path(shutil.copy(shared / "data" / name, tmp_path))
    assert data("add", path)[0] == 2
    assert data("map", path)[0] == 0
    said = path.with_name(f"{path.name}.toml")
    text = said.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    assert len(changes) < 5
    said.write_text(text, encoding="utf-8")
    code, out, err = data("add", path, "--map", said)
    assert (code, err) == (0, "")
    rows = read.indicator(indicator)
    rows = rows[rows["source"].str.startswith("own_") & (rows["code"] == place) & (rows["year"] == year)]
    worth = figure(path) * (0.001 if indicator == "mean_dwelling_value" else 1)
    assert rows["value"].tolist() == [pytest.approx(worth, abs=1e-9)]
    assert "by a mapping of its columns" in out
    assert ("rows of a table or sheet of which no figures were read" in out) == name.endswith(".db")
