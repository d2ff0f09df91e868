"""Smaller drawings: the same picture, letter for letter and dot for dot."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.labels import learn_font, wide
from kloof.slim import slim

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 640 200">'
SVG = "{http://www.w3.org/2000/svg}"
PLACE = st.tuples(st.floats(-900, 900, width=32), st.floats(-900, 900, width=32))
COUNTS = {"M": 1, "L": 1, "Q": 2, "C": 3}


def walked(data: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Follow a path as the SVG specification says, and give every command with its absolute points."""
    found: list[tuple[str, list[tuple[float, float]]]] = []
    here = start = (0.0, 0.0)
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        values = [float(one) for one in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        name, moved = letter.upper(), letter.islower()
        if name == "Z":
            found.append(("Z", []))
            here = start
        elif name in "HV":
            for value in values:
                x, y = here
                here = (value + x * moved, y) if name == "H" else (x, value + y * moved)
                found.append(("L", [here]))
        else:
            size = 2 * COUNTS[name]
            for place in range(0, len(values), size):
                part = values[place : place + size]
                points = [
                    (x + here[0] * moved, y + here[1] * moved) for x, y in zip(part[::2], part[1::2], strict=True)
                ]
                here = points[-1]
                start = here if name == "M" else start
                found.append(("L" if name == "M" and place else name, points))
    return found


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A path as matplotlib writes it: absolute, in six decimals, over several lines."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        names = ["M", *draw(st.lists(st.sampled_from("LLLCQ"), max_size=8))]
        for name in names:
            points = draw(st.lists(PLACE, min_size=COUNTS[name], max_size=COUNTS[name]))
            parts.append(name + " " + " ".join(f"{x:.6f} {y:.6f}" for x, y in points))
        parts += draw(st.sampled_from(([], ["z"])))
    return " \n".join(parts)


@given(paths())
def test_every_point_of_a_path_stays_within_half_a_tenth(data: str) -> None:
    made = ElementTree.fromstring(slim(f'{HEAD}<path d="{data}"/></svg>', "a"))
    small = walked(made[0].attrib["d"])
    whole = walked(data)
    for _, points in whole:
        for place, (x, y) in enumerate(points):
            points[place] = (round(x * 10) / 10, round(y * 10) / 10)
    steps = [step for step in whole if step[0] != "L"]
    assert [name for name, _ in small if name != "L"] == [name for name, _ in steps]
    corners = [point for _, points in small for point in points]
    for point in (point for _, points in whole for point in points):
        assert min(abs(point[0] - x) + abs(point[1] - y) for x, y in corners) < 1e-6


def test_letters_keep_their_width_and_what_is_drawn_keeps_its_order() -> None:
    learn_font()
    style = "font-weight: 700; font-size: 17px; font-family: 'Source Sans Pro of kloof'; fill: #222222"
    text = f'<g id="text_1"><text style="{style}" x="1" y="2" transform="rotate(-0 1 2)">Belcrum &amp; co</text></g>'
    sheet, first, last = "<defs><style>*{x: y}</style></defs>", '<path d="M 1.04 1 L 9 1"/>', '<path d="M 3 3 L 4 5"/>'
    drawn = f"{HEAD}{sheet}{first}{text}{last}</svg>"
    root = ElementTree.fromstring(slim(drawn, "a"))
    assert [one.tag.removeprefix(SVG) for one in root.iter()] == ["svg", "path", "text", "path"]
    found = root.find(f"{SVG}text")
    assert found is not None
    assert found.text == "Belcrum & co"
    assert float(found.attrib["textLength"]) == pytest.approx(wide("Belcrum & co", bold=True), abs=0.05)
    assert found.attrib.keys() == {"x", "y", "font-weight", "fill", "textLength"}


def test_ids_stand_only_where_something_refers_to_them() -> None:
    uses = '<use xlink:href="#long_name_of_a_marker" x="1" y="2" style="fill: #ff0000"/>' * 2
    mark = "M 0 0 L 1 1 L 2 3 L 4 1 L 9 5 L 3 8 L 1 2 z"
    inside = f'<defs><path id="long_name_of_a_marker" d="{mark}"/></defs><g id="patch_1">{uses}</g>'
    made = slim(f"{HEAD}{inside}</svg>", "a-nl")
    assert re.findall(r'id="([^"]+)"', made) == ["a-nl-1"]
    assert re.findall(r'href="([^"]+)"', made) == ["#a-nl-1"] * 2
    assert made.count('fill="#f00"') == 1, "what all of a group share is said once"


def test_small_marks_are_written_out_and_what_looks_alike_is_one_path() -> None:
    mark = '<defs><path id="m" d="M 0 0 L 0 -3.5" style="stroke: #767676"/></defs>'
    uses = '<use xlink:href="#m" x="1" y="2.04"/><use xlink:href="#m" x="11" y="2"/>'
    other = '<path d="M 5 5 L 6 6" style="stroke: #ff0000"/><path d="M 7 7 L 8 8" style="stroke: #ff0000"/>'
    root = ElementTree.fromstring(slim(f"{HEAD}<g style='fill: none'>{mark}{uses}{other}</g></svg>", "a"))
    drawn = list(root.iter(f"{SVG}path"))
    assert [one.attrib["d"] for one in drawn] == ["M1 2v-3.5M11 2v-3.5", "M5 5l1 1M7 7l1 1"]
    assert "use" not in {one.tag.removeprefix(SVG) for one in root.iter()}


def test_a_path_with_a_title_stays_by_itself() -> None:
    shapes = "".join(f'<path d="M {at} 0 L 9 9 L 0 9 z"><title>{at}</title></path>' for at in (0, 1))
    root = ElementTree.fromstring(slim(f"{HEAD}{shapes}</svg>", "a"))
    assert [title.text for title in root.iter(f"{SVG}title")] == ["0", "1"]


@pytest.mark.parametrize("looks", ["fill: #ff0000; stroke: #00ff00", "fill: #ff0000; fill-opacity: 0.5"])
def test_shapes_of_which_it_can_be_seen_which_is_on_top_stay_apart(looks: str) -> None:
    shapes = "".join(f'<path d="M {at} 0 L 9 9 L 0 9 z" style="{looks}"/>' for at in (0, 1))
    root = ElementTree.fromstring(slim(f"{HEAD}{shapes}</svg>", "a"))
    assert len(list(root.iter(f"{SVG}path"))) == 2


def test_what_has_no_colour_is_left_out_and_a_mark_that_takes_it_from_its_place_is_not() -> None:
    mark = '<defs><path id="m" d="M 0 0 L 1 1 L 2 3 L 4 1 L 9 5 L 3 8 L 1 2 z" style="fill: none"/></defs>'
    drawn = (
        '<g style="fill: none"><path d="M 1 1 L 9 1"/></g><use xlink:href="#m" x="1" y="2" style="stroke: #ff0000"/>'
    )
    root = ElementTree.fromstring(slim(f"{HEAD}{mark}{drawn}</svg>", "a"))
    assert [one.tag.removeprefix(SVG) for one in root.iter()] == ["svg", "defs", "path", "use"]


def test_a_path_it_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="command 'A'"):
        slim(f'{HEAD}<path d="M0 0A1 1 0 0 0 2 2"/></svg>', "a")


def test_the_picture_is_the_same_dot_for_dot(breda_figures: dict[str, tuple[str, str]]) -> None:
    for name, (whole, small) in breda_figures.items():
        assert len(small) < 0.95 * len(whole), name
        one, other = (pixels(text) for text in (whole, small))
        assert one.shape == other.shape
        height, width = (side // 16 * 16 for side in one.shape[:2])
        apart = (one - other)[:height, :width].reshape(height // 16, 16, width // 16, 16, -1).mean(axis=(1, 3))
        assert abs(apart).max() < 24, name  # of 255, in any block of 16 by 16: an edge may move by a tenth of a unit


def pixels(svg: str):  # type: ignore[no-untyped-def]
    """Draw an SVG with another program than the browser."""
    import io

    import matplotlib.image
    import typst

    page = (
        '#set page(width: 640pt, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    )
    from kloof.page import package_folder

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True,
        font_paths=[str(package_folder("font_source_sans_pro") / "files")],
    )  # fmt: skip
    made = typst.compile(page.encode(), format="png", ppi=72, font_paths=fonts, sys_inputs={"svg": svg})
    return matplotlib.image.imread(io.BytesIO(made)) * 255.0


@pytest.fixture(scope="module")
def breda_figures(project) -> dict[str, tuple[str, str]]:  # type: ignore[no-untyped-def]
    """Three kinds of figures of the committed run, as matplotlib or the map writes them, and made smaller."""
    import json

    from kloof import plots
    from kloof.narrate import Narrator
    from kloof.sources import catalogue

    document = json.loads((project / "reports/example/results.json").read_text(encoding="utf-8"))
    geometry = json.loads((project / "data/breda/breda_buurten_2020.geojson").read_text(encoding="utf-8"))
    kept: list[str] = []

    def keep(svg: str, slug: str) -> str:
        kept.append(
            svg.replace("'Source Sans Pro of kloof'", "'Source Sans Pro'").replace(
                "<svg ", '<svg font-family="\'Source Sans Pro\'" font-size="17" ', 1
            )
        )
        return slim(svg, slug)

    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "slim", keep)
        for name in ("03.map", "04.mean_dwelling_value", "12.curve.C2"):
            small = plots.draw(name, Narrator(document, catalogue(), "nl"), geometry)
            made[name] = (kept[-1], small)
    return made
