"""What a report says of all municipalities since the event, and of its list beside buurten elsewhere; or nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from readable import Row, file

from kloof.country import events as country_events
from kloof.findings import HIGHER, LOWER, SAME, UNCLEAR, judge
from kloof.questions import before_or_since as events
from kloof.questions import other_places
from kloof.results import Section, join_sections
from kloof.run.in_notebook import header
from kloof.store import add
from kloof.study.study import Study, open_study
from kloof.words.sentences import Narrator, has, text_of

WOZ = "mean_dwelling_value"
OWN, PLACES, BUURTEN = "GM0344", 32, 10
YEARS = range(2013, 2025)  # of dwelling values, each of a year before: the last from before March 2020 is of 2021
RULE = f"lowest:2:{WOZ}:2013"


def country(since: float) -> list[Row]:
    """Give municipalities whose two lowest buurten fall behind by an amount since the event."""
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for place in range(PLACES):
        code = OWN if place == 0 else f"GM{900 + place:04d}"
        level = np.linspace(150, 400, BUURTEN) + rng.normal(0, 5, BUURTEN)
        rows += [(code, 2013, "inhabitants", BUURTEN * 900, "cbs_kwb_2013")]
        for buurt in range(BUURTEN):
            name = f"BU{code[2:]}{buurt:04d}"
            rows += [(name, 2013, "inhabitants", int(rng.integers(700, 1100)), "cbs_kwb_2013"),
                     (name, 2013, "households", 400, "cbs_kwb_2013")]  # fmt: skip
            for at, year in enumerate(YEARS):
                value = level[buurt] * 1.03**at + rng.normal(0, 3) - since * (buurt < 2) * (year > 2021)
                rows.append((name, year, WOZ, round(value), f"cbs_kwb_{year}"))
    return rows


def opened(since: float) -> Study:
    add.add(file("kwb.csv", country(since)))
    return open_study({"preset": "municipality", "municipality": OWN, "focus": RULE, "focus_variants": [RULE]})


def say(study: Study, section: Section, language: str) -> list[str]:
    teller = Narrator(join_sections(header(study), [section.as_json()]), study.known, language)
    return [text_of(teller.sentence(finding)) for finding in teller.results["findings"].values()]


def test_all_municipalities_are_asked_once_and_told_in_both_languages(home: Path) -> None:
    study = opened(40.0)
    section = Section("05_before_or_since_corona")
    [finding] = events.in_all_municipalities(section, study)
    assert finding.id == f"05.{WOZ}.relative.everywhere"
    assert judge(finding) == HIGHER
    assert finding.flags == ("all_municipalities",)
    assert finding.details["municipalities"]["value"] == PLACES
    assert say(study, section, "en")[0].startswith("In 32 municipalities together the gap in")
    assert say(study, section, "nl")[0].startswith("In 32 gemeenten samen is het verschil in")


def test_a_list_is_held_against_buurten_elsewhere(home: Path) -> None:
    study = opened(40.0)
    section = Section("13_is_this_place_special")
    [finding] = other_places.beside_neighbours(section, study)
    assert finding.id == f"13.{WOZ}.relative.neighbours"
    assert (finding.a.year, finding.b.year) == (2014, 2024)  # the level is of 2013
    assert finding.flags == ("no_tenure",)
    assert finding.a.n_units == 2
    for language in ("nl", "en"):
        assert "2014" in say(study, section, language)[0]


def test_other_figures_than_those_of_the_store_say_nothing(home: Path) -> None:
    add.add(file("kwb.csv", country(40.0)))
    study = open_study({"preset": "breda", "draws": 199})
    section = Section("05_before_or_since_corona")
    assert events.in_all_municipalities(section, study) == []
    assert other_places.beside_neighbours(section, study) == []
    assert section.findings == {}


def test_a_store_with_too_few_municipalities_says_nothing(home: Path) -> None:
    rows = [row for row in country(0.0) if row[0][2:6] < "0910"]
    add.add(file("kwb.csv", rows))
    study = open_study({"preset": "municipality", "municipality": OWN, "focus": RULE, "focus_variants": [RULE]})
    section = Section("05_before_or_since_corona")
    assert events.in_all_municipalities(section, study) == []
    assert section.findings == {}


SAID = (
    (LOWER, "", (-5.0, -8.0, -2.0), ()),
    (SAME, "", (0.2, -0.5, 0.9), ()),
    (UNCLEAR, country_events.CHANCE, (2.0, -1.0, 5.0), ()),
    (UNCLEAR, country_events.UNTESTED, (5.0, 4.0, 6.0), ("line_not_tested",)),
    (UNCLEAR, country_events.BENT, (5.0, 4.0, 6.0), ("line_does_not_hold",)),
    (UNCLEAR, country_events.EVERYWHERE, (5.0, 4.0, 6.0), ("moves_everywhere",)),
)


def test_what_a_placebo_did_too_is_no_finding_of_the_list(home: Path) -> None:
    """The judgement that is recorded is that of the country, and every flag and judgement has words."""
    study = opened(0.0)
    made = country_events.around_event(WOZ, study.p.event_time)
    for judgement, reason, departure, flags in SAID:
        found = replace(made, judgement=judgement, reason=reason, departure=departure)
        finding = events._of_all(study, found)
        assert judge(finding) == judgement
        assert finding.flags == ("all_municipalities", *flags)
        assert all(has("flag", flag) for flag in finding.flags)
        section = Section("05_before_or_since_corona")
        section.add(finding)
        assert all(say(study, section, language)[0] for language in ("nl", "en"))


def test_every_judgement_of_a_matched_list_has_words(home: Path) -> None:
    study = opened(0.0)
    made = other_places._beside(study, WOZ)
    assert made is not None
    for change in ((5.0, 2.0, 8.0), (-5.0, -8.0, -2.0), (0.2, -0.5, 0.9), (2.0, -1.0, 5.0)):
        section = Section("13_is_this_place_special")
        section.add(other_places._of_neighbours(study, replace(made, change=change)))
        assert all(say(study, section, language)[0] for language in ("nl", "en"))
    assert all(has("flag", flag) for flag in other_places._FLAGS.values())
