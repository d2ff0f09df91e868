"""A small chart as SVG text, drawn with nothing but the standard library: it also works in the browser edition.

Reports are drawn by `figures`; this is for the sliders of the workshop, which must answer at once.
"""

from collections.abc import Sequence
from html import escape

WIDTH, LEFT, _RIGHT, TOP, BOTTOM = 640, 56, 170, 34, 30
INK, GREY = "#222222", "#767676"
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#767676")  # Okabe & Ito 2008, "Color Universal Design"
DASHES = ("", "7 4", "2 3", "9 3 2 3")  # so that lines differ without colour


def nice_step(span: float, most: int = 5) -> float:
    """Give a round step (1, 2 or 5 times a power of ten) that cuts a span in at most `most` parts."""
    power = 10.0**-9
    while True:
        for factor in (1, 2, 5):
            if span / (factor * power) <= most:
                return factor * power
        power *= 10


def plain(value: float, step: float) -> str:
    """Write a number on a scale with as many decimals as its step needs."""
    decimals = next((places for places in range(9) if abs(step * 10**places - round(step * 10**places)) < 1e-6), 9)
    return f"{value:.{decimals}f}"


def lines(title: str, xs: Sequence[float], series: Sequence[tuple[str, Sequence[float]]], comma: str = ".") -> str:
    """Draw one line per series (name, values) over `xs`; the scale begins at 0. `comma` is the decimal sign."""
    top = max(max(values) for _, values in series)
    low = min(0.0, *(min(values) for _, values in series))
    height, step = 300, nice_step((top - low) or 1.0)
    top = step * -(-top // step) or step
    low = step * (low // step)

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - xs[0]) / ((xs[-1] - xs[0]) or 1) * (WIDTH - LEFT - _RIGHT)
        return across, height - BOTTOM - (y - low) / (top - low) * (height - TOP - BOTTOM)

    parts = []
    for count in range(round((top - low) / step) + 1):
        value = low + count * step
        y = place(xs[0], value)[1]
        text = plain(value, step).replace(".", comma)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e6e6e6"/>')
        parts.append(_text(LEFT - 8, y + 4, text, "end"))
    parts += [_text(place(x, low)[0], height - 8, plain(x, 1), "middle") for x in xs]
    for number, (name, values) in enumerate(series):
        colour, dash = COLOURS[number % 4], DASHES[number % 4]
        points = [place(x, y) for x, y in zip(xs, values, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
        parts.append(_text(points[-1][0] + 10, points[-1][1] + 4, name, "start", colour))
    return _picture(title, height, parts)


def bars(title: str, rows: Sequence[tuple[str, float, str]], marked: Sequence[int] = (), most: float = 0.0) -> str:
    """Draw one bar per row (name, value, text beside it); the rows in `marked` stand out. No value is below 0.

    The longest bar is the largest value, or `most`, so that pictures of one series can share a scale.
    """
    top = max([most, *(value for _, value, _ in rows)]) or 1.0
    room, height = 210, TOP + 24 * len(rows) + 8
    parts = []
    for number, (name, value, text) in enumerate(rows):
        y = TOP + 24 * number
        wide = max(value, 0.0) / top * (WIDTH - room - 110)
        colour = COLOURS[0] if number in marked else COLOURS[1]
        parts.append(_text(room - 8, y + 14, name, "end"))
        parts.append(f'<rect x="{room}" y="{y + 2}" width="{wide:.1f}" height="16" fill="{colour}"/>')
        parts.append(_text(room + wide + 6, y + 14, text, "start"))
    return _picture(title, height, parts)


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _picture(title: str, height: int, parts: Sequence[str]) -> str:
    """Put the parts in a picture whose name is its title."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="13">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    return (
        head
        + _text(8, 18, title, "start", INK).replace("<text ", '<text font-weight="bold" ')
        + "".join(parts)
        + "</svg>"
    )


class Picture(str):
    """An SVG that a notebook cell can end with."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)
