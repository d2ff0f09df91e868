"""Tables that a person saved from StatLine: titles by meaning, the year in Perioden, municipalities by code or name."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from real_files import cells

from kloof.catalogue import Catalogue
from kloof.errors import SchemaError, SourceError
from kloof.files.recognise import recognise

REGION, SCORE = "Regiocode (gemeente, wijk, buurt) (code)", "SES-WOA/Totaalscore/Gemiddelde score (Getal)"
KNOWN = pd.DataFrame(
    {"code": ["GM0758", "GM0344", "GM0373", "GM0893"], "name": ["Breda", "Utrecht", "Bergen", "Bergen"]}
)
TWO = r"Perioden says 2019, and its name or --year says 2018"


def saved(folder: Path, head: list[str], *rows: list[str], name: str = "table.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows([head, *rows])
    return path


@pytest.mark.shared
def test_ses_woa_of_amsterdam_equals_its_file(shared: Path, catalogue: Catalogue) -> None:
    path = shared / "data" / "wild" / "SES_WOA_scores_per_wijk_en_buurt_25042023_160857.csv"
    found = recognise(path, catalogue)
    with path.open(encoding="utf-8-sig", newline="") as file:
        raw = list(csv.DictReader(file, delimiter=";"))
    expected = {row[REGION].strip(): row[SCORE].strip() for row in raw}
    assert cells(found) == {
        (code, 2019, "ses_woa_score"): "suppressed" if text == "." else float(text) for code, text in expected.items()
    }
    assert cells(found)["GM0363", 2019, "ses_woa_score"] == -0.1
    assert found.sources["source_id"].tolist() == ["ses_woa"] and found.not_understood == ()
    assert dict(found.identity)["Particuliere huishoudens (Aantal)"] == "not_in_catalogue"


def test_years_stars_other_periods_and_the_source_line(tmp_path: Path, catalogue: Catalogue) -> None:
    head = ["Perioden", "Wijken en buurten", REGION, SCORE, "Nieuw/Onderwerp (%)"]
    path = saved(
        tmp_path, head, ["2019", "Breda", "GM0758    ", "  -0,100", "1"], ["2020*", "Breda", "GM0758", "0,2", "2"],
        ["2020 1e kwartaal", "Breda", "GM0758", "0,3", "3"], ["Bron: CBS"], name="85900NED.csv",
    )  # fmt: skip
    found = recognise(path, catalogue)
    assert cells(found) == {("GM0758", 2019, "ses_woa_score"): -0.1, ("GM0758", 2020, "ses_woa_score"): 0.2}
    assert {one.reason: one.rows for one in found.set_aside} == {"source_line": 1, "periods_that_are_no_years": 1}
    assert found.sources["source_id"].tolist() == ["ses_woa_85900"] and found.edition == "85900NED 2019-2020"
    assert found.not_understood == ((2020, "Nieuw/Onderwerp (%)"),) and found.rows == 4


def test_titles_of_kwb_and_municipalities_by_name(tmp_path: Path, catalogue: Catalogue) -> None:
    head = ["Regio's", "Perioden", "Bevolking/Aantal inwoners (aantal)"]
    path = saved(tmp_path, head, ["Breda", "2020", "184126"], ["Utrecht (gemeente)", "2020", "357597"])
    found = recognise(path, catalogue, areas=KNOWN)
    assert cells(found) == {("GM0758", 2020, "inhabitants"): 184126.0, ("GM0344", 2020, "inhabitants"): 357597.0}
    assert found.sources["source_id"].tolist() == ["cbs_kwb_2020"] and found.share_understood == 100
    with pytest.raises(SourceError, match=r"1 are of several \(Bergen is GM0373 or GM0893\)"):
        recognise(saved(tmp_path, head, ["Breda", "2020", "1"], ["Bergen", "2020", "2"]), catalogue, areas=KNOWN)


@pytest.mark.parametrize(
    ("name", "year", "rows", "error", "message"),
    [
        ("ses_2018.csv", None, [["2019", "GM0758", "1"]], SourceError, TWO),
        ("ses.csv", 2018, [["2019", "GM0758", "1"]], SourceError, TWO),
        ("ses.csv", None, [["2019", "GM0758", "1"]] * 2, SchemaError, r"1 rows stand twice \(GM0758 2019\)"),
        ("ses.csv", None, [["2019", "0758", "1"]], SchemaError, r"1 codes without their prefix"),
        ("ses.csv", None, [["januari", "GM0758", "1"]], SourceError, r"no rows of whole years: Perioden holds januari"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(
    tmp_path: Path, catalogue: Catalogue, name: str, year: int | None, rows: list, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        recognise(saved(tmp_path, ["Perioden", REGION, SCORE], *rows, name=name), catalogue, year=year)
