"""The site in a real browser: from disk, by mouse and keyboard, light and dark, and read by axe-core."""

from pathlib import Path
from typing import Any

import pytest
from atlases import PLACES, write_reports
from opened import Opened

from kloof.catalogue import catalogue
from kloof_site.atlas import read_reports
from kloof_site.site import PAGES, build_site

pytestmark = pytest.mark.browser
NAMES = {code: name for code, (name, _) in PLACES.items()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    folder = tmp_path_factory.mktemp("site")
    return build_site(read_reports(write_reports(folder / "reports", project)), catalogue(), folder / "site")


def shown(opened: Opened) -> list[str]:
    return list(opened.ask("[...document.querySelectorAll('.card-of')].filter(c => !c.hidden).map(c => c.dataset.of)"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("language", "width", "scheme"), [("nl", 1280, "light"), ("en", 360, "dark")])
def test_a_page_is_quiet_fits_and_is_accessible(
    browser: Any, built: Path, name: str, language: str, width: int, scheme: str
) -> None:
    file = built / language / f"{name}.html"
    with Opened(browser, file, width, color_scheme=scheme) as opened:
        opened.ask("document.fonts.ready")
        asked = {url.split("#")[0] for url in opened.asked if not url.startswith("data:")}
        assert asked - {file.as_uri()} == {url for url in asked if url.startswith((built / "reports").as_uri())}
        shown = "[...document.images].map(one => [one.scrollIntoView(), one.decode()]).length"
        assert opened.ask(shown) == (2 if name == "index" else 0)
        opened.ask("Promise.all([...document.images].map(one => one.decode()))")
        assert opened.ask("document.documentElement.lang") == language
        assert opened.ask("document.documentElement.scrollWidth") <= width
        assert opened.ask("document.querySelectorAll('[aria-current=page]').length") == 1
        assert opened.violations() == []
        assert opened.complaints == []


def test_the_search_box_filters_and_enter_goes_to_the_first(browser: Any, built: Path) -> None:
    with Opened(browser, built / "nl" / "index.html") as opened:
        assert set(shown(opened)) == set(PLACES)
        opened.page.keyboard.press("Tab")
        opened.page.locator("#zoek").focus()
        opened.page.keyboard.type("een")
        assert shown(opened) == ["GM0002"], "accents do not matter"
        assert opened.page.locator(".search output").text_content() == "1"
        opened.page.keyboard.press("Enter")
        assert opened.ask("document.activeElement.textContent") == NAMES["GM0002"]
        opened.page.locator("#zoek").fill("zzz")
        assert shown(opened) == []
        assert opened.page.locator(".nothing").is_visible()


def test_a_card_leads_to_the_report(browser: Any, built: Path) -> None:
    with Opened(browser, built / "en" / "index.html") as opened:
        opened.page.locator("[data-of=GM0758] h2 a").click()
        assert opened.page.url == (built / "reports/GM0758/en/index.html").as_uri()


def test_one_measure_at_a_time_and_the_address_keeps_it(browser: Any, built: Path) -> None:
    with Opened(browser, built / "nl" / "ranking.html") as opened:
        visible = "[...document.querySelectorAll('.measure')].filter(m => !m.hidden).map(m => m.id)"
        assert opened.ask(visible) == ["m1"]
        opened.page.locator("#maat").select_option(label="Verandering van het verschil: gemiddelde WOZ-waarde")
        (chosen,) = opened.ask(visible)
        rows = opened.page.locator(f"#{chosen} tbody tr")
        assert [row.get_attribute("data-of") for row in rows.all()] == ["GM0002", "GM0758", "GM0001"]
        assert [cell.text_content() for cell in opened.page.locator(f"#{chosen} .place-range").all()] == [
            "1",
            "2–3",
            "2–3",
        ]
        opened.page.reload()
        assert opened.ask(visible) == [chosen]


def test_municipalities_side_by_side(browser: Any, built: Path) -> None:
    with Opened(browser, built / "en" / "compare.html") as opened:
        heads = "[...document.querySelectorAll('.comparison thead th')].slice(1).map(h => h.textContent)"
        assert len(opened.ask(heads)) == 2
        opened.page.locator(".more").focus()
        opened.page.keyboard.press("Enter")
        assert set(opened.ask(heads)) == set(NAMES.values())
        assert opened.page.locator(".more").is_disabled()
        opened.page.locator(".selects select").first.select_option(value="GM0758")
        assert opened.ask(heads)[0] == "Breda"
        row = opened.page.locator(".comparison tbody tr", has_text="Change of the gap: mean dwelling value").first
        assert "€41,000" in row.locator("td").first.text_content()
        assert "€17,000 to €65,000; 2015–2024" in row.locator("td").first.text_content()
        missing = opened.page.locator(".comparison tbody tr", has_text="crimes per 1,000 inhabitants").first
        assert "not in this report" in missing.text_content()
        opened.page.locator(".less").click()
        opened.page.locator(".less").click()
        assert opened.page.locator(".less").is_disabled()
        assert opened.page.url.endswith("#GM0758")


def test_a_shared_choice_opens_as_it_was(browser: Any, built: Path) -> None:
    with Opened(browser, built / "nl" / "compare.html") as opened:
        opened.page.goto((built / "nl" / "compare.html").as_uri() + "#GM0002,GM0758,GM0000")
        opened.page.reload()
        heads = "[...document.querySelectorAll('.comparison thead th')].slice(1).map(h => h.textContent)"
        assert opened.ask(heads) == [NAMES["GM0002"], "Breda"]


def test_a_verdict_that_is_pointed_at_says_which_claim(browser: Any, built: Path) -> None:
    for name, place in (("index", ".card-of[data-of=GM0758]"), ("verdicts", "tr[data-of=GM0758]")):
        with Opened(browser, built / "nl" / f"{name}.html") as opened:
            mark = opened.page.locator(f"{place} [data-claim=H11]")
            mark.hover()
            assert mark.get_attribute("title") == "H11 Scheiding naar inkomen niet gegroeid: klopt"


def test_without_a_script_everything_is_there(browser: Any, built: Path) -> None:
    with Opened(browser, built / "nl" / "ranking.html", java_script_enabled=False) as opened:
        assert all(section.is_visible() for section in opened.page.locator(".measure").all())
        assert not opened.page.locator(".choose").is_visible()


def test_the_door_opens_both_languages(browser: Any, built: Path) -> None:
    with Opened(browser, built / "index.html") as opened:
        assert opened.violations() == []
        opened.page.locator("a[lang=en]").click()
        assert opened.ask("document.documentElement.lang") == "en"
