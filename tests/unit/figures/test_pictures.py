"""Pictures as they stand in a page: letter for letter and dot for dot what was drawn, in fewer bytes."""

import io
import json
import re
from xml.etree import ElementTree

import matplotlib.image
import pytest
import typst

from kloof.catalogue import catalogue
from kloof.errors import ReportError
from kloof.figures import draw
from kloof.figures.labels import wide
from kloof.report.page import package_folder
from kloof.words.sentences import Narrator

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 640 200">'
SVG = "{http://www.w3.org/2000/svg}"
LETTERS = "font-weight: 700; font-size: 17px; font-family: 'Source Sans Pro of kloof'; fill: #222222"


def finished(inside: str) -> ElementTree.Element:
    return ElementTree.fromstring(draw._small(draw._finish(f"{HEAD}{inside}</svg>"), "a-nl"))


def test_letters_keep_their_width_size_and_angle_and_what_is_drawn_keeps_its_order() -> None:
    text = f'<g id="text_1"><text style="{LETTERS}" x="1" y="2" transform="rotate(-0 1 2)">Belcrum &amp; co</text></g>'
    root = finished(f'<path d="M 1.04 1 L 9 1"/>{text}<path d="M 3 3 L 4 5"/>')
    assert [one.tag.removeprefix(SVG) for one in root.iter()] == ["svg", "path", "text", "path"]
    found = root.find(f"{SVG}text")
    assert found.text == "Belcrum & co"
    assert float(found.attrib["textLength"]) == pytest.approx(wide("Belcrum & co", bold=True), abs=0.05)
    assert found.attrib.keys() == {"x", "y", "font-weight", "fill", "textLength"}
    assert found.attrib["font-weight"] == "600", "the semibold that a page has"
    assert root.attrib["font-family"].startswith("'Source Sans Pro'")
    text = '<text style="font-size: 34px" x="1" y="2" transform="rotate(-90 1 2)">Ee</text>'
    found = finished(text).find(f"{SVG}text")
    assert (found.attrib["font-size"], found.attrib["transform"]) == ("34", "rotate(-90 1 2)")
    assert float(found.attrib["textLength"]) == pytest.approx(2 * wide("Ee"), abs=0.05)


def test_ids_stand_only_where_something_refers_to_them() -> None:
    uses = '<use xlink:href="#long_name_of_a_marker" x="1" y="2" style="fill: #ff0000"/>' * 3
    mark = '<path id="long_name_of_a_marker" d="M 0 0 C 0.1234 1 2 3 4 5 z"/><path id="of_nobody" d="M 0 0 L 1 1"/>'
    box = '<clipPath id="p1"><rect x="0" y="0" width="9" height="9"/></clipPath>'
    root = finished(f'<defs>{mark}{box}</defs><g id="patch_1" clip-path="url(#p1)">{uses}</g>')
    ids = [one.attrib["id"] for one in root.iter() if "id" in one.attrib]
    assert sorted(ids) == ["a-nl-a", "a-nl-b"]
    said = [value for one in root.iter() for value in one.attrib.values()]
    assert {name for value in said for name in re.findall(r"#(a-[\w-]+)", value)} == set(ids)
    assert said.count("#ff0000") == 1, "what all of a group share is said once"
    assert next(root.iter(f"{SVG}path")).attrib["d"] == "m0 0c.12 1 2 3 4 5z", "a mark keeps hundredths"


def test_what_a_page_reads_back_stays() -> None:
    title = "<title>Aa &lt;b&gt;: 1\u00a0%</title>"
    area = f'<path data-code="BU1" data-ref="/tables/t/rows/1/2" d="M0 0L9 0L9 9Z">{title}</path>'
    axis = '<g id="matplotlib.axis_1"><g id="xtick_1"><text x="1" y="2">25.123</text></g></g>'
    root = finished(f"<metadata><x/></metadata><defs><style>*{{x: y}}</style></defs>{area}{area}{axis}")
    areas = [one for one in root.iter(f"{SVG}path") if one.get("data-ref") == "/tables/t/rows/1/2"]
    assert [one.find(f"{SVG}title").text for one in areas] == ["Aa <b>: 1\u00a0%"] * 2  # type: ignore[union-attr]
    (scale,) = (one for one in root.iter() if one.get("class") == "scale")
    assert [one.text for one in scale.iter(f"{SVG}text")] == ["25.123"]
    assert not {"style", "metadata"} & {one.tag.removeprefix(SVG) for one in root.iter()}
    assert root.attrib["role"] == "img"


def test_a_drawing_without_a_size_is_refused() -> None:
    with pytest.raises(ReportError, match="without a viewBox"):
        draw._finish('<svg xmlns="http://www.w3.org/2000/svg"/>')


def test_the_picture_is_the_same_dot_for_dot_and_nothing_is_printed_on_the_way(
    drawn: dict[str, tuple[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    for name, (whole, small) in drawn.items():
        assert len(small) < 0.95 * len(whole), name
        one, other = ([text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")] for svg in (whole, small))
        assert one == other, name
        before, after = pixels(whole), pixels(small)
        assert before.shape == after.shape
        height, width = (side // 16 * 16 for side in before.shape[:2])
        apart = (before - after)[:height, :width].reshape(height // 16, 16, width // 16, 16, -1).mean(axis=(1, 3))
        assert abs(apart).max() < 24, name  # of 255, in any block of 16 by 16: an edge may move by a tenth of a unit
    for whole, _ in drawn.values():
        draw._small(whole, "a")
    assert capfd.readouterr() == ("", "")


def pixels(svg: str):  # type: ignore[no-untyped-def]
    """Draw an SVG with another program than the browser."""
    page = (
        '#set page(width: 640pt, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    )
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True,
        font_paths=[str(package_folder("font_source_sans_pro") / "files")],
    )  # fmt: skip
    made = typst.compile(page.encode(), format="png", ppi=72, font_paths=fonts, sys_inputs={"svg": svg})
    return matplotlib.image.imread(io.BytesIO(made)) * 255.0


@pytest.fixture(scope="module")
def drawn(project) -> dict[str, tuple[str, str]]:  # type: ignore[no-untyped-def]
    """Kinds of figures of the committed run, as matplotlib or the map writes them, and as a page shows them."""
    document = json.loads((project / "reports/example/results.json").read_text(encoding="utf-8"))
    geometry = json.loads((project / "data/breda/breda_buurten_2020.geojson").read_text(encoding="utf-8"))
    kept: list[str] = []
    finish = draw._finish

    def keep(svg: str) -> str:
        own = svg.replace("'Source Sans Pro of kloof'", "'Source Sans Pro'")
        own = own.replace("font-weight: 700", "font-weight: 600")  # the semibold that a page has
        kept.append(re.sub("<svg ", '<svg font-family="\'Source Sans Pro\'" font-size="17" ', own, count=1))
        return finish(svg)

    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "_finish", keep)
        for name in ("01.coverage", "03.map", "04.mean_dwelling_value", "12.curve.H1"):
            small = draw.draw(name, Narrator(document, catalogue(), "nl"), geometry)
            made[name] = (kept[-1], small)
    return made
