"""A figure of results.json → SVG text in one language, its alt text and its note.

A figure states its unit, years and ranges, can be read without colour, and is the same bytes every time. Letters stay
letters, so that it can be searched and read back, and keep their width in whatever font a reader has. Charts are in
`kloof.figures.charts`, maps in `kloof.figures.maps`; no setting of matplotlib is changed outside a call.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from kloof.errors import ReportError
from kloof.figures import charts, diagrams, maps, narrow, panels, shapes
from kloof.figures.canvas import STYLE, Drawing, prepare
from kloof.figures.labels import LETTER, learn_font, wide
from kloof.memo import remembered
from kloof.paths import dump
from kloof.words.sentences import Narrator

if TYPE_CHECKING:
    from matplotlib.figure import Figure


CHARTS: Mapping[str, "Callable[[Drawing], Figure]"] = {
    "answer": narrow.answer,
    "multiples": narrow.multiples,
    "curve_short": narrow.curve_short,
    "gap_lines": charts.gap_lines,
    "ranked_dots": charts.ranked_dots,
    "distribution": charts.distribution,
    "slope": charts.slope,
    "event_study": charts.event_study,
    "specification": charts.specification,
    "curve": diagrams.curve,
    "argument": diagrams.graph,
    "standing": panels.standing,
    "municipalities": panels.municipalities,
    "coverage": panels.states,
    "availability": panels.states,
    "scales": panels.scales,
    "country": panels.country,
    "share_parts": diagrams.share_parts,
    "groups": panels.groups,
    "waterfall": diagrams.waterfall,
    "worlds": panels.worlds,
}
NEEDS = {
    "answer": ("year", "focus", "rest", "gap", "gap_low", "gap_high", "link"),
    "multiples": ("indicator", "year", "relative", "link"),
    "curve_short": ("estimate", "low", "high", "verdict", "headline"),
    "gap_lines": ("year", "focus", "rest", "gap", "gap_low", "gap_high", "link"),
    "ranked_dots": ("area", "group", "value", "low", "high"),
    "distribution": ("area", "year", "group", "value"),
    "slope": ("year", "group", "value", "low", "high"),
    "event_study": ("year", "gap", "low", "high", "trend", "period"),
    "specification": ("variant", "estimate", "low", "high", "verdict", "headline"),
    "curve": ("estimate", "low", "high", "verdict", "headline", *diagrams.CHOICES),
    "standing": ("area", "group", "value", "low", "high"),
    "municipalities": ("area", "group", "value", "low", "high"),
    "argument": ("conclusion", "stands", "claim", "verdict"),
    "coverage": ("indicator", "year", "state", "share"),
    "availability": ("indicator", "year", "state", "without"),
    "share_parts": ("part", "start", "end", "value"),
    "choropleth": ("area", "value", "group"),
    "scales": ("group_name", "by_buurt", "by_wijk", "at_random", "low", "high"),
    "country": ("group_name", "estimate", "low", "high", "p10", "p25", "middle", "p75", "p90"),
    "groups": ("group_number", "buurten", "estimate", "low", "high", "chance_low", "chance_high"),
    "waterfall": ("part", "estimate"),
    "worlds": ("world", "happened_wrong", "chance_wrong", "seen", "claim_wrong"),
}
OF_OTHERS = ("sections", "findings", "tables", "figures", "verdicts", "lead", "overall", "command")
SVG = "http://www.w3.org/2000/svg"
NUMBER = re.compile(r"-?\d+\.\d+")
FAMILY = "'Source Sans Pro','Source Sans 3',sans-serif"
ROOT = {"role": "img", "font-family": FAMILY, "font-size": f"{LETTER:g}", "stroke-linejoin": "round"}
HEAVY, BOLD = "700", "600"  # how matplotlib and our maps call the semibold of the font, and how a page does
SCOUR = {
    "digits": 5, "group_create": True, "strip_ids": True, "shorten_ids": True, "embed_rasters": False,
    "renderer_workaround": False, "strip_xml_prolog": True, "newlines": False,
}  # fmt: skip
NAMED = 5  # buurten without a figure that a note names; of more it gives the number


@dataclass(frozen=True)
class Shown:
    """A figure that a notebook cell can end with."""

    svg: str

    def _repr_svg_(self) -> str:
        """Give the figure to the notebook."""
        return self.svg


def draw(name: str, narrator: Narrator, geometry: Mapping[str, Any] | None = None) -> str:
    """Draw figure `name` of the narrator's results as SVG: role img, a viewBox, as wide as its place.

    `geometry` is a GeoJSON FeatureCollection with property `code`, in metres; only a map needs it. Ids begin
    with the name of the figure and the language. Raises ReportError for an unknown figure or kind, for a
    table that lacks something, and for a map without geometry.
    """
    drawing = prepare(name, narrator, NEEDS)
    return remembered("picture", lambda: _everything(drawing), lambda: _drawn(drawing, geometry))


def _everything(drawing: Drawing) -> str:
    """Write down all that a picture of this run depends on."""
    results = drawing.narrator.results
    about = {part: value for part, value in results.items() if part not in OF_OTHERS}
    own = [results["figures"][drawing.name], results["tables"][drawing.table], results["findings"].get(drawing.finding)]
    own += [results["findings"].get(name) for name in drawing.options.get("findings", {}).values()]
    return dump([drawing.name, drawing.narrator.language, own, about])


def _drawn(drawing: Drawing, geometry: Mapping[str, Any] | None) -> str:
    """Draw what is prepared, whatever the settings of who asks."""
    import matplotlib as mpl

    slug = re.sub(r"[^a-z0-9]+", "-", f"{drawing.name}-{drawing.narrator.language}".lower()).strip("-")
    with mpl.rc_context():
        mpl.rcdefaults()  # what somebody set in a notebook must not change a report
        mpl.rcParams.update(STYLE)
        learn_font()
        if drawing.kind == "choropleth":
            if geometry is None:
                raise ReportError(
                    f"figure {drawing.name} is a map and needs boundaries: give draw() a geometry (GeoJSON)."
                )
            return _small(_finish(maps.choropleth(drawing, geometry, slug)), slug)
        content = StringIO()
        CHARTS[drawing.kind](drawing).savefig(content, format="svg", metadata={"Date": None})
    return _small(_finish(content.getvalue()), slug)


def show(name: str, narrator: Narrator, geometry: Mapping[str, Any] | None = None) -> Shown:
    """Draw a figure for a notebook, with its alt text inside."""
    label = escape(alt(name, narrator))
    return Shown(draw(name, narrator, geometry).replace("<svg ", f'<svg aria-label="{label}" ', 1))


def alt(name: str, narrator: Narrator) -> str:
    """Say what a figure shows and which shape it has, for who cannot see it; what it means stands beside it."""
    return " ".join(shapes.said(prepare(name, narrator, NEEDS)))


def title(name: str, narrator: Narrator) -> str:
    """Title a figure that no finding titles: what happened in all its panels, or failing that, what its kind shows."""
    drawing = prepare(name, narrator, NEEDS)
    if drawing.kind == "multiples":
        return drawing.word("multiples", "title", narrow.together(drawing))
    return narrator.word("figure_title", drawing.kind)


def note(name: str, narrator: Narrator) -> str:
    """Write the line under a figure: source, number of buurten, and which have no value."""
    drawing = prepare(name, narrator, NEEDS)
    finding = narrator.results["findings"].get(drawing.finding) or {}
    sources = drawing.options.get("sources") or finding.get("sources") or ()
    names = dict.fromkeys(narrator.publisher(source) for source in sources)
    parts = [drawing.say(("source",), {"sources": "; ".join(names)})] if names else []
    return " ".join([*parts, *_counted(drawing), *_without(drawing)])


def _counted(drawing: Drawing) -> list[str]:
    """Say how many buurten a figure is about, when the table or the finding knows."""
    finding = drawing.narrator.results["findings"].get(drawing.finding)
    if drawing.kind in ("standing", "country", "municipalities"):
        return []
    if "area" in drawing.rows:
        count = int(drawing.rows["area"].nunique())
    elif finding:
        a, b = finding["a"], finding["b"]
        apart = {a["group"], b["group"]} == {"focus", "rest"}
        count = a["n_units"] + b["n_units"] if apart else max(a["n_units"], b["n_units"])
    else:
        count = 0
    level = str(drawing.options.get("level", "buurt"))
    case = ("counted_at", level) if level != "buurt" else ("counted_one" if count == 1 else "counted",)
    return [drawing.say(case, {"n": str(count)})] if count else []


def _without(drawing: Drawing) -> list[str]:
    """Name the buurten that a figure cannot show because they have no value (in one of its years)."""
    if "area" not in drawing.rows:
        return []
    codes = sorted(set(drawing.rows.loc[drawing.rows["value"].isna(), "area"]))
    if not codes:
        return []
    names, more = ", ".join(drawing.narrator.area(code) for code in codes[:NAMED]), len(codes) - NAMED
    case = "without" if more <= 0 else "without_and_one" if more == 1 else "without_some"
    return [drawing.say((case,), {"names": names, "n": str(more)})]


def _finish(svg: str) -> str:
    """Make a drawing fit for a page: no size of its own, no style sheet (it would hold for all of the page).

    Axes become groups of class `scale`. Places are rounded to a tenth, those inside a mark to a hundredth.
    """
    root = ElementTree.fromstring(re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL))
    if "viewBox" not in root.attrib:
        raise ReportError("matplotlib wrote an SVG without a viewBox; this version of it is not supported.")
    root.attrib = {"viewBox": root.attrib["viewBox"], **ROOT}
    for element in root.iter():
        if element.get("id", "").startswith("matplotlib.axis"):
            element.set("class", "scale")
        for name in ("d", "x", "y"):
            if name in element.attrib:
                element.set(name, _rounded(element.attrib[name], 2 if "id" in element.attrib else 1))
        if element.tag == f"{{{SVG}}}text":
            _set_letters(element)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ElementTree.tostring(root, encoding="unicode")


def _rounded(places: str, digits: int) -> str:
    """Round every number of a text."""
    return NUMBER.sub(lambda number: f"{round(float(number[0]), digits):g}", places)


def _set_letters(text: ElementTree.Element) -> None:
    """Give letters the family, size and weight of the page, and the width they were laid out with."""
    text.attrib |= dict(re.findall(r"([\w-]+): ([^;]+)", text.attrib.pop("style", "")))
    text.attrib.pop("font-family", None)
    if re.match(r"rotate\(-0 ", text.get("transform", "")):
        del text.attrib["transform"]
    bold, size = text.get("font-weight") == HEAVY, float(text.attrib.pop("font-size", f"{LETTER}").removesuffix("px"))
    if bold:
        text.set("font-weight", BOLD)
    if size != LETTER:
        text.set("font-size", f"{size:g}")
    if len(text.text or "") > 1:
        text.set("textLength", f"{wide(text.text or '', bold=bold) * size / LETTER:.1f}")


def _small(svg: str, slug: str) -> str:
    """Write a drawing in fewer bytes: every style said once, ids only where something refers to them.

    Ids begin with `slug`; titles, classes, and where a value stands in results.json stay.
    """
    from scour.scour import scourString

    return str(scourString(svg, SimpleNamespace(**SCOUR, shorten_ids_prefix=f"{slug}-")))
