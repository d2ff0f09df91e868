"""A figure of results.json → SVG text in one language, its alt text and its note.

A figure states its unit, years and ranges, can be read without colour, and is the same bytes every time. Letters stay
letters, so that it can be searched and read back, and keep their width in whatever font a reader has. Charts are in
`kloof.figures.charts`, maps in `kloof.figures.maps`; no setting of matplotlib is changed outside a call.

The paragraph beside a figure says what it means; its alt text says only what is drawn (`[figure.KIND.alt]`) and which
shape it has: sentences `[figure.KIND.shape.CASE]` with numbers of its own table.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pandas as pd

from kloof.errors import ReportError
from kloof.figures import charts, diagrams, maps, narrow, panels
from kloof.figures.canvas import STYLE, Drawing, prepare
from kloof.figures.labels import LETTER, learn_font, wide
from kloof.memo import remembered
from kloof.paths import dump
from kloof.words.numbers import number
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
    return " ".join(said(prepare(name, narrator, NEEDS)))


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


# ------------------------------------------------------------------ alt text: the shape in words, for who cannot see it


Said = tuple[str, Mapping[str, str]]  # the case of a sentence, and what its placeholders are


def said(drawing: Drawing) -> list[str]:
    """Write what a figure shows and which shape it has: whole sentences."""
    add = ADDED.get(drawing.kind)
    more = add(drawing) if add else ()
    return [_what_is_drawn(drawing), *(drawing.say((drawing.kind, "shape", case), values) for case, values in more)]


def _what_is_drawn(drawing: Drawing) -> str:
    """Write what is drawn: its measure with the unit, and its years."""
    values: dict[str, str] = {"measure": "", "years": ""}
    if drawing.options.get("indicator"):
        label = drawing.measure("axis", "from_city" if drawing.from_city else "level", change=drawing.from_city)
        values["measure"] = label[0].lower() + label[1:] if label[1:2].islower() else label
    if years := drawing.years:
        values["years"] = str(years[0]) if years[0] == years[-1] else f"{years[0]}–{years[-1]}"
    level = str(drawing.options.get("level", "buurt"))
    return drawing.say((drawing.kind, "alt" if level == "buurt" else f"alt_{level}"), values)


def _count(drawing: Drawing, found: int, among: int) -> dict[str, str]:
    """Write how many of how many."""
    language = drawing.narrator.language
    return {name: number(value, "number", language) for name, value in (("found", found), ("among", among))}


def _course(drawing: Drawing, rows: pd.DataFrame) -> dict[str, str]:
    """Write where the line of a gap begins and ends, and the year of its highest point."""
    rows = rows.dropna(subset=["gap"]).sort_values("year")
    ends = (drawing.write(float(rows["gap"].iloc[at]), change=True) for at in (0, -1))
    top = int(rows["year"].iloc[int(rows["gap"].to_numpy().argmax())])
    return {**dict(zip(("start", "end"), ends, strict=True)), "top": str(top)}


def _gap_lines(drawing: Drawing) -> Iterator[Said]:
    yield "course", _course(drawing, drawing.rows)


def _answer(drawing: Drawing) -> Iterator[Said]:
    """Say the course of the gap, what its last bar is about, and on which side the index of the list ends."""
    rows, ends, index = narrow.compared(drawing), narrow.last_range(drawing), narrow.indexed(drawing)
    yield "course", _course(drawing, rows)
    if ends is not None:
        yield ends[2], {}
    if index is not None:
        apart = float(index["focus"].iloc[-1] - index["rest"].iloc[-1])
        case = "level" if abs(apart) < 0.5 else "above" if apart > 0 else "below"
        yield case, {"year": str(int(rows["year"].iloc[0])), "base": str(drawing.options["index"])}


def _multiples(drawing: Drawing) -> Iterator[Said]:
    """Say of each panel where its line begins and ends."""
    for name in narrow.panels_of(drawing):
        own = drawing.rows[drawing.rows["indicator"] == name].dropna(subset=["relative"]).sort_values("year")
        start, end = (drawing.write(float(own["relative"].iloc[at])) for at in (0, -1))
        yield "panel", {"subject": drawing.subject(name), "start": start, "end": end}


def _event_study(drawing: Drawing) -> Iterator[Said]:
    """Say where the gap begins and ends, and on which side of the trend it lies since the event."""
    yield "course", _course(drawing, drawing.rows)
    since = drawing.rows[drawing.rows["period"] == "since"].dropna(subset=["gap", "trend"]).sort_values("year")
    if not since.empty:
        above = since["gap"] > since["trend"]
        case = "above" if above.all() else "both" if above.any() else "below"
        yield case, {"year": str(int(since["year"].iloc[0]))}


def _ends(drawing: Drawing, values: "pd.Series[float]") -> dict[str, str]:
    """Write the lowest and the highest value."""
    return {"low": drawing.write(float(values.min())), "high": drawing.write(float(values.max()))}


def _ranked_dots(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows.dropna(subset=["value"])
    yield "ends", _ends(drawing, rows["value"])
    listed = rows[rows["group"] == "focus"]
    yield "listed", _count(drawing, int((listed["value"] < rows["value"].median()).sum()), len(listed))


def _distribution(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows.dropna(subset=["value"])
    for year in dict.fromkeys((drawing.years[0], drawing.years[-1])):
        own = rows[rows["year"] == year]
        if not own.empty:
            yield "ends", {"year": str(year), **_ends(drawing, own["value"])}


def _slope(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows.dropna(subset=["value"]).sort_values("year")
    for group in ("focus", "rest"):
        own = rows.loc[rows["group"] == group, "value"]
        if not own.empty:
            start, end = (drawing.write(float(own.iloc[at])) for at in (0, -1))
            yield "line", {"group": drawing.group(group), "start": start, "end": end}


def _specification(drawing: Drawing) -> Iterator[Said]:
    known = drawing.rows["estimate"].dropna()
    yield "right", _count(drawing, int((known > 0).sum()), len(known))


def _curve(drawing: Drawing) -> Iterator[Said]:
    known, language = drawing.rows["estimate"].dropna(), drawing.narrator.language
    low, high = (number(float(end), "times_smallest", language) for end in (known.min(), known.max()))
    yield "ends", {"low": low, "high": high, **_count(drawing, int((known > 0).sum()), len(known))}


def _scales(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows
    yield "right", _count(drawing, int((rows["by_wijk"] > rows["high"]).sum()), len(rows))


def _country(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows
    yield "right", _count(drawing, int((rows["estimate"] > rows["middle"]).sum()), len(rows))


def _standing(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows.dropna(subset=["value"]).sort_values(["value", "area"], ascending=[False, True])
    own = list(rows["group"] == "focus")
    if True in own:
        yield "place", _count(drawing, own.index(True) + 1, len(own))


def _municipalities(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows
    yield "above", _count(drawing, int((rows["low"] > 0).sum()), len(rows))


def _states(drawing: Drawing) -> Iterator[Said]:
    full = drawing.rows["state"].isin(["measured", "present"])
    yield "full", _count(drawing, int(full.sum()), len(full))


def _choropleth(drawing: Drawing) -> Iterator[Said]:
    """Name the areas at both ends, and say how many of the list lie below the city."""
    rows = drawing.rows.dropna(subset=["value"]).sort_values(["value", "area"])
    low, high = (drawing.narrator.area(str(rows["area"].iloc[at])) for at in (0, -1))
    yield "ends", {"low": low, "high": high}
    listed = rows.loc[rows["group"] == "focus", "value"]
    if drawing.from_city and len(listed):
        yield "below", _count(drawing, int((listed < 0).sum()), len(listed))


def _share_parts(drawing: Drawing) -> Iterator[Said]:
    values = drawing.rows.set_index("part")["value"].astype("float64")
    yield "ends", {"start": drawing.write(values["share_before"]), "end": drawing.write(values["share_after"])}


def _groups(drawing: Drawing) -> Iterator[Said]:
    rows = drawing.rows
    outside = (rows["estimate"] < rows["chance_low"]) | (rows["estimate"] > rows["chance_high"])
    yield "outside", _count(drawing, int(outside.sum()), len(rows))


def _waterfall(drawing: Drawing) -> Iterator[Said]:
    parts = drawing.rows[drawing.rows["part"] != "gap"].set_index("part")["estimate"]
    longest = str(parts.abs().idxmax())
    value = drawing.write(float(parts[longest]), change=True)
    yield "longest", {"part": drawing.word("waterfall", longest).lower(), "value": value}


ADDED: Mapping[str, Callable[[Drawing], Iterator[Said]]] = {
    "answer": _answer, "availability": _states, "choropleth": _choropleth, "country": _country, "coverage": _states,
    "curve": _curve, "curve_short": _curve, "distribution": _distribution, "event_study": _event_study,
    "gap_lines": _gap_lines, "groups": _groups, "multiples": _multiples, "municipalities": _municipalities,
    "ranked_dots": _ranked_dots, "scales": _scales, "share_parts": _share_parts, "slope": _slope,
    "specification": _specification, "standing": _standing, "waterfall": _waterfall,
}  # fmt: skip
