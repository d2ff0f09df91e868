"""Results are written in one canonical way, whole or not at all, and can be looked up."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.errors import NotComputableError, ReportError
from kloof.findings import Finding, Verdict
from kloof.paths import dump, plain, write_together, write_whole
from kloof.results import RESULTS, Column, Section, join_sections, layout, look_up, read_results
from kloof.schema import SetAside


def found(name: str, estimate: float | None = 1.5) -> Finding:
    return Finding(name, "gap", "absolute", "points", estimate=estimate, low=estimate, high=estimate)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (np.float64(0.1) + np.float64(0.2), 0.3),  # the sixteenth digit is not a result
        (1 / 3, 0.333333333333), (123456789.123456789, 123456789.123), (np.int64(7), 7), (np.bool_(True), True),
        (True, True), (np.array([1.0, np.nan, 2.5]), [1, None, 2.5]), (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(4.5), 4.5), (pd.Series([1.0, 2.5]), [1, 2.5]), (pd.Index(["b", "a"]), ["b", "a"]), (pd.NA, None),
        (None, None), (float("nan"), None), (np.float64("nan"), None), (math.inf, None), (-math.inf, None), (-0.0, 0),
        (2.0, 2), ({3, 1, 2}, [1, 2, 3]), (frozenset({"b", "a"}), ["a", "b"]),
        ((1, (2.0, {"k": np.float64(0.5)})), [1, [2, {"k": 0.5}]]), ({np.int64(2019): pd.NA}, {"2019": None}),
        ("tekst", "tekst"),
    ],
)  # fmt: skip
def test_values_become_what_json_knows(value: Any, wanted: Any) -> None:
    got = plain(value)
    assert got == wanted
    assert type(got) is type(wanted)


def test_the_canonical_form_is_sorted_readable_and_ends_the_line() -> None:
    content = {"b": 1.0, "a": ["é", np.nan], "c": {"z": 1, "y": []}, "d": [[1, "a"], [2, {}]]}
    wanted = """{
 "a": ["é", null],
 "b": 1,
 "c": {
  "y": [],
  "z": 1
 },
 "d": [
  [1, "a"],
  [
   2,
   {}
  ]
 ]
}
"""
    assert dump(content) == wanted


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError):
        dump({"when": pd.Timestamp("2020-01-01")})


nested = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(nested)
def test_reading_and_writing_again_changes_no_byte(content: Any) -> None:
    text = dump(content)
    assert dump(json.loads(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_twelve_significant_digits(value: float) -> None:
    assert plain(value) == pytest.approx(value, rel=1e-11, abs=0)


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=6), st.randoms())
def test_the_order_in_which_keys_came_does_not_matter(content: dict[str, int], random: Any) -> None:
    keys = list(content)
    random.shuffle(keys)
    assert dump({key: content[key] for key in keys}) == dump(content)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    write_whole(path, "één\n")
    write_whole(path, b"two\n")
    assert path.read_bytes() == b"two\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["results.json"]


def test_files_that_belong_together_are_all_there_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "b" / "one.txt", tmp_path / "two.txt"
    second.write_text("earlier")
    with pytest.raises((NotADirectoryError, FileExistsError)) as caught:
        write_together({first: "1", second: "2", second / "three.txt": "3"})
    assert caught.value.filename == str(second / "three.txt")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("two.txt", "earlier")]
    write_together({first: "1", second: "2"})
    assert (first.read_text(), second.read_text()) == ("1", "2")


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    write_whole(tmp_path / ("n" * 255), "x")
    with pytest.raises(OSError, match="File name too long") as caught:
        write_whole(tmp_path / ("n" * 256), "x")
    assert caught.value.filename == str(tmp_path / ("n" * 256))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_what_is_no_file_of_its_own_stays_what_it_is() -> None:
    write_whole(Path("/dev/null"), "x")
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(Path("/dev/full"), "x")
    assert caught.value.filename == "/dev/full"
    assert Path("/dev/null").is_char_device()
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("when", ["writing", "renaming"])
def test_a_failure_leaves_the_earlier_file_and_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = tmp_path / "results.json"
    write_whole(path, "earlier")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if when == "writing":
        content = "\ud800"  # a lone surrogate has no bytes: fails when the temporary file is already there
        with pytest.raises(UnicodeEncodeError):
            write_whole(path, content)
    else:
        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            write_whole(path, "later")
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_section_keeps_the_order_and_the_first_finding_heads_it() -> None:
    section = Section("04")
    section.add(found("04.z"), found("04.a"))
    section.add(found("04.m"))
    entry = section.as_json()
    assert entry["order"]["findings"] == ["04.z", "04.a", "04.m"]
    assert entry["headline"] == "04.z"
    assert entry["findings"]["04.a"]["judgement"] == "HIGHER"


def test_a_second_finding_under_the_same_id_is_refused() -> None:
    section = Section("04")
    section.add(found("04.z", 1.0))
    with pytest.raises(ReportError, match=r"04\.z is recorded twice"):
        section.add(found("04.z", 2.0))
    assert section.findings["04.z"].estimate == 1.0


def test_columns_are_read_from_a_line_with_kind_unit_and_decimals() -> None:
    assert layout("area first,last=year share:percent:0 value:@unit high=hidden:@unit low:index:None") == [
        Column("area", "area"), Column("first", "year"), Column("last", "year"),
        Column("share", "number", "percent", 0), Column("value", "number", "@unit"),
        Column("high", "hidden", "@unit"), Column("low", "number", "index"),
    ]  # fmt: skip
    section = Section("01")
    section.table("01.t", "area value:percent:1", pd.DataFrame({"area": ["BU1"], "value": [2.0]}))
    assert section.tables["01.t"]["columns"][1] == {"key": "value", "kind": "number", "unit": "percent", "decimals": 1}


def test_a_table_keeps_missing_cells_and_is_not_replaced_by_another() -> None:
    section = Section("01")
    columns = [Column("area", "area"), Column("value", "number", "percent", 1)]
    frame = pd.DataFrame({"area": ["BU1", "BU2"], "value": [np.nan, 2.0], "not_asked": [1, 2]})
    section.table("01.t", columns, frame)
    section.table("01.t", columns, frame.copy())
    assert section.tables["01.t"]["rows"] == [["BU1", None], ["BU2", 2]]
    assert section.tables["01.t"]["columns"][1] == {"key": "value", "kind": "number", "unit": "percent", "decimals": 1}
    with pytest.raises(ReportError, match=r"table 01\.t is recorded twice"):
        section.table("01.t", columns, frame.assign(value=[1.0, 2.0]))
    assert section.tables["01.t"]["rows"] == [["BU1", None], ["BU2", 2]]


def test_a_figure_is_not_replaced_by_another() -> None:
    section = Section("01")
    section.figure("01.f", "coverage", "01.t", "01.a", years=(2014, np.int64(2019)))
    section.figure("01.f", "coverage", "01.t", "01.a", years=[2014, 2019])
    assert section.figures["01.f"]["options"] == {"years": [2014, 2019]}
    with pytest.raises(ReportError, match=r"figure 01\.f is recorded twice"):
        section.figure("01.f", "slope", "01.t")


def test_rows_left_out_are_recorded_once_and_only_when_there_are_any() -> None:
    section = Section("04")
    lost = SetAside("balance", 3, "not_measured_in_every_year")
    section.leave_out([lost, SetAside("balance", 0, "none")])
    section.leave_out([lost])
    section.decide(Verdict("C1", "SUPPORTED", "04.z", "z"))
    entry = section.as_json()
    assert entry["set_aside"] == [{"step": "balance", "rows": 3, "reason": "not_measured_in_every_year", "detail": ""}]
    assert entry["verdicts"][0]["claim"] == "C1"


def joined() -> dict[str, Any]:
    first, second = Section("01"), Section("02")
    first.add(found("01.z"), found("01.a"))
    first.table("01.t", [Column("v", "number")], pd.DataFrame({"v": [1.0, 2.0]}))
    first.decide(Verdict("C1", "SUPPORTED", "01.z", "z"))
    second.add(found("02.b"))
    second.decide(Verdict("C2", "UNDECIDED", "02.b", "b"))
    header = {"place": {"code": "GM0001"}}
    return join_sections(header, [json.loads(dump(part.as_json())) for part in (first, second)])


def test_sections_are_joined_in_order_after_a_round_through_sorted_json() -> None:
    document = joined()
    assert [section["id"] for section in document["sections"]] == ["01", "02"]
    assert document["sections"][0]["findings"] == ["01.z", "01.a"]
    assert [section["headline"] for section in document["sections"]] == ["01.z", "02.b"]
    assert list(document["findings"]) == ["01.a", "01.z", "02.b"]
    assert [verdict["claim"] for verdict in document["verdicts"]] == ["C1", "C2"]
    assert document["format"] == 2
    assert document["place"] == {"code": "GM0001"}


@pytest.mark.parametrize("kind", ["findings", "tables", "figures"])
def test_an_id_that_two_notebooks_use_is_refused(kind: str) -> None:
    part = {"id": "01", "headline": None, "set_aside": [], "verdicts": [], "order": {}}
    names = ("findings", "tables", "figures")
    part |= {name: {} for name in names} | {"order": {name: [] for name in names}}
    part[kind] = {"same.id": {}}
    with pytest.raises(ReportError, match=rf"02: {kind} same\.id"):
        join_sections({}, [part, {**part, "id": "02"}])


def test_pointers_are_followed() -> None:
    document = joined()
    assert look_up(document, "/findings/01.z/estimate") == 1.5
    assert look_up(document, "/tables/01.t/rows/1/0") == 2
    assert look_up(document, "place/code") == "GM0001"


@pytest.mark.parametrize(
    "pointer",
    [
        "/findings/01.nope/estimate", "/tables/01.t/rows/9/0", "/tables/01.t/rows/first",
        "/findings/01.z/estimate/deeper", "/place/code/0", "/", "",
    ],
)  # fmt: skip
def test_a_pointer_to_nothing_is_an_error_that_names_it(pointer: str) -> None:
    with pytest.raises(ReportError) as caught:
        look_up(joined(), pointer)
    assert str(caught.value).endswith(f"nothing at {pointer}")


def test_a_finding_asked_for_is_the_first_with_a_number() -> None:
    section = Section("09_own")
    section.add(replace(found("a", None), reason="one_year_only"), found("b"), found("c", 2.5))
    assert section.finding("x", "a", "c", "b").estimate == 2.5
    with pytest.raises(NotComputableError, match="x, a: no number could be made here") as problem:
        section.finding("x", "a")
    assert problem.value.reason == "one_year_only"


def test_a_table_becomes_a_frame_and_one_that_is_not_there_says_so() -> None:
    section = Section("09_own")
    made = pd.DataFrame({"claim": ["C1", "C2"], "estimate": [1.5, np.nan]})
    section.table("09.own", [Column("claim", "claim"), Column("estimate", "number")], made)
    pd.testing.assert_frame_equal(section.tables["09.own"].frame(), made, check_dtype=False)
    with pytest.raises(NotComputableError, match=r"These figures give no 09\.other\. There is: 09\.own\."):
        section.tables["09.other"]


def test_a_section_gives_the_number_of_a_finding_or_says_why_there_is_none() -> None:
    section = Section("04_x")
    told = Finding("04.b", "gap", "absolute", "points", reason="one_year_only")
    section.add(replace(found("04.a"), details={"top": {"value": 2, "unit": "points"}}), told)
    assert (section.number("04.a"), section.number("04.a", "top")) == (1.5, 2.0)
    for name, detail, says in (("04.b", "", "one_year_only"), ("04.a", "bottom", "no bottom among top"),
                               ("04.aa", "", 'did you mean "04.a"')):  # fmt: skip
        with pytest.raises(NotComputableError, match=says):
            section.number(name, detail)


EXAMPLE = Path(__file__).resolve().parents[3] / "reports" / "example" / RESULTS


@cache
def example() -> str:
    """The committed results."""
    return EXAMPLE.read_text(encoding="utf-8")


def changed(**parts: Any) -> bytes:
    """The committed results with other parts."""
    return json.dumps({**json.loads(example()), **parts}).encode("utf-8")


def one(kind: str, **parts: Any) -> dict[str, Any]:
    """The first of the findings, tables or figures of the committed results, with other parts, under its own name."""
    name, entry = next(iter(json.loads(example())[kind].items()))
    return {kind: {**json.loads(example())[kind], name: {**entry, **parts}}}


def test_a_whole_document_is_read_as_it_is() -> None:
    assert read_results(EXAMPLE) == json.loads(example())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda: example().encode()[:5000], RESULTS), (lambda: b"", RESULTS), (lambda: b"\xff\xfe{", "UTF-8"),
        (lambda: b"[" * 100_000, RESULTS), (lambda: b"[1, 2]", "is not a results document of format 2"),
        (lambda: b"null", "is not a results document of format 2"),
        (lambda: changed(format=1), "is not a results document of format 2"),
        (lambda: changed(findings=[]), "/findings is a list"),
        (lambda: changed(lead=["04.none"]), "names '04.none', which is not among its findings"),
        (lambda: changed(areas={"BU1": 3}), "/areas/BU1 is a"),
        (lambda: changed(**one("findings", estimate="7")), "/estimate is text"),
        (lambda: changed(**one("findings", id="x")), "says it is x"),
        (lambda: changed(**one("findings", estimate=True)), "/estimate is "),
        (lambda: changed(**one("tables", rows=[[1]])), "has a row of another length than its columns"),
        (lambda: changed(**one("figures", table="x")), "names 'x', which is not among its tables"),
        (lambda: changed(**one("figures", finding=3)), "/finding is "),
        (lambda: changed(sections=[{"id": "a"}]), "/sections/0 lacks headline"),
    ],
)  # fmt: skip
def test_what_is_no_whole_document_is_refused(content: Callable[[], bytes], told: str, tmp_path: Path) -> None:
    (tmp_path / RESULTS).write_bytes(content())
    with pytest.raises(ReportError) as caught:
        read_results(tmp_path / RESULTS)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize("part", [*json.loads(EXAMPLE.read_text(encoding="utf-8"))])
def test_each_part_must_be_there(part: str, tmp_path: Path) -> None:
    content = {name: value for name, value in json.loads(example()).items() if name != part}
    (tmp_path / RESULTS).write_text(json.dumps(content), encoding="utf-8")
    if part in ("debate",):  # not every place has one
        read_results(tmp_path / RESULTS)
        return
    with pytest.raises(ReportError, match=f"lacks.*{part}|results document of format"):
        read_results(tmp_path / RESULTS)
