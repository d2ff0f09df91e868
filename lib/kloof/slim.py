"""An SVG → the same drawing in a fifth of the bytes: every number to what can be seen, every style said once.

Letters stay letters (so that a drawing can be read, searched and read back) and keep the width they were laid out
with, in whatever font a reader has.
"""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from kloof.labels import FONT, LETTER, wide

SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
FAMILY = "'Source Sans Pro','Source Sans 3',sans-serif"
BOLD = "600"
PLACES = frozenset({"x", "y", "width", "height", "cx", "cy", "r", "stroke-width", "stroke-dasharray"})
# What children take over from their group, and what a group may do for all of them at once.
SHARED = (
    "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "fill-opacity",
    "stroke-opacity", "font-weight", "text-anchor", "clip-path",
)  # fmt: skip
DEFAULTS = {
    "stroke-dashoffset": "0", "text-anchor": "start", "font-weight": "400", "font-size": f"{LETTER:g}px",
    "font-family": FAMILY,
}  # fmt: skip
TOKEN = re.compile(r"([A-DF-Za-df-z])|(-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)")
START = re.compile(r"M(-?(?:\d+\.?\d*|\.\d+)) ?(-?(?:\d+\.?\d*|\.\d+))")
SHORT = 24  # letters of a mark that is written out at its places: to refer to it takes more


def slim(svg: str, slug: str) -> str:
    """Write a drawing again, smaller: the same shapes to a tenth of a unit, ids only where something refers to them.

    Ids are `slug` and a number; the axes of a chart become groups of class `scale`. Takes what matplotlib writes with
    `svg.fonttype: none` and our own maps; path commands other than M, L, H, V, C, Q and Z raise ValueError.
    """
    root = ElementTree.fromstring(svg)
    used = {match for one in root.iter() for text in one.attrib.values() for match in re.findall(r"#([\w.-]+)", text)}
    for element in root.iter():
        _restyle(element)
        if "matplotlib.axis" in element.attrib.get("id", ""):
            element.set("class", "scale")
        if element.attrib.get("id") not in used:
            element.attrib.pop("id", None)
    for element in root.iter(f"{{{SVG}}}defs"):
        for path in element.iter(f"{{{SVG}}}path"):
            path.set("d", path_data(path.get("d", ""), 2))
    for path in root.iter(f"{{{SVG}}}path"):
        path.set("d", path_data(path.get("d", ""), 1))
    _write_out(root)
    number_ids(root, slug)
    _clear(root, {})
    _share(root)
    _run_together(root, {})
    root.attrib |= {"font-family": FAMILY, "font-size": f"{LETTER:g}", "stroke-linejoin": "round"}
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True).replace(" />", "/>") + "\n"


def _write_out(root: Element) -> None:
    """Draw small marks at their places instead of referring to them."""
    marks = {
        path.attrib["id"]: path
        for defs in root.iter(f"{{{SVG}}}defs")
        for path in defs
        if path.tag == f"{{{SVG}}}path" and "id" in path.attrib and len(path.attrib["d"]) <= SHORT
    }
    for use in root.iter(f"{{{SVG}}}use"):
        mark = marks.get(use.attrib.get("href", "").removeprefix("#"))
        if mark is None:
            continue
        x, y = (float(use.attrib.pop(name, "0")) for name in "xy")
        data = START.sub(lambda start, x=x, y=y: f"M{_numbers_at(start, x, y)}", mark.attrib["d"])  # type: ignore[misc]
        del use.attrib["href"]
        use.attrib |= {name: value for name, value in mark.attrib.items() if name != "id"} | {"d": data}
        use.tag = mark.tag
    for defs in root.iter(f"{{{SVG}}}defs"):
        defs[:] = [child for child in defs if child.attrib.get("id") not in marks]


def _numbers_at(start: re.Match[str], x: float, y: float) -> str:
    """Write where a mark starts when it stands at a place."""
    return _numbers([round(10 * (float(start[1]) + x)), round(10 * (float(start[2]) + y))], 1)


def _run_together(parent: Element, around: Mapping[str, str]) -> None:
    """Make one path of paths in a row that differ in nothing but their place.

    Only where it cannot be seen which is on top: opaque, and filled or drawn as lines, not both.
    """
    looks = {**around, **_looks(parent)}
    for child in parent:
        _run_together(child, looks)
    both = looks.get("fill") != "none" and looks.get("stroke", "none") != "none"
    if both or looks.keys() & {"fill-opacity", "stroke-opacity"}:
        return
    kept: list[Element] = []
    for child in parent:
        if kept and _is_line(child) and _is_line(kept[-1]):
            kept[-1].attrib["d"] += child.attrib["d"]
        else:
            kept.append(child)
    parent[:] = kept


def _is_line(element: Element) -> bool:
    """Tell whether an element is a path without anything of its own but where it goes."""
    return element.tag == f"{{{SVG}}}path" and element.attrib.keys() == {"d"} and not len(element)


def number_ids(root: Element, slug: str) -> None:
    """Give the elements that have an id a short one, `slug` and a number, and what refers to them too."""
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    short = {name: f"{slug}-{number}" for number, name in enumerate(ids, 1)}
    for element in root.iter():
        for name, text in element.attrib.items():
            if name == "id":
                element.set(name, short[text])
            elif "#" in text:
                element.set(name, re.sub(r"#([\w.-]+)", lambda found: "#" + short.get(found[1], found[1]), text))


def path_data(data: str, digits: int) -> str:
    """Write the data of a path with relative steps between places rounded to `digits`: nothing drifts."""
    if re.search(r"[a-y]", re.sub(r"\de-?\d", "", data)):
        return data  # relative already: ours
    made: list[str] = []
    here = start = (0, 0)
    for name, points in _steps(data, digits):
        if name == "Z":
            made.append("Z")
            here = start
            continue
        end = points[-1]
        flat = [end[0] - here[0], end[1] - here[1]]
        if name == "M":
            made.append("M" + _numbers([*end], digits))
            start = end
        elif name == "L" and not flat[1]:
            made += ["h" + _numbers(flat[:1], digits)] if flat[0] else []
        elif name == "L" and not flat[0]:
            made.append("v" + _numbers(flat[1:], digits))
        else:
            around = [value for x, y in points for value in (x - here[0], y - here[1])]
            made.append(name.lower() + _numbers(around, digits))
        here = end
    return re.sub(r"(l[^a-zA-Z]+)((?:l[^a-zA-Z]+)+)", _joined, "".join(made))


def _joined(match: re.Match[str]) -> str:
    """Say once that lines follow each other."""
    return match[1] + re.sub(r"l(-?)", lambda sign: sign[1] or " ", match[2])


def _steps(data: str, digits: int) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Go through a path: the command and its points, in whole steps of the last digit; H and V become lines."""
    size = {"M": 2, "L": 2, "C": 6, "Q": 4, "H": 1, "V": 1}
    name, values, here = "", list[int](), (0, 0)
    for letter, number in TOKEN.findall(data):
        if letter:
            name, values = letter.upper(), []
            if name == "Z":
                yield name, []
            continue
        if name not in size:
            raise ValueError(f"a path has the command {name!r}, which is not written by matplotlib or our maps")
        values.append(round(float(number) * 10**digits))
        if len(values) == size[name]:
            straight = {"H": [values[0], here[1]], "V": [here[0], values[0]]}.get(name, values)
            points = list(zip(straight[::2], straight[1::2], strict=True))
            yield name if name not in "HV" else "L", points
            name, values, here = ("L" if name == "M" else name), [], points[-1]


def _numbers(steps: list[int], digits: int) -> str:
    """Write numbers in as few letters as a reader of SVG needs."""
    made = ""
    for step in steps:
        text = _short(step / 10**digits, digits)
        made += text if not made or text.startswith("-") else f" {text}"
    return made


def _short(value: float, digits: int) -> str:
    """Write one number without what does not count."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"^(-?)0\.", r"\1.", text) if text not in ("-0", "") else "0"


def _restyle(element: Element) -> None:
    """Turn the style of an element into attributes, without what is so anyway, and measure its letters."""
    looks = dict(re.findall(r"([\w-]+)\s*:\s*([^;]+)", element.attrib.pop("style", "")))
    element.attrib |= {name: value.strip() for name, value in looks.items()}
    if XLINK in element.attrib:
        element.set("href", element.attrib.pop(XLINK))
    if re.fullmatch(r"rotate\(-?0 .*\)", element.attrib.get("transform", "")):
        del element.attrib["transform"]
    for name in PLACES & element.attrib.keys():
        digits = 1 if len(name) == 1 else 2
        parts = re.split(r"(-?\d*\.?\d+)", element.attrib[name])
        element.set(name, "".join(_short(float(part), digits) if at % 2 else part for at, part in enumerate(parts)))
    for name in ("fill", "stroke"):
        colour = element.attrib.get(name, "").lower()
        if re.fullmatch(r"#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3", colour):
            element.set(name, f"#{colour[1::2]}")
    if element.tag == f"{{{SVG}}}text":
        _letters(element)
    for name, value in DEFAULTS.items():
        if element.attrib.get(name) == value:
            del element.attrib[name]


def _letters(element: Element) -> None:
    """Give letters their family, and the width they were laid out with."""
    bold = element.attrib.get("font-weight", "400") >= BOLD
    if bold:
        element.set("font-weight", BOLD)
    if element.attrib.get("font-family", "").strip("'") == FONT:
        element.set("font-family", FAMILY)
    size = float(element.attrib.get("font-size", f"{LETTER:g}").removesuffix("px"))
    length = wide(element.text or "", bold=bold) * size / LETTER
    if len(element.text or "") > 1 and length:
        element.set("textLength", _short(length, 1))


def _clear(parent: Element, around: Mapping[str, str]) -> None:
    """Take out what draws nothing: white space, shapes without colour, empty groups, groups that say nothing."""
    parent.tail = None
    looks = {"fill": "", "stroke": ""} if parent.tag == f"{{{SVG}}}defs" else {**around, **_looks(parent)}
    kept: list[Element] = []
    for child in list(parent):
        name = child.tag.rpartition("}")[2]
        _clear(child, looks)
        shown = {**looks, **_looks(child)}
        unseen = name == "path" and shown.get("fill") == shown.get("stroke", "none") == "none"
        if unseen or name == "style" or (name in ("g", "defs") and not len(child)):
            continue
        kept += list(child) if name == "g" and not child.attrib else [child]
    if len(parent):
        parent.text = None
    parent[:] = kept


def _share(parent: Element) -> None:
    """Let a group say what all its children say; runs of equals among others get a group of their own."""
    for child in parent:
        _share(child)
    name = parent.tag.rpartition("}")[2]
    if name not in ("g", "svg") or len(parent) < 2:
        return
    kept: list[Element] = []
    run: list[Element] = []
    for child in parent:
        if run and _looks(child) != _looks(run[0]):
            kept += _grouped(run)
            run = []
        run.append(child)
    parent[:] = [*kept, *_grouped(run)]
    inner = parent[0]
    if name == "g" and len(parent) == 1 and inner.tag == parent.tag and not parent.attrib.keys() & inner.attrib.keys():
        parent.attrib |= inner.attrib
        parent[:] = list(inner)


def _looks(element: Element) -> dict[str, str]:
    """Give what an element may share with its neighbours."""
    return {name: element.attrib[name] for name in SHARED if name in element.attrib}


def _grouped(run: list[Element]) -> list[Element]:
    """Put a run of elements that look the same in one group that says so."""
    looks = _looks(run[0])
    if len(run) < 2 or not looks:
        return run
    group = Element(f"{{{SVG}}}g", looks)
    for element in run:
        for name in looks:
            del element.attrib[name]
    group.extend(run)
    return [group]
