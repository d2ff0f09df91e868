"""A choropleth as our own SVG: classes, shared borders, labels that do not overlap, a value per area.

Boundaries are GeoJSON in metres (RD New, EPSG:28992). Colours: ColorBrewer BuPu and PuOr, both safe for
colour-blind readers (Harrower & Brewer 2003, doi:10.1179/000870403235002042).
"""

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

from kloof.errors import ReportError, examples
from kloof.figures.canvas import FOCUS, GREY, INK, WIDTH, Drawing
from kloof.figures.labels import LETTER, LINE, flow, wide, wrap

SEQUENTIAL = ("#EDF8FB", "#B3CDE3", "#8C96C6", "#8856A7", "#810F7C")
DIVERGING = ("#B35806", "#F1A340", "#FEE0B6", "#F7F7F7", "#D8DAEB", "#998EC3", "#542788")
HATCH = (
    '<defs><pattern id="{slug}-hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path d="M0 0H7V7H0Z" fill="#FFFFFF"/>'
    '<path d="M0 0V7" stroke="#A8A8A8" stroke-width="2"/></pattern></defs>'
)
SHARES = (0.2, 0.4, 0.6, 0.8)  # of the areas below each limit of a sequential scale
SHARES_AROUND = (0.25, 0.55, 0.85)  # of the areas nearer to the centre than each limit of a diverging one
MARGIN, TOP, TALLEST = 8.0, 34.0, 900.0
DISTANCES = (
    26.0,
    40.0,
    58.0,
    80.0,
    105.0,
    135.0,
    170.0,
    210.0,
)  # of a label from its area, tried in this order
Box = tuple[float, float, float, float]
Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass(frozen=True)
class Label:
    """Where a label stands (its middle), and the end of the line that joins it to its area, if it has one."""

    x: float
    y: float
    line_end: Point | None


def class_limits(values: Sequence[float], centre: float | None = None) -> list[float]:
    """Choose the limits between classes: round numbers near equal shares of the areas, or around a centre.

    Gives at most 4 limits (5 classes), or at most 6 lying evenly on both sides of `centre` (7 classes); fewer
    when the values differ too little. A value on a limit belongs to the class above it (`bisect_right`).
    """
    low, high = min(values), max(values)
    if low == high:
        return []
    step = round_step((high - low) / 40)
    if centre is None:
        wanted = {round(float(limit) / step) for limit in np.quantile(values, SHARES)}
        return [round(count * step, 9) for count in sorted(wanted) if low < count * step <= high]
    distances = np.quantile(np.abs(np.array(values) - centre), SHARES_AROUND)
    away, middle = {max(1, round(float(limit) / step)) for limit in distances}, round(centre / step)
    return [round(count * step, 9) for count in sorted({middle + side * count for count in away for side in (-1, 1)})]


def round_step(size: float) -> float:
    """Round a size to 1, 2 or 5 times a power of ten, the nearest that is not larger."""
    power = 10.0 ** math.floor(math.log10(size))
    return float(next(factor * power for factor in (5, 2, 1) if factor * power <= size * (1 + 1e-9)))


def colours(classes: int, *, diverging: bool) -> tuple[str, ...]:
    """Give one colour per class: from light to dark, or from one side of the centre to the other."""
    scale = DIVERGING if diverging else SEQUENTIAL
    if classes == 1:
        return (scale[len(scale) // 2],)
    return tuple(scale[round(number * (len(scale) - 1) / (classes - 1))] for number in range(classes))


def place_labels(
    anchors: Sequence[Point], sizes: Sequence[Point], inside: Sequence[bool], frame: Box
) -> list[Label | None]:
    """Place labels at their points, or near with a line: none overlaps another, its line, or its point.

    `sizes` are widths and heights; `inside` says which fit in their own area and are tried there first. Each
    takes the nearest of 16 directions × `DISTANCES` that is free and within `frame`; None when none is.
    """
    boxes: list[Box] = []
    lines: list[Line] = []
    placed: list[Label | None] = [None] * len(anchors)
    for index in sorted(range(len(anchors)), key=lambda i: (not inside[i], anchors[i][1], anchors[i][0])):
        others = [anchor for i, anchor in enumerate(anchors) if i != index]
        for label in _candidates(anchors[index], sizes[index], inside[index]):
            box = _box((label.x, label.y), sizes[index], 3.0)
            own = [] if label.line_end is None else [(anchors[index], label.line_end)]
            if (
                (frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3])
                and not any(_overlap(box, other) for other in boxes)
                and not any(_holds(box, point) for point in others)
                and not any(_cuts(line, box) for line in lines)
                and not any(_cuts(line, other) for line in own for other in boxes)
                and not any(_cross(line, other) for line in own for other in lines)
            ):
                boxes.append(box)
                lines += own
                placed[index] = label
                break
    return placed


def _candidates(anchor: Point, size: Point, inside: bool) -> list[Label]:
    """List places for a label, the best first."""
    places = [Label(*anchor, None)] if inside else []
    for distance in DISTANCES:
        for turn in range(16):
            x = anchor[0] + math.cos(turn * math.pi / 8) * (distance + size[0] / 2)
            y = anchor[1] + math.sin(turn * math.pi / 8) * (distance + size[1] / 2)
            left, top, right, bottom = _box((x, y), size, 1.0)
            places.append(Label(x, y, (min(max(anchor[0], left), right), min(max(anchor[1], top), bottom))))
    return places


def _box(middle: Point, size: Point, room: float) -> Box:
    """Give the box of a label with some room around it."""
    across, down = size[0] / 2 + room, size[1] / 2 + room
    return (middle[0] - across, middle[1] - down, middle[0] + across, middle[1] + down)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _holds(box: Box, point: Point) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def _cross(one: Line, other: Line) -> bool:
    """Tell whether two lines cross, by the sides on which their ends lie."""

    def side(line: Line, point: Point) -> float:
        (ax, ay), (bx, by) = line
        return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)

    return side(one, other[0]) * side(one, other[1]) < 0 and side(other, one[0]) * side(other, one[1]) < 0


def _cuts(line: Line, box: Box) -> bool:
    """Tell whether a line touches a box."""
    diagonals = (((box[0], box[1]), (box[2], box[3])), ((box[0], box[3]), (box[2], box[1])))
    return any(_holds(box, end) for end in line) or any(_cross(line, diagonal) for diagonal in diagonals)


def outlines(geometry: Mapping[str, Any], codes: set[str]) -> dict[str, Any]:
    """Take the areas to draw from GeoJSON, simplified together to what the figure can show.

    These are the areas in `codes` and the others of the same municipalities. Borders stay shared (coverage
    simplification of GEOS); the result is in units of the viewBox, its top at 0. Raises ReportError when the
    geometry has none of the areas.
    """
    import shapely
    from shapely.affinity import affine_transform
    from shapely.geometry import shape

    places = {code[:6] for code in codes}
    features = {str(feature["properties"]["code"]): feature["geometry"] for feature in geometry["features"]}
    wanted = {code: shape(features[code]) for code in sorted(features) if code[:6] in places}
    if not wanted.keys() & codes:
        raise ReportError("the geometry has none of the areas in the table; give the boundaries of their municipality.")
    west, south, east, north = (float(end) for end in shapely.total_bounds(list(wanted.values())))
    size = min((WIDTH - 2 * MARGIN) / (east - west), TALLEST / (north - south))
    left = (WIDTH - (east - west) * size) / 2
    moves = (size, 0, 0, -size, left - west * size, north * size)
    scaled = [affine_transform(part, moves) for part in wanted.values()]
    return dict(zip(wanted, shapely.coverage_simplify(scaled, 1.0), strict=True))


def paths(geometry: Mapping[str, Any], codes: set[str]) -> tuple[dict[str, str], float]:
    """Give the areas in `codes` that have boundaries as SVG paths, `WIDTH` wide, and how high the map is.

    Raises ReportError when none of them has.
    """
    shapes = outlines(geometry, codes)
    height = max(float(part.bounds[3]) for part in shapes.values())
    return {code: _path(shapes[code]) for code in shapes if code in codes}, height


def choropleth(drawing: Drawing, geometry: Mapping[str, Any], slug: str) -> str:
    """Draw a map: a colour per class, white and hatched without a value, focus buurten outlined and named.

    Each area is a path with its code, its value as a title, and the place of that value in results.json. With
    `diverging` the values are differences from the city, unless the option `city_mean` gives the centre. Ids
    begin with `slug`. Raises ReportError when an area has two rows or no area has boundaries.
    """
    rows = drawing.rows.set_index("area")
    if not rows.index.is_unique:
        twice = sorted(set(rows.index[rows.index.duplicated()]))
        raise ReportError(f"figure {drawing.name} has two rows for {examples(twice)}; a map shows one value per area.")
    shapes, values = outlines(geometry, set(rows.index)), rows["value"].dropna()
    diverging = bool(drawing.options.get("diverging"))
    apart = drawing.from_city
    limits = class_limits(list(values), float(drawing.options.get("city_mean", 0.0)) if diverging else None)
    fills = colours(len(limits) + 1, diverging=diverging)
    hatch, focus = (
        f"url(#{slug}-hatch)",
        [code for code in shapes if code in rows.index[rows["group"] == "focus"]],
    )
    height = max(float(part.bounds[3]) for part in shapes.values())
    parts = [
        HATCH.format(slug=slug),
        _text((MARGIN, 15), drawing.axis("axis", "from_city" if apart else "level", change=apart)),
    ]
    parts.append(f'<g transform="translate(0 {TOP:g})">')
    for code, shape in shapes.items():
        known = code in values.index
        fill = fills[bisect_right(limits, values[code])] if known else hatch
        said = drawing.write(values[code], change=apart) if known else drawing.word("choropleth", "missing")
        parts.append(_area(drawing, code, _path(shape), fill, said))
    border, thick = "".join(_path(shapes[code]) for code in focus), 3.0 if len(focus) <= 30 else 1.8
    parts += [_stroke(border, "#FFFFFF", thick + 2.4), _stroke(border, FOCUS, thick)] if focus else []
    drawn, numbered = _name_areas({code: drawing.narrator.area(code) for code in focus}, shapes, height)
    legend, end = _legend(drawing, limits, fills, TOP + height + 16)
    swatches = [
        (
            len(values.index.intersection(list(shapes))) < len(shapes),
            hatch,
            GREY,
            drawing.word("choropleth", "missing"),
        ),
        (bool(focus), "#FFFFFF", FOCUS, drawing.word("one", "focus")),
        (diverging, fills[len(fills) // 2], GREY, drawing.word("choropleth", "middle")),
    ]
    absent = ", ".join(drawing.narrator.area(code) for code in rows.index if code not in shapes)
    note = (
        wrap(drawing.say(("choropleth", "off_map"), {"names": absent}), WIDTH - 2 * MARGIN).split("\n")
        if absent
        else []
    )
    below, end = _below([entry for used, *entry in swatches if used], numbered, note, end)
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {end:.0f}" width="100%" role="img">'
    return "\n".join([opening, *parts, *drawn, "</g>", *legend, *below, "</svg>"]) + "\n"


def _area(drawing: Drawing, code: str, data: str, fill: str, said: str) -> str:
    """Draw an area, with where its value stands in results.json when its table has a row for it."""
    codes = list(drawing.rows["area"])
    column = list(drawing.rows.columns).index("value")
    pointer = f"/tables/{drawing.table}/rows/{codes.index(code)}/{column}" if code in codes else ""
    ref = f'data-ref="{escape(pointer)}" ' if pointer else ""
    return (
        f'<path data-code="{escape(code)}" {ref}d="{data}" fill="{fill}" fill-rule="evenodd" stroke="{GREY}" '
        f'stroke-width="0.7"><title>{escape(drawing.narrator.area(code))}: {escape(said)}</title></path>'
    )


def _name_areas(names: Mapping[str, str], shapes: Mapping[str, Any], height: float) -> tuple[list[str], list[str]]:
    """Name areas on the map; a name without room becomes a number, which is explained below the map.

    A number without room is left out: its area is outlined, and its title names it.
    """
    from shapely.geometry import box

    points = {code: shapes[code].representative_point() for code in names}
    numbered, left_out = set[str](), set[str]()
    while True:
        numbers = {code: str(count) for count, code in enumerate(sorted(numbered - left_out), 1)}
        texts = {code: numbers.get(code, name) for code, name in names.items() if code not in left_out}
        anchors = [(float(points[code].x), float(points[code].y)) for code in texts]
        sizes = [(wide(text, bold=True), LETTER) for text in texts.values()]
        inside = [
            code in numbers or shapes[code].contains(box(*_box(anchor, size, 2.0)))
            for code, anchor, size in zip(texts, anchors, sizes, strict=True)
        ]
        labels = place_labels(anchors, sizes, inside, (2.0, 2.0, WIDTH - 2.0, height - 2.0))
        crowded = {code for code, label in zip(texts, labels, strict=True) if label is None}
        if not crowded:
            break
        left_out |= crowded & numbered
        numbered |= crowded
    placed = [(text, label) for text, label in zip(texts.values(), labels, strict=True) if label is not None]
    lines = [
        f"M{start[0]:.1f} {start[1]:.1f}L{label.line_end[0]:.1f} {label.line_end[1]:.1f}"
        for start, (_, label) in zip(anchors, placed, strict=True)
        if label.line_end is not None
    ]
    parts = [_stroke(line, *pen) for line in lines for pen in (("#FFFFFF", 4.0), (INK, 1.2))]
    parts += [_text((label.x, label.y), text, "middle", bold=True, halo=True) for text, label in placed]
    return parts, [f"{number} {names[code]}" for code, number in numbers.items()]


def _legend(drawing: Drawing, limits: Sequence[float], fills: Sequence[str], top: float) -> tuple[list[str], float]:
    """Draw the classes as blocks with the limits below the borders between them; give where it ends."""
    block = min(110.0, (WIDTH - 2 * MARGIN) / len(fills))
    step = min((after - before for before, after in pairwise([0.0, *limits]) if after != before), default=1.0)
    texts = [drawing.bare(limit, abs(step)) for limit in limits]
    crowded = max(map(wide, texts), default=0.0) > block - 8
    parts = []
    for number, fill in enumerate(fills):
        parts.append(
            f'<path d="M{MARGIN + number * block:.1f} {top:.1f}h{block:.1f}v16h{-block:.1f}Z" fill="{fill}" '
            f'stroke="{GREY}" stroke-width="0.7"/>'
        )
    parts.append('<g class="scale">')
    for number, text in enumerate(texts, 1):
        y = top + 29 + (LINE if crowded and number % 2 == 0 else 0)
        parts.append(_text((MARGIN + number * block, y), text, "middle"))
    parts.append("</g>")
    return parts, top + 46 + (LINE if crowded else 0)


def _below(
    swatches: Sequence[Sequence[str]], numbered: Sequence[str], note: Sequence[str], top: float
) -> tuple[list[str], float]:
    """Write what the other colours and the numbers mean, and what is not on the map; give where it ends."""
    parts, room = [], WIDTH - 2 * MARGIN
    places = flow([wide(text) + 52 for _, _, text in swatches], room)
    for (fill, stroke, text), (line, start) in zip(swatches, places, strict=True):
        x, y, weight = MARGIN + start, top + LINE * line, 3.0 if stroke == FOCUS else 0.7
        block = f"M{x + 2:.1f} {y + 3:.1f}h24v15h-24Z"
        parts.append(f'<path d="{block}" fill="{fill}" stroke="{stroke}" stroke-width="{weight:g}"/>')
        parts.append(_text((x + 34, y + LINE / 2), text))
    top += LINE * (1 + places[-1][0]) if places else 0
    places = flow([wide(text) + 18 for text in numbered], room)
    places += [(index + (1 + places[-1][0] if places else 0), 0.0) for index in range(len(note))]
    for text, (line, start) in zip([*numbered, *note], places, strict=True):
        parts.append(_text((MARGIN + start, top + LINE * (line + 0.5)), text))
    return parts, top + (LINE * (1 + places[-1][0]) if places else 0) + 4


def _path(area: Any) -> str:
    """Write an area as the data of an SVG path, holes and islands included.

    Every corner is a step from the one before it, between places rounded to a tenth: nothing drifts.
    """
    rings = []
    for polygon in getattr(area, "geoms", [area]):
        for ring in (polygon.exterior, *polygon.interiors):
            corners = [(round(10 * x), round(10 * y)) for x, y in ring.coords[:-1]]
            steps = [(x - left, y - top) for (left, top), (x, y) in pairwise(corners) if (x, y) != (left, top)]
            start, *ways = (" ".join(f"{number / 10:g}" for number in step) for step in (corners[0], *steps))
            rings.append(f"M{start}" + "l" * bool(ways) + " ".join(ways) + "Z")
    return re.sub(r"(?<!\d)0\.", ".", "".join(rings).replace(" -", "-"))


def _stroke(data: str, colour: str, width: float) -> str:
    """Draw a path as a line."""
    return f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"/>'


def _text(place: Point, text: str, align: str = "start", *, bold: bool = False, halo: bool = False) -> str:
    """Write a text, its middle at this height; with `halo` it can be read on any colour."""
    looks = {"text-anchor": align, "fill": INK} | ({"font-weight": "700"} if bold else {})
    white = {"stroke": "#FFFFFF", "stroke-width": "4", "paint-order": "stroke"} if halo else {}
    given = " ".join(f'{name}="{value}"' for name, value in (looks | white).items())
    return f'<text x="{place[0]:.1f}" y="{place[1] + LETTER / 3:.1f}" {given}>{escape(text)}</text>'
