"""Whatever areas are called, a place has its report: names that look like something else, and letters no font has."""

import copy
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import told

from kloof.catalogue import catalogue
from kloof.report import publish
from kloof.report.page import displayable
from kloof.report.readback import parse
from kloof.run.in_notebook import header
from kloof.study.study import open_study

ODD = (
    "🏘️ Dorp", "{braces}", "None", "nan", "<b>", "Berg & Dal", "'s-Gravenzande", 'De "Linde"', "back\\slash",
    "line\u2028end", "part\u2029end", "nel\u0085x", "zero\u200bwidth", "right\u200fleft", "new\nline", "tab\tstop",
    "x" * 500, "12345", "=1+1", "%s", "{{ x }}", "$math$", "#heading", "*star*", "_under_", "@ref", "[brackets]",
    "Hoger", "Lager", "Twee Huizen", "gegroeid", "holds", "Kromp", "true", "C1", "2016", "10 procent", "grew",
    "bleef gelijk", "`code`", "~tilde", "a/b", "http://x.nl", "<script>alert(1)</script>", "{% raw %}", "</td>",
    "ﬁ ligature", "e\u0301e\u0301n", "日本", "العربية", "-dash", "– en", " ahead", "behind ", "dou  ble", "HIGHER",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Haagse Beemden-Oost", "Haagse Beemden-Oost"),
        ("'s-Gravenhage (Bezuidenhout) & Ypenburg", "'s-Gravenhage (Bezuidenhout) & Ypenburg"),
        ("Ĳburg", "[U+0132]burg"),
        ("e\u0301e\u0301n", "één"),
        ("🏘️ Dorp", "[U+1F3D8][U+FE0F] Dorp"),
        (
            "a\nb\tc\u2028d\u0085e\u200bf\u200fg\u00adh",
            "a[U+000A]b[U+0009]c[U+2028]d[U+0085]e[U+200B]f[U+200F]g[U+00AD]h",
        ),
        ("  dou \u00a0 ble ", "dou ble"),
        ("<b>{{ x }} $m$ #h *s*", "<b>{{ x }} $m$ #h *s*"),
    ],
)
def test_a_name_is_shown_as_it_is_but_for_letters_that_no_font_has(name: str, shown: str) -> None:
    assert displayable(name) == shown
    assert displayable(shown) == shown


def renamed() -> Mapping[str, Any]:
    """The results of Breda whose buurten are called otherwise."""
    document = copy.deepcopy(told.results())
    codes = [code for code in document["areas"] if code.startswith("BU0758")]
    assert len(codes) >= len(ODD)
    for code, name in zip(codes, ODD, strict=False):
        document["areas"][code] = displayable(name)
    return document


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_name_has_its_report(tmp_path: Path, language: str) -> None:
    """Pages and PDFs are made and read back; each name stands on the page as it is shown."""
    document = renamed()
    geometry = open_study("breda").data.geometry
    publish.publish_language(document, catalogue(), tmp_path, language, geometry)
    assert {path.name for path in (tmp_path / language).iterdir() if path.is_file()} == set(publish.FILES)
    html = (tmp_path / language / "data.html").read_text(encoding="utf-8")
    read = re.sub(r"\s+", " ", parse(html).text())
    assert [name for name in map(displayable, ODD) if name not in read] == []
    assert "<script>alert" not in html


def test_the_header_of_a_run_has_names_that_can_be_shown() -> None:
    study = open_study("breda", draws=199)
    areas = study.data.areas.copy()
    code = study.focus.codes[0]
    areas.loc[areas["code"] == code, "name"] = "De\u2028Linde 🏘"
    areas.loc[areas["code"] == study.focus.codes[1], "name"] = " "
    found = header(replace(study, data=replace(study.data, areas=areas)))["areas"]
    assert (found[code], found[study.focus.codes[1]]) == ("De[U+2028]Linde [U+1F3D8]", study.focus.codes[1])


def test_the_committed_names_stay_as_they_are() -> None:
    names = told.results()["areas"].values()
    assert [name for name in names if displayable(name) != name] == []
