"""The pages in a real browser: nothing is fetched, nothing overflows, everything is named and can be read."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import both
import pytest
import sample
from opened import Opened

from kloof.report.page import render_html

pytestmark = pytest.mark.browser

# Every text in sight with its contrast against the nearest background colour around it (WCAG 2.2, 1.4.3).
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (c) => [0, 1, 2].map(i => c[i] / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.textContent.trim() || element.closest('svg, style') || !element.checkVisibility()) continue;
    let behind = element;
    while (behind && rgba(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const back = light(rgba(behind ? getComputedStyle(behind).backgroundColor : 'white'));
    const front = light(rgba(getComputedStyle(element).color));
    const contrast = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    found.push([contrast, node.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    for language in ("nl", "en"):
        (folder / language).mkdir()
        (folder / language / "data.html").write_text(render_html(sample.view(language)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=["nl", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def opened(browser: Any, files: Path, language: str) -> Iterator[Opened]:
    """The data page as it opens, of which tests only ask."""
    with Opened(browser, files / language / "data.html") as page:
        yield page


def test_it_asks_for_nothing_but_itself(opened: Opened, files: Path, language: str) -> None:
    opened.ask("document.fonts.ready")
    outside = [url for url in opened.asked if not url.startswith("data:")]
    assert outside == [(files / language / "data.html").as_uri()]
    assert opened.complaints == []
    assert opened.ask("document.documentElement.lang") == language


def test_its_own_letters_are_used(opened: Opened) -> None:
    opened.ask("document.fonts.ready")
    loaded = opened.ask(
        "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family + ' ' + f.weight).sort()"
    )
    assert [name.replace('"', "") for name in loaded] == [
        "Kloof Sans 400", "Kloof Sans 600", "Kloof Serif 400", "Kloof Serif 600", "Kloof Signs 400",
    ]  # fmt: skip


def test_the_page_never_scrolls_sideways(browser: Any, files: Path, language: str) -> None:
    with Opened(browser, files / language / "data.html") as opened:
        opened.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = {}
        for width in (320, 360, 768, 1280, 1920):
            opened.page.set_viewport_size({"width": width, "height": 900})
            wide[width] = opened.ask("document.documentElement.scrollWidth")
        assert [width for width, found in wide.items() if found > width] == []


def test_a_wide_table_scrolls_in_its_own_box_and_says_so(browser: Any, files: Path) -> None:
    with Opened(browser, files / "nl" / "data.html", 360) as opened:
        box = "document.querySelector('[data-table=\"01.nine\"] .scroll')"
        assert opened.ask(f"{box}.scrollWidth > {box}.clientWidth")
        assert opened.ask(f"{box}.tabIndex") == 0
        assert opened.page.locator('[data-table="01.nine"] .hint.side').is_visible()


def test_numbers_stand_at_the_right_and_words_at_the_left(opened: Opened) -> None:
    sides = opened.ask("""[...document.querySelectorAll('[data-base] td')].map(cell =>
        [Boolean(cell.querySelector('data, i')), getComputedStyle(cell).textAlign])""")
    heads = opened.ask("""[...document.querySelectorAll('[data-base] th[scope=row]')]
        .map(cell => getComputedStyle(cell).textAlign)""")
    assert {side for number, side in sides if number} == {"right"}
    assert {side for number, side in sides if not number} == set(heads) == {"left"}


def test_lines_are_not_too_long(browser: Any, files: Path) -> None:
    with Opened(browser, files / "nl" / "data.html", 1920) as opened:
        widest = opened.ask("""() => Math.max(...[...document.querySelectorAll('.part p, .part li, .lead p')]
          .filter(p => p.checkVisibility()).map(p => {
          const probe = document.createElement('span');
          probe.textContent = '0'.repeat(100); probe.style.position = 'absolute';
          p.append(probe); const letter = probe.getBoundingClientRect().width / 100; probe.remove();
          return p.getBoundingClientRect().width / letter;
        }))""")
        assert widest <= 70


def test_every_picture_has_a_name(opened: Opened) -> None:
    names = opened.ask(
        "[...document.querySelectorAll('img, svg')].map(p => p.getAttribute('aria-label') || p.alt || '')"
    )
    assert len(names) == 3
    assert all(len(name) > 20 for name in names)


def test_every_link_inside_the_page_arrives(opened: Opened) -> None:
    lost = """[...document.querySelectorAll('a[href^="#"]')]
      .filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map(a => a.hash)"""
    assert opened.ask(lost) == []
    assert opened.ask("document.querySelectorAll('.strip a, .contents a').length") >= 8


def test_headings_go_down_one_step_at_a_time(opened: Opened) -> None:
    levels = opened.ask("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_links_and_frames_have_names(opened: Opened) -> None:
    links = "[...document.querySelectorAll('a, summary')].map(a => a.ariaLabel || a.textContent)"
    assert all(name.strip() for name in opened.ask(links))
    labels = "[...document.querySelectorAll('[aria-labelledby]')].map(e => e.getAttribute('aria-labelledby'))"
    ids = set(opened.ask("[...document.querySelectorAll('[id]')].map(e => e.id)"))
    assert set(opened.ask(labels)) - ids == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(browser: Any, files: Path, scheme: str) -> None:
    """Dark mode is dark, and figures stay light in it."""
    with Opened(browser, files / "nl" / "data.html", color_scheme=scheme) as opened:
        opened.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        measured = opened.ask(CONTRAST)
        assert len(measured) > 300
        assert [entry for entry in measured if entry[0] < 4.5] == []
        assert max(entry[0] for entry in measured) > 12
        if scheme == "light":
            return
        assert opened.ask("getComputedStyle(document.body).backgroundColor") == "rgb(23, 22, 20)"
        assert opened.ask("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(255, 255, 255)"


def test_the_keyboard_reaches_the_text_first(browser: Any, files: Path) -> None:
    with Opened(browser, files / "nl" / "data.html") as opened:
        opened.page.keyboard.press("Tab")
        assert opened.ask("document.activeElement.textContent") == "Naar de inhoud"
        assert opened.ask("document.activeElement.getBoundingClientRect().left") >= 0
        opened.page.keyboard.press("Enter")
        assert opened.ask("document.activeElement.id") == "inhoud"


def test_the_other_language_is_one_step_away(browser: Any, files: Path, language: str) -> None:
    with Opened(browser, files / language / "data.html") as opened:
        opened.page.locator(".bar a[hreflang]").click()
        assert opened.ask("document.documentElement.lang") == {"nl": "en", "en": "nl"}[language]


def test_on_paper_the_whole_table_is_there(browser: Any, files: Path) -> None:
    with Opened(browser, files / "nl" / "data.html", color_scheme="dark") as opened:
        opened.page.emulate_media(media="print")
        box = "document.querySelector('[data-table=\"01.sixty\"] .scroll')"
        assert opened.ask(f"{box}.scrollHeight <= {box}.clientHeight + 1")
        assert not opened.page.locator(".contents").is_visible()
        assert opened.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


# ------------------------------------------------------------------ the report that is read, and its data page


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both documents of the committed run, with stand-ins for the drawings."""
    folder = tmp_path_factory.mktemp("both")
    for language in ("nl", "en"):
        (folder / language).mkdir()
        for name, html in zip(("data.html", "index.html"), both.pages(language), strict=True):
            (folder / language / name).write_text(html, encoding="utf-8")
    return folder


@pytest.mark.parametrize("width", [320, 1280])
def test_the_report_asks_for_nothing_fits_and_is_accessible(
    browser: Any, documents: Path, language: str, width: int
) -> None:
    file = documents / language / "index.html"
    with Opened(browser, file, width) as opened:
        opened.ask("document.fonts.ready")
        assert [url for url in opened.asked if not url.startswith("data:")] == [file.as_uri()]
        assert opened.ask("document.documentElement.scrollWidth") <= width
        levels = opened.ask("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]))")
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        backs = set()
        for scheme in ("light", "dark"):
            opened.page.emulate_media(color_scheme=scheme)
            backs.add(opened.ask("getComputedStyle(document.body).backgroundColor"))
            measured = opened.ask(CONTRAST)
            assert len(measured) > 200
            assert [entry for entry in measured if entry[0] < 4.5] == [], scheme
            assert opened.violations() == [], scheme
        assert len(backs) == 2, "dark is another page than light"
        assert opened.complaints == []


def test_from_a_number_to_the_data_page_and_back(browser: Any, documents: Path) -> None:
    with Opened(browser, documents / "nl" / "index.html") as opened:
        opened.page.locator("#grew .more").first.click()
        assert opened.page.url == (documents / "nl" / "data.html").as_uri() + "#04-did-the-gap-grow"
        opened.page.locator("#\\30 4-did-the-gap-grow .told a").click()
        assert opened.page.url == (documents / "nl" / "index.html").as_uri() + "#grew"
