"""What a figure looks like, in words, for who cannot see it: where its lines begin and end, where its dots lie.

The paragraph beside a figure says what it means; this says only its shape. Each kind has `[figure.KIND.alt]`, what is
drawn, and may have a function here that adds sentences `[figure.KIND.shape.CASE]` with numbers of its own table.
"""

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from kloof.figures import narrow
from kloof.figures.canvas import Drawing
from kloof.words.numbers import number

Said = tuple[str, Mapping[str, str]]  # the case of a sentence, and what its placeholders are


def said(drawing: Drawing) -> list[str]:
    """Write what a figure shows and which shape it has: whole sentences."""
    add = ADDED.get(drawing.kind)
    more = add(drawing) if add else ()
    return [_drawn(drawing), *(drawing.say((drawing.kind, "shape", case), values) for case, values in more)]


def _drawn(drawing: Drawing) -> str:
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
