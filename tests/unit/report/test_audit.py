# ruff: noqa: E501 - sentences and planted texts stay on one line
"""The audit: clean on a right page, and every kind of wrong page is found and located."""

import re
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st

from kloof.catalogue import read_catalogue
from kloof.errors import ReportError
from kloof.figures.labels import shorten, wrap
from kloof.findings import ANSWERS, JUDGEMENTS
from kloof.report.audit import DIRECTIONS, WORDED, WORTH, _whole, audit_html, check, contrary, labels
from kloof.report.known import Knowledge
from kloof.report.page import render_html
from kloof.report.readback import agrees, parse, read_number, watched
from kloof.words.sentences import templates


@cache
def page(language: str) -> str:
    return render_html(sample.view(language)).replace("\u00a0", " ")


def planted(language: str, old: str, new: str, **known: Any) -> list[str]:
    """The faults of a page in which one text was replaced at its first place."""
    html = page(language)
    assert old in html, old
    return audit_html(
        html.replace(old, new, 1), known.get("results", sample.results()), language, known.get("names", ())
    )


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_right_page_is_clean_and_its_direction_words_need_both_ways(language: str) -> None:
    assert audit_html(page(language), sample.results(), language) == []
    check(page(language), sample.results(), language)
    health = next(node for node in parse(page(language)).walk() if node.attrs.get("data-finding") == "03.health")
    assert health.attrs["data-judgement"] == "UNCLEAR"
    assert re.search("gestegen|risen", health.text())


def test_the_strip_shows_the_claim_as_a_whole_and_not_one_of_its_parts() -> None:
    """The parts of a claim are judged apart and joined by its quantifier: what they came to stands in `overall`."""
    document = deepcopy(sample.results())
    document["overall"]["H3"] = "MIXED"
    old = page("nl")
    new = old.replace('data-verdict="CONTRADICTED"', 'data-verdict="MIXED"')
    new = new.replace("</span>klopt niet</span>", "</span>klopt ten dele</span>")
    assert audit_html(new, document, "nl") == []
    assert audit_html(old, document, "nl") == ["claim H3: shows CONTRADICTED, results.json says MIXED"]
    assert audit_html(new, sample.results(), "nl") == ["claim H3: shows MIXED, results.json says CONTRADICTED"]
    del document["overall"]["H3"]
    assert audit_html(new, document, "nl") == ["claim H3: shows MIXED, results.json says nothing"]


PANELS = """<figure data-figure="04.multiples"><figcaption><p>{title}</p></figcaption>
<svg aria-label="{label}"><text>{panel}</text><text>bleef gelijk</text></svg></figure>"""


@pytest.mark.parametrize(("title", "panel", "label", "fault"), [
    ("Een deel kromp", "kromp", "Lijnen", None),
    ("Een deel groeide", "kromp", "Lijnen", "says “groeide”, which happened in no panel"),
    ("Een deel kromp", "groeide", "Lijnen", "1 panels say that it is GREW, it is so in 0"),
    ("Een deel kromp", "bleef gelijk", "Lijnen", "0 panels say that it is SHRANK, it is so in 1"),
    ("Een deel kromp", "kromp", "Een lijn steeg", "says “steeg”, which happened in no panel"),
])  # fmt: skip
def test_a_picture_of_gaps_says_of_each_what_happened(title: str, panel: str, label: str, fault: str | None) -> None:
    document = deepcopy(sample.results())
    gap = document["findings"]["03.gap"]
    document["findings"] |= {"a": {**gap, "happened": "SHRANK"}, "b": {**gap, "happened": "STAYED"}}
    document["figures"]["04.multiples"] = {
        "kind": "multiples", "table": "03.levels", "finding": None, "options": {"findings": {"x": "a", "y": "b"}},
    }  # fmt: skip
    found = audit_html(PANELS.format(title=title, panel=panel, label=label), document, "nl", whole=False)
    assert [one.partition(": ")[2] for one in found][:1] == ([fault] if fault else [])


@pytest.mark.parametrize(("language", "code", "right", "wrong"), [
    ("nl", "GREW", "↑ groeide", ["↓ kromp", "groeide en kromp", "bleef gelijk", "wijzigde"]),
    ("en", "SHRANK", "↓ shrank", ["grew", "shrank, it rose", "changed"]),
    ("nl", "STAYED", "≈ bleef gelijk", ["groeide", "bleef gelijk: groeide", "wijzigde"]),
    ("en", "WITHIN_ROUNDING", "? cannot be told within rounding", ["grew"]),
    ("nl", "NO_FIGURES", "– geen cijfers", ["kromp"]),
    ("nl", "UNDECIDED", "? niet te zeggen", ["klopt", "niet te zeggen, of klopt", "niets"]),
    ("en", "CONTRADICTED", "○ does not hold", ["holds", "does not hold; holds in part"]),
    ("en", "SUPPORTED", "● holds", ["households", "does not hold"]),
])  # fmt: skip
def test_a_cell_of_a_code_has_its_word_and_no_other(language: str, code: str, right: str, wrong: list[str]) -> None:
    found = {
        text: audit_html(f'<table><td class="{code}">{text}</td></table>', sample.results(), language, whole=False)
        for text in (right, *wrong)
    }
    assert [text for text, faults in found.items() if faults == []] == [right]
    assert all(re.match(rf"<td>: .*({code}|{wrong[0]})", faults[0]) for faults in found.values() if faults)


@pytest.mark.parametrize(("language", "claim", "answer", "fault"), [
    ("nl", "C1", "Ja, dat laten de cijfers zien.", None),
    ("nl", "C1", "Nee: wat er veranderde, is te weinig.", "“Nee”, its verdict is SUPPORTED"),
    ("nl", "H3", "Ja: de cijfers.", "“Ja”, its verdict is CONTRADICTED"),
    ("en", "H3", "No, the figures point the other way.", None),
    ("en", "C4", "No: what changed is too little.", None),
    ("en", "H4", "Yes, the figures show that.", "“Yes”, its verdict is MIXED"),
    ("en", "C1", "In part: one figure says yes.", "“In part”, its verdict is SUPPORTED"),
    ("en", "C2", "No: too few years.", "“No”, its verdict is UNDECIDED"),
    ("en", "C2", "Nothing can be told; none of it.", None),
])  # fmt: skip
def test_a_claim_is_answered_by_its_verdict(language: str, claim: str, answer: str, fault: str | None) -> None:
    card = f'<article class="heard" id="claim-{claim.lower()}"><p class="nuance">{answer}</p></article>'
    found = audit_html(card, sample.results(), language, whole=False)
    assert found == ([f"claim {claim}: its answer begins with {fault}"] if fault else [])


@pytest.mark.parametrize("happened", ["WITHIN_ROUNDING", "STAYED"])
def test_what_cannot_be_told_within_rounding_needs_both_ways(happened: str) -> None:
    document = deepcopy(sample.results())
    document["findings"]["03.health"]["happened"] = happened
    html = page("nl").replace('data-judgement="UNCLEAR"', f'data-judgement="{happened}"')
    assert audit_html(html, document, "nl") == []
    found = audit_html(html.replace(" zijn gedaald en met ", " zijn veranderd en met ", 1), document, "nl")
    assert any(fault.endswith(f"says “gestegen”, but its judgement is {happened}") for fault in found), found


def test_check_lists_all_faults_at_once() -> None:
    html = page("nl").replace("€ 141.000</data>", "€ 142.000</data>", 1).replace("de rest van de stad", "drie wijken")
    with pytest.raises(ReportError, match=r"faults in the nl page.*142\.000.*drie"):
        check(html, sample.results(), "nl")


GAP = '<data data-ref="/findings/03.gap/estimate" value="23000">€ 23.000</data>'
CELL = '<data data-ref="0/1" value="118000">118.000</data>'
NEGATIVE = '<data data-ref="1/3" value="-3.8">−3,8</data>'
FEWER = '<data data-ref="3/2" value="&lt;10">minder dan 10</data>'
SHARE = '<data data-ref="/findings/01.share/estimate" value="12.5">12,5 %</data>'
HEALTH = '<data data-ref="/findings/03.health/high" value="1.9">1,9 procentpunt</data>'
EN_GAP = '<data data-ref="/findings/03.gap/estimate" value="23000">€23,000</data>'


@pytest.mark.parametrize(("language", "old", "new", "fault"), [
    # a number that is not the one at its pointer
    ("nl", GAP, GAP.replace("23.000", "24.000").replace("23000", "24000"), r"finding 03\.gap: € 24\.000 stands for 23 \(/findings/03\.gap/estimate\)"),
    ("nl", CELL, CELL.replace("118", "119"), r"table 03\.levels: 119\.000 stands for 118"),
    ("nl", HEALTH, HEALTH.replace("1,9", "2,0").replace("1.9", "2.0"), r"2,0 procentpunt stands for 1\.9"),
    ("en", EN_GAP, EN_GAP.replace("23,000", "2,300").replace("23000", "2300"), r"€2,300 stands for 23"),
    ("nl", NEGATIVE, NEGATIVE.replace("−3,8", "3,8").replace("-3.8", "3.8"), r"table 03\.levels: 3,8 stands for -3\.75"),
    ("nl", NEGATIVE, NEGATIVE.replace("3,8", "3,7").replace("3.8", "3.7"), r"−3,7 stands for -3\.75"),  # half up, not half even
    ("nl", FEWER, FEWER.replace("10", "5"), r"minder dan 5 stands for 7"),
    # a pointer that leads nowhere, to no number, or to another row
    ("nl", GAP, GAP.replace("03.gap/estimate", "03.gap/estimat"), r"points at /findings/03\.gap/estimat, where results\.json has nothing"),
    ("nl", GAP, GAP.replace(' data-ref="/findings/03.gap/estimate"', ""), r"€ 23\.000 has no pointer"),
    ("nl", GAP, GAP.replace("/estimate", "/kind"), r"no number but 'gap_change'"),
    ("nl", CELL, '<data data-ref="3/1" value="310000">310.000</data>', r"310\.000 stands in another row than that of Twee Bruggen"),
    ("nl", 'data-base="/tables/03.levels/rows/"', 'data-base="/tables/03.level/rows/"', r"points at /tables/03\.level/rows/0/1, where"),
    # the unit
    ("nl", SHARE, SHARE.replace("12,5 %", "€ 12,5"), r"€ 12,5 has the sign of another unit than percent"),
    ("nl", HEALTH, HEALTH.replace("1,9 procentpunt", "1,9 %"), r"1,9 % has the sign of another unit than points"),
    ("nl", SHARE, SHARE.replace("12,5 %", "12,5"), r"12,5 lacks the sign of its unit, percent"),
    ("nl", "WOZ-waarde 2015 (€)", "WOZ-waarde 2015", r"column “WOZ-waarde 2015” does not say its unit, thousand_euro"),
    ("nl", "WOZ-waarde 2015 (€)", "WOZ-waarde 2015 (× € 1.000)", r"says thousands, its cells are in whole euros"),
    ("nl", "Aandeel (%)", "Aandeel", r"column “Aandeel” does not say its unit, percent"),
    # the notation
    ("nl", SHARE, SHARE.replace("12,5 %", "12.5 %"), r"12\.5 % is not written as a number in nl"),
    ("nl", NEGATIVE, NEGATIVE.replace("−3,8", "-3,8"), r"-3,8 is not written as a number"),
    ("nl", GAP, GAP.replace("€ 23.000", "€ 23000"), r"€ 23000 is not written as a number"),
    ("nl", GAP, GAP.replace('value="23000"', 'value="2300"'), r"says '2300' to programs"),
    # a number that no pointer accounts for
    ("nl", "in de rest van de stad", "in de 43 andere buurten", r"finding 03\.gap: “.*” holds 43, which is not traced"),
    ("nl", "Gemiddelde WOZ-waarde ", "Gemiddelde WOZ-waarde van 56 buurten ", r"holds 56 buurten, which is not traced"),
    ("nl", "Hoe staat de stad ervoor in 2019?", "Hoe staat de stad ervoor in 2021?", r"holds 2021, which is not traced"),
    ("nl", "het verschil was € 118.000 en", "het verschil was € 181.000 en", r"figure 03\.lines \(aria-label\): .*holds € 181\.000"),
    ("nl", "het verschil was € 118.000 en", "het verschil was 118 % en", r"\(aria-label\): .*holds 118 %"),
    ("nl", "De figuur gaat over 11 buurten", "De figuur gaat over 12 buurten", r"figure 03\.lines: .*holds 12 buurten"),
    ("nl", "verschil € 118.000</text>", "verschil € 116.000</text>", r"figure 03\.lines: .*holds € 116\.000"),
    ("nl", 'title="te weinig woningen', 'title="minder dan 25 woningen', r"table 01\.nine \(title\): .*holds 25 woningen"),
    ("nl", "Vastgelegd voordat", "Vastgelegd op dag 12, voordat", r"table claims: .*holds 12"),
    ("nl", "Plan 9 oost</th>", "Plan 8 oost</th>", r"“Plan 8 oost” holds 8"),
    ("nl", "CBS 85984NED", "CBS 85985NED", r"holds 85985"),
    ("nl", "in de rest van de stad", "in de elf andere buurten", r"writes “elf” without a source"),
    ("en", "the rest of the city", "the eleven others", r"writes “eleven” without a source"),
    # a drawn area
    ("nl", "Valkenberg: € 118.000", "Valkenberg: € 119.000", r"figure 01\.map: Valkenberg: € 119\.000 says € 119\.000, it stands for 118"),
    ("nl", "Valkenberg: € 118.000", "Valkenberg", r"figure 01\.map: Valkenberg does not say its number 118"),
    ("nl", 'data-ref="/tables/03.levels/rows/0/1" fill', 'data-ref="/tables/03.levels/rows/9/1" fill', r"rows/9/1, where results\.json has nothing"),
    # direction words and judgements
    ("nl", 'data-judgement="GREW"', 'data-judgement="SHRANK"', r"finding 03\.gap: is worded as SHRANK, results\.json says GREW"),
    ("nl", 'data-judgement="GREW"', 'data-judgement="HIGHER"', r"finding 03\.gap: is worded as HIGHER, results\.json says GREW"),
    ("nl", "Het verschil groeide met", "Het verschil daalde met", r"finding 03\.gap: says “daalde”, but its judgement is GREW"),
    ("nl", "&amp; groeide", "&amp; kromp", r"figure 03\.lines: says “kromp”, but its judgement is GREW"),
    ("nl", 'data-finding="03.tenure"', 'data-finding="03.tenur"', r"finding 03\.tenur: is not in results\.json"),
    ("nl", 'data-figure="01.map"', 'data-figure="01.mapp"', r"figure 01\.mapp: is not in results\.json"),
    ("nl", "Dit kan niet worden getoetst: ", "Het werd lager: ", r"finding 03\.tenure: says “lager”, but its judgement is NOT_COMPUTABLE"),
    ("nl", " zijn gedaald en met ", " zijn veranderd en met ", r"finding 03\.health: says “gestegen”, but its judgement is UNCLEAR"),
    ("en", "it may have fallen by", "it may have moved by", r"finding 03\.health: says “risen”, but its judgement is UNCLEAR"),
    ("nl", "Dit kan niet worden getoetst", "Dit nam in die jaren toe", r"says “nam in die jaren toe”"),
    # the wrong word beside the right one: in a sentence, under a figure, in what is said of it, of what is better
    ("nl", "Het verschil groeide met", "Het verschil groeide en kromp met", r"finding 03\.gap: says “kromp”, but its judgement is GREW"),
    ("en", "The gap grew by", "The gap grew and fell by", r"finding 03\.gap: says “fell”, but its judgement is GREW"),
    ("nl", '<p class="title">Het verschil groeide', '<p class="title">Het kleinere verschil groeide', r"figure 03\.lines: says “kleinere”, but"),
    ("nl", "&amp; groeide", "&amp; groeide, eerst daalde het", r"figure 03\.lines: says “daalde”, but its judgement is GREW"),
    ("nl", "gestegen.</p>", "gestegen, hoger dus.</p>", r"finding 03\.health: says “gestegen”, but its judgement is UNCLEAR"),
    ("nl", "Het verschil groeide met", "Het verschil groeide ten gunste van de lijst met", r"says “ten gunste”, but its judgement is GREW"),
    ("en", "The gap grew by", "The gap grew for the better by", r"says “better”, but its judgement is GREW"),
    # words no design carries
    ("nl", "Waar de woningen het minst waard zijn", "Dit is significant", r"says “significant”, which no design here carries"),
    ("nl", "Waar de woningen het minst waard zijn", "Het komt omdat het zo is", r"says “omdat”"),
    ("en", "Where dwellings are worth least", "It was caused by it", r"says “caused”"),
    # left-over marks and codes
    ("nl", "Dit zegt niets over", "Dit {subject} zegt niets over", r"holds \{subject\}"),
    ("nl", "Dit zegt niets over", "Dit None zegt niets over", r"holds None"),
    ("nl", "Dit zegt niets over", "Dit mean_dwelling_value zegt niets over", r"holds mean_dwelling_value"),
    ("nl", "Dit zegt niets over", "Dit HIGHER zegt niets over", r"holds HIGHER"),
    ("nl", "Dit zegt niets over", "Dit 03.gap zegt niets over", r"shows the identifier 03\.gap"),
    # the other language
    ("nl", "Dit zegt niets over de redenen.", "This says nothing about the reasons.", r"holds “the” of the other language"),
    ("en", "This says nothing about the reasons.", "Dit zegt het niet.", r"holds “het” of the other language"),
    # verdicts
    ("nl", 'data-verdict="SUPPORTED"', 'data-verdict="UNDECIDED"', r"claim C1: shows UNDECIDED, results\.json says SUPPORTED"),
    ("nl", "</span>klopt</span>", "</span>klopt niet</span>", r"claim C1: SUPPORTED must be called “klopt”"),
    ("en", "</span>does not hold</span>", "</span>holds</span>", r"claim H3: CONTRADICTED must be called “does not hold”"),
    ("nl", 'data-claim="C1"', 'data-claim="C9"', r"claim C9: shows SUPPORTED, results\.json says nothing"),
    ("nl", "</span>klopt</span>", "</span>klopt, of klopt ten dele</span>", r"claim C1: SUPPORTED must be called “klopt”, it says “●klopt, of klopt ten dele”"),
    ("nl", "</span> klopt ten dele</b>", "</span> klopt</b>", r"<b>: MIXED must be called “klopt ten dele”, it says “◐ klopt”"),
])  # fmt: skip
def test_a_planted_error_is_found_and_located(language: str, old: str, new: str, fault: str) -> None:
    found = planted(language, old, new)
    assert any(re.search(fault, one) for one in found), found


@pytest.mark.parametrize(("language", "old", "new"), [
    ("nl", "in de rest van de stad", "in Plan 9 oost en Twee Bruggen, anders dan in 2015"),  # names and a known year
    ("nl", "in de rest van de stad", "in <cite>Duncan 1955</cite>"),
    ("en", "This says nothing", "None of this says anything"),
    ("nl", "Dit zegt niets over", "Omdat er twee bronnen zijn, zegt dit niets over"),  # what is explained, not found
    ("nl", "Een paar lijnen", "Twee lijnen"),  # what an alt text sees
    ("nl", "Het verschil groeide met", "Het verschil groeide ten nadele van de lijst met"),
    ("nl", "Het verschil groeide met", "Maar elders steeg het ook, want het verschil groeide met"),
    ("nl", "Het verschil groeide met", "Maar elders daalde het nog meer: het verschil groeide met"),  # said aside
    ("nl", "Dit zegt niets over", "Per 1.000 inwoners zegt dit niets over"),
    ("nl", "Read in English", "Read this with the neighbourhoods in English"),  # marked as English
    ("nl", GAP, GAP.replace("€ 23.000", "€ 23.000,0").replace("23000", "23000.0")),
    ("nl", SHARE, SHARE.replace("12,5 %", "13 %").replace("12.5", "13")),  # right at the precision printed
])  # fmt: skip
def test_what_is_right_is_let_through(language: str, old: str, new: str) -> None:
    assert planted(language, old, new) == []


def test_labels_may_hold_digits_and_number_words_and_the_longest_goes_first() -> None:
    sentence = "Aandeel van 0–14 jaar op de lijst van zestien"
    assert len(planted("nl", "Waar de woningen het minst waard zijn", sentence)) == 3
    assert (
        planted("nl", "Waar de woningen het minst waard zijn", sentence, names=["0–14 jaar", "lijst van zestien"]) == []
    )
    label = "Heel veel stress in de afgelopen vier weken"
    heading = "Waar de woningen het minst waard zijn"
    assert planted("nl", heading, "afgelopen vier weken", names=[label]) == []
    assert planted("nl", heading, "Heel veel  stress in de", names=[label]) == []
    assert len(planted("nl", heading, "afgelopen vier weken")) == 1
    assert planted("nl", heading, "afgelopen vier weken in de wijk", names=[label]) == []
    assert len(planted("nl", heading, "nu de afgelopen vier weken", names=[label])) == 1
    assert len(planted("nl", heading, "vier", names=["Stress, vier weken lang", "vier"[:3]])) == 1
    heading, names = "Waar de woningen het minst waard zijn", ["Wijk", "Wijk zes", "Wijk zes en zeven", "Wier"]
    assert planted("nl", heading, "In wijk zes en zeven, WIJK ZES en wier", names=names) == []
    assert len(planted("nl", heading, "In wijk zeven", names=names)) == 1


@pytest.mark.parametrize(
    "text", ["Plan 9 oost neemt Plan 9. oost nu toe", "(Plan 9 oost)daalde", "neemt\u00a0Plan 9 oost  toe"]
)
def test_a_direction_word_beside_a_name_is_found(text: str) -> None:
    found = planted("nl", "Dit kan niet worden getoetst: ", f"{text}: ", names=["Plan 9 oost", "Plan 9. oost"])
    assert any("but its judgement is NOT_COMPUTABLE" in fault for fault in found), found


def test_catalogue_labels_are_collected_and_every_watched_word_begins_with_a_letter(project: Any) -> None:
    catalogue = read_catalogue(project / "data" / "catalogue.toml")
    found = labels(catalogue, "nl")
    assert any("zestien" in text for text in found) and "per 1.000 inwoners" in found and "" not in found
    # the audit looks for its beginning before it takes the names out of a text
    lists = (watched()[kind][language] for kind in (*DIRECTIONS, *WORTH, *WORDED) for language in ("nl", "en"))
    assert [word for words in lists for word in words if not word[0].isalpha()] == []


def test_a_headline_that_is_left_out_and_a_changed_result_make_a_page_wrong() -> None:
    html = re.sub(r'data-finding="01\.share"', 'data-finding="01.same"', page("nl"))
    assert "section 01.state: its headline finding 01.share does not appear" in audit_html(html, sample.results(), "nl")
    changed = deepcopy(sample.results())
    changed["tables"]["01.nine"]["rows"][2][5] += 0.1
    found = audit_html(page("nl"), changed, "nl")
    assert len(found) == 1
    assert found[0].startswith("section 01.state, table 01.nine: 112,2 stands for 112.3")


def texts_of(place: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Go through a table of sentences: the path of each, its language and its text without what is filled in."""
    for key, inner in place.items():
        if isinstance(inner, str):
            yield path, key, re.sub(r"\{\w+\}", " ", inner)
        elif isinstance(inner, dict):
            yield from texts_of(inner, (*path, key))


GAP_PARTS = ("changed", "turned", "nominal", "proportion", "headline", "event", "multiples")  # all of them about gaps


def test_no_sentence_says_another_direction_than_the_judgement_it_is_for() -> None:
    """So that no municipality is without a report because of a sentence that was never needed before."""
    tables, checked = templates(), dict.fromkeys((*ANSWERS, *JUDGEMENTS), 0)
    for table in ("sentence", "story", "figure", "happened", "judgement", "reason"):
        for path, language, text in texts_of(tables[table], (table,)):
            codes = [code for key in reversed(path) for code in checked if code in (key, *key.split("_"))]
            if table == "reason" or codes:
                judged = codes[0] if codes else "NOT_COMPUTABLE"
                kind = "gap_change" if set(path) & {*GAP_PARTS} else path[1] if table == "sentence" else path[-2]
                assert contrary(text, language, judged, kind) == [], (path, language, text)
                checked[judged] += 1
    assert {name for name, count in checked.items() if count < 10} == {"NO_FIGURES", "NOT_COMPARABLE"}
    assert sum(checked.values()) > 1_200


def test_what_is_said_of_chance_and_of_prices_fits_whatever_happened() -> None:
    """It stands in one paragraph with what happened: a direction word of its own would be refused beside another."""
    tables, checked = templates(), 0
    for name in ("chance", "chance_plain", "by_model"):
        for path, language, text in texts_of(tables[name], (name,)):
            checked += 1
            assert not any(_whole(kind, language).search(text) for kind in DIRECTIONS), (path, language, text)
    assert checked == 22
    for _, language, text in texts_of(tables["prices_only"]):
        assert not _whole("fall", language).search(text), text


def test_years_and_size_of_a_ruled_focus_list_are_known() -> None:
    ruled = deepcopy(sample.results())
    ruled["parameters"]["focus"] = "lowest:17:value:2007"
    sentence = "Het gaat over de 17 buurten met de laagste waarde in 2007."
    assert planted("nl", "Dit zegt niets over de redenen.", sentence, results=ruled) == []
    found = planted("nl", "Dit zegt niets over de redenen.", sentence.replace("17", "17 %"), results=ruled)
    assert len(found) == 1


LONG = "Verspr.h. ten zuiden van De Middentocht-Ten Oosten"


@pytest.mark.parametrize(("text", "allowed"), [
    (LONG, True), ("Verspr.h. ten zuiden", True), ("ten zuiden van De", True), ("Middentocht-Ten Oosten", True),
    ("Middentocht-Ten", True), ("Verspr.h. ten zui…", True), ("…", True), ("ten", False), ("ten zuiden van", True),
    ("ten oosten", False), ("ten zuiden, ten", False), ("ten zui…", False), ("Verspr.h. ten noor…", False),
    ("ten of them", False),
])  # fmt: skip
def test_a_line_or_a_beginning_of_a_long_name_is_that_name(text: str, *, allowed: bool) -> None:
    """As drawings break and cut the names of buurten; English has a word for a number in this one."""
    known = Knowledge({**sample.results(), "areas": {"BU99990000": LONG}}, "en")
    assert ("ten" not in known.nameless(text).lower()) == allowed


@pytest.mark.shared
@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_name_of_a_buurt_is_taken_for_a_number_or_a_word(shared: Path, language: str) -> None:
    """All 16,525 names, as the picture of ranked buurten breaks and cuts them."""
    names = pd.read_parquet(shared / "data" / "national" / "buurten_2024.parquet", columns=["name"])["name"]
    unique, words = sorted(set(names.astype(str))), [_whole(kind, language) for kind in WORDED]

    def known_and_shown(some: list[str]) -> tuple[Knowledge, set[str]]:
        lines = {line for name in some for line in wrap(name, 280, bold=True).split("\n")}
        known = Knowledge({**sample.results(), "areas": dict(enumerate(some))}, language)
        return known, lines | {shorten(name, 260) for name in some}

    at_risk = [name for name in unique if any(word.search(name) for word in words)]
    known, shown = known_and_shown(at_risk)
    left = {line: known.nameless(line) for line in shown}
    assert len(at_risk) > 5
    assert {line: text for line, text in left.items() if any(word.search(text) for word in words)} == {}
    known, shown = known_and_shown([name for name in unique if any(map(str.isdigit, name))])
    assert "Q4" in shown
    assert {line: loose for line in shown if (loose := known.loose_numbers(line))} == {}


def test_parity_of_the_two_languages() -> None:
    assert sample.parity(page("nl"), page("en")) == []
    html = page("en").replace("</section>", f"<p>{EN_GAP}</p></section>", 2)
    assert any("blocks" in fault or "where" in fault for fault in sample.parity(page("nl"), html))


@pytest.mark.parametrize(("old", "new", "fault"), [
    (EN_GAP, "", r"first screen: nl has .*03\.gap/estimate"),
    ('data-ref="5/2"', 'data-ref="5/3"', r"01\.state: nl has /tables/01\.nine/rows/5/2 where en has /tables/01\.nine/rows/5/3"),
    ('data-judgement="UNCLEAR"', 'data-judgement="HIGHER"', "UNCLEAR"),
    ('data-verdict="SUPPORTED"', 'data-verdict="UNDECIDED"', "SUPPORTED"),
])  # fmt: skip
def test_parity_finds_a_difference(old: str, new: str, fault: str) -> None:
    assert old in page("en")
    found = sample.parity(page("nl"), page("en").replace(old, new, 1))
    assert any(re.search(fault, one) for one in found), found


@pytest.mark.parametrize(("text", "language", "value", "decimals", "sign"), [
    ("€ 27.300", "nl", "27300", 0, "€"),
    ("€27,300", "en", "27300", 0, "€"),
    ("−€ 27.300", "nl", "-27300", 0, "€"),
    ("12,5 %", "nl", "12.5", 1, "%"),
    ("12.5%", "en", "12.5", 1, "%"),
    ("1,2 procentpunt", "nl", "1.2", 1, "procentpunt"),
    ("0.240", "en", "0.240", 3, ""),
    ("1.234.567", "nl", "1234567", 0, ""),
    ("2019", "nl", "2019", 0, ""),
    ("2127", "en", "2127", 0, ""),
    ("3,4 per 1.000 inwoners", "nl", "3.4", 1, "per 1.000 inwoners"),
])  # fmt: skip
def test_reading_a_number(text: str, language: str, value: str, decimals: int, sign: str) -> None:
    printed = read_number(text.replace(" ", "\u00a0"), language)
    assert (printed.value, printed.decimals, printed.sign, printed.fewer) == (Decimal(value), decimals, sign, False)


@pytest.mark.parametrize("text", ["", "–", "-5", "1.23", "12.5 %", "12345", "1.2345", "€ 5 %", "12 appels", "12,", "٣"])
def test_what_is_no_dutch_number(text: str) -> None:
    assert read_number(text, "nl") is None


def test_reading_fewer_than_and_elements_back() -> None:
    printed = read_number("fewer than 10", "en")
    assert printed.fewer and agrees(printed, 7, "persons", signed=True)
    assert not agrees(printed, 0, "persons", signed=True) and not agrees(printed, 10, "persons", signed=True)
    root = parse(
        '<p a="x &amp; y">Één <br>twee<svg viewBox="0 0 1 1"><path d="M0"/><title>drie</title></svg><style>x{}</style></p>'
    )
    paragraph = next(node for node in root.walk() if node.tag == "p")
    assert (paragraph.attrs["a"], paragraph.text()) == ("x & y", "Één tweedrie")
    title = next(node for node in root.walk() if node.tag == "title")
    assert ([node.tag for node in title.ancestors()], title.nearest("a")) == (["title", "svg", "p", ""], "x & y")


@pytest.mark.parametrize(("text", "value", "unit", "signed", "right"), [
    ("0,13", 0.125, "index", True, True),  # half up
    ("0,12", 0.125, "index", True, False), ("1,0", 1.04999, "index", True, True),
    ("€ 110.000", -110.4, "thousand_euro", False, True),  # the sign is in the words
    ("€ 110.000", -110.4, "thousand_euro", True, False), ("−€ 110.000", -110.4, "thousand_euro", True, True),
    ("−€ 110.000", 110.4, "thousand_euro", False, False), ("€ 110.400", 110.4, "thousand_euro", True, True),
    ("€ 110.500", 110.4, "thousand_euro", True, False), ("€ 110", 110.4, "thousand_euro", True, False),
    ("€ 110", 110.4, "euro", True, True), ("0", -0.4, "persons", True, True),
])  # fmt: skip
def test_agreeing_with_a_value(text: str, value: float, unit: str, signed: bool, right: bool) -> None:
    printed = read_number(text, "nl")
    assert printed is not None
    assert agrees(printed, value, unit, signed=signed) is right


@given(st.integers(-(10**9), 10**9), st.integers(0, 4), st.sampled_from(["nl", "en"]))
def test_any_written_number_reads_back(whole: int, decimals: int, language: str) -> None:
    text = f"{abs(whole) / 10**decimals:,.{decimals}f}"
    if language == "nl":
        text = text.translate(str.maketrans(",.", ".,"))
    printed = read_number(("−" if whole < 0 else "") + text, language)
    assert (printed.value, printed.decimals) == (Decimal(whole).scaleb(-decimals), decimals)
