"""The argument as a graph: what ought to be done on the left, the claims it leans on with their verdicts on the right.

A verdict is told by its word in the box of the claim; the line repeats it by its pattern and colour.
"""

from typing import TYPE_CHECKING, Any

from kloof import claims
from kloof.canvas import GREY, INK, WIDTH, Drawing, Hand, key, key_height, letter, sheet
from kloof.charts import SIGNS
from kloof.labels import LINE, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, RIGHT = (8.0, 262.0), (378.0, 632.0)
LINES: dict[str, dict[str, Any]] = {
    "SUPPORTED": {"color": "#0072B2", "linewidth": 3.0, "linestyle": "-"},
    "CONTRADICTED": {"color": "#D55E00", "linewidth": 3.0, "linestyle": (0, (5, 2))},
    "NEGLIGIBLE": {"color": INK, "linewidth": 1.6, "linestyle": "-"},
    "UNDECIDED": {"color": GREY, "linewidth": 1.6, "linestyle": (0, (3, 3))},
    "NOT_TESTABLE": {"color": GREY, "linewidth": 1.2, "linestyle": (0, (1, 3))},
}
ROOM, GAP, PAD = 234.0, 12.0, 10.0


def graph(drawing: Drawing) -> "Figure":
    """Draw a box per conclusion and per claim, and a line wherever a conclusion leans on a claim."""
    rows = drawing.rows
    entries, language = claims.registry().entries, drawing.narrator.language
    conclusions = list(dict.fromkeys(rows["conclusion"]))
    leaned = sorted(set(rows["claim"]), key=lambda name: (name[0], int(name[1:])))
    verdicts, stands = (
        dict(zip(rows[one], rows[two], strict=True)) for one, two in (("claim", "verdict"), ("conclusion", "stands"))
    )
    texts = {name: _text(entries, name, language) for name in (*conclusions, *leaned)}
    below = {name: drawing.word("argument", stands[name]) for name in conclusions}
    for name in leaned:
        below[name] = f"{SIGNS[verdicts[name]]} {drawing.narrator.word('verdict', verdicts[name])}".strip()
    below = {name: wrap(text, ROOM) for name, text in below.items()}
    used = [code for code in LINES if code in set(rows["verdict"])]
    items = [([{**LINES[code], "solid_capstyle": "butt"}], drawing.narrator.word("verdict", code)) for code in used]
    top = 12 + key_height(items) + LINE + 8
    height = {name: LINE * (texts[name].count("\n") + below[name].count("\n") + 2) + PAD for name in texts}
    whole = max(sum(height[name] + GAP for name in side) for side in (conclusions, leaned))
    figure = sheet(top + whole)
    places = _places(conclusions, height, top, whole) | _places(leaned, height, top, whole)
    for row in rows.to_dict("records"):
        ends = (
            places[row["conclusion"]] + height[row["conclusion"]] / 2,
            places[row["claim"]] + height[row["claim"]] / 2,
        )
        _line(figure, ends, LINES[row["verdict"]])
    for names, (start, end), strong in ((conclusions, LEFT, True), (leaned, RIGHT, False)):
        for name in names:
            _box(figure, (start, places[name]), (end - start, height[name]), strong=strong)
            upper = LINE * (texts[name].count("\n") + 1)
            letter(figure, (start + 10, places[name] + PAD / 2 + upper / 2), texts[name], Hand(bold=strong))
            lower = places[name] + height[name] - PAD / 2 - LINE * (below[name].count("\n") + 1) / 2
            letter(figure, (start + 10, lower), below[name], Hand(bold=not strong))
    letter(figure, (LEFT[0], top - LINE), drawing.word("argument", "conclusions"), Hand(colour=GREY))
    letter(figure, (RIGHT[0], top - LINE), drawing.word("argument", "claims"), Hand(colour=GREY))
    key(figure, 4, items)
    return figure


def _text(entries: Any, name: str, language: str) -> str:
    """Name a conclusion or a claim; one that is not registered keeps its bare name."""
    short = entries[name][f"short_{language}"] if name in entries else ""
    return wrap(f"{name} {short}".strip(), ROOM, bold=True)


def _places(names: list[str], height: dict[str, float], top: float, whole: float) -> dict[str, float]:
    """Spread boxes evenly over the height: the top of each."""
    gap = (whole - sum(height[name] for name in names)) / max(len(names), 1)
    places, y = {}, top
    for name in names:
        places[name] = y
        y += height[name] + gap
    return places


def _line(figure: "Figure", ends: tuple[float, float], style: dict[str, Any]) -> None:
    """Draw a line from the middle of a left box to the middle of a right one."""
    from matplotlib.lines import Line2D

    whole = figure.get_figheight() * 72
    across, down = [LEFT[1] / WIDTH, RIGHT[0] / WIDTH], [1 - end / whole for end in ends]
    figure.add_artist(Line2D(across, down, zorder=1, **style))


def _box(figure: "Figure", corner: tuple[float, float], size: tuple[float, float], *, strong: bool) -> None:
    """Draw a box by its upper left corner and its size."""
    from matplotlib.patches import Rectangle

    whole = figure.get_figheight() * 72
    place = corner[0] / WIDTH, 1 - (corner[1] + size[1]) / whole
    style: dict[str, Any] = {"facecolor": "white", "edgecolor": INK, "linewidth": 1.8 if strong else 0.9, "zorder": 2}
    figure.add_artist(Rectangle(place, size[0] / WIDTH, size[1] / whole, **style))
