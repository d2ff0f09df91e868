"""The site: places from ranges, the same numbers as the reports, nothing half-written."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from atlases import PLACES, SYNTHETIC, write_crate, write_reports

from kloof.catalogue import catalogue
from kloof.errors import ReportError
from kloof.paths import sha256
from kloof.report import audit, readback
from kloof.report.publish import FILES, first_screen
from kloof.report.readback import Node, parse
from kloof.run import depends
from kloof.run.batch import MADE, PARTS
from kloof.run.provenance import CRATE
from kloof.words.sentences import Narrator, text_of
from kloof_site import site, siteback
from kloof_site.atlas import Atlas, Measure, Report, ends, read_reports
from kloof_site.site import PAGES, Site, _read, build_site

LANGUAGES = ("nl", "en")
CHANGE = "04.mean_dwelling_value.absolute"


BESIDE = (MADE, PARTS, CRATE)  # what a batch knows a report by, and what it was made from


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, project: Path) -> list[Path]:
    made = write_reports(tmp_path_factory.mktemp("reports"), project)
    for folder in made:
        (folder / PARTS).write_bytes(b"parts")
        depends.write_hashed(folder / MADE, {"crate": sha256(folder / CRATE)})
    return made


@pytest.fixture(scope="module")
def reports(folders: list[Path]) -> list[Report]:
    return read_reports(folders)


@pytest.fixture(scope="module")
def known(reports: list[Report]) -> dict[str, Any]:
    return {report.code: report.document for report in reports}


@pytest.fixture(scope="module")
def built(reports: list[Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(reports, catalogue(), tmp_path_factory.mktemp("out") / "site")


@pytest.fixture(scope="module")
def root(built: Path) -> dict[str, Node]:
    """Every page, by language and name."""
    names = [f"{language}/{name}" for language in LANGUAGES for name in PAGES]
    return {name: parse((built / f"{name}.html").read_text("utf-8")) for name in names}


def measure(reports: list[Report], name: str) -> Measure:
    return next(one for one in Atlas(tuple(reports), catalogue(), "nl").measures if one.finding == name)


def test_a_place_is_a_range(reports: list[Report]) -> None:
    """By hand: Breda 41 (17 to 65), one 30 lower (−13 to 35), one 60 higher (77 to 125): only the last is sure.

    Equals share all places, and a measure that one lacks has two.
    """
    change = measure(reports, CHANGE)
    places = [(one.report.code, one.best, one.worst) for one in change.standings]
    assert places == [("GM0002", 1, 1), ("GM0758", 2, 3), ("GM0001", 2, 3)]
    assert change.zero == pytest.approx(100 * 12.721 / (125.188 + 12.721), abs=0.1)
    assert {(one.best, one.worst) for one in measure(reports, "03.level.mean_dwelling_value").standings} == {(1, 3)}
    assert {one.report.code for one in measure(reports, "03.level.crime_rate").standings} == {"GM0758", "GM0002"}


@pytest.mark.parametrize(
    ("low", "estimate", "high", "size", "expected"),
    [
        (-175.0, -173.6, -172.0, True, (173.6, 172.0, 175.0)), (-2.0, 1.0, 4.0, True, (1.0, 0.0, 4.0)),
        (-2.0, 1.0, 4.0, False, (1.0, -2.0, 4.0)), (5.0, 6.0, 9.0, True, (6.0, 5.0, 9.0)),
    ],
)  # fmt: skip
def test_the_size_of_a_level_has_a_range_of_its_own(
    low: float, estimate: float, high: float, size: bool, expected: tuple[float, float, float]
) -> None:
    assert ends({"estimate": estimate, "low": low, "high": high}, size=size) == expected


def test_every_page_says_only_what_reports_and_files_say(
    built: Path, root: dict[str, Node], known: dict[str, Any]
) -> None:
    for name, page in root.items():
        language = name[:2]
        html = (built / f"{name}.html").read_text(encoding="utf-8")
        assert siteback.faults_of(html, known, language, audit.labels(catalogue(), language)) == [], name
        if not name.endswith(("index", "compare", "methods", "verdicts")):
            assert sum(node.tag == "data" for node in page.walk()) >= 3, name


@pytest.mark.parametrize(
    ("page", "before", "after", "said"),
    [
        ("index", r"(<img src=[^>]*figures/)04", r"\g<1>03", "no picture of its report"),
        ("index", r'(<img [^>]*alt="[^"]*)', r"\g<1> Nu 777.", "777 is said of its picture"),
        ("index", r'(<img [^>]*alt=")[^"]*', r"\g<1>", "has no description"),
        ("ranking", r"(<data[^>]*>€\s)\d+", r"\g<1>777", "stands for"),
        ("ranking", r"2–3", "1–3", "its ranges allow 2 to 3"),
        ("ranking", r'data-ref="/findings/03\.level', 'data-nothing="/', "does not say where it stands"),
        ("ranking", r'data-ref="/findings/04', 'data-ref="/findings/99', "has nothing"),
        ("verdicts", r'data-verdict="SUPPORTED"', 'data-verdict="UNDECIDED"', "its report says"),
        ("verdicts", r"(?<=sr\">)klopt(?=<)", "klopt niet", "is called"),
        ("calibration", r'(data-column="share" value="[^"]*">)[\d,]+', r"\g<1>777,7", "calibration.csv"),
        ("data", r"<p class=\"intro\">", '<p class="intro">In 7 dagen. ', "not traced"),
        ("compare", r"€\s41\.000", "€ 42.000", "stands for"),
        ("compare", r'"SUPPORTED"', '"UNDECIDED"', "its report says otherwise"),
    ],
)
def test_what_is_wrong_on_a_page_is_found(
    built: Path, known: dict[str, Any], page: str, before: str, after: str, said: str
) -> None:
    html = (built / "nl" / f"{page}.html").read_text(encoding="utf-8")
    wrong = re.sub(before, after, html, count=1)
    assert wrong != html
    found = siteback.faults_of(wrong, known, "nl", audit.labels(catalogue(), "nl"))
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(("said", "faults"), [("1–2", 1), ("1", 0), ("2", 1)])
def test_ranges_that_touch_leave_the_places_apart(said: str, faults: int) -> None:
    """What is at least 2 is not surely above what is at most 2, nor possibly: only more than 2 would be."""
    page = f'<main data-of="GM0001"><span data-rank="04.x">{said}</span></main>'
    ends = {"GM0001": (2.0, 3.0), "GM0002": (1.0, 2.0), "GM0003": (0.0, 1.0)}
    known: Any = {
        code: {"findings": {"04.x": {"low": low, "high": high, "comparability": "ok"}}}
        for code, (low, high) in ends.items()
    }
    assert len(list(siteback.places(readback.parse(page), known, "nl"))) == faults
    second = page.replace("GM0001", "GM0002").replace(f">{said}<", ">1–2<")
    assert len(list(siteback.places(readback.parse(second), known, "nl"))) == 0


def test_the_size_and_year_of_a_ruled_list_belong_to_its_report() -> None:
    """As in the sentences of every report that a batch makes; other numbers, or another report's, do not."""
    page = '<main><p class="headline" data-of="{}">De {} buurten die in {} het laagst stonden.</p></main>'
    known: Any = {
        "GM0001": {"areas": {}, "parameters": {"focus": "lowest:3:mean_dwelling_value:2024", "focus_variants": []}},
        "GM0002": {"areas": {}, "parameters": {"focus": "union"}},
    }
    said = [("GM0001", 3, 2024), ("GM0001", 4, 2024), ("GM0001", 3, 2023), ("GM0002", 3, 2024), ("", 3, 2024)]
    found = [list(siteback.loose(readback.parse(page.format(*one)), known, ())) for one in said]
    assert [len(faults) for faults in found] == [0, 1, 1, 1, 1]


def test_links_lead_to_files_and_anchors_that_exist(built: Path, root: dict[str, Node]) -> None:
    for name, page in root.items():
        ids = {node.attrs["id"] for node in page.walk() if "id" in node.attrs}
        for node in page.walk():
            href = node.attrs.get("href", "")
            if not href or href.startswith(("http", "data:")):
                continue
            file, _, anchor = href.partition("#")
            target = built / name[:2] / file
            assert not file or target.is_file(), f"{name}: {href}"
            assert not anchor or anchor in ids or file, f"{name}: {href}"


def test_reports_travel_along_without_their_notebooks(built: Path) -> None:
    assert {path.name for path in (built / "reports").iterdir()} == set(PLACES)
    assert (built / "reports/GM0758/en/report.pdf").is_file()
    assert not [path for name in ("*.ipynb", *BESIDE) for path in built.rglob(name)]
    assert json.loads((built / "site.json").read_text("utf-8"))["reports"]["GM0001"] == "Aa en Hunze 2"


def test_a_report_in_one_language_is_reached_from_both(root: dict[str, Node]) -> None:
    links = [node.attrs["href"] for node in card(root["en/index"], "GM0001").walk() if node.tag == "a"]
    assert "../reports/GM0001/nl/index.html" in links
    assert not any("GM0001/en/" in link for link in links)


def test_names_are_text_not_markup(built: Path) -> None:
    for name in PAGES:
        assert "<Zuid>" not in (built / "nl" / f"{name}.html").read_text("utf-8")


def test_both_languages_carry_the_same_numbers_and_verdicts(root: dict[str, Node]) -> None:
    def told(page: Node) -> list[tuple[str, ...]]:
        keys = ("data-ref", "data-rank", "data-row", "data-column", "data-claim", "data-verdict")
        return sorted(
            tuple(node.attrs.get(key, "") for key in keys) for node in page.walk() if any(k in node.attrs for k in keys)
        )

    assert [name for name in PAGES if told(root[f"nl/{name}"]) != told(root[f"en/{name}"])] == []


def test_the_command_line_gives_the_same_bytes_for_the_same_reports(
    command_line: Callable[..., tuple[int, str, str]], built: Path, folders: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, said, _ = command_line("site", *folders[::-1], "--out", out)
    assert (code, "The site of 3 municipalities" in said) == (0, True)
    made = everything(out)
    assert len(made) > 20
    assert made == everything(built)
    code, _, complaint = command_line("site", tmp_path / "nowhere", "--out", out)
    assert (code, "nowhere has no results.json" in complaint) == (2, True)
    assert everything(out) == made


def test_one_report_is_enough_and_error_rates_of_claims_stand_there_once_they_are_measured(
    folders: list[Path], home: Path, tmp_path: Path
) -> None:
    """Two rows as `kloof calibrate` writes them: one where C1 is false, one where it is true."""
    head = "municipality,claim,part,switch,effect,unit,units,count,years,verdict,share,mc_error,n"
    rows = [
        f"synthetic,C1,gap,{switch},{effect},thousand_euro,buurten,56,8,SUPPORTED,{share},0.5,800"
        for switch, effect, share in (("off", 0, 2.5), ("large", 20, 91.25))
    ]
    (home / "data" / "calibration.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    out = build_site(read_reports(folders[:1]), catalogue(), tmp_path / "site")
    text = parse((out / "nl/ranking.html").read_text("utf-8")).text()
    assert "Met één gemeente is er nog niets te rangschikken." in text
    table = next(
        node
        for node in parse((out / "nl/calibration.html").read_text("utf-8")).walk()
        if node.attrs.get("aria-labelledby") == "beweringen" and node.tag == "table"
    )
    (row,) = [node for node in table.walk() if node.tag == "tr"][1:]
    assert [node.text() for node in row.walk() if node.tag in ("th", "td")][2:] == [
        "56", "8", "2,5", "–", "–", "91,3", "800",
    ]  # fmt: skip


def test_findings_are_shown_of_every_size_of_synthetic_place_and_claims_of_the_usual_one(
    reports: list[Report],
) -> None:
    known = Site(Atlas(tuple(reports), catalogue(), "nl"))
    rows = _read("worlds")
    assert {row["buurten"] for row in rows if row["question"] == "joined"} > {"56"}
    assert {row["buurten"] for row in known.worlds(joined=True)} == {"56"}
    sizes = {row["buurten"] for row in rows if row["question"] != "joined"}
    assert {row["buurten"] for row in known.worlds(joined=False)} == sizes == {"15", "56", "200"}


# ------------------------------------------------------------------ what cannot be


def test_all_that_is_wrong_with_the_reports_is_said_at_once(project: Path, tmp_path: Path) -> None:
    good = write_reports(tmp_path / "a", project, ("GM0758",)) + write_reports(tmp_path / "b", project, ("GM0758",))
    bad = {name: tmp_path / name for name in ("empty", "broken", "other", "bare", "partial")}
    for folder in bad.values():
        folder.mkdir()
    (bad["broken"] / "results.json").write_text("{", encoding="utf-8")
    (bad["other"] / "results.json").write_text('{"format": 99}', encoding="utf-8")
    (bad["partial"] / "results.json").write_text('{"format": 2, "place": {}}', encoding="utf-8")
    (bad["bare"] / "results.json").write_bytes((good[0] / "results.json").read_bytes())
    with pytest.raises(ReportError) as problem:
        read_reports([*good, *bad.values()])
    for part in (
        "empty has no results.json", "not valid JSON", "not a results document of format 2", "lacks areas, findings",
        "bare has no page", "GM0758 has 2 reports", "Name whole reports",
    ):  # fmt: skip
        assert part in str(problem.value)
    with pytest.raises(ReportError, match="kloof run"):
        read_reports([])


def test_synthetic_never_stands_among_real_and_says_what_it_is(
    project: Path, tmp_path: Path, root: dict[str, Node]
) -> None:
    mixed = write_reports(tmp_path / "mixed", project, ("GM0758", SYNTHETIC))
    with pytest.raises(ReportError, match="report_GM9001: a synthetic municipality never stands among real ones"):
        read_reports(mixed)
    out = build_site(read_reports(mixed[1:]), catalogue(), tmp_path / "site")
    for name in root:
        text = parse((out / f"{name}.html").read_text("utf-8")).text()
        assert ("synthetische gemeenten: verzonnen" if name[:2] == "nl" else "made-up figures") in text, name
    assert "verzonnen" not in root["nl/index"].text()


def test_a_folder_that_is_no_site_is_not_touched(folders: list[Path], tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ReportError, match="not a site of kloof"):
        build_site(read_reports(folders), catalogue(), tmp_path / "thesis")
    assert [path.name for path in tmp_path.rglob("*")] == ["thesis", "chapter.txt"]


def test_a_failure_leaves_the_earlier_site_whole(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "site.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(siteback, "faults_of", lambda *_: ["a number is wrong"])
    with pytest.raises(ReportError, match="a number is wrong"):
        build_site(read_reports(folders[:1]), catalogue(), out)
    assert [path.name for path in tmp_path.rglob("*")] == ["site", "site.json"]


# ------------------------------------------------------------------ the answer of a report


def card(page: Node, code: str) -> Node:
    """The card of a municipality."""
    return next(node for node in page.walk() if node.has_class("card-of") and node.attrs["data-of"] == code)


def test_a_card_gives_the_answer_and_its_picture(built: Path, root: dict[str, Node], reports: list[Report]) -> None:
    for name, page in (one for one in root.items() if one[0].endswith("index")):
        said = card(page, "GM0758")
        report = next(one for one in reports if one.code == "GM0758")
        told = " ".join(map(text_of, Atlas((report,), catalogue(), name[:2]).answer(report)[0]))
        assert told == next(node for node in said.walk() if node.has_class("headline")).text()
        assert told.endswith(".")
        (image,) = [node for node in said.walk() if node.tag == "img"]
        assert (built / name[:2] / image.attrs["src"]).is_file()
        assert f"/{name[:2]}/figures/04." in image.attrs["src"]
        assert (image.attrs["width"], image.attrs["height"], image.attrs["loading"]) == ("640", "330", "lazy")
        assert len(image.attrs["alt"]) > 40
        assert not [node for node in card(page, "GM0002").walk() if node.tag == "img"], "it has no picture"


def test_the_picture_is_the_one_made_for_the_answer_else_that_of_its_gap_else_the_first(project: Path) -> None:
    document = json.loads((project / "reports/example/results.json").read_text(encoding="utf-8"))
    figures = document["figures"]

    def chosen(*names: str, **other: Any) -> str | None:
        drawn = {name: figures.get(name, {}) for name in names}
        return first_screen(Narrator({**document, "figures": drawn, **other}, catalogue(), "nl"))[1]

    said, picture = first_screen(Narrator(document, catalogue(), "nl"))
    assert "inkomen per inwoner" in text_of(said.sentences[0])
    assert picture == "04.answer"
    own = "04.mean_income_per_inhabitant"
    assert chosen("01.coverage", own, "04.answer") == "04.answer"
    assert chosen("01.coverage", own) == own, "of the gap that the sentence is about"
    assert chosen("01.coverage", "04.mean_dwelling_value") == "01.coverage"
    assert chosen("01.coverage", own, findings={}) == "01.coverage"
    assert chosen() is None


def test_all_four_files_are_there_and_linked(built: Path, root: dict[str, Node]) -> None:
    for code, language in (("GM0758", "nl"), ("GM0758", "en"), ("GM0001", "nl")):
        links = {node.attrs["href"] for node in card(root["nl/index"], code).walk() if node.tag == "a"}
        for name in FILES:
            assert (built / "reports" / code / language / name).is_file()
            if language == "nl":
                assert f"../reports/{code}/nl/{name}" in links


def everything(folder: Path) -> dict[str, bytes]:
    """The files under a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def link(place: Path, target: Path) -> None:
    """Put a link in the place of a file or folder, to a copy of it elsewhere."""
    place.rename(target)
    place.symlink_to(target)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "an edited page": (
        lambda one: (one / "nl/index.html").write_text("edited"),
        r"nl/index\.html is not what was made",
    ),
    "a halved PDF": (lambda one: (one / "en/report.pdf").write_bytes(b"%PD"), r"en/report\.pdf is not what was made"),
    "a picture less": (lambda one: (one / "nl/figures/04.answer.svg").unlink(), r"04\.answer\.svg is gone"),
    "a file more": (lambda one: (one / "nl/more.html").write_text("more"), r"nl/more\.html was added"),
    "a link to a page": (lambda one: link(one / "nl/index.html", one.parent / "page"), r"nl/index\.html is not what"),
    "a link to secrets": (lambda one: (one / "nl/keys").symlink_to("/etc/hostname"), r"nl/keys was added"),
    "a link to a folder": (lambda one: link(one / "nl/figures", one.parent / "svg"), r"nl/figures was added"),
    "a crate of its own": (
        lambda one: ((one / "nl/index.html").write_text("edited"), write_crate(one)),
        r"ro-crate-metadata\.json is not what was made",
    ),
    "no crate": (lambda one: (one / CRATE).unlink(), r"has no ro-crate-metadata\.json"),
    "half a crate": (lambda one: (one / CRATE).write_text('{"@gr'), r"is not a crate of kloof"),
    "a way out in the crate": (
        lambda one: (one / CRATE).write_text((one / CRATE).read_text().replace('"@id": "nl/i', '"@id": "../nl/i')),
        r"nl/index\.html was added",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_report_that_is_not_as_it_was_made_is_not_published(
    folders: list[Path], tmp_path: Path, command_line: Callable[..., tuple[int, str, str]], name: str
) -> None:
    spoil, said = SPOILT[name]
    folder = Path(shutil.copytree(folders[0], tmp_path / "reports" / "report_GM0758"))
    spoil(folder)
    code, _, err = command_line("site", folder, "--out", tmp_path / "site")
    assert (code, bool(re.search(said, err))) == (2, True), err
    assert not (tmp_path / "site").exists()


def test_what_changes_while_a_site_is_made_is_not_published(folders: list[Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders[0], tmp_path / "report_GM0758"))
    read = read_reports([folder])
    (folder / "nl" / "data.html").write_text("edited", encoding="utf-8")
    with pytest.raises(ReportError, match=r"nl/data\.html changed while the site was made"):
        build_site(read, catalogue(), tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["report_GM0758"]


def test_what_cannot_be_read_back_is_not_published(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that loses the end of a picture."""
    written = site.write_whole

    def lose(path: Path, content: Any) -> None:
        written(path, content[:-1] if path.suffix == ".svg" else content)

    monkeypatch.setattr(site, "write_whole", lose)
    with pytest.raises(ReportError, match=r"\.svg, and \d+ more cannot be read back as written"):
        build_site(read_reports(folders[:1]), catalogue(), tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_a_site_in_a_report_or_around_one_is_refused(
    folders: list[Path], tmp_path: Path, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    folder = Path(shutil.copytree(folders[0], tmp_path / "report_GM0758"))
    before = everything(tmp_path)
    for place in ("report_GM0758/site", "report_GM0758", ".", "report_GM0758/../report_GM0758/nl") * 2:
        code, _, err = command_line("site", folder, "--out", tmp_path / place)
        assert (code, "lie one in the other; give another folder with --out." in err) == (2, True), (place, err)
        assert everything(tmp_path) == before, place


def test_a_site_beside_the_reports_does_not_grow(
    home: Path, built: Path, folders: list[Path], command_line: Callable[..., tuple[int, str, str]]
) -> None:
    for folder in folders:
        shutil.copytree(folder, home / "reports" / folder.name)
    out = Path(shutil.copytree(built, home / "reports" / "site"))
    code, _, err = command_line("site", "--out", out)
    assert code == 0, err
    assert everything(out) == everything(built)


def test_a_report_that_lost_its_results_is_named_and_not_passed_over(
    home: Path, project: Path, command_line: Callable[..., tuple[int, str, str]]
) -> None:
    for folder in write_reports(home / "reports", project, ("GM0758", "GM0002"))[1:]:
        (folder / "results.json").unlink()
    code, _, err = command_line("site", "--out", home / "site")
    assert (code, "report_GM0002 has no results.json" in err) == (2, True), err


def test_half_a_report_is_refused(project: Path, tmp_path: Path) -> None:
    (folder,) = write_reports(tmp_path, project, ("GM0758",))
    (folder / "en" / "data.pdf").unlink()
    with pytest.raises(ReportError, match=r"report_GM0758 lacks en/data\.pdf: make the report again"):
        read_reports([folder])


def test_calibration_that_was_not_made_yet_has_no_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site = Site(Atlas((), catalogue(), "nl"))
    assert site.intervals()
    monkeypatch.setattr("kloof_site.site.data_folder", lambda: tmp_path)
    assert site.worlds(joined=True) == site.claim_rates() == site.intervals() == []
