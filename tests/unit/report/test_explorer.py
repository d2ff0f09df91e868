"""Map and list: every number is one of the table, nothing missing is zero, and the audit sees a wrong one."""

import json
import re
from typing import Any

import mapped
import pytest
import sample

from kloof.catalogue import Catalogue
from kloof.catalogue import catalogue as read
from kloof.figures.maps import DIVERGING, paths
from kloof.report import audit
from kloof.report.explorer import TABLE, explorer
from kloof.report.page import render_html, script_hash
from kloof.words.sentences import Narrator, text_of


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read()


@pytest.fixture(scope="module", params=["nl", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def page(catalogue: Catalogue, language: str) -> str:
    return render_html(mapped.view(language, catalogue))


def shown(page: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" data-values="03.by_year">(.*?)</script>', page, re.DOTALL)
    content: dict[str, Any] = json.loads(match[1])
    return content


def test_all_figures_are_there_as_they_are_printed(page: str) -> None:
    data = shown(page)
    assert data["years"] == list(mapped.YEARS)
    names = [code for code, _, _ in data["areas"]]
    assert sorted(names) == sorted(mapped.CODES)
    assert {code for code, _, listed in data["areas"] if listed} == set(mapped.LISTED)
    euro, share = data["indicators"]
    for indicator, figures, factor, decimals in ((euro, mapped.EURO, 1000, 0), (share, mapped.SHARE, 1, 1)):
        for at, year in enumerate(mapped.YEARS):
            true = dict(zip(mapped.CODES, (row[at] for row in figures), strict=True))
            if all(value is None for value in true.values()):
                assert indicator["values"][at] == [], year
                assert indicator["city"][at] is None, year
                continue
            for code, value in zip(names, indicator["values"][at], strict=True):
                exact = true[code]
                if exact is None:
                    assert value is None, "missing is not zero"
                else:  # half up, in whole thousands of euro or tenths of a percent
                    size = 1 if factor == 1000 else 10
                    assert value == pytest.approx(int(exact * size + 0.5) / size * factor)
                    assert indicator["decimals"] == decimals
    assert euro["breaks"] == [3], "a line stops at the break of 2024"
    assert share["breaks"] == []


def test_the_list_goes_from_low_to_high_and_what_is_missing_stands_last(catalogue: Catalogue, language: str) -> None:
    document = mapped.document()
    document["tables"][TABLE]["rows"][3][-1] = None
    made = explorer(Narrator(document, catalogue, language), paths(mapped.boundaries(), set(mapped.CODES)))
    assert (made.year, [spot.code for spot in made.spots]) == (2024, [mapped.CODES[at] for at in (2, 5, 0, 1, 4, 3)])
    assert made.spots[-1].fill is None
    assert text_of((made.spots[-1].value,)) == "–"
    assert [spot.code for spot in made.spots if not spot.path] == [mapped.CODES[5]]
    page = render_html(mapped.view(language, catalogue, drawn=False))
    assert 'class="map"' not in page
    assert page.count('aria-pressed="false"') == len(mapped.CODES)
    assert audit.audit_html(page, mapped.document(), language, audit.labels(catalogue, language)) == []


def test_colours_say_on_which_side_of_the_city_a_buurt_is(catalogue: Catalogue) -> None:
    made = explorer(Narrator(mapped.document(), catalogue, "nl"), paths(mapped.boundaries(), set(mapped.CODES)))
    middle = len(made.colours) // 2
    fills = {spot.code: spot.fill for spot in made.spots}
    assert set(made.colours) <= set(DIVERGING)
    assert fills[mapped.CODES[4]] == len(made.colours) - 1
    assert 0 <= fills[mapped.CODES[2]] < middle
    assert all(fill is not None for fill in fills.values())
    document = mapped.document()
    del document["tables"][TABLE]
    assert explorer(Narrator(document, catalogue, "nl"), None) is None
    assert sample.parity(*(render_html(mapped.view(language, catalogue)) for language in ("nl", "en"))) == []


def test_the_audit_finds_nothing_and_only_the_script_may_run(page: str, language: str, catalogue: Catalogue) -> None:
    assert audit.audit_html(page, mapped.document(), language, audit.labels(catalogue, language)) == []
    # the policy names the script by its hash, and no script is written by what a report says
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert f"script-src '{script_hash(scripts[0])}'" in policy[1].replace("&#39;", "'").replace("&#43;", "+")
    assert "default-src 'none'" in policy[1].replace("&#39;", "'")
    assert "<" not in shown_text(page)


@pytest.mark.parametrize(("before", "after", "said"), [
    ("150000", "151000", "stands for 150"),
    ("141000", "null", "is None, results.json says 141"),
    ("268000", "269000", "GM0758, 2024 stands for 268.3"),
    ('"Plan 9 oost"', '"Plan 9 west"', "calls BU07580103 “Plan 9 west”"),
    ("[null", "[0", "results.json says None"),
])  # fmt: skip
def test_a_wrong_figure_behind_the_map_is_found(
    page: str, language: str, catalogue: Catalogue, before: str, after: str, said: str
) -> None:
    start = page.index("data-values")
    assert before in page[start:]
    wrong = page[:start] + page[start:].replace(before, after, 1)
    found = audit.audit_html(wrong, mapped.document(), language, audit.labels(catalogue, language))
    assert any(said in fault for fault in found), found


def shown_text(page: str) -> str:
    match = re.search(r'data-values="03.by_year">(.*?)</script>', page, re.DOTALL)
    return match[1]
