"""Every public object shows itself on one screen and says the same each time, in the language of the notebook."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

import kloof
from kloof.findings import Finding, Side, Verdict
from kloof.questions import gap_tables, runner
from kloof.questions.gap_changes import follow
from kloof.results import Column, Table
from kloof.shown import Shown, lines_of, years_of
from kloof.study import claims
from kloof.study.panel import series
from kloof.words import cards

FOREIGN = {"nl": re.compile(r"\b(the|neighbourhoods|from)\b"), "en": re.compile(r"\b(het|buurten|van|de)\b")}
TITLES = re.compile(r"‹.*?›|<th[^>]*>[\w.]+</th>")


@pytest.fixture(scope="module")
def shown() -> Iterator[dict[str, Shown]]:
    """The objects of the real study of Breda, in Dutch."""
    study = kloof.open_study({"language": "nl"})
    section = kloof.Section("04_did_the_gap_grow")
    judged = runner.judged(study, "C1", ["mean_dwelling_value.absolute", "mean_dwelling_value.real"])
    section.add(*[finding for finding, _ in judged])
    section.decide(*[verdict for _, verdict in judged])
    column = [Column("area", "area"), Column("value", "number", "thousand_euro"), Column("low", "code")]
    values = series(study.data, study.known, "mean_dwelling_value")
    section.table("04.t", column, values.rename(columns={"code": "area"}).assign(low=None))
    followed = follow(study, "mean_dwelling_value")
    registry = claims.registry()
    made: dict[str, Any] = {
        "study": study, "parameters": study.p, "data": study.data, "catalogue": study.known, "focus": study.focus,
        "followed": followed, "panel": followed.panel, "section": section, "table": section.tables["04.t"],
        "registry": registry, "claim": registry.claims["C1"], "conclusion": registry.conclusions["N1"],
        "judged": judged, "finding": judged[0][0], "verdict": judged[0][1],
    }  # fmt: skip
    assert gap_tables, "it registers how these parts are computed"
    yield made
    cards.speak(cards.Place())


NAMES = [
    "study", "parameters", "data", "catalogue", "focus", "followed", "panel", "section", "table", "registry", "claim",
    "conclusion", "judged", "finding", "verdict",
]  # fmt: skip


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("name", NAMES)
def test_an_object_fits_a_screen(name: str, shown: dict[str, Shown]) -> None:
    lines = repr(shown[name]).splitlines()
    assert 1 <= len(lines) <= 20
    assert max(map(len, lines)) <= 100
    card = shown[name]._repr_html_()
    assert card.count("<tr>") <= 20
    assert len(text(card)) < 6000
    for said in (repr(shown[name]), card):
        assert not re.search(r"<object at|array\(|\{'|dtype|Mapping|\bnan\b", said)
    assert (repr(shown[name]), card) == (repr(shown[name]), shown[name]._repr_html_())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("study", "parameters", "catalogue")])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_card_is_in_the_language_of_the_study_opened_last(name: str, language: str, shown: dict[str, Shown]) -> None:
    kloof.open_study({"language": language})
    card = shown[name]._repr_html_()
    assert card.startswith(f'<div lang="{language}">')
    assert not FOREIGN[language].search(text(TITLES.sub("", card)).replace("Statistics", ""))


def test_a_study_keeps_its_own_language(shown: dict[str, Shown]) -> None:
    other = kloof.open_study({"language": "en"})
    assert "Dit onderzoek" in shown["study"]._repr_html_()
    assert "This study" in other._repr_html_() and "11 of 56 neighbourhoods" in text(other._repr_html_())
    assert "1,736 another source gives the same figure" in text(other._repr_html_())
    # A row may say what it is about, on which scale and beside what: each is a word
    kloof.open_study({"language": "nl"})
    for entry in claims.registry().claims.values():
        for part in entry.get("parts", [entry]):
            row = str(part.get("row", "")).removeprefix("{name}.").replace("{measure}", "relative")
            if row and "{" not in row:
                pieces = cards.name_of_part(f"mean_dwelling_value.{row}").split(", ")
                assert not set(row.split(".")) & set(pieces), f"{row} has no word in [measure]"
    cards.speak(cards.Place())


def test_a_finding_says_its_sentence_and_numbers(shown: dict[str, Shown]) -> None:
    finding = shown["finding"]
    assert isinstance(finding, Finding)
    kloof.open_study({"language": "en"})
    said = text(finding._repr_html_())
    assert "Breda" in said
    assert finding.id in said
    plain = Finding("x", "no_kind", "absolute", "percent", estimate=1.25, low=1.0, high=2.0, a=Side(2016, n_units=7))
    said = text(plain._repr_html_())
    assert "1.3% (1.0% to 2.0%)" in said and "2016: 7" in said and "In a sentence" not in said


def test_what_does_not_fit_is_counted_and_nothing_is_markup() -> None:
    said = lines_of("Head", {str(number): "x" * 300 for number in range(50)}).splitlines()
    assert (len(said), said[-1], {len(line) for line in said[1:-1]}) == (20, "  … and 32 more", {100})
    assert years_of([2018, 2016, 2019]) == "2016, 2018–2019"
    bad = "<script>alert(1)</script>"
    table = Table(columns=[{"key": bad, "kind": "text", "unit": None, "decimals": None}], rows=[[bad]] * 40)
    for thing in (Finding(bad, bad, bad, "percent", focus=bad), Verdict(bad, bad, bad, bad), table):
        assert "<script" not in thing._repr_html_() and "&lt;script" in thing._repr_html_()
    assert "24" in text(table._repr_html_()).rpartition("…")[2]


def test_a_number_whose_unit_stands_in_its_row_has_two_decimals_unless_its_column_says() -> None:
    card = cards._Card(cards.Narrator({"parameters": {}}, None, "en"))  # type: ignore[arg-type]
    column = {"key": "value", "kind": "number", "unit": "@unit", "decimals": None}
    assert (card.cell(column, 0.1262), card.cell({**column, "decimals": 3}, 0.1262)) == ("0.13", "0.126")
    assert card.cell(column, None) == "–"
