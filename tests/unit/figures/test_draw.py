"""Charts: what they show, that nothing overlaps or is cut off, and that they are the same every time."""

import os
import re
import subprocess
import sys
import tomllib
from itertools import combinations, pairwise
from pathlib import Path
from string import ascii_lowercase
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.catalogue import read_catalogue
from kloof.errors import ReportError
from kloof.figures import canvas, charts, labels, panels
from kloof.figures import draw as plots
from kloof.findings import Finding, Side
from kloof.words import sentences

LANGUAGES = ("nl", "en")
STATES = ("measured", "partly", "missing", "absent", "broken")
OF_REPORT = ("answer", "multiples", "curve_short", "event_study", "standing", "country", "municipalities")
AVAILABLE = ("present", "suppressed", "absent", "broken", "apportioned")


def both(**words):
    """Texts by code, given as Dutch and English."""
    return {code: dict(zip(LANGUAGES, text, strict=True)) for code, text in words.items()}


WORDS = {
    "verdict": both(
        SUPPORTED=("klopt", "holds"), CONTRADICTED=("klopt niet", "does not hold"),
        NEGLIGIBLE=("geen verschil van betekenis", "no difference that matters"),
        UNDECIDED=("niet te zeggen", "cannot be told"), NOT_TESTABLE=("niet te toetsen", "not testable"),
    ),
    "code": {"world": both(nothing=("er gebeurt niets", "nothing happens"),
                           grows_twice=("groei: het dubbele daarvan", "growth: twice that"))},
    "sentence": {"gap": {"any": {"any": both(
        main=("In {year_b} was er een verschil.", "In {year_b} there was a gap."))}}},
}  # fmt: skip
FIGURES = Path(sentences.__file__).with_name("figures.toml")


@pytest.fixture(autouse=True)
def words(monkeypatch):
    table = tomllib.loads(FIGURES.read_text(encoding="utf-8")) | WORDS
    monkeypatch.setattr(sentences, "templates", lambda: table)
    return table


@pytest.fixture(scope="session")
def catalogue(project):
    return read_catalogue(project / "data" / "catalogue.toml")


def table(columns, rows):
    return {
        "columns": [{"key": key, "kind": "number", "unit": None, "decimals": None} for key in columns],
        "rows": rows,
    }


def results(kind, rows, finding=None, names=None, **options):
    findings = {} if finding is None else {finding.id: {**finding.as_json(), "id": finding.id}}
    return {
        "tables": {"t": table(plots.NEEDS[kind], rows)},
        "figures": {"f": {"kind": kind, "table": "t", "finding": finding and finding.id, "options": options}},
        "findings": findings,
        "areas": names or {},
        "parameters": {"focus": "union"},
        "place": {"code": "GM0758"},
        "sources": {"a": {"publisher": "CBS"}, "b": {"publisher": "CBS"}, "c": {"publisher": "RIVM"}},
    }


GAPS = [
    [2015, 150.0, 260.0, -110.0, -119.0, -101.0, None],
    [2016, 152.0, 264.0, -112.0, -121.0, -103.0, "comparable"],
    [2017, 155.0, 275.0, -120.0, -129.0, -111.0, "comparable"],
    [2018, 160.0, 290.0, -130.0, None, None, "comparable"],
    [2019, 174.0, 312.0, -138.0, -147.0, -129.0, "comparable"],
    [2020, 190.0, 336.0, -146.0, -155.0, -137.0, "broken"],
    [2021, 205.0, 355.0, -150.0, -159.0, -141.0, "bridged"],
    [2022, None, 370.0, None, None, None, "comparable"],
    [2024, 270.0, 441.0, -171.0, -180.0, -162.0, "comparable"],
]


def many(count, focus=20):
    """A made city with so many buurten, the poorest of which are on the list."""
    draw = np.random.default_rng(7)
    values = np.sort(draw.gamma(9, 3, count))
    names = {f"BU0999{i:04d}": f"Buurt met een naam {i}" for i in range(count)}
    rows = [
        [code, "focus" if i < focus else "rest", float(v), float(v) - 1, float(v) + 1]
        for i, (code, v) in enumerate(zip(names, values, strict=True))
    ]
    return names, rows


def cases():
    """One results document per kind of figure, and some at the edge of what each can hold."""
    names, rows = many(57)
    large_names, large = many(500, 40)
    strips = [[row[0], year, row[1], row[2] * (1 + (year - 2015) / 20)] for row in rows for year in (2015, 2019, 2024)]
    dense = [[row[0], year, row[1], row[2]] for row in large for year in (2017, 2019)]
    sides = [
        [y, g, v, v - 4, v + 4]
        for y, a, b in ((2015, 150.0, 260.0), (2019, 174.0, 312.0))
        for g, v in (("focus", a), ("rest", b))
    ]
    near = [[y, g, v, None, None] for y in (2012, 2016, 2020) for g, v in (("focus", 70.1), ("rest", 70.3))]
    events = [
        [y, -100.0 - i * 7, -110.0 - i * 7, -90.0 - i * 7, -100.0 - i * 6, "before" if y < 2020 else "since"]
        for i, y in enumerate(range(2015, 2024))
    ]
    codes = ["CONTRADICTED", "UNDECIDED", "NEGLIGIBLE", "UNDECIDED", "SUPPORTED"]
    variants = [
        [f"variant {i}, 2015-2019", i * 4.0 - 9, i * 4.0 - 12, i * 4.0 - 6, code, i == 1]
        for i, code in enumerate(codes)
    ]
    variants.append(["variant without data", None, None, None, "NOT_TESTABLE", False])
    crowd = [
        [f"variant {i}", i / 100 - 1, i / 100 - 1.2, i / 100 - 0.8, "SUPPORTED" if i > 120 else "UNDECIDED", i == 90]
        for i in range(200)
    ]
    cells = [
        [name, year, STATES[(i + year) % 5], 83.4]
        for i, name in enumerate(("inhabitants", "low_income_households_share", "mean_dwelling_value"))
        for year in range(2008, 2026)
    ]
    euro = {"unit": "thousand_euro", "indicator": "mean_dwelling_value"}
    share = {"unit": "percent", "indicator": "low_income_households_share"}
    broken = [[*row[:6], "broken"] for row in GAPS[:6]]
    small = [[year, 12.0, 12.02, -0.02, -0.03, 0.01, "comparable"] for year in range(2001, 2024)]
    alone = [[row[0], "focus" if i == 30 else "rest", *row[2:]] for i, row in enumerate(rows)]
    ranked = {"year": 2019, "city_mean": 27.0, **share}
    groups = [[i + 1, 8 + i, 4.0 * i - 2, 4.0 * i - 5, 4.0 * i + 1, -1.0, 9.5] for i in range(5)]
    names_of_parts = ("resources", "housing", "liveability", "unexplained", "gap")
    parts = [[name, value] for name, value in zip(names_of_parts, (3.5, 7.6, -1.4, -0.2, 9.5), strict=True)]
    shares = [
        [name, year, value + at * step, "comparable"]
        for name, value, step in (("mean_dwelling_value", 40.0, -1.0), ("low_income_households_share", 130.0, 2.0),
                                  ("good_perceived_health_share", -4.0, 0.02))
        for at, year in enumerate(range(2015, 2025))
    ]  # fmt: skip
    ways = [[i / 40 - 6, i / 40 - 7, i / 40 - 5, codes[i // 100], i == 250] for i in range(472)]
    apart = [[f"GM{i:04}", "focus" if i == 4 else "rest", 0.3 - i / 50, 0.29 - i / 50, 0.33 - i / 50] for i in range(9)]
    country = [["inhabitants_aged_65_plus", 0.15, 0.11, 0.17, 0.04, 0.06, 0.1, 0.12, 0.2]]
    flat = [[*row[:6], row[6]] for row in small]
    return {
        "answer": results("answer", GAPS, index=100, **euro),
        "answer, one side of a small gap": results("answer", flat, index=100, **share),
        "answer, no index": results("answer", GAPS[:2], **euro),
        "multiples": results("multiples", shares, unit="percent"),
        "multiples, one": results("multiples", shares[:10], unit="percent"),
        "curve_short": results("curve_short", ways),
        "standing": results("standing", apart, unit="index"),
        "municipalities": results("municipalities", [row[:5] for row in apart], **euro),
        "country": results("country", country, names={"GM0758": "Breda"}),
        "groups": results("groups", groups, **euro),
        "groups, three": results("groups", [[*row[:2], -0.1, *row[3:]] for row in groups[:3]], **share),
        "scales": results("scales", [["inhabitants_aged_65_plus", 0.15, 0.11, 0.07, 0.04, 0.1]]),
        "worlds": results("worlds", [["nothing", 0.0, 3.5, None, 1.0], ["grows_twice", 0.0, 0.2, 68.0, 0.0]]),
        "waterfall": results("waterfall", parts, year=2019, **(euro | {"indicator": "mean_income_per_inhabitant"})),
        "waterfall, all one way": results("waterfall", [[n, abs(v)] for n, v in parts[:4]] + [["gap", 12.7]], **share),
        "gap_lines": results("gap_lines", GAPS, before_until=2019, **euro),
        "gap_lines, every year broken": results("gap_lines", broken, **euro),
        "gap_lines, one year": results("gap_lines", GAPS[:1], **euro),
        "gap_lines, two years": results("gap_lines", GAPS[:2], **euro),
        "gap_lines, small gap": results("gap_lines", small, before_until=2019, **share),
        "ranked_dots": results("ranked_dots", rows, names=names, **ranked),
        "ranked_dots, 500": results("ranked_dots", large, names=large_names, **ranked),
        "ranked_dots, a number at the edge": results(
            "ranked_dots", [["A", "focus", 100.0, None, None], ["B", "rest", 920.0, None, None]], **euro
        ),
        "ranked_dots, one on the list": results("ranked_dots", alone, names=names, **share),
        "distribution": results("distribution", strips, names=names, **share),
        "distribution, 500": results("distribution", dense, names=large_names, **share),
        "slope": results("slope", sides, **euro),
        "slope, lines that touch": results("slope", near, **share),
        "event_study": results("event_study", events, **euro),
        "specification": results("specification", variants, unit="thousand_euro", smallest_effect=2.0),
        "specification, 200": results("specification", crowd, unit="index"),
        "coverage": results("coverage", cells),
        "coverage, two years": results("coverage", [cell for cell in cells if cell[1] in (2015, 2019)]),
        "availability": results("availability", [[*cell[:2], AVAILABLE[(cell[1]) % 5], 16.6] for cell in cells]),
    }  # fmt: skip


CASES = cases()


def narrator(document, catalogue, language="nl"):
    return sentences.Narrator(document, catalogue, language)


DRAWN = {}


def svg_of(case, catalogue, language="nl"):
    """Draw a case once per run: drawing twice gives the same bytes, which has a test of its own."""
    if (case, language) not in DRAWN:
        DRAWN[case, language] = plots.draw("f", narrator(CASES[case], catalogue, language))
    return DRAWN[case, language]


def figure(document, catalogue, language="nl"):
    """Draw a chart as a matplotlib figure, in the style of the report."""
    drawing = canvas.prepare("f", narrator(document, catalogue, language), plots.NEEDS)
    labels.learn_font()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(canvas.STYLE)
        drawn = plots.CHARTS[drawing.kind](drawing)
        drawn.draw_without_rendering()
        texts = [text for text in drawn.findobj(mpl.text.Text) if text.get_visible() and text.get_text().strip()]
        hidden = {
            label
            for axes in drawn.axes
            for axis in (axes.xaxis, axes.yaxis)
            for tick in axis.get_major_ticks()
            for label in _unseen(axis, tick)
        }
        boxes = [(text.get_text(), text.get_window_extent().bounds) for text in texts if text not in hidden]
    return drawn, boxes


def _unseen(axis, tick):
    low, high = sorted(axis.get_view_interval())
    return () if low <= tick.get_loc() <= high else (tick.label1, tick.label2)


def drawn_texts(svg):
    return [one.text for one in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_no_text_is_cut_off_overlaps_another_or_has_holes_and_no_two_numbers_read_the_same(case, language, catalogue):
    drawn, boxes = figure(CASES[case], catalogue, language)
    height = drawn.get_figheight() * 72
    assert boxes
    for text, (x, y, width, tall) in boxes:
        assert 0 <= x <= x + width <= canvas.WIDTH, text
        assert -1 <= y <= y + tall <= height + 1, text
    for (one, (x, y, w, h)), (other, (u, v, a, b)) in combinations(boxes, 2):
        apart = x + w <= u + 1 or u + a <= x + 1 or y + h <= v + 4 or v + b <= y + 4  # 4: empty part of a line
        assert apart, f"{one!r} over {other!r}"
    for axis in (axis for axes in drawn.axes for axis in (axes.xaxis, axes.yaxis)):
        said = [tick.label1.get_text() for tick in axis.get_major_ticks()]
        assert len(said) == len(set(said))
    said = plots.alt("f", narrator(CASES[case], catalogue, language))
    assert not re.search(r"[{}]|\(\)|  |: [.;]|image of|afbeelding", said)
    assert said[0].isupper() and said.endswith(".")


@pytest.mark.parametrize("case", CASES)
def test_an_svg_stands_alone_and_fits_any_width(case, catalogue):
    svg = svg_of(case, catalogue)
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert not root.attrib.keys() & {"width", "height"}
    assert root.attrib["viewBox"].startswith("0 0 470 " if case.split(",")[0] in OF_REPORT else "0 0 640 ")
    assert set(re.findall(r'https?://[^"\s]+', svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert sorted(ids) == [f"f-nl-{letter}" for letter in ascii_lowercase[: len(ids)]]
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) == set(ids)
    assert "of kloof" not in svg, "the name a font has only inside matplotlib"
    assert "DejaVu" not in svg


def test_the_same_table_gives_the_same_bytes_also_in_a_fresh_process(catalogue, project, tmp_path):
    first = {case: svg_of(case, catalogue) for case in ("gap_lines", "distribution")}
    again = {case: plots.draw("f", narrator(CASES[case], catalogue)) for case in first}
    assert first == again
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "import tomllib, test_draw as t\n"
        "from kloof.figures import draw as plots\n"
        "from kloof.words import sentences as narrate\n"
        "from pathlib import Path\n"
        "words = tomllib.loads(t.FIGURES.read_text(encoding='utf-8')) | t.WORDS\n"
        "narrate.templates = lambda: words\n"
        "catalogue = t.read_catalogue(Path('data/catalogue.toml'))\n"
        "for case in ('gap_lines', 'distribution'):\n"
        "    sys.stdout.buffer.write(plots.draw('f', t.narrator(t.CASES[case], catalogue)).encode())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123", "MPLCONFIGDIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", script], cwd=project, env=environment, capture_output=True, check=True)
    assert run.stdout.decode() == "".join(first.values())


def test_the_table_and_the_settings_of_the_user_neither_change_nor_matter(catalogue):
    import matplotlib.pyplot as plt

    document, opened = CASES["slope"], plt.get_fignums()
    plain = plots.draw("f", narrator(document, catalogue))
    with mpl.rc_context({"font.size": 40, "axes.facecolor": "black", "svg.fonttype": "none"}):
        before = dict(mpl.rcParams)
        assert plots.draw("f", narrator(document, catalogue)) == plain
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == opened
    document = CASES["ranked_dots"]
    turned = results("ranked_dots", document["tables"]["t"]["rows"][::-1], names=document["areas"],
                     **document["figures"]["f"]["options"])  # fmt: skip
    before = repr(document)
    assert plots.draw("f", narrator(document, catalogue)) == plots.draw("f", narrator(turned, catalogue))
    assert repr(document) == before


def test_focus_and_rest_always_have_their_colours(catalogue):
    for case in ("gap_lines", "slope", "ranked_dots", "distribution"):
        svg = svg_of(case, catalogue).lower()
        assert "#d55e00" in svg and "#0072b2" in svg
    lines = figure(CASES["slope"], catalogue)[0].axes[0].lines
    ends = {line.get_color(): line.get_ydata()[-1] for line in lines}
    assert ends == {"#D55E00": 174.0, "#0072B2": 312.0}


def contrast(colour):
    """Contrast with white, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("colour", [canvas.INK, canvas.GREY, *canvas.LETTER_COLOURS.values()])
def test_letters_can_be_read_on_white(colour):
    assert contrast("#777777") == pytest.approx(4.48, abs=0.01)  # the well-known grey just below the limit
    assert contrast(colour) >= 4.5


def test_gap_lines_writes_the_gap_at_both_ends_and_names_the_halves_by_years(catalogue):
    nl = drawn_texts(svg_of("gap_lines", catalogue))
    en = drawn_texts(svg_of("gap_lines", catalogue, "en"))
    assert {"verschil €\u00a0110.000", "verschil €\u00a0138.000", "t/m 2019", "vanaf 2020", "reeksbreuk",
            "overbrugde breuk"} <= set(nl)  # fmt: skip
    assert {"gap €110,000", "gap €138,000", "up to 2019", "from 2020", "series break", "bridged break"} <= set(en)
    assert "verschil €\u00a0171.000" not in nl  # 2024 lies beyond a break: the sentence does not speak of it either
    assert "Gemiddelde WOZ-waarde (€)" in nl and "300.000" in nl
    assert "300,000" in en
    assert "\u2212140.000" in nl
    rows = [row for row in GAPS if row[0] in (2015, 2018, 2021, 2024)]
    options = {"unit": "thousand_euro", "indicator": "mean_dwelling_value"}
    drawn, boxes = figure(results("gap_lines", rows, before_until=2019, **options), catalogue)
    assert {"t/m 2018", "vanaf 2021"} <= {text for text, _ in boxes}
    assert [
        line.get_xdata()[0] for line in drawn.axes[1].lines if line.get_linewidth() == 1 and line.get_linestyle() == "-"
    ] == [2019.5]
    said = [text for text, _ in figure(results("gap_lines", rows, before_until=2030, **options), catalogue)[1]]
    assert not any(text.startswith("t/m") for text in said)


def test_variants_are_named_by_way_of_computing_or_focus_list(catalogue, words):
    words["variant"] = {"trend": {"nl": "trend door alle jaren", "en": "trend through all years"}}
    rows = [[code, 1.0, 0.5, 1.5, "UNDECIDED", code == "union"] for code in ("trend", "union", "own code")]
    said = [text for text, _ in figure(results("specification", rows, unit="points"), catalogue)[1]]
    assert {"trend door alle jaren", "own code"} <= set(said)
    lists = {" ".join(said[i : i + 2]) for i in range(len(said))} | set(said)
    assert catalogue.focus["union"]["nl"] in lists


def test_a_break_a_missing_year_and_an_unknown_range_are_not_drawn(catalogue):
    upper, lower = figure(CASES["gap_lines"], catalogue)[0].axes
    for axes in (upper, lower):
        solid = [list(one.get_xdata()) for one in axes.lines if one.get_linestyle() == "-" and one.get_marker() == "o"]
        assert not any(2019 in xs and 2020 in xs for xs in solid)
        assert not any(2020 in xs and 2021 in xs for xs in solid)
        dashed = [list(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "--"]
        assert [2020, 2021] in dashed
    focus = [list(one.get_xdata()) for one in upper.lines if one.get_color() == "#D55E00" and one.get_marker() == "o"]
    assert focus == [[2015, 2016, 2017, 2018, 2019], [2020], [2021], [2024]]
    lower = figure(CASES["gap_lines"], catalogue)[0].axes[1]
    spans = {int(path[0][0]): (path[0][1], path[1][1]) for drawn in lower.collections for path in drawn.get_segments()}
    assert (spans[2019], set(spans)) == ((-147.0, -129.0), {2015, 2016, 2017, 2019, 2020, 2021, 2024})
    rows = pd.DataFrame(
        {"link": [None, "comparable", "broken", "comparable", "comparable"], "value": [1.0, 2.0, 3.0, None, 5.0]}
    )
    assert list(charts.stretches(rows, ["value"])) == [0, 0, 1, 2, 3]


def test_every_buurt_is_named_when_they_fit_and_of_500_every_focus_buurt(catalogue):
    said = drawn_texts(svg_of("ranked_dots", catalogue))
    assert [text for text in said if text.startswith("Buurt met")] == [f"Buurt met een naam {i}" for i in range(57)]
    assert "gemiddelde van de stad: 27,0\u00a0%" in said
    said = drawn_texts(svg_of("ranked_dots, 500", catalogue))
    named = {text for text in said if text.startswith("Buurt met")}
    assert {f"Buurt met een naam {i}" for i in range(40)} <= named and 60 < len(named) < 500


def test_focus_dots_are_filled_rest_dots_are_open_and_a_missing_value_is_no_dot(catalogue):
    axes = figure(CASES["ranked_dots"], catalogue)[0].axes[0]
    dots = [drawn for drawn in axes.collections if hasattr(drawn, "get_sizes")]
    faces = {mpl.colors.to_hex(drawn.get_facecolor()[0]): drawn.get_offsets()[:, 0] for drawn in dots}
    edges = {mpl.colors.to_hex(drawn.get_edgecolor()[0]) for drawn in dots}
    listed = [row[2] for row in CASES["ranked_dots"]["tables"]["t"]["rows"] if row[1] == "focus"]
    assert set(faces) == {"#d55e00", "#ffffff"}
    assert edges == {"#d55e00", "#0072b2"}
    assert sorted(faces["#d55e00"]) == pytest.approx(sorted(listed))
    names, rows = many(12, 3)
    rows[1][2] = rows[5][2] = None
    drawn, boxes = figure(results("ranked_dots", rows, names=names, unit="percent"), catalogue)
    dots = [len(dot.get_offsets()) for dot in drawn.axes[0].collections if hasattr(dot, "get_sizes")]
    assert sorted(dots) == [2, 8]
    assert "Buurt met een naam 1" not in [text for text, _ in boxes]


def test_distribution_shows_quartiles(catalogue):
    values = (1.0, 2.0, 3.0, 4.0, 9.0)
    rows = [[f"BU0999000{i}", 2015, "focus" if i == 2 else "rest", value] for i, value in enumerate(values)]
    axes = figure(results("distribution", rows, unit="percent"), catalogue)[0].axes[0]
    bars = [segment for drawn in axes.collections if hasattr(drawn, "get_segments") for segment in drawn.get_segments()]
    assert [(bar[0][0], bar[1][0]) for bar in bars] == [(2.0, 4.0)]
    assert [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "|"] == [3.0]


def test_event_study_bars_reach_from_the_trend_to_the_gap(catalogue):
    axes = figure(CASES["event_study"], catalogue)[0].axes[0]
    bars = {round(bar.get_x() + 0.25): (bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches}
    assert (set(bars), bars[2020]) == ({2020, 2021, 2022, 2023}, (-130.0, -135.0))


def test_specification_marks_the_headline_and_what_is_too_small(catalogue):
    drawn, boxes = figure(CASES["specification"], catalogue)
    axes = drawn.axes[0]
    shaded = [patch.get_extents().width for patch in axes.patches]
    assert len(shaded) == 1
    assert (axes.patches[0].get_x(), axes.patches[0].get_width()) == (-2.0, 4.0)
    dots = [drawn.get_offsets() for drawn in axes.collections if hasattr(drawn, "get_sizes")]
    assert sorted(len(each) for each in dots) == [1, 4]  # the headline apart; the variant without data has no dot
    said = [text for text, _ in boxes]
    assert {
        "klopt", "klopt niet", "≈ geen verschil van betekenis", "? niet te zeggen", "– niet te toetsen", "–",
    } <= set(said)  # fmt: skip
    assert "te klein om ertoe te doen: minder dan €\u00a02.000" in said


def test_coverage_has_a_sign_for_each_state(catalogue):
    axes = figure(CASES["coverage, two years"], catalogue)[0].axes[0]
    signs = {line.get_marker() for line in axes.lines}
    rows = CASES["coverage, two years"]["tables"]["t"]["rows"]
    wanted = {panels.STATES[row[2]][1]["marker"] for row in rows if row[2] != "partly"}
    assert signs == wanted
    for kind in (STATES, AVAILABLE):
        assert (
            len({sign["marker"] + sign.get("fillstyle", "") for sign in (panels.STATES[name][1] for name in kind)}) == 5
        )
    said = [text for text, _ in figure(CASES["coverage, two years"], catalogue)[1]]
    assert said.count("83\u00a0%") == sum(row[2] == "partly" for row in rows) > 0


FINDING = Finding(
    "x", "gap", "mean", "percent", estimate=12.5, low=11.0, high=14.0, sources=("a", "b", "c"),
    a=Side(year=2019, group="rest", n_units=38), b=Side(year=2019, group="focus", n_units=11),
)  # fmt: skip


def test_alt_text_is_what_is_drawn_and_its_shape_and_not_the_finding(catalogue):
    document = results("gap_lines", GAPS, FINDING, unit="thousand_euro", indicator="mean_dwelling_value")
    assert plots.alt("f", narrator(document, catalogue)).replace("\u00a0", " ") == (
        "Twee lijnen voor 2015–2024, de buurten op de lijst en de rest van de stad: gemiddelde WOZ-waarde (€); "
        "daaronder per jaar het verschil met zijn marge. De lijn van het verschil begint bij −€ 110.000, heeft haar "
        "hoogste punt in 2015 en eindigt bij −€ 171.000."
    )
    english = plots.alt("f", narrator(document, catalogue, "en"))
    assert english.endswith("begins at \u2212€110,000, has its highest point in 2015 and ends at \u2212€171,000.")


def test_the_note_names_each_publisher_once_and_what_is_missing(catalogue):
    names, rows = many(9, 2)
    for row in rows[:7]:
        row[2] = None
    document = results("ranked_dots", rows, FINDING, names, unit="percent")
    assert plots.note("f", narrator(document, catalogue)) == (
        "Bron: CBS; RIVM. De figuur gaat over 9 buurten. Zonder cijfer: Buurt met een naam 0, "
        "Buurt met een naam 1, Buurt met een naam 2, Buurt met een naam 3, Buurt met een naam 4 "
        "en nog 2 buurten."
    )
    for row in rows[:6]:
        row[2] = 1.0
    short = results("ranked_dots", rows, None, names, unit="percent", sources=["c"])
    assert plots.note("f", narrator(short, catalogue, "en")) == (
        "Source: RIVM. The figure covers 9 neighbourhoods. Without a figure: Buurt met een naam 6."
    )
    one = results("ranked_dots", rows[:1], None, names, unit="percent")
    assert plots.note("f", narrator(one, catalogue)) == "De figuur gaat over 1 buurt."
    shown = plots.show("f", narrator(CASES["slope"], catalogue))._repr_svg_()
    root = ElementTree.fromstring(shown)
    assert root.attrib["aria-label"] == plots.alt("f", narrator(CASES["slope"], catalogue))


def test_words_of_figures_exist_in_both_languages_for_every_kind(words):
    found = []

    def walk(place, path):
        if "nl" in place or "en" in place:
            asked = {language: set(re.findall(r"\{(\w+)\}", place[language])) for language in LANGUAGES}
            found.append((path, asked["nl"] == asked["en"]))
            return
        for key, inner in place.items():
            walk(inner, f"{path}.{key}")

    walk(words["figure"], "figure")
    assert all(same for _, same in found), [path for path, same in found if not same]
    assert {f"figure.{kind}.alt" for kind in plots.NEEDS} <= {path for path, _ in found}
    assert set(plots.CHARTS) | {"choropleth"} == set(plots.NEEDS)


@pytest.mark.parametrize(("change", "message"), [
    (lambda d: d["figures"]["f"].update(kind="pie"), "unknown kind 'pie'; known kinds: answer, argument, "),
    (lambda d: d["figures"].clear(), "no figure f; it has: none"),
    (lambda d: d["tables"].clear(), "table t, which results.json does not have"),
    (lambda d: d["tables"]["t"]["rows"].clear(), "table t of figure f. \\(1\\) there are no rows"),
    (
        lambda d: d["tables"].update(t=table(("year", "value"), [[2015, 1.0]])),
        "3 faults .* \\(1\\) column group is missing \\(2\\) column low is missing",
    ),
    (lambda d: d["tables"]["t"]["rows"][0].__setitem__(1, "elsewhere"), "group elsewhere; known: focus"),
    (lambda d: [r.__setitem__(2, None) for r in d["tables"]["t"]["rows"]], "no number in column value"),
])  # fmt: skip
def test_a_figure_that_cannot_be_drawn_says_why(change, message, catalogue):
    rows = [[2015, "focus", 1.0, None, None], [2015, "rest", 2.0, None, None]]
    document = results("slope", rows, unit="percent")
    change(document)
    with pytest.raises(ReportError, match=message):
        plots.draw("f", narrator(document, catalogue))


def test_an_event_study_without_a_since_is_refused(catalogue):
    rows = [[2015, 1.0, None, None, 1.0, "before"], [2016, 1.0, None, None, 1.0, "before"]]
    with pytest.raises(ReportError, match="both periods"):
        plots.draw("f", narrator(results("event_study", rows, unit="percent"), catalogue))


def test_labels_are_spread_and_stand_between_lines_only_when_they_fit():
    assert labels.spread([0, 0], 10, -100, 100) == [-5, 5]
    assert labels.spread([3, 50], 10, 0, 100) == [3, 50]
    assert labels.spread([50, 3], 10, 0, 100) == [50, 3]
    assert labels.spread([1, 1], 10, 0, 100) == [0, 10]
    assert labels.spread([0, 1, 2], 10, 0, 20) == [0, 10, 20]
    with pytest.raises(ReportError, match="3 labels of 10 do not fit in 19"):
        labels.spread([0, 1, 2], 10, 0, 19)
    along, flat = np.array([0.0, 500.0]), np.array([100.0, 100.0])
    assert labels.room_between(along, flat - 60, flat, "gap 5", at_end=False) == 70.0
    assert labels.room_between(along, flat - 20, flat, "gap 5", at_end=False) is None
    assert labels.room_between(along / 10, flat - 60, flat, "gap 5", at_end=True) is None
    closing = np.array([0.0, 100.0])
    assert labels.room_between(along, closing, flat, "gap 5", at_end=False) is not None
    assert labels.room_between(along, closing, flat, "gap 5", at_end=True) is None


@given(st.lists(st.floats(-500, 1500), min_size=1, max_size=40), st.floats(0.5, 24))
def test_spread_keeps_apart_keeps_order_and_keeps_inside(wanted, gap):
    places = labels.spread(wanted, gap, 0, 1000)
    assert all(-1e-6 <= place <= 1000 + 1e-6 for place in places)
    ordered = sorted(zip(wanted, places, strict=True))
    assert all(later[1] - sooner[1] >= gap - 1e-6 for sooner, later in pairwise(ordered))
    if all(b - a >= gap for a, b in pairwise(sorted(wanted))) and 0 <= min(wanted) <= max(wanted) <= 1000:
        assert places == pytest.approx(wanted, abs=1e-6)


@given(st.lists(st.floats(0, 30), min_size=2, max_size=5))
@settings(max_examples=15, deadline=None)
def test_spread_moves_as_little_as_possible(wanted):
    """Against projection by alternating the neighbour constraints (Dykstra 1983), written without pooling."""
    order = np.argsort(wanted, kind="stable")
    place = np.array(wanted)[order]
    memory = np.zeros((len(place) - 1, 2))
    for _ in range(1500):
        for i in range(len(place) - 1):
            tried = place[i : i + 2] + memory[i]
            short = max(0.0, 10 - (tried[1] - tried[0])) / 2
            place[i : i + 2] = tried + np.array([-short, short])
            memory[i] = tried - place[i : i + 2]
    assert np.array(labels.spread(wanted, 10, -1000, 1000))[order] == pytest.approx(place, abs=1e-3)


@given(st.lists(st.floats(0, 60), min_size=1, max_size=40))
@settings(max_examples=60)
def test_dots_of_a_swarm_never_overlap(along):
    away = labels.swarm(along, 8)
    for (x, y), (u, v) in combinations(zip(along, away, strict=True), 2):
        assert (x - u) ** 2 + (y - v) ** 2 >= 64 * 0.998
    assert away[along.index(min(along))] == 0.0


@given(st.lists(st.floats(1, 200), min_size=1, max_size=20))
def test_flow_fills_lines_in_order(widths):
    places = labels.flow(widths, 300)
    for line in {row for row, _ in places}:
        pieces = [(start, width) for (row, start), width in zip(places, widths, strict=True) if row == line]
        assert pieces[0][0] == 0
        assert all(start + width <= nxt[0] + 1e-9 for (start, width), nxt in pairwise(pieces))
        assert pieces[-1][0] + pieces[-1][1] <= 300
    assert [row for row, _ in places] == sorted(row for row, _ in places)


@pytest.mark.parametrize("text", ["Buurten op de lijst", "Huishoudens bij de laagste 40 % inkomens", "Een"])
def test_a_wrapped_text_is_whole_and_narrow(text):
    wrapped = labels.wrap(text, 130)
    assert wrapped.replace("\n", " ").replace("\u00a0", " ") == text
    assert labels.wide(wrapped) <= 130 and "\n%" not in wrapped


def test_a_shortened_name_fits_and_letters_have_the_width_of_their_font():
    assert labels.shorten("Tuinzigt", 100) == "Tuinzigt"
    short = labels.shorten("Verspreide huizen buiten de bebouwde kom", 150)
    assert short.endswith("…")
    assert labels.wide(short) <= 150 < labels.wide("Verspreide huizen buiten de bebouwde kom")
    # advance widths of Source Sans Pro: a sentence is about half its height per letter
    assert 55 < labels.wide("Buurten") * 20 / labels.LETTER < 80
    assert labels.wide("Buurten\nop") == labels.wide("Buurten") < labels.wide("Buurten", bold=True)
    assert labels.wide(" ") == 0.0


@given(st.sets(st.integers(1995, 2030), min_size=1, max_size=36), st.floats(120, 560))
def test_years_on_an_axis_are_in_the_data_and_have_room(years, width):
    chosen = labels.year_ticks(sorted(years), width)
    assert set(chosen) <= years and {min(years), max(years)} <= set(chosen)
    span = max(years) - min(years) + 1
    if span * 46 > width and len(chosen) > 2:
        assert all((b - a) * width / span >= 46 for a, b in pairwise(chosen))


@pytest.mark.parametrize(("step", "digits"), [(0.5, 1), (0.25, 2), (2.5, 1), (10, 0), (0.005, 3), (20000, 0)])
def test_a_scale_has_the_digits_its_step_needs(step, digits):
    assert canvas.decimals_of(step) == digits


def test_a_waterfall_starts_each_part_where_the_last_one_ended_and_ends_with_the_whole(catalogue):
    axes = figure(CASES["waterfall"], catalogue)[0].axes[0]
    bars = sorted(axes.patches, key=lambda bar: -bar.get_y(), reverse=True)
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
    assert [round(stop - start, 9) for start, stop in ends] == [3.5, 7.6, -1.4, -0.2, 9.5]
    for (_, stop), (start, _) in pairwise(ends[:4]):
        assert start == pytest.approx(stop)
    assert ends[-1] == (0, pytest.approx(ends[-2][1]))
    assert {"€ 3.500", "−€ 1.400", "€ 9.500"} <= {
        t.replace("\u00a0", " ") for t in drawn_texts(svg_of("waterfall", catalogue))
    }


def test_the_names_of_choices_stand_beside_their_own_ticks(catalogue):
    figures = ("mean_dwelling_value", "crime_rate", "low_income_households_share", "inhabitants")
    rows = [
        [at, at - 1, at + 1, "UNDECIDED", at == 0, one, "absolute", "union", "", ""] for at, one in enumerate(figures)
    ]
    drawn = figure(results("curve", rows, unit="smallest", smallest_effect=1.0), catalogue)[0]
    ticks = [axes.get_position() for axes in drawn.axes[1:]]
    heights = [text.get_position()[1] for text in drawn.texts if text.get_ha() == "right"]
    beside = [[at for at, box in enumerate(ticks) if box.y0 < height < box.y1] for height in heights]
    assert sorted({place for found in beside for place in found}) == [0, 1, 2, 3]
    assert all(len(found) == 1 for found in beside)


def test_groups_stand_from_low_to_high_on_the_band_of_chance(catalogue):
    axes = figure(CASES["groups"], catalogue)[0].axes[0]
    assert [bar.get_x() for bar in axes.patches] == [-1.0] * 5
    assert [bar.get_width() for bar in axes.patches] == [10.5] * 5
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    assert (list(dots.get_xdata()), list(dots.get_ydata())) == ([-2.0, 2.0, 6.0, 10.0, 14.0], sorted(dots.get_ydata()))
    assert {"Lowest group (8 neighbourhoods)", "Highest group (12 neighbourhoods)"} <= set(
        drawn_texts(svg_of("groups", catalogue, "en"))
    )
