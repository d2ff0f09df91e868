"""Maps: classes, shared borders, places of labels, and that each area shows and points at its own value."""

import json
import re
import tomllib
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from kloof.catalogue import read_catalogue
from kloof.errors import ReportError
from kloof.figures import draw as plots
from kloof.figures import maps
from kloof.results import look_up
from kloof.words import sentences

SVG = "{http://www.w3.org/2000/svg}"
NAMES = {"BU00010000": "Aa & Bee", "BU00010001": "Cee", "BU00010002": "Dee <oost>", "BU00010003": "Ee",
         "BU00010004": "Ef"}  # fmt: skip


@pytest.fixture(autouse=True)
def words(monkeypatch, project):
    table = tomllib.loads((project / "lib" / "kloof" / "words" / "figures.toml").read_text(encoding="utf-8"))
    monkeypatch.setattr(sentences, "templates", lambda: table)


@pytest.fixture(scope="session")
def catalogue(project):
    return read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture(scope="session")
def boundaries(shared):
    return json.loads((shared / "figures" / "breda_buurten_2020.geojson").read_text(encoding="utf-8"))


def feature(code, ring):
    return {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def strip(*codes):
    """Squares of one kilometre side by side."""
    squares = [
        feature(c, [[i * 1e3, 0], [i * 1e3 + 1e3, 0], [i * 1e3 + 1e3, 1e3], [i * 1e3, 1e3], [i * 1e3, 0]])
        for i, c in enumerate(codes)
    ]
    return {"type": "FeatureCollection", "features": squares}


def results(rows, names=NAMES, **options):
    columns = [{"key": key, "kind": "number", "unit": None, "decimals": None} for key in ("area", "value", "group")]
    return {"tables": {"t.map": {"columns": columns, "rows": rows}},
            "figures": {"f.map": {"kind": "choropleth", "table": "t.map", "finding": None, "options": options}},
            "findings": {}, "areas": names, "parameters": {"focus": "union"}, "place": {"code": "GM0001"}}  # fmt: skip


ROWS = [["BU00010000", 10.0, "rest"], ["BU00010001", 20.0, "focus"], ["BU00010002", 40.0, "rest"],
        ["BU00010003", None, "focus"], ["BU00010004", 80.0, "rest"]]  # fmt: skip
OPTIONS = {"unit": "percent", "indicator": "low_income_households_share", "year": 2019}


def draw(document, geometry, catalogue, language="nl"):
    return plots.draw("f.map", sentences.Narrator(document, catalogue, language), geometry)


def drawn_by_themselves(svg, name):
    """Give the elements of one kind, with what a group says about all of them said by each."""
    found = []
    for group in ElementTree.fromstring(svg).iter():
        for one in group.findall(f"{SVG}{name}"):
            one.attrib = {**group.attrib, **one.attrib}
            found.append(one)
    return found


def letters(svg):
    return drawn_by_themselves(svg, "text")


def texts(svg):
    return [one.text for one in letters(svg)]


def areas(svg):
    """Give the paths of the areas by code."""
    return {path.attrib["data-code"]: path for path in drawn_by_themselves(svg, "path") if "data-code" in path.attrib}


def corners(data):
    """Follow a path of straight lines as the SVG specification says: the corners of its rings, in tenths."""
    rings, here = [], (0, 0)
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        values = [round(10 * float(one)) for one in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        if letter in "Zz":
            here = rings[-1][0]
            continue
        across, down = {"H": (1, 0), "V": (0, 1)}.get(letter.upper(), (1, 1))
        for place in range(0, len(values), across + down):
            x, y = values[place] * across, values[place + across + down - 1] * down
            moved = letter.islower()
            here = (x + here[0] * (moved or not across), y + here[1] * (moved or not down))
            if letter in "Mm" and not place:
                rings.append([])
            rings[-1].append(here)
    return rings


def test_each_area_shows_its_value_and_the_colour_of_its_class_and_missing_is_hatched(catalogue):
    document = results(ROWS, **OPTIONS)
    drawn = areas(draw(document, strip(*NAMES), catalogue))
    assert list(drawn) == list(NAMES)
    titles = [drawn[code].find(f"{SVG}title").text for code in NAMES]
    assert titles == ["Aa & Bee: 10,0\u00a0%", "Cee: 20,0\u00a0%", "Dee <oost>: 40,0\u00a0%", "Ee: geen cijfer",
                      "Ef: 80,0\u00a0%"]  # fmt: skip
    for code, value, _ in ROWS:
        assert look_up(document, drawn[code].attrib["data-ref"]) == value
    english = areas(draw(document, strip(*NAMES), catalogue, "en"))
    assert english["BU00010002"].find(f"{SVG}title").text == "Dee <oost>: 40.0%"
    limits = maps.class_limits([10.0, 20.0, 40.0, 80.0])
    assert limits == [16.0, 24.0, 36.0, 56.0]
    fills = {code: drawn[code].attrib["fill"] for code in NAMES}
    assert [fills[code] for code in ("BU00010000", "BU00010001", "BU00010002", "BU00010004")] == [
        maps.SEQUENTIAL[0], maps.SEQUENTIAL[1], maps.SEQUENTIAL[3], maps.SEQUENTIAL[4],
    ]  # fmt: skip
    assert fills["BU00010003"] == "url(#f-map-nl-a)"


def test_an_svg_stands_alone_and_is_the_same_every_time(catalogue):
    document, before = results(ROWS, **OPTIONS), repr(results(ROWS, **OPTIONS))
    svg = draw(document, strip(*NAMES), catalogue)
    assert svg == draw(document, strip(*NAMES), catalogue)
    assert svg == draw(document, {"features": strip(*NAMES)["features"][::-1]}, catalogue)
    assert repr(document) == before
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert not root.attrib.keys() & {"width", "height"}
    assert re.match(r"0 0 640 \d+$", root.attrib["viewBox"])
    assert all("textLength" in one.attrib for one in root.iter(f"{SVG}text") if len(one.text) > 1)
    assert re.findall(r'\bid="([^"]+)"', svg) == ["f-map-nl-a"]


def test_differences_from_the_city_are_said_to_be_so(catalogue):
    rows = [[code, value, "rest"] for code, value in zip(NAMES, (-20.0, -5.0, 0.5, 6.0, 21.0), strict=True)]
    svg = draw(results(rows, diverging=True, **OPTIONS), strip(*NAMES), catalogue)
    drawn, said = areas(svg), texts(svg)
    assert "Huishoudens bij de laagste 40 % inkomens: verschil met de stad (procentpunt), 2019" in said
    assert "ongeveer als de stad" in said
    assert drawn["BU00010000"].find(f"{SVG}title").text == "Aa & Bee: \u221220,0\u00a0procentpunt"
    assert drawn["BU00010002"].attrib["fill"] == maps.DIVERGING[3]
    document = results(rows, diverging=True, **OPTIONS)
    assert "inkomens: verschil met de stad (procentpunt)" in plots.alt(
        "f.map", sentences.Narrator(document, catalogue, "nl")
    )
    low, high = (maps.DIVERGING.index(drawn[code].attrib["fill"]) for code in ("BU00010000", "BU00010004"))
    assert low < 3 < high
    said = texts(draw(results(ROWS, diverging=True, city_mean=30.0, **OPTIONS), strip(*NAMES), catalogue))
    assert "Huishoudens bij de laagste 40 % inkomens (%), 2019" in said


def test_what_is_not_on_the_map_is_said_and_areas_without_a_row_are_hatched(catalogue):
    said = texts(draw(results(ROWS, **OPTIONS), strip(*list(NAMES)[:3]), catalogue))
    assert "Niet op de kaart: Ee, Ef" in said and "Cee" in said and "geen cijfer" not in said
    drawn = areas(draw(results(ROWS[:2], **OPTIONS), strip(*NAMES, "BU00020000"), catalogue))
    assert set(drawn) == set(NAMES)
    assert drawn["BU00010004"].attrib["fill"].startswith("url(")
    assert "data-ref" not in drawn["BU00010004"].attrib


@pytest.mark.parametrize(("rows", "geometry", "message"), [
    (ROWS, strip("BU00020000"), "none of the areas in the table"),
    ([*ROWS, ROWS[0]], strip(*NAMES), "two rows for BU00010000"),
    (ROWS, None, "needs boundaries"),
])  # fmt: skip
def test_a_map_that_cannot_be_drawn_says_why(rows, geometry, message, catalogue):
    with pytest.raises(ReportError, match=message):
        draw(results(rows, **OPTIONS), geometry, catalogue)


def test_focus_is_outlined_above_all_areas(catalogue):
    svg = draw(results(ROWS, **OPTIONS), strip(*NAMES), catalogue)
    paths = list(ElementTree.fromstring(svg).iter(f"{SVG}path"))
    outlined = [path for path in paths if path.attrib.get("stroke") == "#D55E00"]
    drawn = areas(svg)
    both = [drawn[code].attrib["d"] for code in ("BU00010001", "BU00010003")]
    assert corners(outlined[0].attrib["d"]) == [ring for data in both for ring in corners(data)]
    last_area = max(index for index, path in enumerate(paths) if "data-code" in path.attrib)
    assert paths.index(outlined[0]) > last_area
    none = draw(results([[code, value, "rest"] for code, value, _ in ROWS], **OPTIONS), strip(*NAMES), catalogue)
    assert "#D55E00" not in none


def wavy(count):
    """Cells whose borders have many small corners, shared by neighbours."""
    step, draw = 1000.0 / 20, np.random.default_rng(5)
    lines = [
        [[i * 1000.0 + (draw.normal(0, 30) if 0 < i < count and 0 < k < 20 else 0), k * step] for k in range(21)]
        for i in range(count + 1)
    ]
    cells = {}
    for i in range(count):
        ring = [*lines[i], *lines[i + 1][::-1], lines[i][0]]
        cells[f"BU0001{i:04d}"] = ring
    return {"features": [feature(code, ring) for code, ring in cells.items()]}


def test_simplified_borders_stay_shared_and_a_place_keeps_its_margin_and_height():
    geometry = wavy(30)
    codes = {entry["properties"]["code"] for entry in geometry["features"]}
    shapes = list(maps.outlines(geometry, codes).values())
    corners = sum(len(part.exterior.coords) for part in shapes)
    assert corners < 0.7 * sum(len(entry["geometry"]["coordinates"][0]) for entry in geometry["features"])
    assert shapely.coverage_is_valid(shapes)
    assert sum(part.area for part in shapes) == pytest.approx(shapely.union_all(shapes).area, rel=1e-9)
    wide = shapely.union_all(list(maps.outlines(strip("BU00010000", "BU00010001"), {"BU00010000"}).values()))
    assert wide.bounds == pytest.approx((8, 0, 632, 312))
    tower = feature("BU00010000", [[0, 0], [1e3, 0], [1e3, 9e3], [0, 9e3], [0, 0]])
    (tall,) = maps.outlines({"features": [tower]}, {"BU00010000"}).values()
    assert tall.bounds == pytest.approx((270, 0, 370, 900))


@pytest.mark.shared
def test_breda_is_drawn_whole(boundaries, catalogue):
    codes = {entry["properties"]["code"] for entry in boundaries["features"]}
    shapes = maps.outlines(boundaries, codes)
    assert len(shapes) == 56
    assert shapely.coverage_is_valid(list(shapes.values()))
    whole = shapely.union_all(list(shapes.values()))
    assert sum(part.area for part in shapes.values()) == pytest.approx(whole.area, rel=1e-9)
    west, north, east, south = whole.bounds
    assert (west, north, east) == pytest.approx((8, 0, 632), abs=0.01)
    metres = shapely.union_all([shapely.geometry.shape(entry["geometry"]) for entry in boundaries["features"]])
    scale = 624 / (metres.bounds[2] - metres.bounds[0])
    assert south == pytest.approx((metres.bounds[3] - metres.bounds[1]) * scale, abs=0.01)
    assert whole.area / scale**2 / 1e4 == pytest.approx(12_973, rel=0.01)  # hectare, figures/README.md


def test_holes_and_islands_are_drawn_and_what_is_smaller_than_can_be_seen():
    island = shapely.MultiPolygon([box(0, 0, 9, 9).difference(box(3, 3, 6, 6)), box(20, 0, 21, 1)])
    assert (maps._path(island).count("M"), maps._path(island).count("Z")) == (3, 3)
    assert maps._path(box(0.31, 0.52, 0.32, 0.53)) == "M.3 .5Z"


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), min_size=3, max_size=30))
def test_no_corner_of_an_area_drifts(places):
    area = shapely.Polygon(places)
    wanted = [(round(10 * x), round(10 * y)) for x, y in area.exterior.coords[:-1]]
    apart = [place for at, place in enumerate(wanted) if at == 0 or place != wanted[at - 1]]
    assert corners(maps._path(area)) == [apart]


numbers = st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3)), min_size=1, max_size=80)


@given(numbers)
def test_limits_lie_between_the_values(values):
    limits = maps.class_limits(values)
    assert limits == sorted(set(limits))
    assert len(limits) <= 4
    assert all(min(values) < limit <= max(values) for limit in limits)


@given(numbers, st.floats(-1e5, 1e5))
def test_limits_around_a_centre_are_even(values, centre):
    limits = maps.class_limits(values, centre)
    assert len(limits) % 2 == 0
    assert len(limits) <= 6
    if limits:
        middle = (limits[0] + limits[-1]) / 2
        assert [round(limit - middle, 6) for limit in limits] == pytest.approx(
            [round(middle - limit, 6) for limit in limits[::-1]], abs=1e-5
        )
        step = maps.round_step((max(values) - min(values)) / 40)
        assert abs(middle - centre) <= step / 2 * (1 + 1e-6)


def test_limits_by_hand():
    assert maps.class_limits([float(v) for v in range(101)]) == [20, 40, 60, 80]
    assert maps.class_limits([3.0, 3.0]) == []
    # steps of 0.5; distances 0 4 4 10 10: a quarter within 4, 55 % within 5.2 (rounded 5.0), 85 % within 10
    assert maps.class_limits([-10.0, -4.0, 0.0, 4.0, 10.0], 0.0) == [-10, -5, -4, 4, 5, 10]
    assert [maps.round_step(size) for size in (0.3, 1, 4.9, 75, 20000)] == [0.2, 1, 2, 50, 20000]


def machado(colour):
    """What someone without green cones sees: Machado, Oliveira & Fernandes 2009, severity 1.0, linear RGB."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
    return np.clip(seen @ linear, 0, 1)


@pytest.mark.parametrize("classes, diverging", [(c, False) for c in range(1, 6)] + [(c, True) for c in (1, 3, 5, 7)])
def test_classes_differ_also_for_the_colour_blind(classes, diverging):
    chosen = maps.colours(classes, diverging=diverging)
    assert len(chosen) == len(set(chosen)) == classes
    seen = [machado(colour) ** (1 / 2.2) for colour in chosen]
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(one - other) > 0.1
    light = [float(np.dot((0.2126, 0.7152, 0.0722), machado(colour))) for colour in chosen]
    if not diverging:
        assert light == sorted(light, reverse=True)
    elif classes > 1:
        assert max(light) == light[classes // 2]


places = st.lists(st.tuples(st.floats(20, 620), st.floats(20, 580)), min_size=1, max_size=25, unique=True)


FRAME = (0.0, 0.0, 640.0, 600.0)


def check_labels(anchors, sizes, inside):
    """Check the labels with shapely, which the code that places them does not use."""
    labels = maps.place_labels(anchors, sizes, inside, FRAME)
    boxes, lines = {}, {}
    for index, (label, (width, height)) in enumerate(zip(labels, sizes, strict=True)):
        if label is None:
            continue
        boxes[index] = box(label.x - width / 2, label.y - height / 2, label.x + width / 2, label.y + height / 2)
        if label.line_end is not None:
            lines[index] = LineString([anchors[index], label.line_end])
        else:
            assert inside[index]
            assert (label.x, label.y) == anchors[index]
    for one, other in combinations(boxes, 2):
        assert not boxes[one].intersects(boxes[other])
    for index, line in lines.items():
        assert line.length < 260
        assert line.distance(boxes[index]) <= 1.5
        assert not any(line.intersects(part) for other, part in boxes.items() if other != index)
        assert not any(line.crosses(part) for other, part in lines.items() if other != index)
    for index, part in boxes.items():
        assert box(*FRAME).contains(part)
        assert not any(part.contains(shapely.Point(place)) for i, place in enumerate(anchors) if i != index)
    return len(lines)


@given(places, st.data())
@settings(max_examples=40, deadline=None)
def test_labels_never_overlap(anchors, data):
    sizes = [(data.draw(st.floats(10, 140)), 17.0) for _ in anchors]
    check_labels(anchors, sizes, [data.draw(st.booleans()) for _ in anchors])


@pytest.mark.parametrize("seed", range(6))
def test_labels_never_overlap_in_a_crowd(seed):
    draw_number = np.random.default_rng(seed)
    anchors = [(float(x), float(y)) for x, y in draw_number.uniform((220, 220), (420, 380), (30, 2))]
    sizes = [(float(width), 17.0) for width in draw_number.uniform(20, 110, 30)]
    assert check_labels(anchors, sizes, [False] * 30) > 10


def test_a_label_that_fits_stands_in_its_area_and_names_without_room_become_numbers(catalogue):
    assert maps.place_labels([(300.0, 300.0)], [(80.0, 17.0)], [True], FRAME) == [maps.Label(300.0, 300.0, None)]
    beside = maps.place_labels([(300.0, 300.0)], [(80.0, 17.0)], [False], FRAME)[0]
    assert (beside.x, beside.y) == (300 + maps.DISTANCES[0] + 40, 300)
    assert maps.place_labels([(300.0, 300.0)], [(700.0, 17.0)], [True], FRAME) == [None]
    side = 14
    codes = {f"BU0001{i:04d}": f"Een buurt met een lange naam {i:03d}" for i in range(side * side)}
    cells = []
    for i, code in enumerate(codes):
        x, y = divmod(i, side)
        cells.append(feature(code, [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]))
    rows = [[code, float(i), "focus" if i % 2 else "rest"] for i, code in enumerate(codes)]
    svg = draw(results(rows, codes, **OPTIONS), {"features": cells}, catalogue)
    on_map = [one.text for one in letters(svg) if "paint-order" in one.attrib]
    below = [text for text in texts(svg) if text not in on_map and re.match(r"\d+ Een buurt", text)]
    used = sorted(int(text) for text in on_map if text.isdigit())
    assert used == list(range(1, len(used) + 1))
    assert len(used) > 20
    assert [int(text.split()[0]) for text in below] == used
    whole = {text for text in on_map if not text.isdigit()}
    assert whole.isdisjoint(text.split(" ", 1)[1] for text in below)
    assert all(int(text[-3:]) % 2 for text in whole)


def test_wide_limits_in_a_legend_stand_on_two_lines(catalogue):
    def lines_of_limits(scale):
        rows = [[code, value * scale, "rest"] for code, value in zip(NAMES, (-9.1, -2.0, 0.1, 3.0, 8.0), strict=True)]
        document = results(rows, unit="persons", indicator="inhabitants", diverging=True)
        svg = draw(document, strip(*NAMES), catalogue)
        scale = next(one for one in ElementTree.fromstring(svg).iter(f"{SVG}g") if one.attrib.get("class") == "scale")
        return len({one.attrib["y"] for one in scale.iter(f"{SVG}text")})

    assert lines_of_limits(1e8) == lines_of_limits(100) + 1
