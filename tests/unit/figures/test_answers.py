"""Pictures of the report that is read: what they draw, which words their codes choose, what their alt texts say."""

import re
from dataclasses import replace

import pytest
from test_draw import CASES, GAPS, catalogue, figure, narrator, results, svg_of, words  # noqa: F401 (fixtures)

from kloof.errors import ReportError
from kloof.figures import canvas
from kloof.figures import draw as plots
from kloof.figures import draw as shapes
from kloof.figures import narrow as answers
from kloof.figures.labels import LETTER
from kloof.findings import GREW, SHRANK, Finding, Side

EURO = {"unit": "thousand_euro", "indicator": "mean_dwelling_value"}
CHANGE = Finding(
    "x", "gap_change", "real", "thousand_euro", "mean_dwelling_value", estimate=28.0, low=10.0, high=50.0,
    rounding_low=26.0, rounding_high=30.0, smallest_effect=10.0, flags=("last_prices",),
    a=Side(year=2015, estimate=110.0), b=Side(year=2019, estimate=138.0),
)  # fmt: skip
BEHIND = [  # how far the list is behind, above zero
    [year, focus, rest, *(None if value is None else -value for value in (gap, high, low)), link]
    for year, focus, rest, gap, low, high, link in GAPS
]


def answered(finding=CHANGE, **options):
    return results("answer", BEHIND, finding, index=100, **EURO, **options)


def shares(*moves):
    """Panels of indicators whose gap in proportion to the rest moved by so much, each with its finding."""
    names = ("mean_dwelling_value", "low_income_households_share", "good_perceived_health_share")
    rows, document = [], None
    made = {}
    for name, move in zip(names, moves, strict=False):
        rows += [[name, year, 40.0 + move * at, "comparable"] for at, year in enumerate((2015, 2019))]
        made[name] = Finding(
            f"04.{name}", "gap_change", "relative", "percent", name, estimate=move, rounding_low=move - 0.1,
            rounding_high=move + 0.1, smallest_effect=1.0, a=Side(year=2015), b=Side(year=2019),
        )  # fmt: skip
    found = {name: one.id for name, one in made.items()}
    document = results("multiples", rows, unit="percent", findings=found)
    document["figures"]["f"]["finding"] = None
    document["findings"] = {one.id: {**one.as_json(), "id": one.id} for one in made.values()}
    return document


def prepared(document, catalogue, language="nl"):  # noqa: F811
    return canvas.prepare("f", narrator(document, catalogue, language), plots.NEEDS)


def test_the_gap_stands_on_zero_and_its_last_point_has_the_range_of_chance(catalogue):  # noqa: F811
    upper, lower = figure(answered(), catalogue)[0].axes
    assert upper.get_ylim()[0] == 0.0
    line = next(line for line in upper.lines if line.get_color() == canvas.INK)
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([2015, 2016, 2017, 2018, 2019],
                                                                [110, 112, 120, 130, 138])  # fmt: skip
    [bar] = [path for drawn in upper.collections for path in drawn.get_segments()]
    assert bar.tolist() == [[2019, 120.0], [2019, 160.0]], "what the gap was at the start, and the range of its change"
    sides = {line.get_color(): line.get_ydata() for line in lower.lines if line.get_color() in canvas.COLOURS.values()}
    assert {colour: values[0] for colour, values in sides.items()} == {canvas.FOCUS: 100.0, canvas.REST: 100.0}
    assert (sides[canvas.FOCUS][-1], sides[canvas.REST][-1]) == pytest.approx((100 * 174 / 150, 100 * 312 / 260))


@pytest.mark.parametrize(("language", "said"), [
    ("nl", {"balk: wat toeval openlaat", "Niveau van lijst en rest, 2015 = 100 (index)", "€ 138.000", "€ 110.000"}),
    ("en", {"bar: what chance leaves open", "Level of the list and the rest, 2015 = 100 (index)", "€138,000"}),
])  # fmt: skip
def test_the_answer_names_its_values_its_range_and_its_base(language, said, catalogue):  # noqa: F811
    texts = [text for text, _ in figure(answered(), catalogue, language)[1]]
    whole = " ".join(texts).replace("\u00a0", " ")
    assert all(one in whole for one in said), whole
    prices = {"nl": "prijzen van 2018", "en": "prices of 2018"}  # a dwelling value is that of a year before its table
    assert prices[language] in whole
    assert "2015–2019" in whole


def test_without_a_range_of_chance_the_bar_is_that_of_rounding_and_without_one_there_is_none(catalogue):  # noqa: F811
    plain = replace(CHANGE, low=None, high=None)
    drawing = prepared(answered(plain), catalogue)
    assert answers.last_range(drawing) == (129.0, 147.0, "rounding")
    document = answered(replace(plain, b=Side(year=2018, estimate=130.0)))
    assert answers.last_range(prepared(document, catalogue)) is None
    said = " ".join(text for text, _ in figure(document, catalogue)[1])
    assert "balk" not in said


def test_an_index_is_drawn_only_where_a_proportion_has_a_meaning(catalogue):  # noqa: F811
    without = results("answer", BEHIND, CHANGE, **EURO)
    assert len(figure(without, catalogue)[0].axes) == 1
    document = answered()
    document["tables"]["t"]["rows"] = [[row[0], row[1] - 200, *row[2:]] if row[1] else row for row in BEHIND]
    assert len(figure(document, catalogue)[0].axes) == 1
    assert "index" not in plots.alt("f", narrator(document, catalogue))
    document = answered()
    rows = document["tables"]["t"]["rows"]
    document["tables"]["t"]["rows"] = [[row[0], 150.0 + at / 10, 260.0, *row[3:]] for at, row in enumerate(rows[:5])]
    low, high = figure(document, catalogue)[0].axes[1].get_ylim()
    assert high - low == pytest.approx(10.0)
    assert low < 100 < high


@pytest.mark.parametrize(
    ("ends", "side"), [((150.0, 190.0), "boven"), ((150.0, 151.0), "onder"), ((150.0, 180.0), "naast elkaar")]
)
def test_the_alt_text_says_on_which_side_the_list_ends(ends, side, catalogue):  # noqa: F811
    document = answered()
    document["tables"]["t"]["rows"] = [
        [2015, ends[0], 260.0, 110.0, None, None, None], [2019, ends[1], 312.0, 138.0, None, None, "comparable"],
    ]  # fmt: skip
    said = plots.alt("f", narrator(document, catalogue)).replace("\u00a0", " ")
    assert side in said.rpartition("Eronder")[2]
    assert "begint bij € 110.000, heeft haar hoogste punt in 2019 en eindigt bij € 138.000" in said


def test_an_answer_about_one_year_is_refused(catalogue):  # noqa: F811
    short = replace(CHANGE, a=Side(year=2019, estimate=1.0))
    with pytest.raises(ReportError, match="needs two years with a gap"):
        plots.draw("f", narrator(answered(short), catalogue))


def test_every_panel_has_one_scale_from_zero_and_says_what_happened(catalogue):  # noqa: F811
    drawn, boxes = figure(shares(5.0, -5.0, 0.2), catalogue)
    assert len({axes.get_ylim() for axes in drawn.axes}) == len({axes.get_xlim() for axes in drawn.axes}) == 1
    assert drawn.axes[0].get_ylim()[0] == 0.0
    said = [text.replace("\u00a0", " ") for text, _ in boxes]
    assert [text for text in said if text in ("groeide", "kromp", "bleef gelijk")] == [
        "groeide", "kromp", "bleef gelijk",
    ]  # fmt: skip
    assert {"40 %", "45 %", "35 %"} <= set(said)
    assert {"40,0 %", "40,2 %"} <= set(said), "ends that round alike have a digit more"


def test_the_last_value_of_a_short_line_stands_behind_it(catalogue):  # noqa: F811
    document = shares(-0.6)
    document["tables"]["t"]["rows"] += [["good_perceived_health_share", year, 90.0, None] for year in (2015, 2035)]
    drawn, boxes = figure(document, catalogue)
    places = {text.replace("\u00a0", " "): box for text, box in boxes}
    last = drawn.axes[0].transData.transform((2019, 39.4))
    assert places["39 %"][0] == pytest.approx(last[0] + 12, abs=1)
    assert places["40 %"][0] + places["40 %"][2] < places["39 %"][0]


@pytest.mark.parametrize(("moves", "code"), [
    ((5.0,), "one_GREW"), ((-5.0, -4.0), "all_SHRANK"), ((0.2, 0.1, 0.0), "all_STAYED"), ((5.0, -5.0), "both"),
    ((5.0, 0.1), "some_GREW"), ((-5.0, 0.1), "some_SHRANK"), ((0.95,), "none"),
])  # fmt: skip
def test_the_title_is_what_happened_in_all_panels(moves, code, catalogue, words):  # noqa: F811
    document = shares(*moves)
    assert answers.together(prepared(document, catalogue)) == code
    for language in ("nl", "en"):
        assert (
            plots.title("f", narrator(document, catalogue, language))
            == (words["figure"]["multiples"]["title"][code][language])
        )


def test_a_list_that_came_to_lead_moved_and_did_not_grow(catalogue):  # noqa: F811
    document = shares(5.0, -5.0)
    for one in document["findings"].values():
        one["measure"] = "relative_reversed"
    drawing = prepared(document, catalogue)
    codes = [answers.happened_in(drawing, name) for name in answers.panels_of(drawing)]
    assert codes == [f"{GREW}_reversed", f"{SHRANK}_reversed"]
    document["findings"].clear()
    assert {answers.happened_in(drawing, name) for name in answers.panels_of(drawing)} == {"NO_FIGURES"}
    one, other = shares(5.0), shares(5.0)
    other["findings"]["04.mean_dwelling_value"]["happened"] = SHRANK
    assert plots.draw("f", narrator(one, catalogue)) != plots.draw("f", narrator(other, catalogue))


def test_there_are_six_panels_at_most_and_none_without_a_number(catalogue):  # noqa: F811
    names = list(catalogue.indicators)[:9]
    rows = [[name, year, None if i == 1 else 10.0 + i, None] for i, name in enumerate(names) for year in (2015, 2019)]
    drawing = prepared(results("multiples", rows, unit="percent"), catalogue)
    assert answers.panels_of(drawing) == [names[0], *names[2:7]]
    assert len(shapes.said(drawing)) == 7
    nothing = results("multiples", [[name, 2015, None, None] for name in names], unit="percent")
    with pytest.raises(ReportError, match="no number in column relative"):
        plots.draw("f", narrator(nothing, catalogue))


def test_the_short_curve_is_the_upper_part_of_the_curve_alone(catalogue):  # noqa: F811
    [axes] = figure(CASES["curve_short"], catalogue)[0].axes
    dots = [line for line in axes.lines if line.get_linestyle() == "None" and line.get_marker() != "D"]
    heights = {x: y for line in dots for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}
    assert (len(heights), [heights[at] for at in range(472)]) == (472, sorted(heights.values()))
    said = plots.alt("f", narrator(CASES["curve_short"], catalogue))
    assert "De stippen lopen van \u22126,0 tot 5,8; 231 van de 472 liggen boven nul." in said


@pytest.mark.parametrize("case", ["answer", "multiples", "curve_short", "event_study", "standing", "country"])
def test_letters_have_twelve_pixels_on_a_telephone(case, catalogue):  # noqa: F811
    """A page 390 wide has margins of 16, and a card in the dark 0.6 rem more on both sides."""
    width = float(re.search(r'viewBox="0 0 (\d+) ', svg_of(case, catalogue))[1])
    assert LETTER * (390 - 2 * 16 - 2 * 9.6) / width >= 12
    assert plots.draw("f", narrator(CASES[case], catalogue)) == svg_of(case, catalogue)
