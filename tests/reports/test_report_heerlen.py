"""The same notebooks on a file a user brings: the real database of Heerlen, 2016-2020."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kloof.catalogue import catalogue
from kloof.report import audit
from kloof.report.publish import FILES

pytestmark = [pytest.mark.xdist_group("heerlen"), pytest.mark.shared]


@pytest.fixture(scope="module")
def results(heerlen_report: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((heerlen_report / "results.json").read_text(encoding="utf-8"))
    return content


def test_a_full_report_with_another_indicator_set(heerlen_report: Path, results: dict[str, Any]) -> None:
    assert results["place"]["code"] == "GM0917"
    assert results["place"]["buurten"] == 57
    changes = {finding["indicator"] for finding in results["findings"].values() if finding["kind"] == "gap_change"}
    assert {
        "mean_income_per_inhabitant", "low_income_households_share", "social_assistance_share", "mean_dwelling_value",
    } <= changes  # fmt: skip
    for language in ("nl", "en"):
        assert all((heerlen_report / language / name).stat().st_size > 50_000 for name in FILES)


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", ["index.html", "data.html"])
def test_a_page_says_only_what_the_results_say(
    heerlen_report: Path, results: dict[str, Any], language: str, name: str
) -> None:
    page = (heerlen_report / language / name).read_text(encoding="utf-8")
    known = audit.labels(catalogue(), language)
    assert audit.audit_html(page, results, language, known, whole=name == "data.html") == []
    assert "Breda" not in re.sub(r"(?s)<(style|svg|cite).*?</\1>", "", page), "another municipality's name in the page"


def test_what_the_file_lacks_is_said(results: dict[str, Any]) -> None:
    columns = [column["key"] for column in results["tables"]["01.coverage"]["columns"]]
    cells = {
        (row[columns.index("indicator")], row[columns.index("year")]): row[columns.index("state")]
        for row in results["tables"]["01.coverage"]["rows"]
    }
    assert cells["mean_income_per_inhabitant", 2017] == "measured"
    assert cells["mean_income_per_inhabitant", 2018] == "partly"  # 10 of 57 buurten
    assert cells["mean_income_per_inhabitant", 2019] in ("missing", "absent")
    assert cells["owner_occupied_share", 2019] == "measured"
    assert cells["owner_occupied_share", 2020] in ("missing", "absent")
    assert cells["mean_dwelling_value", 2020] in ("missing", "absent")
    income = results["findings"]["04.mean_income_per_inhabitant.absolute"]
    assert (income["a"]["year"], income["b"]["year"]) == (2016, 2017)
    since = results["findings"]["05.mean_income_per_inhabitant.absolute.since"]
    assert (since["judgement"], since["reason"]) == ("NOT_COMPUTABLE", "no_year_since")


def test_without_a_study_the_replication_is_left_out(heerlen_report: Path, results: dict[str, Any]) -> None:
    section = next(entry for entry in results["sections"] if entry["id"] == "02_does_it_reproduce")
    assert (section["findings"], section["tables"]) == ([], [])
    assert not any(row["claim"] == "K2" for row in results["verdicts"])
    page = (heerlen_report / "nl" / "data.html").read_text(encoding="utf-8")
    assert 'id="02-does-it-reproduce"' not in page
    executed = (heerlen_report / "nl" / "notebooks" / "02_does_it_reproduce.ipynb").read_text(encoding="utf-8")
    assert "geen onderzoek om na te rekenen" in executed


def test_the_focus_list_is_the_rule(results: dict[str, Any]) -> None:
    assert len(results["focus"]) == 11
    income = results["findings"]["04.mean_income_per_inhabitant.absolute"]
    assert "selected_on_outcome" in income["flags"]
    assert "corrected_for_selection" in income["flags"]


def test_codes_made_from_names_are_owned_up_to(results: dict[str, Any]) -> None:
    assert any(row["reason"] == "local_codes_from_names" for row in results["set_aside"])
    assert "Beersdal" in results["areas"].values()
