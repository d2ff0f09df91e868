"""`kloof data map` writes a proposal, `kloof data add --map` reads by it, and the store keeps who said what."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kloof.catalogue import catalogue
from kloof.questions.levels import level_finding
from kloof.report.build import Builder
from kloof.results import Section, join_sections
from kloof.run.in_notebook import header
from kloof.store import read
from kloof.store.manifest import read_manifest, store_folder
from kloof.study.study import open_study
from kloof.words.sentences import Narrator

Kloof = Callable[..., tuple[int, str, str]]
CODES = ("BU07580001", "BU07580002", "BU07580003")
OWN = "code,aantal inwoners,aantal huishoudens,speelplekken\nGM0758,600,300,12\n" + "".join(
    f"{code},{100 * n},{50 * n},{n}\n" for n, code in enumerate(CODES, 1)
)
PLAYGROUNDS = """
[indicator.playgrounds]
nl = "Speelplekken"
en = "Playgrounds"
unit = "number"
kind = "count"
better = 1
"""


@pytest.fixture
def data(home: Path, command_line: Kloof) -> Kloof:
    return partial(command_line, "data")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own_2020.csv"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_a_file_that_is_refused_is_mapped_and_added(data: Kloof, own: Path) -> None:
    code, _, err = data("add", own)
    assert code == 2 and err.strip().endswith(f"Or say what its columns mean: kloof data map {own}")
    code, out, _ = data("map", own)
    said = own.with_name("own_2020.csv.toml")
    assert code == 0 and f"{said}: 2 columns understood, 1 to fill in or leave" in out
    assert f"Next: correct own_2020.csv.toml, then kloof data add {own} --map {said} --dry-run" in out
    text = said.read_text(encoding="utf-8").replace('publisher = "?"', 'publisher = "Breda"')
    said.write_text(text.replace('# "speelplekken" = ""', '"speelplekken" = "playgrounds"') + PLAYGROUNDS, "utf-8")
    code, out, _ = data("add", own, "--map", said, "--dry-run")
    assert code == 0 and "speelplekken       → playgrounds (2020)" in out
    assert out.endswith(f"Next: kloof data add {own} --map {said}\n")
    assert "playgrounds" not in catalogue().indicators  # a dry run registers nothing
    assert data("add", own, "--map", said)[0] == 0
    held = read.municipality("GM0758")
    rows = held.observations.query("indicator == 'playgrounds'")
    assert rows["value"].tolist() == [1, 2, 3, 12] and set(rows["source"]) == {"own_own_2020"}
    about = held.sources.iloc[0]
    assert (about["publisher"], about["title"]) == ("Breda", "own_2020.csv (own_2020.csv.toml)")
    assert any(
        row.reason == "read_by_a_mapping" and "own_2020.csv.toml, sha256" in row.detail for row in held.set_aside
    )
    (entry,) = read_manifest(store_folder())["files"]
    assert entry["mapping"] == {"name": "own_2020.csv.toml", "text": said.read_text(encoding="utf-8")}
    assert "--map own_2020.csv.toml" in data("log")[1]
    assert data("map", own)[0] == 2  # what was corrected is not written over


def test_an_own_indicator_is_known_until_its_file_is_removed(data: Kloof, own: Path, command_line: Kloof) -> None:
    said = own.with_name("said.toml")
    source = '[source]\nid = "own_x"\n[columns]\n"speelplekken" = "playgrounds"\n'
    said.write_text(f'[table]\nareas = "code"\nyear = 2020\n{source}{PLAYGROUNDS}', encoding="utf-8")
    data("add", own, "--map", said)
    assert catalogue().indicator("playgrounds").dimension == "surroundings"
    assert "Playgrounds (number)" in command_line("list", "indicators")[1]
    other = own.with_name("other.toml")
    other.write_text(said.read_text("utf-8").replace("Playgrounds", "Slides").replace("own_x", "own_y"), "utf-8")
    code, _, err = data("add", own, "--map", other)
    assert code == 2 and "playgrounds is known as something else (Playgrounds); give yours another name" in err
    data("remove", own.name)
    assert "playgrounds" not in catalogue().indicators
    assert json.loads((store_folder() / "indicators.json").read_text(encoding="utf-8")) == {}
    assert data("add", own, "--map", other)[0] == 0
    assert catalogue().indicator("playgrounds").en == "Slides"


def test_a_level_needs_no_smallest_effect(data: Kloof, own: Path) -> None:
    said = own.with_name("said.toml")
    columns = '"aantal inwoners" = "inhabitants"\n"aantal huishoudens" = "households"\n"speelplekken" = "playgrounds"\n'
    source = f'[source]\nid = "own_x"\n[columns]\n{columns}'
    said.write_text(f'[table]\nareas = "code"\nyear = 2020\n{source}{PLAYGROUNDS}', encoding="utf-8")
    data("add", own, "--map", said)
    given = {"preset": "breda", "source": "store", "year_from": 2019, "year_to": 2020, "comparisons": []}
    rule = "highest:1:playgrounds:2020"
    named = {"indicators": ["inhabitants"], "levels": ["playgrounds"], "groups": [], "focus": rule}
    more = {"focus_variants": [rule], "smallest_effects": {"inhabitants": 1}, "published": ""}
    study = open_study({**given, **named, **more})
    found = level_finding(study, "playgrounds", "03.level.playgrounds")
    # the list is the buurt with 3; the rest has 1 and 2, of 100 and 200 inhabitants
    assert (found.estimate, found.smallest_effect) == (pytest.approx(3 - 500 / 300), None)
    section = Section("03_where_are_the_differences")
    section.add(found)
    results = join_sections(header(study), [section.as_json()])
    teller = Narrator(results, study.known, "nl")
    said = "".join(map(str, teller.sentence(results["findings"]["03.level.playgrounds"])))
    assert "speelplekken" in said


def test_what_was_accepted_is_told_by_the_log_the_store_and_the_report(data: Kloof, own: Path) -> None:
    """Dwellings of 12 thousand euros cannot be; whoever says they are finds that again wherever the figures go."""
    value = "code,aantal inwoners,woningwaarde\n" + "".join(
        f"BU0758000{n},{people},{worth}\n" for n, people, worth in ((1, 100, 12), (2, 200, 250), (3, 300, 300))
    )
    own.write_text(value, encoding="utf-8")
    said = own.with_name("said.toml")
    columns = '"aantal inwoners" = "inhabitants"\n"woningwaarde" = "mean_dwelling_value"\n'
    said.write_text(f'[table]\nareas = "code"\nyear = 2020\n[source]\nid = "own_x"\n[columns]\n{columns}', "utf-8")
    code, _, err = data("add", own, "--map", said)
    assert code == 2 and "BU07580001 12) [unit]" in err and err.strip().endswith("kloof data add FILE --accept unit")
    code, out, _ = data("add", own, "--map", said, "--accept", "unit")
    assert code == 0 and "figures outside what an area can have, accepted as they are (2020: column" in out
    assert "2020; own_x; --map said.toml; --accept unit" in data("log")[1]
    (entry,) = read_manifest(store_folder())["files"]
    assert entry["options"] == ["--map said.toml", "--accept unit"]
    given = {"preset": "breda", "source": "store", "year_from": 2019, "year_to": 2020, "comparisons": []}
    named = {"indicators": ["inhabitants"], "levels": ["mean_dwelling_value"], "groups": [], "published": ""}
    rule = "highest:1:mean_dwelling_value:2020"
    more = {"focus": rule, "focus_variants": [rule], "smallest_effects": {"inhabitants": 1}}
    study = open_study({**given, **named, **more})
    results = join_sections(header(study), [])
    for language, told in (("nl", "aanvaard zoals ze zijn"), ("en", "accepted as they are")):
        builder = Builder(Narrator(results, study.known, language), {}, {}, {})
        assert builder.source_as_read("own_x").startswith("said.toml (said.toml) (")
        assert builder.source_as_read("own_x").endswith(f"{told})")
