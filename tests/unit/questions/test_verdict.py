"""The verdicts laid out: one row per claim, the count of all tests, the argument and its pictures."""

import dataclasses
import re
import tomllib
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from kloof.figures import canvas, diagrams, draw
from kloof.findings import CONTRADICTED, MIXED, NOT_TESTABLE, SUPPORTED, UNDECIDED, VERDICTS, Finding, Verdict
from kloof.paths import project_folder
from kloof.questions import all_tests
from kloof.questions import verdict as synthesis
from kloof.results import Section
from kloof.run.in_notebook import narrator
from kloof.study import claims, load
from kloof.study.study import Study, open_study
from kloof.words.sentences import has, template

LANGUAGES = ("nl", "en")


def finding(number: str, indicator: str, estimate: float | None, margin: float, **changes: Any) -> Finding:
    base: dict[str, Any] = {
        "kind": "gap_change", "measure": "absolute", "unit": "percent", "indicator": indicator, "estimate": estimate,
        "low": None if estimate is None else estimate - margin, "high": None if estimate is None else estimate + margin,
        "range_kind": ("process",), "smallest_effect": 1.0, "focus": "union",
    }  # fmt: skip
    return Finding(number, **{**base, **changes})


def part() -> dict[str, Any]:
    """What earlier notebooks left, by hand: four claims, one of them in two parts and one told, one without figures."""
    section = Section("04_by_hand")
    section.add(
        finding("04.a", "good_perceived_health_share", -2.5, 1.0, rounding_low=-2.75, rounding_high=-2.25),
        finding("04.b", "mean_dwelling_value", 25.0, 30.0, measure="real", unit="thousand_euro", smallest_effect=10.0,
                rounding_low=-1.0, rounding_high=51.0),
        finding("04.p", "mean_dwelling_value", 40.0, 30.0, unit="thousand_euro", smallest_effect=10.0,
                rounding_low=38.0, rounding_high=42.0),
        finding("05.c", "good_perceived_health_share", 3.0, 0.5, kind="beyond_trend", measure="relative"),
        finding("11.d", "social_assistance_share", None, 0.0, kind="pass_through", reason="no_figures"),
        finding("08.e", "low_income_households_share", 4.0, 1.0, kind="slope_change", measure="per_year",
                unit="points"),
    )  # fmt: skip
    four = ("union", "bredavandaag", "bndestem", "rule")
    health, value = "good_perceived_health_share", "mean_dwelling_value"
    section.decide(
        Verdict("C1", CONTRADICTED, "04.a", f"{health}.absolute", "HIGHER",
                tuple((name, CONTRADICTED) for name in four), question="happened"),
        Verdict("C1", UNDECIDED, "04.b", f"{value}.real", "HIGHER", tuple((name, UNDECIDED) for name in four),
                question="happened"),
        Verdict("C1", SUPPORTED, "04.p", f"{value}.absolute", "HIGHER", tuple((name, SUPPORTED) for name in four),
                question="happened", counts=False),
        Verdict("C3", SUPPORTED, "05.c", f"{health}.relative.beyond", "HIGHER", (("union", SUPPORTED),)),
        Verdict("C12", NOT_TESTABLE, "11.d", "all", "LOWER", (("all", NOT_TESTABLE),), ("social_assistance_share",)),
        Verdict("C11", SUPPORTED, "08.e", "low_income_households_share", "HIGHER",
                (("union", SUPPORTED), ("rule", UNDECIDED))),
    )  # fmt: skip
    return section.as_json()


@pytest.fixture(scope="module")
def study() -> Study:
    return open_study({"preset": "breda", "draws": 199})


def rows(section: Section, name: str) -> list[dict[str, Any]]:
    """A recorded table as rows by column."""
    table = section.tables[name]
    keys = [column["key"] for column in table["columns"]]
    return [dict(zip(keys, row, strict=True)) for row in table["rows"]]


@pytest.fixture(scope="module")
def whole(study: Study) -> Section:
    """All steps of notebook 12 on what was left by hand; the ways of the changes are made for one indicator only."""
    section = Section("12_verdict")
    narrow = dataclasses.replace(
        study, p=dataclasses.replace(study.p, indicators=("good_perceived_health_share",)), variants=study.variants[:2]
    )
    parts = [part()]
    synthesis.headcount(section, study)
    robust = synthesis.robustness(section, narrow, parts)
    synthesis.synthesise(study, section, parts, robust)
    synthesis.all_tests(section, study, parts)
    synthesis.argument(section, study, parts)
    return section


def test_one_row_per_claim_with_the_number_behind_it_and_a_score_of_every_part(whole: Section) -> None:
    found = {row["claim"]: row for row in rows(whole, "12.claims")}
    assert {claim: row["verdict"] for claim, row in found.items()} == {
        "C1": CONTRADICTED, "C3": SUPPORTED, "C11": SUPPORTED, "C12": NOT_TESTABLE, "M2": NOT_TESTABLE,
    }  # fmt: skip
    assert list(found) == [claim for claim in claims.registry().claims if claim in found]
    # one part of C1 is decided, and its number stands for the claim: not the nominal one, which is only told
    assert (found["C1"]["estimate"], found["C1"]["range"], found["C1"]["high"]) == (-2.5, -3.5, -1.5)
    assert (found["C3"]["unit"], found["C11"]["unit"]) == ("points", "points")
    assert found["C12"]["estimate"] is None and found["M2"]["estimate"] > 10000
    score = whole.findings["12.score"]
    votes = Counter({SUPPORTED: 3, UNDECIDED: 1, CONTRADICTED: 1, NOT_TESTABLE: 2})  # M2 is the second
    assert {name: entry["value"] for name, entry in score.details.items()} == {
        **{name.lower(): votes[name] for name in VERDICTS}, "parts": 5,
    }  # fmt: skip
    assert whole.headline == "12.score"
    shown = rows(whole, "12.score")
    assert ([(row["claim"], row["of"]) for row in shown], shown[0]["supported"]) == ([("C3", 1)], 1)
    agree = {(row["claim"], row["part"]): (row["agree"], row["of"]) for row in rows(whole, "12.verdicts")}
    assert (agree["C1", "mean_dwelling_value"], agree["C11", "low_income_households_share"]) == ((4, 4), (1, 2))
    assert agree["C3", "good_perceived_health_share"] == (None, None)  # one list is no agreement


def test_what_is_left_when_all_tests_count(whole: Section, study: Study) -> None:
    """The recorded count is that of the tests that were made, and of no other."""
    made, findings = synthesis.rows_of([part()])
    found = all_tests.after_all_tests(made, findings, claims.registry())
    holm = whole.findings["12.holm"]
    shown = rows(whole, "12.holm")
    assert holm.details["tests"]["value"] == len(found) == 2  # three say what happened, one could not be made
    assert holm.details["decided"]["value"] == len(shown) == 2
    assert holm.estimate == sum(row["after"] in (SUPPORTED, CONTRADICTED) for row in shown)
    for row in shown:
        # Holm's smallest is p times the number of tests, and no other is multiplied by more
        assert row["p"] <= row["p_adjusted"] <= min(1.0, row["p"] * len(found)) * (1 + 1e-9)
        assert (row["after"] == row["verdict"]) == (row["p_adjusted"] <= 0.05)
    assert min(row["p_adjusted"] / row["p"] for row in shown) < 2 == max(row["p_adjusted"] / row["p"] for row in shown)


def test_every_way_that_is_drawn_has_its_row_and_its_headline(whole: Section) -> None:
    shares = {row["claim"]: row for row in rows(whole, "12.robustness")}
    drawn = {name.removeprefix("12.curve.") for name in whole.figures if name.startswith("12.curve.")}
    short = whole.figures["12.curve_short"]
    assert short == {**whole.figures["12.curve.C1"], "kind": "curve_short"}
    assert drawn == {"C1"}  # of the others every way was recorded, and not computed anew
    way = rows(whole, "12.curve.C1")
    assert [row["estimate"] for row in way] == sorted(row["estimate"] for row in way)
    finding_ = whole.findings["12.robust.C1"]
    assert finding_.kind == "robustness"
    ways = finding_.details["ways"]["value"]
    assert (shares["C1"]["votes"], shares["C1"]["agree_ways"]) == (ways, finding_.details["agree"]["value"])
    assert finding_.estimate == pytest.approx(100 * finding_.details["agree"]["value"] / ways)
    assert not {row["label"] for row in shares.values() if row["verdict"] == UNDECIDED} & {"robust"}
    [headline] = [row for row in way if row["headline"]]
    assert (headline["estimate"], headline["low"], headline["high"]) == (-2.5, -3.5, -1.5)
    claim_rows = {row["claim"]: row for row in rows(whole, "12.claims")}
    assert claim_rows["C1"]["agree_share"] == pytest.approx(shares["C1"]["agree_share"])


def test_the_argument_names_every_conclusion_and_people_are_added_up(whole: Section, study: Study) -> None:
    conclusions = claims.registry().conclusions
    edges = rows(whole, "12.argument")
    assert {(row["conclusion"], row["claim"]) for row in edges} == {
        (name, claim) for name, entry in conclusions.items() for claim in entry["leans_on"]
    }
    stands = {row["conclusion"]: row["stands"] for row in edges}
    assert stands["N6"] == all_tests.PARTLY  # C3 is supported, C5 is not there
    assert stands["N4"] == all_tests.UNTESTED  # C12 is not testable, and C13 a calculation
    assert stands["N5"] == all_tests.ON_TESTED  # C11 is supported
    counted = whole.findings["12.argument"].details
    assert {name: entry["value"] for name, entry in counted.items()} == {
        **dict.fromkeys(counted, 0), **Counter(stands.values()),
    }  # fmt: skip
    assert (next(iter(whole.tables)), next(iter(whole.figures))) == ("12.claims", "12.argument")
    found = whole.findings["12.people"]
    table = study.data.observations
    own = table[(table["indicator"] == "inhabitants") & (table["year"] == found.a.year)]
    own = own[own["code"].isin(study.focus.codes)]
    assert (found.estimate, found.a.n_units) == (own["value"].sum(), len(own))
    assert found.low is not None and found.high is not None and found.low < found.estimate < found.high


def drawing(study: Study, section: Section, name: str, language: str) -> canvas.Drawing:
    told = dataclasses.replace(study, p=dataclasses.replace(study.p, language=language))
    return canvas.prepare(name, narrator(told, section), draw.NEEDS)


def letters(figure: Any) -> str:
    """All text of a figure, as one line."""
    return " ".join(" ".join(text.get_text().split()) for text in figure.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_graph_has_a_box_per_conclusion_and_a_line_per_reason(study: Study, whole: Section, language: str) -> None:
    made = drawing(study, whole, "12.argument", language)
    figure = diagrams.graph(made)
    rows_ = made.rows
    drawn = figure.findobj(lambda artist: artist.get_figure() is figure and artist.get_zorder() in (1, 2))
    boxes = [artist for artist in drawn if isinstance(artist, Rectangle) and artist.get_zorder() == 2]
    assert len(boxes) == rows_["conclusion"].nunique() + rows_["claim"].nunique()
    lines = [artist for artist in drawn if isinstance(artist, Line2D) and artist.axes is None and artist.zorder == 1]
    wanted = Counter(diagrams.LINES[verdict]["color"] for verdict in rows_["verdict"])
    assert Counter(line.get_color() for line in lines) == wanted
    said = letters(figure)
    for name in {*rows_["conclusion"], *rows_["claim"]}:
        assert re.search(rf"\b{name}\b", said), name
    entries = claims.registry().entries
    assert entries["C3"][f"short_{language}"].split()[0] in said
    # boxes on one side never overlap
    for side in (8.0 / 640, 378.0 / 640):
        spans = sorted((one.get_y(), one.get_y() + one.get_height()) for one in boxes if abs(one.get_x() - side) < 1e-9)
        assert all(below[1] <= above[0] + 1e-9 for below, above in pairwise(spans))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_curve_has_a_dot_per_way_and_marks_the_headline(study: Study, whole: Section, language: str) -> None:
    made = drawing(study, whole, "12.curve.C1", language)
    rows_ = made.rows.sort_values("estimate", kind="stable", ignore_index=True)
    upper = diagrams.curve(made).axes[0]
    dots: dict[int, tuple[float, str]] = {}
    diamonds: list[float] = []
    for line in upper.lines:
        if line.get_linestyle() != "None":
            continue
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True):  # type: ignore[arg-type]
            if to_hex(line.get_color()) == "#ffffff":  # that of the headline is open
                diamonds.append(float(y))
            else:
                dots[int(x)] = (float(y), to_hex(line.get_color()).upper())
    assert len(dots) == len(rows_)
    for place, row in enumerate(rows_.to_dict("records")):
        clipped = min(max(row["estimate"], -diagrams.CLIP), diagrams.CLIP)
        assert dots[place] == (pytest.approx(clipped), to_hex(diagrams.VERDICT_COLOURS[row["verdict"]]).upper())
    assert diamonds == pytest.approx(list(rows_.loc[rows_["headline"].astype(bool), "estimate"]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["12.argument", "12.curve.C1", "12.curve_short"])
def test_pictures_are_the_same_twice_and_have_alt_texts(study: Study, whole: Section, name: str, language: str) -> None:
    teller = drawing(study, whole, name, language).narrator
    first = draw.draw(name, teller)
    assert first == draw.draw(name, teller)
    assert first.startswith("<svg")
    assert "{" not in draw.alt(name, teller)


def test_without_a_decided_verdict_there_is_no_table_of_tests(study: Study) -> None:
    section = Section("04_by_hand")
    section.add(finding("04.a", "good_perceived_health_share", 0.2, 3.0))
    section.decide(Verdict("C1", UNDECIDED, "04.a", "good_perceived_health_share.absolute", "HIGHER"))
    synthesised = Section("12_verdict")
    assert synthesis.all_tests(synthesised, study, [section.as_json()])
    assert (synthesised.findings["12.holm"].estimate, synthesised.tables) == (0, {})


def voted(claim: str, vote: str, *, counts: bool = True) -> dict[str, object]:
    """One row of verdicts as results.json has it."""
    return {"claim": claim, "row": "x", "verdict": vote, "finding": None, "counts": counts}


def test_the_first_verdicts_are_kept_and_the_page_says_when_the_register_was_made() -> None:
    table = load.earlier_verdicts()
    assert sorted(table["claim"]) == sorted(claims.registry().claims)
    assert set(table["verdict"]) <= set(VERDICTS) - {MIXED}  # in part did not exist
    assert table["verdict"].value_counts()[[UNDECIDED, NOT_TESTABLE]].to_list() == [12, 12]
    assert all(has("code", "registered_again", why) for why in table["registered_again"])
    content = tomllib.loads((project_folder() / "notebooks" / "claims.toml").read_text(encoding="utf-8"))
    assert content["registered"] == date(2026, 11, 29)
    told = {language: template(language, "section", "12_verdict", "how_a") for language in ("nl", "en")}
    assert "opnieuw geregistreerd nadat de cijfers bekend waren" in told["nl"]
    assert "registered again after the figures were known" in told["en"]


@pytest.mark.parametrize(
    ("votes", "whole"), [([SUPPORTED, CONTRADICTED], MIXED), ([UNDECIDED], UNDECIDED), ([CONTRADICTED], CONTRADICTED)]
)
def test_the_new_verdict_stands_beside_the_old_one(votes: list[str], whole: str) -> None:
    section, study = Section("12_verdict"), open_study({"preset": "breda"})
    parts = [{"verdicts": [voted("C1", vote) for vote in votes], "findings": {}}]
    table = synthesis.registered_again(section, study, parts).set_index("claim")
    assert table.loc["C1", ["before", "verdict"]].to_list() == [UNDECIDED, whole]
    assert table.loc[["K1", "C13", "H10"], "verdict"].isna().all()  # no claims any more
    assert section.tables["12.again"]["rows"][0][0] == "K1"
