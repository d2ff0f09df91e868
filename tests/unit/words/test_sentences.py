"""Every finding that can occur is told in Dutch and in English, with the same numbers and nothing raw in it."""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import CatalogueError
from kloof.findings import (
    GREW,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    SHRANK,
    STAYED,
    VERDICTS,
    WITHIN_ROUNDING,
    Finding,
    Side,
    told,
)
from kloof.paths import plain
from kloof.questions import replication
from kloof.schema import STATUSES
from kloof.words import sentences as narrate
from kloof.words.sentences import Narrator, Number, complete, fill, section_limits, template, text_of

LANGUAGES = ("nl", "en")
INDICATOR = "mean_dwelling_value"
BROKEN = f"{INDICATOR}@2024"
PARTS = ("main", "title", "curve_short", "chance", "places", "partial")
RANGES = {"HIGHER": (1.5, 2.5), "LOWER": (-2.5, -1.5), "SAME": (-0.4, 0.3), "UNCLEAR": (-3.0, 2.0)}
JUDGED = tuple(RANGES)
ROUNDED = {GREW: (1.5, 2.5), SHRANK: (-2.5, -1.5), STAYED: (-0.4, 0.3), WITHIN_ROUNDING: (-3.0, 2.0)}
HAPPENED = (*ROUNDED, NOT_COMPUTABLE)  # of what was counted: what happened is told first, and chance beside it
FOUR = ("absolute", "relative", "absolute_reversed", "relative_reversed")
SCALES = (*FOUR, "real", "real_reversed", "place")

# kinds of notebooks 09 and 11: test_liveability and test_policy write the sentence of each of their judgements
RENDERED_ELSEWHERE = {
    "class_trend", "follows", "gap_left", "improved", "pass_through", "precedes", "score_gap", "seen", "image",
}  # fmt: skip

NAMED = {"FOUR": FOUR, "SCALES": SCALES, "JUDGED": JUDGED, "HAPPENED": HAPPENED, "ROUNDED": tuple(ROUNDED),
         "STATUSES": replication.STATUSES}  # fmt: skip


def spelt(words: list[str]) -> list[str]:
    """Put for each name of a list what it holds."""
    return [one for word in words for one in NAMED.get(word, (word,))]


# judgements → kinds and measures that the library makes (gaps, events, levels, coverage, replication, notebook). A line
# that could not be tested has no range, and what moves away from its target cannot be fast enough.
OCCURS = {
    "JUDGED NOT_COMPUTABLE": """
        gap/absolute beyond_trend/FOUR placebo/inside,outside index/dissimilarity
        group_index/dissimilarity,isolation,theil_h relation/slope,correlation
        beside_places/mean,coefficient_of_variation,theil_h improved/class slope_change/per_year within_change/bounds
        matthew/absolute,ranks sigma/weighted_sd,coefficient_of_variation lead/gap,r_squared,within""",
    "HAPPENED NOT_COMPARABLE": "gap_change/SCALES",
    "HAPPENED": """
        gap_change_before/SCALES gap_change_since/SCALES gap_change_window/SCALES
        index_change/dissimilarity,isolation,theil_h fell/focus,rest fell_less/absolute,relative improved/score
        spread_over/effective_number top_change/absolute behind/absolute,relative behind_similar/absolute,relative""",
    "UNCLEAR": """
        beyond_trend/absolute_untested,relative_untested where/net standing/spending
        arrives_everywhere/elasticity_alone""",
    "NOT_COMPUTABLE": """
        placebo/absolute share_accrued/absolute needed_none/claim needed_none_also/claim place_among/dissimilarity
        inflow/moves""",
    "JUDGED": """
        share_accrued/as_steady,earlier,later replication/rows,inconsistent,year_unknown
        place_among/dissimilarity,coefficient_of_variation country_change/absolute,real,relative
        country_place/absolute,real,relative country_own_list/absolute,real,relative beyond_everywhere/relative
        beside_neighbours/relative follows_everywhere/livability_score steeper_everywhere/per_year
        arrives_everywhere/elasticity""",
    "HIGHER UNCLEAR": """
        coverage/share_of_cells score/parts robustness_open/claim robustness_mixed/claim all_tests/holm""",
    "HIGHER": """
        mixed/claim needed/claim needed_buurten/claim,C4,C6,C9,C13,H6 needed_nothing/claim,C4,C6,C9,C13,H6
        needed_enough/claim,C4,C6,C9,C13,H6 needed_few_years/claim needed_trials_buurten/claim
        needed_trials_municipalities/claim argument/conclusions""",
    "HIGHER NOT_COMPUTABLE": "headcount/people",
    "HIGHER UNCLEAR NOT_COMPUTABLE": "robustness/claim mobility/ranks",
    "GREW SHRANK WITHIN_ROUNDING NOT_COMPUTABLE": "pace/tempo stock/moved dilution/split",
    "SHRANK WITHIN_ROUNDING": "pace/tempo_away stock/moved_away",
    "HIGHER LOWER UNCLEAR": "slope_now/buurt,postcode within/bounds",
    "HIGHER LOWER UNCLEAR NOT_COMPUTABLE": "squeeze/spending beta/relative",
    "LOWER": "matthew/absolute_top_fell,ranks_top_fell",
    "ROUNDED": "improved_everywhere/mean",
}
DETAILS = {  # by kind: each unit with what has it
    kind: {name: words[0] for words in map(str.split, units.split(",")) for name in spelt(words[1:])}
    for kinds, units in (line.split(":") for line in """
    placebo: points observed noise
    share_accrued: year by_year, percent steady
    index: index expected
    relation: points per
    coverage: number filled cells buurten wijken, percent minimum
    replication: number STATUSES rows compared editions equal_editions, percent printed, year edition
    pace: points realised realised_low realised_high needed, percent share_before share_after target part,
        year target_year arrival
    stock: points moved_size moved_low moved_high limit, percent share_before share_after
    dilution: points own_part others_part, percent share_before share_after
    where: households in_focus in_rest
    slope_change: points step
    slope_now: points step, number areas
    within: percent within_low within_high elsewhere_low elsewhere_high
    within_change: percent before_low before_high after_low after_high
    squeeze: euro risen risen_low risen_high fallen fallen_low fallen_high, number municipalities,
        year event price_year
    standing: euro own, number others, year event
    matthew: points top top_low top_high bottom bottom_low bottom_high stagnation, year year_base, number groups
    fell: percent was became, number fallen of
    improved: percent was became, number up down listed
    mixed: number decided parts
    top_change behind: year year_base, number groups
    mobility: percent stayed, number groups
    beyond_everywhere: number municipalities, points spread
    beside_neighbours: points others
    lead: percent resources housing liveability r_squared, points gap unexplained, number municipalities buurten
    follows_everywhere: number municipalities buurten
    steeper_everywhere: number municipalities buurten, points step
    arrives_everywhere: number municipalities
    improved_everywhere: number municipalities, percent was became
    robustness: number ways agree
    robustness_open: number ways decides
    robustness_mixed: number ways supported mixed contradicted negligible
    all_tests: number tests decided
    needed needed_buurten needed_nothing needed_enough: number buurten_now buurten_needed years_more,
        percent power part, years horizon
    needed_few_years: number years
    needed_trials_buurten needed_trials_municipalities: percent decided, years span, number count n
    argument: number on_tested partly against open untested
    country_change: percent grew shrank told, number municipalities
    country_place: number rank_low rank_high municipalities
    country_own_list: percent grew shrank grew_more shrank_more within, number municipalities
    place_among: number rank rank_low rank_high places
    score: number parts supported contradicted negligible undecided not_testable mixed
    """.replace(",\n", ",").strip().splitlines())
    for kind in kinds.split()
}  # fmt: skip
CASES = [
    (kind, measure, judgement)
    for judgements, made in OCCURS.items()
    for kind, measures in (one.split("/") for one in made.split())
    for measure, judgement in itertools.product(spelt(measures.split(",")), spelt(judgements.split()))
]


@pytest.fixture(scope="module")
def catalogue(project: Path) -> Catalogue:
    return read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A copy of all templates that a test may spoil."""
    spoilt: dict[str, Any] = copy.deepcopy(dict(narrate.templates()))
    monkeypatch.setattr(narrate, "templates", lambda: spoilt)
    return spoilt


def results() -> dict[str, Any]:
    return {"areas": {"GM0758": "Breda", "BU07580106": "Geeren-Noord"}, "place": {"code": "GM0758"},
            "parameters": {"focus": "union"}, "sources": {"own_file": {"publisher": "CBS"}}, "findings": {},
            "verdicts": []}  # fmt: skip


def made(kind: str, measure: str, code: str, indicator: str = INDICATOR, **more: Any) -> dict[str, Any]:
    """Make a finding of a kind whose words this code chooses, the way results.json holds it.

    The code is a judgement by chance, or what happened; then the range of chance is twice as wide as that of rounding,
    unless `more` says otherwise.
    """
    fields: dict[str, Any] = {"unit": "points", "indicator": indicator, "smallest_effect": 1.0}
    low, high = RANGES.get(code, ROUNDED.get(code, (1.5, 2.5)))
    fields |= {"estimate": (low + high) / 2, "low": low, "high": high}
    if code in ROUNDED:
        half = high - low
        fields |= {"low": fields["estimate"] - half, "high": fields["estimate"] + half}
        fields |= {"rounding_low": low, "rounding_high": high}
    fields |= {"flags": ("register",), **more}
    judgement = code
    if judgement == NOT_COMPUTABLE:
        fields |= {"estimate": None, "low": None, "high": None, "reason": "one_year_only"}
    if judgement == NOT_COMPARABLE:
        fields |= {"low": None, "high": None, "comparability": "broken", "breaks": (BROKEN,)}
    details = {
        name: {"value": 2018 if unit == "year" else 12.5, "unit": unit}
        for name, unit in DETAILS.get(kind, {}).items()
        if judgement != NOT_COMPUTABLE
    }
    other = INDICATOR if kind == "relation" else "rest"
    finding = Finding(
        id=f"04.{kind}", kind=kind, measure=measure, focus="union", coverage=91.0, coverage_minimum=80.0,
        a=Side(2016, "focus", 7.25, n_units=40), b=Side(2022, other, -9.75, n_units=41), details=details,
        sources=("own_file",), **fields,
    )  # fmt: skip
    entry: dict[str, Any] = plain(finding.as_json())
    assert told(entry) == code
    return entry


def parts_of(teller: Narrator, finding: Mapping[str, Any]) -> list[str]:
    return [part for part in PARTS if teller.has_part(finding, part)]


def leaves(place: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if "nl" in place:
        yield path
        return
    for key, inner in place.items():
        yield from leaves(inner, (*path, key))


def test_the_real_tables_are_complete(catalogue: Catalogue) -> None:
    assert complete(catalogue) == []


@pytest.mark.parametrize(("kind", "measure", "judgement"), CASES)
def test_every_finding_is_told_in_both_languages_with_the_same_numbers(
    catalogue: Catalogue, kind: str, measure: str, judgement: str
) -> None:
    indicator = "households_around_social_minimum" if kind == "index" else INDICATOR
    finding = made(kind, measure, judgement, indicator)
    tellers = [Narrator(results(), catalogue, language) for language in LANGUAGES]
    assert (parts_of(tellers[0], finding)[0], parts_of(tellers[0], finding)) == ("main", parts_of(tellers[1], finding))
    for part in parts_of(tellers[0], finding):
        sentences = [teller.sentence(finding, part) for teller in tellers]
        pointers = [sorted(p.pointer for p in sentence if isinstance(p, Number)) for sentence in sentences]
        assert pointers[0] == pointers[1]
        assert len(set(map(text_of, sentences))) == 2
        for sentence in sentences:
            text = text_of(sentence)
            assert not re.search(r"[{}]|\b[a-z0-9]+_[a-z_0-9]+|\b(BU|WK|GM)\d|None|nan", text), text
            assert text[0].isupper() or not text[0].isalpha()
            assert text.endswith(".") == (part not in ("title", "curve_short"))
            assert "  " not in text
            assert every_digit_is_traced(sentence), text


def every_digit_is_traced(sentence: narrate.Sentence) -> bool:
    """Tell whether every digit belongs to a traced number (or to the name of a list, a break or a claim)."""
    rest = re.sub("‹[^›]*›", "", "".join(part for part in sentence if isinstance(part, str)))
    return not re.search(r"\d", rest.replace("2022", "").replace("2024", ""))


def test_every_sentence_is_used_by_a_possible_finding(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[tuple[str, ...]] = set()

    def watched(language: str, *path: str) -> str:
        used.add(path)
        return template(language, *path)

    monkeypatch.setattr(narrate, "template", watched)
    teller = Narrator(results(), catalogue, "nl")
    for kind, measure, judgement in CASES:
        finding = made(kind, measure, judgement)
        for part in parts_of(teller, finding):
            teller.sentence(finding, part)
    table = narrate.templates()["sentence"]
    unused = {("sentence", *path) for path in leaves(table) if path[0] not in RENDERED_ELSEWHERE} - used
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_indicator_and_group_can_be_spoken_of(catalogue: Catalogue, language: str) -> None:
    teller = Narrator(results(), catalogue, language)
    for name in catalogue.indicators:
        for finding in (made("gap", "absolute", "HIGHER", name), made("gap_change", "relative", SHRANK, name)):
            assert not re.search(r"[{}]|[a-z]_[a-z]", text_of(teller.sentence(finding)))
    for name in catalogue.groups:
        assert not re.search(
            r"[{}]|[a-z]_[a-z]", text_of(teller.sentence(made("index", "dissimilarity", "HIGHER", name)))
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_could_not_be_judged_is_never_told_as_a_number(catalogue: Catalogue, language: str) -> None:
    teller = Narrator(results(), catalogue, language)
    for kind, measure, code in CASES:
        if code != NOT_COMPUTABLE:
            continue
        thin = {**made(kind, measure, "HIGHER"), "coverage": 60, "judgement": NOT_COMPUTABLE}
        pointers = {p.pointer.rsplit("/", 1)[1] for p in teller.sentence(thin) if isinstance(p, Number)}
        assert pointers == {"coverage", "coverage_minimum"}, (kind, measure)


def test_the_reason_says_how_much_was_measured_when_there_is_no_other(catalogue: Catalogue) -> None:
    thin = {**made("gap_change", "absolute", "HIGHER"), "coverage": 60.4, "judgement": NOT_COMPUTABLE}
    sentence = Narrator(results(), catalogue, "en").sentence(thin)
    told = {part.pointer: part.text for part in sentence if isinstance(part, Number)}
    assert told == {"/findings/04.gap_change/coverage": "60%", "/findings/04.gap_change/coverage_minimum": "80%"}


def test_every_reason_that_the_library_raises_and_every_status_has_words(project: Path) -> None:
    raised: set[str] = set()
    rooms = [project / "lib" / "kloof" / name for name in ("methods", "study", "questions")]
    for path in (path for room in rooms for path in room.glob("*.py")):
        if path.stem == "power":
            continue  # says what a test could see, before there is a finding
        code = path.read_text(encoding="utf-8")
        raised |= set(re.findall(r'NotComputableError\(\s*"(\w+)"', code))
        raised |= set(re.findall(r'reason="(\w+)"', code))
    assert "too_few_buurten" in raised
    assert raised - set(narrate.templates()["reason"]) == set()
    assert set(STATUSES) - set(narrate.templates()["status"]) == set()


COUNTED = [(kind, measure, code) for kind, measure, code in CASES if code in ROUNDED]
# how wide chance may be around what happened, and the judgement it then gets; None: no range of chance can be given
CHANCES = {
    GREW: ((1.2, 2.8, "HIGHER"), (-0.5, 4.5, "UNCLEAR"), (None, None, None)),
    SHRANK: ((-2.8, -1.2, "LOWER"), (-4.5, 0.5, "UNCLEAR"), (None, None, None)),
    STAYED: ((-0.9, 0.8, "SAME"), (-3.0, 3.0, "UNCLEAR"), (None, None, None)),
    WITHIN_ROUNDING: ((-4.0, 3.0, "UNCLEAR"), (None, None, None)),
}
BESIDE = {  # written here by hand: what a reader must be told of chance
    "nl": {"HIGHER": "Dat is meer dan toeval", "LOWER": "Dat is meer dan toeval", "SAME": "Dat is niet meer dan toeval",
           "UNCLEAR": "Zo’n uitkomst kan toeval zijn", None: "Of dat toeval kan zijn, is niet te zeggen."},
    "en": {"HIGHER": "That is more than chance", "LOWER": "That is more than chance",
           "SAME": "That is no more than chance", "UNCLEAR": "Such an outcome may be chance",
           None: "Whether that may be chance cannot be told."},
}  # fmt: skip
BY_MODEL = {"nl": "Volgens het model: ", "en": "By the model: "}
LINES = ("pace", "stock", "dilution")  # their estimate is a distance from a line, in which no range is told


def test_every_kind_that_is_counted_tells_each_answer_that_it_can_give() -> None:
    found: dict[str, set[str]] = {}
    for kind, _, code in COUNTED:
        found.setdefault(kind, set()).add(code)
    assert found.keys() == {
        "gap_change", "gap_change_before", "gap_change_since", "gap_change_window", "index_change", "fell", "fell_less",
        "improved", "improved_everywhere", "spread_over", "top_change", "behind", "behind_similar", *LINES,
    }  # fmt: skip
    whole = set(ROUNDED)
    assert all(codes == whole - ({STAYED} if kind in LINES else set()) for kind, codes in found.items())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "measure", "code"), COUNTED)
def test_what_happened_is_told_first_and_chance_beside_it(
    catalogue: Catalogue, kind: str, measure: str, code: str, language: str
) -> None:
    teller = Narrator(results(), catalogue, language)
    alone = text_of(narrate.fill(template(language, *first_of(teller, made(kind, measure, code))),
                                 teller.values(made(kind, measure, code))))  # fmt: skip
    for low, high, judgement in CHANCES[code]:
        finding = made(kind, measure, code, low=low, high=high)
        assert finding["judgement"] == (judgement or "UNCLEAR")
        sentence = teller.sentence(finding)
        text = text_of(sentence)
        assert text.startswith(alone)  # whatever chance says, what happened is told the same
        beside = text.removeprefix(alone)
        assert beside.startswith(" " + BESIDE[language][judgement])
        ends = {part.pointer.rsplit("/", 1)[1] for part in sentence if isinstance(part, Number)} & {"low", "high"}
        assert ends == (set() if kind in LINES or low is None else {"low", "high"})
    plainly = text_of(teller.sentence(made(kind, measure, code)))
    for flag in ("modelled", "modelled_liveability"):
        text = text_of(teller.sentence(made(kind, measure, code, flags=(flag,))))
        assert text == BY_MODEL[language] + plainly[0].lower() + plainly[1:]
    assert not plainly.startswith(BY_MODEL[language])


def first_of(teller: Narrator, finding: Mapping[str, Any]) -> tuple[str, ...]:
    """The template that tells the main sentence of a finding."""
    return next(path for path in teller.paths(finding, "main") if narrate.has(*path))


FORBIDDEN = re.compile(
    r"(of|whether) (dat|that|dit|this) (een verandering is|is a change)|verandering is, is niet te zeggen",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_about_a_register_doubts_that_a_change_is_one(catalogue: Catalogue, language: str) -> None:
    """A full register has no sampling error: it is a change, and the question left is whether that could be chance."""
    teller = Narrator(results(), catalogue, language)
    for kind, measure, code in COUNTED:
        text = text_of(teller.sentence(made(kind, measure, code)))
        assert not FORBIDDEN.search(text)
        if code != WITHIN_ROUNDING:
            assert not re.search(r"niet te zeggen|cannot be told|may have|kan .* zijn ge(groeid|krompen)", text), text
        else:
            assert re.search("Binnen de afronding|Within rounding", text), text

    def texts(place: Mapping[str, Any]) -> Iterator[str]:
        for inner in place.values():
            yield from texts(inner) if isinstance(inner, Mapping) else [str(inner)]

    assert [text for text in texts(narrate.templates()) if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize(("language", "words"), [("nl", ("groter", "kleiner")), ("en", ("grew", "shrank"))])
def test_the_scale_of_a_change_of_a_gap_is_said(catalogue: Catalogue, language: str, words: tuple[str, str]) -> None:
    """Fault 4: no two scales are told in the same words, and each says its direction."""
    teller = Narrator(results(), catalogue, language)
    said = {
        measure: [text_of(teller.sentence(made("gap_change", measure, code))) for code in (GREW, SHRANK)]
        for measure in ("absolute", "real", "relative", "place")
    }
    assert all(word in text for word, text in zip(words, said["absolute"], strict=True))
    for measure in ("real", "relative"):
        assert all(template(language, "scale", measure).lower() in text.lower() for text in said[measure])
    assert len({text for pair in said.values() for text in pair}) == 8


def test_fault_4_a_gap_that_only_prices_made_grow_says_so(catalogue: Catalogue) -> None:
    """Fault 4: a nominal gap that grew while it did not in constant prices was told as what happened."""
    at = {"real_before": {"value": 41.0, "unit": "points"}, "real_after": {"value": 39.5, "unit": "points"}}
    finding = {**made("gap_change", "absolute", GREW, flags=("register", "prices_only")), "details": at}
    for language, words in (("nl", "komt door de prijzen: in vaste prijzen"), ("en", "comes from prices: in constant")):
        sentence = Narrator(results(), catalogue, language).sentence(finding)
        told_ = {part.pointer: part.text for part in sentence if isinstance(part, Number)}
        assert words in text_of(sentence)
        assert told_["/findings/04.gap_change/details/real_before/value"].startswith("41")
        assert told_["/findings/04.gap_change/details/real_after/value"].startswith("39")


def test_sizes_ends_levels_and_breaks_of_a_change_are_told(catalogue: Catalogue) -> None:
    finding = made("gap_change", "absolute", SHRANK, low=-2.54, high=-1.46)
    text = text_of(Narrator(results(), catalogue, "en").sentence(finding)).replace("\u00a0", " ")
    assert "shrank: from 7.3 percentage points to 9.8 percentage points. It shrank by 2.0 percentage points." in text
    assert text.endswith(
        "That is more than chance: the range runs from −2.5 percentage points to −1.5 percentage points."
    )
    text = text_of(Narrator(results(), catalogue, "nl").sentence(made("gap_change", "absolute", WITHIN_ROUNDING)))
    assert "Binnen de afronding is niet te zeggen of dat ertoe doet" in text
    assert "tussen −3,0 procentpunt en 2,0 procentpunt" in text.replace("\u00a0", " ")
    finding = {**made("gap_change", "relative", GREW), "unit": "percent"}
    values = Narrator(results(), catalogue, "en").values(finding)
    assert text_of((values["size"],)).replace("\u00a0", " ") == "2.0 percentage points"
    assert text_of((values["level_a"],)) == "7.3%"
    text = text_of(Narrator(results(), catalogue, "en").sentence(made("gap_change", "absolute", NOT_COMPARABLE)))
    assert catalogue.indicator(INDICATOR).breaks[0].en in text


@pytest.mark.parametrize(("name", "nl", "en"), [
    ("BU07580106", "de gekozen buurt", "the chosen neighbourhood"),
    ("BU07580106,BU07580107", "de 2 gekozen buurten", "the 2 chosen neighbourhoods"),
    ("BU07580106, BU07580107,BU07580106", "de 2 gekozen buurten", "the 2 chosen neighbourhoods"),
    (
        "lowest:11:mean_income_per_inhabitant:2017",
        "de 11 buurten die in 2017 het laagst stonden op inkomen per inwoner",
        "the 11 neighbourhoods that stood lowest on income per inhabitant in 2017",
    ),
    (
        "highest:5:mean_dwelling_value:2020",
        "de 5 buurten die in 2020 het hoogst stonden op gemiddelde WOZ-waarde",
        "the 5 neighbourhoods that stood highest on mean dwelling value in 2020",
    ),
    (
        "lowest:1:mean_dwelling_value:2020",
        "de buurt die in 2020 het laagst stond op gemiddelde WOZ-waarde",
        "the neighbourhood that stood lowest on mean dwelling value in 2020",
    ),
    (
        "highest:1:mean_dwelling_value:2020",
        "de buurt die in 2020 het hoogst stond op gemiddelde WOZ-waarde",
        "the neighbourhood that stood highest on mean dwelling value in 2020",
    ),
])  # fmt: skip
def test_a_focus_list_is_named_by_how_it_was_made(catalogue: Catalogue, name: str, nl: str, en: str) -> None:
    assert Narrator(results(), catalogue, "nl").focus(name) == nl
    assert Narrator(results(), catalogue, "en").focus(name) == en


def test_a_registered_list_has_its_own_name_and_is_the_default(catalogue: Catalogue) -> None:
    for language in LANGUAGES:
        teller = Narrator(results(), catalogue, language)
        assert teller.focus() == catalogue.focus["union"][language]
        for name, entry in catalogue.focus.items():
            assert teller.focus(name) == entry[language]


def test_nouns_publishers_and_areas_are_called_by_their_names(catalogue: Catalogue) -> None:
    teller = Narrator(results(), catalogue, "nl")
    assert teller.noun("mean_dwelling_value") == "gemiddelde WOZ-waarde"
    assert teller.noun("households_around_social_minimum") == catalogue.group("households_around_social_minimum").nl
    abbreviated = {name for name, entry in catalogue.indicators.items() if entry.nl[1:2].isupper()}
    for name in abbreviated:
        assert teller.noun(name) == catalogue.indicator(name).nl
    assert teller.publisher("rivm_50150") == "RIVM, GGD’en en CBS"
    assert teller.publisher("own_file") == "CBS"
    assert teller.publisher("unheard_of") == "unheard_of"
    assert teller.area("BU07580106") == "Geeren-Noord"


def test_limits_are_one_sentence_per_flag_and_then_the_sections_own(catalogue: Catalogue) -> None:
    teller = Narrator(results(), catalogue, "en")
    first, second = made("gap_change", "absolute", GREW), made("gap", "absolute", "HIGHER")
    second["flags"] = ["register", "modelled"]
    section = {"id": "04_did_the_gap_grow", "findings": {"a": first, "b": second}}
    lines = [text_of(line) for line in section_limits(teller, section)]
    assert lines[:2] == [template("en", "flag", "register"), template("en", "flag", "modelled")]
    assert lines[2:] == [template("en", "section", "04_did_the_gap_grow", "limit_a")]


def test_fill_keeps_numbers_and_starts_with_a_capital() -> None:
    one = Number("3", "/a/b")
    assert fill("{who} heeft {n} van {n}.", {"who": "de stad", "n": one}) == (
        "De stad", " heeft ", one, " van ", one, ".",
    )  # fmt: skip
    assert fill("{n} buurten", {"n": one}) == (one, " buurten")
    assert fill("a {s}", {"s": ("b ", one)}) == ("A ", "b ", one)


def test_a_missing_entry_or_an_unknown_placeholder_is_named(catalogue: Catalogue, tables: dict[str, Any]) -> None:
    with pytest.raises(CatalogueError, match=r"\[reason\.nope\]"):
        template("nl", "reason", "nope")
    with pytest.raises(CatalogueError, match="no text for 'de'"):
        template("de", "reason", "no_figures")
    with pytest.raises(CatalogueError, match=r"\[reason\.no_figures\.deeper\.still\]"):
        template("nl", "reason", "no_figures", "deeper", "still")
    del tables["sentence"]["gap"]["any"]["HIGHER"]
    with pytest.raises(CatalogueError, match=r"\[sentence\.gap\.absolute\.HIGHER\.main\]"):
        Narrator(results(), catalogue, "nl").sentence(made("gap", "absolute", "HIGHER"))
    with pytest.raises(CatalogueError, match=r"\{sizes\}, known here: place, size: in \{sizes\}"):
        fill("in {sizes}", {"size": "1", "place": "Breda"})


def plant(tables: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split("/")
    for step in above:
        tables = tables[step]
    if value is None:
        del tables[last]
    else:
        tables[last] = value


@pytest.mark.parametrize(("path", "value", "fault"), [
    ("reason/no_figures/en", None, "[reason.no_figures] has no en"),
    ("flag/modelled/nl", None, "[flag.modelled] has no nl"),
    (
        "sentence/gap/any/HIGHER/title",
        {"nl": "{noun} in {focus}", "en": "{noun}"},
        "[sentence.gap.any.HIGHER.title] asks for ['focus', 'noun'] in nl and ['noun'] in en",
    ),
    ("sentence/gap/any/HIGHER/title", {"nl": "{noun} met 3 meer", "en": "{noun} up"},
     "[sentence.gap.any.HIGHER.title] holds a typed number"),
    ("verdict/UNDECIDED", None, "[verdict.UNDECIDED] is missing"),
    ("judgement/SAME", None, "[judgement.SAME] is missing"),
    ("column/year", "Jaar / nl", "[column.year] is not a text in nl and en"),
])  # fmt: skip
def test_each_fault_is_found(catalogue: Catalogue, tables: dict[str, Any], path: str, value: Any, fault: str) -> None:
    plant(tables, path, value)
    assert complete(catalogue) == [fault]


def test_a_subject_in_one_language_is_found_and_all_faults(catalogue: Catalogue, tables: dict[str, Any]) -> None:
    entry = catalogue.indicators[INDICATOR]
    half = type(entry)(**{**vars(entry), "subject_en": None})
    found = complete(Catalogue(**{**vars(catalogue), "indicators": {**catalogue.indicators, INDICATOR: half}}))
    assert found == [f"indicator {INDICATOR} has a subject in one language only"]
    plant(tables, "verdict/UNDECIDED", None)
    plant(tables, "reason/no_figures/en", None)
    assert len(complete(catalogue)) == 2


@pytest.mark.parametrize(("one", "other"), [("SUPPORTED", "CONTRADICTED"), ("UNDECIDED", "NOT_TESTABLE")])
def test_the_words_of_two_verdicts_exchanged_in_both_languages_are_found(
    catalogue: Catalogue, tables: dict[str, Any], one: str, other: str
) -> None:
    words = tables["verdict"]
    words[one], words[other] = words[other], words[one]
    found = complete(catalogue)
    assert [one.partition(" is ")[0] for one in found] == [
        f"[verdict.{code}]" for code in VERDICTS if code in (one, other)
    ]
    assert all("the audit knows it as" in fault for fault in found)


def test_the_labels_of_two_indicators_exchanged_in_both_are_found(catalogue: Catalogue, tables: dict[str, Any]) -> None:
    names = tables["story"]["name"]
    names["crime_rate"], names["mean_dwelling_value"] = names["mean_dwelling_value"], names["crime_rate"]
    entries = dict(catalogue.indicators)
    one, other = (vars(entries[name]) for name in ("good_perceived_health_share", "housing_corporation_share"))
    kept = ("nl", "en", "subject_nl", "subject_en")
    kind = type(entries["crime_rate"])
    entries["good_perceived_health_share"] = kind(**{**one, **{key: other[key] for key in kept}})
    entries["housing_corporation_share"] = kind(**{**other, **{key: one[key] for key in kept}})
    found = complete(Catalogue(**{**vars(catalogue), "indicators": entries}))
    assert sorted(fault.partition(",")[0] for fault in found) == [
        "indicator crime_rate is called “dwelling value”",
        "indicator good_perceived_health_share is called “Housing-corporation dwellings”",
        "indicator good_perceived_health_share is called “the share of housing-corporation dwellings”",
        "indicator housing_corporation_share is called “Good perceived health”",
        "indicator housing_corporation_share is called “the share of adults who call their own health good”",
        "indicator mean_dwelling_value is called “crime”",
    ]


def test_a_table_that_two_template_files_share_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrate, "TABLES", ("words.toml", "words.toml"))
    with pytest.raises(CatalogueError, match=r"words\.toml: .*status.* also stand in another template file"):
        narrate.templates.__wrapped__()
