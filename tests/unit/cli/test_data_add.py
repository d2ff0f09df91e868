"""`kloof data add` says what a file is, column by column, and stores it; refusals end on one line with exit code 2."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kloof.cli import data_add

Kloof = Callable[..., tuple[int, str, str]]
PANEL = """jaar,gemeentecode,gemeentenaam,aantal_inwoners,koopwoningen,iets
2022,GM0758,Breda,184716,55,1
2022,GM0998,Buitenland,,,
"""
WOZ = """neighborhood,2020,2021,2022
Valkenberg,237000,250000,271000
Chasse,201000,202000,203000
Station,237000,0,271000
Fellenoord,181000,190000,200000
City,201000,202000,203000
"""


@dataclass(frozen=True)
class Change:
    outcome: str
    added: int = 0
    equal: int = 0
    removed: int = 0
    changed: int = 0
    differences: pd.DataFrame = field(default_factory=pd.DataFrame)


class Store:
    """Stands in for the store: keeps what it was given, knows one more municipality by name."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.change = Change("added", 3, 1)

    def areas(self) -> pd.DataFrame:
        rows = [("GM0344", "Utrecht", "gemeente", ""), ("BU03440000", "Hoek", "buurt", "WK034400")]
        rows.append(("WK034400", "WK034400", "wijk", "GM0344"))
        return pd.DataFrame(rows, columns=["code", "name", "level", "parent_code"])

    def add(self, recognised: Any, *, replacing: bool = False, options: Sequence[str] = ()) -> Change:
        assert list(options) == (["--replace"] if replacing else [])
        self.taken.append((recognised, replacing))
        return self.change


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    stand_in = Store()
    monkeypatch.setattr("kloof.store.add.add", stand_in.add)
    monkeypatch.setattr("kloof.store.read.areas", stand_in.areas)
    return stand_in


@pytest.fixture
def kloof_(command_line: Kloof) -> Kloof:
    return partial(command_line, "data", "add")


def saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_column_and_row_is_accounted_for(tmp_path: Path, kloof_: Kloof, store: Store) -> None:
    code, out, err = kloof_(saved(tmp_path, "panel.csv", PANEL), "--dry-run")
    assert (code, err) == (0, "") and store.taken == []
    lines = out.splitlines()
    assert lines[0] == "panel.csv: municipal_panel, gemeentekaart 2022"
    assert "  table           panel.csv: 2 rows × 6 columns" in lines
    assert "  areas           1 gemeente" in lines
    assert "  figures         2 (2 measured)" in lines
    assert "  sources         cbs_map_2022" in lines
    assert "  understood      66.7 % of the columns with figures" in lines
    assert (
        "    aantal_inwoners → inhabitants (2022)" in lines
        and "    koopwoningen    → owner_occupied_share (2022)" in lines
    )
    assert "    dimension of the table (period, age, kind): jaar" in lines
    assert "    iets: 2022" in lines
    assert any("no area in the Netherlands (abroad) (GM0998)" in line and " 1 " in line for line in lines)
    assert lines[-1] == f"Next: kloof data add {tmp_path / 'panel.csv'}"


def test_the_year_is_said_and_what_has_no_indicator_is_listed_apart(
    tmp_path: Path, kloof_: Kloof, store: Store
) -> None:
    head = "gemeentecode,aantal_inwoners,sauna_gemiddelde_afstand_in_km"
    path = saved(tmp_path, "kaart.csv", f"{head}\nGM0758,184716,3.6\n")
    code, _, err = kloof_(path, "--dry-run")
    assert code == 2 and "or say it: --year 2017" in err
    code, out, _ = kloof_(path, "--year", "2022", "--dry-run")
    lines = out.splitlines()
    assert code == 0 and "    aantal_inwoners → inhabitants (2022)" in lines
    assert "  understood      50.0 % of the columns with figures" in lines
    at = lines.index("  no indicator    1 columns, known and not in the catalogue")
    assert lines[at + 1] == "    sauna_gemiddelde_afstand_in_km" and "  no figures      1 columns" in lines
    code, out, _ = kloof_(saved(tmp_path, "kaart_2022.csv", "wk_code,wk_naam\nWK075800,Centrum\n"))
    assert code == 0 and "  understood      no figures in it" in out and "no indicator" not in out


def test_what_is_not_understood_comes_with_the_nearest_title(tmp_path: Path, kloof_: Kloof, store: Store) -> None:
    head = "Wijken en buurten;Codering;Bevolking|Aantal inwoners;Wonen|Gem. woningwaarde;Zwembaden"
    code, out, _ = kloof_(saved(tmp_path, "kwb_2020.csv", f"{head}\nBreda;GM0758;184126;281;3\n"), "--dry-run")
    lines = out.splitlines()
    assert code == 0 and "    Wonen|Gem. woningwaarde: 2020 (nearest: mean_dwelling_value)" in lines
    assert "    Zwembaden: 2020" in lines


def test_files_go_to_the_store(tmp_path: Path, kloof_: Kloof, store: Store) -> None:
    code, out, _ = kloof_(saved(tmp_path, "panel.csv", PANEL), "--municipality", "GM0758")
    assert code == 0 and "  store           added: 3 rows new, 1 already there" in out
    (read, replacing), *rest = store.taken
    assert rest == [] and replacing is False and read.observations["code"].tolist() == ["GM0758", "GM0758"]
    assert "Next: kloof data coverage --municipality GM0758, or kloof run --preset municipality" in out


def test_names_are_looked_up_in_the_embedded_sets_and_the_store(tmp_path: Path, kloof_: Kloof, store: Store) -> None:
    path = saved(tmp_path, "woz.csv", WOZ)
    code, out, _ = kloof_(path, "--municipality", "GM0758", "--dry-run")
    assert code == 0 and "4 buurt" in out and "(Chasse)" in out
    code, _, err = kloof_(path, "--municipality", "GM0344", "--dry-run")
    assert code == 2 and "only 0 of 5 names are in the list of areas" in err
    book = saved(
        tmp_path,
        "codes.csv",
        "code,name\nGM0344,Utrecht\n"
        + "".join(
            f"BU0344{n:04d},{name}\n"
            for n, name in enumerate(["Valkenberg", "Chasse", "Station", "Fellenoord", "City"])
        ),
    )
    code, out, _ = kloof_(path, "--municipality", "GM0344", "--codes", book, "--dry-run")
    assert code == 0 and "5 buurt" in out


def test_what_contradicts_the_store_is_not_stored_unless_asked(tmp_path: Path, kloof_: Kloof, store: Store) -> None:
    path = saved(tmp_path, "panel.csv", PANEL)
    base = {"code": "GM0758", "year": 2022, "source": "cbs_map_2022", "file": "old.csv"}
    changed = {"before": 184702.0, "status_before": "measured", "after": 184716.0, "status_after": "measured"}
    gone = {"before": None, "status_before": "suppressed", "after": None, "status_after": None}
    rows = [{**base, "indicator": "inhabitants", **changed}, {**base, "indicator": "households", **gone}]
    store.change = Change("differs", differences=pd.DataFrame(rows))
    code, out, err = kloof_(path)
    assert code == 2 and "panel.csv contradicts what is in the store in 2 figures. In old.csv (sources cbs_map" in err
    assert "GM0758 2022 inhabitants is 184702 there and 184716 here" in err
    assert "GM0758 2022 households is suppressed there and absent here" in err
    assert f"To prefer panel.csv: kloof data add {path} --replace" in err
    assert f"kloof data remove old.csv, then kloof data add {path}" in err and "To prefer old.csv, do nothing" in err
    assert "understood" in out
    store.change = Change("replaced", 1, 1, removed=2)
    code, out, _ = kloof_(path, "--replace")
    assert code == 0 and "replaced: 1 rows new, 1 already there, 2 made way: kloof data remove panel.csv" in out
    assert store.taken[-1][1] is True


def test_the_others_are_read_when_one_is_refused(tmp_path: Path, kloof_: Kloof, store: Store) -> None:
    good = saved(tmp_path, "panel.csv", PANEL)
    page = saved(tmp_path, "page.csv", "<html>503</html>")
    code, out, err = kloof_(page, good, tmp_path / "no.csv")
    assert code == 2 and "panel.csv: municipal_panel" in out and len(store.taken) == 1
    assert (
        err.startswith("kloof: 2 faults in the files. (1) page.csv is a web page or XML")
        and "no.csv is not there" in err
    )
    assert "The others were read." in err
    code, out, err = kloof_(page)
    assert code == 2 and out == "" and err.startswith("kloof: page.csv is a web page or XML")


def test_an_area_whose_name_is_its_code_has_no_name(store: Store) -> None:
    areas = data_add.known_areas()
    assert "BU03440000" in set(areas["code"]) and "WK034400" not in set(areas["code"])
    assert {"GM0758", "BU07580001"} <= set(areas["code"])
