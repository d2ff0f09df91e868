"""A slip is an error that names the nearest valid thing, by whatever way it comes in; none opens another place."""

import doctest
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from readable import Row, file
from traitlets.config import Config

from conftest import copy_project, home_at
from kloof.errors import ParameterError
from kloof.run import notebooks, report
from kloof.store import add
from kloof.study import study as opening
from kloof.study.places import code_of, places
from kloof.study.study import Study, open_study

UTRECHT, BERGEN = "GM0344", ("GM0373", "GM0893")
NAMES = {UTRECHT: "Utrecht (gemeente)", BERGEN[0]: "Bergen (NH.)", BERGEN[1]: "Bergen (L.)", "GM0518": "'s-Gravenhage"}
ROWS: list[Row] = [
    *[(code, 2024, "inhabitants", 1000, "cbs_kwb_2024") for code in NAMES],
    *[(f"BU0344{number:04d}", 2024, name, 200 + number, "cbs_kwb_2024")
      for number in range(10) for name in ("inhabitants", "mean_dwelling_value")],
]  # fmt: skip
LISTS = {"focus": "lowest:2:mean_dwelling_value:2024", "focus_variants": ["lowest:2:mean_dwelling_value:2024"]}
Open = Callable[..., Study]
Kloof = Callable[..., tuple[int, str, str]]
NOTEBOOK = {"__name__": "__main__", "preset": "breda", "language": "nl", "municipality": "", "year_from": 0}


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a store in which three municipalities are called Utrecht, Bergen and Bergen."""
    with home_at(copy_project(tmp_path_factory.mktemp("stocked") / "home")) as home:
        add.add(file("kwb.csv", ROWS, NAMES))
        yield home


@pytest.fixture(scope="module")
def loads() -> Callable[..., Any]:
    """Read a data set once for all calls."""
    return cache(lambda source, place, comparisons: LOAD(source, place, opening.catalogue(), comparisons))


LOAD = opening.load


@pytest.fixture
def loaded(stocked: Path, loads: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The municipalities whose figures were loaded."""
    seen: list[str] = []

    def load(source: str, place: str, known: object, comparisons: tuple[str, ...] = (), **_: object) -> Any:
        seen.append(place)
        return loads(source, place, tuple(comparisons))

    monkeypatch.setattr(opening, "load", load)
    return seen


def refused(call: Callable[[], object], near: str, loaded: list[str], place: str = "GM0758") -> None:
    """Hold a call to an error that names what is nearest, before any other place than the one asked is read."""
    with pytest.raises(ParameterError) as caught:
        call()
    assert near in str(caught.value)
    assert set(loaded) <= {place}


# ------------------------------------------------------------------ in Python

PLACES: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    (("herlen",), {}, '"Heerlen"'),
    (("Utrech",), {}, '"Utrecht"'),
    (("Bergen",), {}, "GM0373 (Bergen (NH.)) or GM0893 (Bergen (L.))"),
    (("GM0345",), {}, '"GM0344"'),
    (("0344",), {}, '"GM0344"'),
    (("gm0344",), {}, '"GM0344"'),
    (("manifst",), {}, '"manifest"'),
    (("",), {}, "breda, heerlen"),
    ((344,), {}, "a code such as GM0758"),
    ((["breda"],), {}, "breda, heerlen"),
    (("breda",), {"year_form": 2016}, '"year_from"'),
    (("breda",), {"place": "Utrecht"}, "Valid: preset, language, municipality"),
    (("breda",), {"year_from": "2016"}, "year_from must be a whole number, not '2016'"),
    (("breda",), {"year_from": 0}, "first year compared"),
    (("breda",), {"year_from": 2030}, "must lie before year_to (2024)"),
    (("breda",), {"year_from": 1996, "year_to": 1999}, "Nearest: 2002"),
    (("breda",), {"language": "nll"}, '"nl"'),
    (("breda",), {"indicators": ["mean_dweling_value"]}, '"mean_dwelling_value"'),
    (("breda",), {"levels": "crime_rate"}, "levels must be a list of texts"),
    (("breda",), {"groups": ["low_income_household"]}, '"low_income_households"'),
    (("breda",), {"smallest_effects": {"crime_rat": 1}}, '"crime_rate"'),
    (("breda",), {"focus": "unoin"}, '"union"'),
    (("breda",), {"focus": "BU07580199"}, '"BU07580'),
    (("breda",), {"focus": "lowest:5:mean_dweling_value:2016"}, "mean_dwelling_value"),
    (("breda",), {"focus": "lowest:5:mean_dwelling_value:2031"}, "2025"),
    (("breda",), {"source": "bredda"}, '"breda"'),
    (("breda",), {"comparisons": ["Tilbrug"]}, '"Tilburg"'),
    (("breda",), {"published": "publishd.csv"}, "published.csv"),
    (("breda",), {"preset": "heerlen"}, "preset='municipality'"),
    (("Breda",), {"municipality": "Utrecht"}, "are two places: give one"),
    (("heerlen",), {"municipality": "Utrecht"}, "are two places: give one"),
    (("heerlen",), {"preset": "breda"}, "preset='municipality'"),
    ((), {"municipality": "Utrech"}, '"Utrecht"'),
    ((), {"preset": "hearlen"}, '"heerlen"'),
    (({"municipality": "Utrecht", "preset": "breda"},), {}, "--preset municipality --set municipality=GM0344"),
    (({"preset": "breda", "year_form": 2016},), {}, '"year_from"'),
    (({"preset": "breda", "setings": {}},), {}, '"settings"'),
    (({"preset": "breda", "settings": {"muncipality": "Utrecht"}},), {}, '"municipality"'),
    (({"preset": "breda", "settings": {"settings": {"year_from": 2016}}},), {}, "unknown parameter 'settings'"),
    (({"preset": "breda", "year_form": 0},), {}, '"year_from"'),
    (({"preset": "breda", "year_from": "2016"},), {}, "year_from must be a whole number, not '2016'"),
    (({"preset": "breda"},), {"langauge": "en"}, '"language"'),
]


@pytest.mark.parametrize(("given", "more", "near"), PLACES, ids=[f"{given}{more}" for given, more, _ in PLACES])
def test_a_wrong_call_names_what_is_nearest(
    loaded: list[str], given: tuple[Any, ...], more: dict[str, Any], near: str
) -> None:
    refused(lambda: open_study(*given, **more), near, loaded, UTRECHT if "'Utrecht'" in str(given) else "GM0758")


IN_A_NOTEBOOK: list[tuple[dict[str, Any], str]] = [
    ({"year_form": 2016}, '"year_from"'),
    ({"muncipality": "Utrecht"}, '"municipality"'),
    ({"fokus": "bndestem"}, '"focus"'),
    ({"indicator": ["crime_rate"]}, '"indicators"'),
    ({"preset": "bredda"}, '"breda"'),
    ({"setings": {"draws": 500}}, '"settings"'),
    ({"municipality": "Utrech"}, '"Utrecht"'),
    ({"In": ["", "# Parameters\ngemeente = 'Utrecht'\n"], "gemeente": "Utrecht"}, "Valid: preset, language"),
]


@pytest.mark.parametrize(("names", "near"), IN_A_NOTEBOOK, ids=[str(names) for names, _ in IN_A_NOTEBOOK])
def test_a_wrong_name_in_a_notebook_is_no_name_of_its_own(loaded: list[str], names: dict[str, Any], near: str) -> None:
    refused(lambda: open_study({**NOTEBOOK, **names}), near, loaded)


@pytest.mark.parametrize(
    "names",
    [
        {"level": "buurt", "group": "elderly", "sources": ["a"], "kloof": opening, "_focsu": 1, "result": 5},
        {"In": ["", "bins = 5", "# Parameters\nbins = 7\nyear_from = 2016\n"], "bins": 7, "year_from": 2016},
        {"In": ["", "%matplotlib inline", "# Parameters of mine: %x\n"]},
    ],
)
def test_a_notebook_keeps_names_of_its_own(loaded: list[str], names: dict[str, Any]) -> None:
    made = open_study({**NOTEBOOK, **names}, language="en")
    assert (made.p.municipality, made.p.language) == ("GM0758", "en")
    assert made.p.year_from == (names.get("year_from") or 2014)


# ------------------------------------------------------------------ what is right


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        ((), {}, ("breda", "GM0758", "breda")),
        (("breda",), {}, ("breda", "GM0758", "breda")),
        (("BREDA",), {}, ("breda", "GM0758", "breda")),
        (("GM0758",), {"year_from": 2016}, ("breda", "GM0758", "breda")),
        (({"preset": "breda"},), {"language": "en"}, ("breda", "GM0758", "breda")),
        (("Utrecht",), LISTS, ("municipality", UTRECHT, "store")),
        ((UTRECHT,), LISTS, ("municipality", UTRECHT, "store")),
        (("utrecht",), {**LISTS, "source": "store"}, ("municipality", UTRECHT, "store")),
        ((), {"municipality": "Utrecht", **LISTS}, ("municipality", UTRECHT, "store")),
        (({"preset": "municipality", "municipality": "Utrecht", **LISTS},), {}, ("municipality", UTRECHT, "store")),
    ],
)
def test_a_place_is_opened_where_its_figures_are(
    loaded: list[str], given: tuple[Any, ...], more: Mapping[str, Any], expected: tuple[str, str, str]
) -> None:
    p = open_study(*given, **more).p
    assert (p.preset, p.municipality, p.source) == expected
    assert all(getattr(p, name) == more[name] for name in ("year_from", "language") if name in more)
    assert loaded == [expected[1]]


def test_a_place_of_several_presets_is_asked_which(loaded: list[str], home: Path) -> None:
    folder = home / "notebooks" / "presets"
    text = (folder / "breda.toml").read_text(encoding="utf-8")
    (folder / "another.toml").write_text(text, encoding="utf-8")
    (folder / "broken.toml").write_text("[parameters", encoding="utf-8")
    assert open_study("Breda").p.preset == "breda"
    (folder / "breda.toml").rename(folder / "mine.toml")
    refused(lambda: open_study("Breda"), "'another' or 'mine'", loaded)


def test_municipalities_have_names_and_places(stocked: Path) -> None:
    found = {place.code: place for place in places()}
    assert (found[UTRECHT].name, dict(found[UTRECHT].years)) == (NAMES[UTRECHT], {"store": [2024]})
    assert found["GM0758"].years["breda"][0] == 2002
    assert {"breda"} == {name for place in found.values() for name in place.by_buurt}
    assert [code_of(name) for name in ("Den Haag", "den bosch", "Bergen (L.)", "Uden")] == [
        "GM0518", "GM0796", "GM0893", "GM0856",
    ]  # fmt: skip


def test_the_example_in_the_docstring_runs() -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(open_study, globs={"open_study": open_study})
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert (outcome.attempted, outcome.failed) == (3, 0)


# ------------------------------------------------------------------ on the command line, in a preset, by papermill


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["run", "--set", "year_form=2016"], '"year_from"'),
        (["run", "--set", "municipality=Utrech"], '"Utrecht"'),
        (["run", "--set", "municipality=Utrecht"], "--preset municipality --set municipality=GM0344"),
        (["run", "--preset", "utrecht"], "Valid: breda, heerlen"),
        (["run", "--set", "comparisons=Tilbrug"], '"Tilburg"'),
        (["verdicts", "--set", "municipality=Bergen"], "GM0373 (Bergen (NH.)) or GM0893 (Bergen (L.))"),
        (["data", "coverage", "--municipality", "Utrech"], '"Utrecht"'),
        (["data", "coverage", "--municipality", "GM0345"], '"GM0344"'),
        (["data", "fetch", "--plan", "--municipality", "344"], '"GM0344"'),
        (["data", "fetch", "--plan", "--municipality", "Bredda"], '"Breda"'),
        (["data", "add", "--municipality", "Utrech", "none.csv"], '"Utrecht"'),
        (["data", "recode", "--municipality", "Utrech"], '"Utrecht"'),
        (["batch", "--municipality", "Utrech"], '"Utrecht"'),
        (["list", "municipality"], '"municipalities"'),
    ],
    ids=str,
)
def test_a_wrong_word_on_the_command_line(
    loaded: list[str], command_line: Kloof, monkeypatch: pytest.MonkeyPatch, words: list[str], near: str
) -> None:
    monkeypatch.setattr(report, "execute_languages", lambda *_, **__: pytest.fail("a notebook was started"))
    code, out, err = command_line(*words)
    assert (code, out) == (2, "")
    assert near in err
    assert set(loaded) <= {UTRECHT}


def test_names_do_on_the_command_line(stocked: Path, command_line: Kloof) -> None:
    code, out, err = command_line("data", "coverage", "--municipality", "utrecht")
    assert (code, err) == (0, "")
    assert out.endswith("--set municipality=GM0344\n")
    code, out, _ = command_line("list", "municipalities")
    assert "  GM0344  Utrecht (gemeente)                     store 2024\n" in out
    assert "  GM0758  Breda                                  embedded in breda 2002, 2008-2025\n" in out
    code, out, _ = command_line(
        "data", "fetch", "--plan", "--source", "kwb", "--years", "2024", "--municipality", "Utrecht"
    )
    assert (code, "1 tables to ask for" in out) == (0, True)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ('[parameters]\nmunicipality = "Utrech"\n', '"Utrecht"'),
        ('[parameters]\nmuncipality = "Utrecht"\n', '"municipality"'),
        ('year_from = 2016\n[parameters]\nmunicipality = "Utrecht"\n', "year_from"),
        ('reprot = "x"\n[parameters]\nmunicipality = "Utrecht"\n', '"report"'),
        ('[parameters]\nmunicipality = "Utrecht"\ncomparisons = ["Tilbrug"]\n', '"Tilburg"'),
    ],
)
def test_a_wrong_preset(loaded: list[str], home: Path, text: str, near: str) -> None:
    add.add(file("kwb.csv", ROWS, NAMES))
    (home / "notebooks" / "presets" / "mine.toml").write_text(text, encoding="utf-8")
    refused(lambda: open_study("mine"), near, loaded)


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ({"year_form": 2016}, '"year_from"'),
        ({"gemeente": "Utrecht"}, "unknown parameter 'gemeente'"),
        ({"municipality": "Utrech"}, '"Utrecht"'),
        ({"municipality": "Utrecht"}, "--preset municipality --set municipality=GM0344"),
        ({"preset": "herlen"}, '"heerlen"'),
        ({"year_from": "2016"}, "year_from must be a whole number, not '2016'"),
    ],
)
def test_a_wrong_parameter_of_papermill(
    loaded: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], near: str
) -> None:
    """The cells that papermill makes of a notebook, run in a notebook's shell up to the first that raises."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    path = notebooks.notebooks_folder() / "04_did_the_gap_grow.ipynb"
    made = parameterize_notebook(load_notebook_node(str(path)), given)
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.showtraceback = lambda *_, **__: None
    ran = (shell.run_cell(cell.source, store_history=True) for cell in made.cells if cell.cell_type == "code")
    problem = next(result.error_in_exec for result in ran if result.error_in_exec)
    assert isinstance(problem, ParameterError)
    assert near in str(problem)
    assert set(loaded) <= {UTRECHT}


def test_a_file_without_codes_is_of_the_municipality_it_begins_with(
    shared: Path, stocked: Path, command_line: Kloof
) -> None:
    """Heerlen's file has names only: read for Utrecht, all of Heerlen's figures would be Utrecht's."""
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    given = {"preset": "heerlen", "source": str(path)}
    about = "heerlen_2016_2020.db is about Heerlen (GM0917), not about GM0344 (Utrecht (gemeente))"
    with pytest.raises(ParameterError) as caught:
        open_study(given, municipality="Utrecht")
    assert about in str(caught.value)
    code, _, err = command_line("data", "add", "--municipality", "Utrecht", path, "--dry-run")
    assert (code, about in err) == (2, True)
    assert open_study(given).p.municipality == "GM0917"
