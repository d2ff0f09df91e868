"""Map and list in a real browser: by mouse and by keyboard, in every year, for eyes and for ears."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mapped
import pytest
import sample
from opened import Opened

from kloof.catalogue import catalogue
from kloof.report.page import render_html
from kloof.words import numbers

pytestmark = pytest.mark.browser
FIRST = mapped.CODES[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mapped")
    for language in ("nl", "en"):
        for name, drawn in ((language, True), (f"{language}-list", False)):
            page = render_html(mapped.view(language, catalogue(), drawn=drawn))
            (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=["nl", "en"])
def opened(request: pytest.FixtureRequest, browser: Any, files: Path) -> Iterator[Opened]:
    with Opened(browser, files / f"{request.param}.html", locale="en-GB") as page:
        yield page


@pytest.fixture(autouse=True)
def again(request: pytest.FixtureRequest) -> None:
    """Start each test from the page as it opens."""
    if "opened" in request.fixturenames:
        request.getfixturevalue("opened").page.reload()


def listed(opened: Opened) -> list[tuple[str, str]]:
    """Give name and value of every row of the list, from top to bottom."""
    script = """[...document.querySelectorAll('.rank li')].map(row =>
      [row.dataset.code, row.querySelector('.value').textContent.trim()])"""
    return [(code, value) for code, value in opened.ask(script)]


def turn(opened: Opened, index: int) -> None:
    slider = opened.page.locator(".controls input")
    slider.fill(str(index))


def test_nothing_is_asked_for_and_nothing_goes_wrong(opened: Opened) -> None:
    opened.page.locator(f'.map [data-code="{FIRST}"]').click()
    turn(opened, 0)
    opened.page.locator(".controls select").select_option(index=1)
    assert opened.complaints == []
    assert {url for url in opened.asked if not url.startswith("data:")} == {opened.page.url}


def test_every_value_of_every_year_is_written_as_on_paper(opened: Opened) -> None:
    """The numbers that the script writes against those that Python writes, letter for letter."""
    language = opened.ask("document.documentElement.lang")
    none = {"nl": "geen cijfer", "en": "no figure"}[language]
    for place, (unit, figures) in enumerate((("thousand_euro", mapped.EURO), ("percent", mapped.SHARE))):
        opened.page.locator(".controls select").select_option(index=place)
        for index in [at for at in range(len(mapped.YEARS)) if any(row[at] is not None for row in figures)]:
            turn(opened, index)
            assert opened.page.locator(".controls output").text_content() == str(mapped.YEARS[index])
            assert dict(listed(opened)) == {
                code: none if row[index] is None else numbers.number(row[index], unit, language)
                for code, row in zip(mapped.CODES, figures, strict=True)
            }


def test_the_list_is_ranked_again_in_each_year(opened: Opened) -> None:
    assert [code for code, _ in listed(opened)] == [mapped.CODES[at] for at in (2, 5, 0, 1, 3, 4)]
    turn(opened, 1)
    assert [code for code, _ in listed(opened)] == [mapped.CODES[at] for at in (5, 0, 1, 3, 4, 2)], (
        "missing stands last"
    )


def test_a_year_without_figures_is_passed_by(opened: Opened) -> None:
    opened.page.locator(".controls select").select_option(index=1)
    turn(opened, 2)
    assert opened.page.locator(".controls output").text_content() == "2016"
    opened.page.locator(".controls input").press("ArrowRight")
    assert opened.page.locator(".controls output").text_content() == "2024"
    assert opened.ask("document.querySelector('.controls input').getAttribute('aria-valuetext')") == "2024"


def test_pointing_at_the_map_marks_the_row_and_says_it(opened: Opened) -> None:
    opened.page.locator(f'.map [data-code="{FIRST}"]').hover()
    assert opened.ask("document.querySelector('.rank .near').dataset.code") == FIRST
    said = opened.page.locator(".said").text_content()
    assert sample.AREAS[FIRST] in said
    assert "150" in said
    assert opened.ask("document.querySelector('.said').getAttribute('aria-live')") == "polite"


def test_pointing_at_a_row_marks_the_map(opened: Opened) -> None:
    opened.page.locator(f'.rank [data-code="{FIRST}"]').hover()
    drawn = "document.querySelector(`.map [data-code='${code}']`).getAttribute('d')"
    assert opened.ask(f"(code) => document.querySelector('.map .near').getAttribute('d') === {drawn}", FIRST)


def test_a_click_keeps_a_buurt_through_the_years(opened: Opened) -> None:
    opened.page.locator(f'.map [data-code="{FIRST}"]').click()
    opened.page.mouse.move(0, 0)
    pressed = "[...document.querySelectorAll('.rank [aria-pressed=true]')].map(b => b.parentElement.dataset.code)"
    assert opened.ask(pressed) == [FIRST]
    turn(opened, 0)
    assert "118" in opened.page.locator(".said").text_content()
    shown = opened.ask("[...document.querySelectorAll('.chosen li')].map(one => one.textContent.slice(0, 4))")
    assert shown == ["2015", "2016", "2017", "2024"]
    assert opened.page.locator(".chosen li.now").text_content().startswith("2015")
    moves = opened.ask("document.querySelector('.chosen path.own').getAttribute('d').match(/M/g).length")
    assert moves == 2, "no line over the break of 2024"
    opened.page.locator(f'.rank [data-code="{FIRST}"] button').click()
    assert opened.ask(pressed) == []
    assert not opened.page.locator(".chosen").is_visible()


def test_the_list_by_keyboard_alone(opened: Opened) -> None:
    opened.page.locator(".map").focus()
    opened.page.keyboard.press("Tab")
    focused = "document.activeElement.closest('li')?.dataset.code"
    order = [code for code, _ in listed(opened)]
    assert opened.ask(focused) == order[0], "one stop for the whole list"
    for key, place in (("ArrowDown", 1), ("End", 5), ("ArrowUp", 4), ("Home", 0), ("ArrowUp", 0)):
        opened.page.keyboard.press(key)
        assert opened.ask(focused) == order[place], key
    opened.page.keyboard.press("Enter")
    assert opened.ask("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert opened.page.locator(".chosen").is_visible()
    opened.page.keyboard.press("Tab")
    assert opened.ask(focused) is None, "the next stop is outside the list"


def test_the_map_by_keyboard_alone(opened: Opened) -> None:
    opened.page.locator(".controls input").focus()
    opened.page.keyboard.press("Tab")
    assert opened.ask("document.activeElement.getAttribute('role')") == "application"
    near = "document.querySelector('.rank .near').dataset.code"
    for key, code in (("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowUp", 1)):
        while key == "ArrowLeft" and code == 0 and opened.ask(near) != mapped.CODES[0]:
            opened.page.keyboard.press("ArrowLeft")
        if code or key != "ArrowLeft":
            opened.page.keyboard.press(key)
        assert opened.ask(near) == mapped.CODES[code], key
    opened.page.keyboard.press("Enter")
    assert opened.page.locator(".chosen h4").text_content().startswith(sample.AREAS[mapped.CODES[1]])
    opened.page.keyboard.press("Escape")
    assert not opened.page.locator(".chosen").is_visible()


def test_without_a_script_the_last_year_is_there(browser: Any, files: Path) -> None:
    with Opened(browser, files / "nl.html", java_script_enabled=False) as opened:
        rows = opened.page.locator(".rank li")
        assert rows.count() == len(mapped.CODES)
        assert "€\u00a0141.000" in rows.first.text_content()
        assert not opened.page.locator(".controls").is_visible()
        assert opened.page.locator(".map [data-code]").first.get_attribute("fill").startswith("#")


def test_without_boundaries_the_list_works(browser: Any, files: Path) -> None:
    with Opened(browser, files / "nl-list.html") as opened:
        turn(opened, 0)
        opened.page.locator(f'.rank [data-code="{FIRST}"] button').click()
        assert "118" in opened.page.locator(".said").text_content()
        assert opened.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize("name", ["nl", "en"])
def test_axe_finds_nothing_at_aa(browser: Any, files: Path, name: str, width: int, scheme: str) -> None:
    with Opened(browser, files / f"{name}.html", width, color_scheme=scheme) as opened:
        opened.page.locator(f'.rank [data-code="{FIRST}"] button').click()
        assert opened.ask("document.documentElement.scrollWidth") <= width
        assert opened.violations() == []


def test_a_number_says_where_it_stands(opened: Opened) -> None:
    number = opened.page.locator("data[data-ref]").first
    number.hover()
    assert number.get_attribute("title") == "results.json " + str(number.get_attribute("data-ref"))
    inner = opened.page.locator("table[data-base] data[data-ref]").first
    inner.hover()
    place = (
        f"{opened.page.locator('table[data-base]').first.get_attribute('data-base')}{inner.get_attribute('data-ref')}"
    )
    assert re.fullmatch(r"/tables/[\w.]+/rows/\d+/\d+", place)
    assert inner.get_attribute("title") == f"results.json {place}"
