"""One small picture per municipality, all on the same scale: how large the gap was, year by year."""

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, EDGE = 220.0, 76.0, 6.0
ENDS = ("gap_low", "gap_high")
Point = tuple[int, float, float, float, bool]  # year, gap, low, high, and whether it may be joined to the year before


def points(table: Mapping[str, Any]) -> list[Point]:
    """Read the gap by year out of the table behind the lines of a gap; years without one are left out."""
    keys = [column["key"] for column in table["columns"]]
    rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
    made: list[Point] = []
    for row in rows:
        if row["gap"] is not None:
            gap, low, high = (float(row["gap"] if row[name] is None else row[name]) for name in ("gap", *ENDS))
            made.append((int(row["year"]), gap, low, high, row["link"] != "broken"))
    return made


def frame(series: Sequence[Sequence[Point]]) -> tuple[int, int, float, float]:
    """Give the scale that all pictures share: first and last year, lowest and highest gap with zero among them."""
    every = [point for one in series for point in one]
    years = [point[0] for point in every]
    return min(years), max(years), min(0.0, *(point[2] for point in every)), max(0.0, *(point[3] for point in every))


def picture(series: Sequence[Point], shared: tuple[int, int, float, float]) -> str:
    """Draw the gap of one municipality as SVG without words: a band, a line that stops at a break, dots, and zero."""
    first, last, low, high = shared

    def x(year: int) -> float:
        return round(EDGE + (year - first) / ((last - first) or 1) * (WIDTH - 2 * EDGE), 1)

    def y(value: float) -> float:
        return round(HEIGHT - EDGE - (value - low) / ((high - low) or 1.0) * (HEIGHT - 2 * EDGE), 1)

    runs: list[list[Point]] = []
    for point in series:
        if runs and point[4]:
            runs[-1].append(point)
        else:
            runs.append([point])
    band = "".join(
        "M" + "L".join([f"{x(p[0])} {y(p[3])}" for p in run] + [f"{x(p[0])} {y(p[2])}" for p in reversed(run)]) + "Z"
        for run in runs
    )
    line = "".join("M" + "L".join(f"{x(p[0])} {y(p[1])}" for p in run) for run in runs)
    dots = "".join(f'<circle cx="{x(p[0])}" cy="{y(p[1])}" r="2.4"/>' for p in series)
    zero = f'<path class="zero" d="M{EDGE} {y(0.0)}H{WIDTH - EDGE}"/>'
    lines = f'{zero}<path class="band" d="{band}"/><path class="line" d="{line}"/>'
    return f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" class="small" aria-hidden="true">{lines}{dots}</svg>'
