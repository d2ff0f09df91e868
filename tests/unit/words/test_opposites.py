"""Dutch and English say the same of everything that has an opposite, and every word that is turned in one is named."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from itertools import combinations, permutations
from typing import Any

import pytest

from kloof.documents import parsed
from kloof.run.project import prose
from kloof.study.parameters import read_preset
from kloof.words.opposites import CODE, Text, faults, pairs, table, unlike, words_of

LANGUAGES = ("nl", "en")
Change = tuple[str, str]  # a text that was changed, and what was done to it
IDIOMS = {  # what the pairs below make of these is no sentence of anybody
    "nl": (),
    "en": ("each other", "come from the other", "most of all", "all the same", "can't", "can’t", "of all chance"),
}

# Written down without looking at the table: what somebody in a hurry may write for the other, either way.
TURNED = {
    "nl": """
        groter kleiner, grotere kleinere, grootste kleinste, groot klein, grote kleine, hoger lager, hogere
        lagere, hoogste laagste, hoogst laagst, hoog laag, hoge lage, groeide kromp, groeiden krompen, groeit
        krimpt, groei krimp, steeg daalde, stijgt daalt, gestegen gedaald, meer minder, meeste minste, meest
        minst, veel weinig, beter slechter, beste slechtste, goede slechte, gunstig ongunstig, gunstiger
        ongunstiger, gunste nadele, voorsprong achterstand, vooruit achteruit, boven onder, bovenste onderste,
        bovenaan onderaan, binnen buiten, daarbinnen daarbuiten, vóór sinds, vóór na, ervoor erna, eerder
        later, eerste laatste, eerst laatst, begint eindigt, niet wel, geen alle, geen een, nooit altijd,
        niets alles, niemand iedereen, nergens overal, zonder met, ja nee, alle sommige, zelfde andere,
        dezelfde andere, hetzelfde anders, rest lijst, sterke zwakke, sterker zwakker, sneller langzamer, snel
        langzaam, verder dichter, koopwoningen huurwoningen, nieuwe oude, mannen vrouwen, links rechts, helft
        dubbele, halve dubbele, kwart helft, minstens hooguit, klommen zakten, dikke dunne, gehuwde ongehuwde,
        jonger ouder, inkomen bijstand, inwoners huishoudens, klopt klopt_niet, bekend onbekend, elders hier
    """,
    "en": """
        larger smaller, largest smallest, large small, higher lower, highest lowest, high low, grew shrank,
        grow shrink, grows shrinks, growth shrinkage, rose fell, risen fallen, more less, more fewer, most
        least, most fewest, many few, much little, better worse, best worst, good bad, favour disfavour, ahead
        behind, above below, top bottom, within outside, inside outside, before since, before after, earlier
        later, first last, begins ends, start end, cannot can, no a, never always, nothing everything, nobody
        everybody, nowhere everywhere, without with, yes no, all some, all none, same other, list rest, listed
        other, strong weak, stronger weaker, faster slower, fast slow, nearer further, owner-occupied rented,
        new old, men women, half double, half twice, quarter half, least most, climbed slipped, thick thin,
        married unmarried, younger older, income assistance, inhabitants households, holds does_not_hold,
        known unknown, elsewhere here, not indeed, neither both
    """,
}


@cache
def tables() -> dict[str, Any]:
    """Read every file of texts, by name."""
    return {path.name: parsed(path.read_text(encoding="utf-8")) for path in prose()}


@cache
def texts() -> tuple[tuple[str, Text], ...]:
    """Give every text in two languages, with its file and key, save those that are allowed to differ."""
    found = ((f"{name} {'.'.join(key)}", text) for name, content in tables().items() for key, text in pairs(content))
    return tuple((place, text) for place, text in found if place not in table()["differs"])


def at(content: Any, path: list[str]) -> Any:
    return at(content[path[0]], path[1:]) if path else content


def put(text: str, start: int, old: str, new: str) -> str:
    return f"{text[:start]}{new}{text[start + len(old) :]}"


@cache
def turned(language: str) -> tuple[re.Pattern[str], dict[str, list[str]]]:
    """Match any word of TURNED, and give what it may be turned into."""
    into: dict[str, list[str]] = {}
    for line in TURNED[language].replace("\n", " ").split(","):
        for old, new in permutations(word.replace("_", " ") for word in line.split()):
            into.setdefault(old, []).append(new)
    longest = "|".join(sorted(into, key=len, reverse=True))
    return re.compile(rf"(?<![\w{{])(?:{longest})(?![\w}}])", re.IGNORECASE), into


def words_turned(text: str, language: str) -> Iterator[Change]:
    """Put for each word in turn what TURNED has for its opposite."""
    spared = [match.span() for idiom in IDIOMS[language] for match in re.finditer(idiom, text, re.IGNORECASE)]
    spared += [match.span() for match in CODE.finditer(text)]
    pattern, into = turned(language)
    for match in pattern.finditer(text):
        if not any(start <= match.start() < end for start, end in spared):
            for new in into[match[0].lower()]:
                yield put(text, match.start(), match[0], new), f"{match[0]} → {new}"


def poles_turned(text: str, language: str) -> Iterator[Change]:
    """Put for each word of the table in turn the first word of every other pole of its concept."""
    for word in words_of(text, language):
        for pole, other in table()["concept"][word.concept].items():
            if pole != word.pole:
                new = other[language][0].strip("*")
                yield put(text, word.at, word.text, new), f"{word.text} → {new}"


def places_changed(text: str, language: str) -> Iterator[Change]:
    """Let two words of one concept change places: list and rest, first and last, higher and lower."""
    for one, two in combinations(words_of(text, language), 2):
        if one.concept == two.concept != "thing" and one.pole != two.pole:
            yield put(put(text, two.at, two.text, one.text), one.at, one.text, two.text), f"{one.text} ↔ {two.text}"


def negated(text: str, language: str) -> Iterator[Change]:
    """Put a negation behind each verb, or behind the first word where there is none of these."""
    verbs = {"nl": "is|was|zijn|werd|werden|bleef|kan|groeide|kromp", "en": "is|was|are|were|has|had|did|may|can"}
    ends = [match.end() for match in re.finditer(rf"\b(?:{verbs[language]})\b(?![’'])", text)]
    for end in ends or [len(text.split(" ", 1)[0])]:
        yield f"{text[:end]} {'niet' if language == 'nl' else 'not'}{text[end:]}", f"negated at {end}"


@pytest.mark.parametrize(
    ("change", "least"), [(words_turned, 10_000), (poles_turned, 20_000), (places_changed, 2_000), (negated, 6_500)]
)
def test_a_text_that_was_turned_in_one_language_is_named(
    change: Callable[[str, str], Iterator[Change]], least: int, record_property: Callable[[str, object], None]
) -> None:
    tried, missed = 0, []
    for place, text in texts():
        for at, language in enumerate(LANGUAGES):
            for turned, what in change(text[at], language):
                tried += 1
                if not unlike((turned, text[1]) if at == 0 else (text[0], turned)):
                    missed.append(f"{place}, {language}: {what}: {turned}")
    share = f"{tried - len(missed)} of {tried} named, in {len(texts())} texts"
    record_property(change.__name__, share)
    assert not missed, f"{share}: {missed}"
    assert tried >= least


def test_the_two_languages_say_the_same_of_all_that_has_an_opposite() -> None:
    assert [fault for name, content in tables().items() for fault in faults(name, content)] == []
    assert len(texts()) > 3_000


def test_each_word_of_the_table_says_one_thing_and_each_pole_has_words_in_both_languages() -> None:
    held = [words for concept in table()["concept"].values() for words in concept.values()]
    for language in LANGUAGES:
        every = [word for words in [*held, table()["free"]] for word in words[language]]
        assert [word for word, count in Counter(every).items() if count > 1 or word != word.lower()] == []
        assert all(words[language] for words in held)


def test_what_is_allowed_to_differ_does() -> None:
    every = {f"{name} {'.'.join(key)}": text for name, content in tables().items() for key, text in pairs(content)}
    for place, concepts in table()["differs"].items():
        assert len(unlike(every[place])) == len(concepts)
        assert unlike(every[place], concepts) == []


@pytest.mark.parametrize(("name", "place", "fault"), [
    ("sentences.toml", "sentence fell rest GREW main", "nl says what [sentence.fell.rest.SHRANK.main] says"),
    ("sentences.toml", "sentence improved any GREW main", "en says what [sentence.improved.any.SHRANK.main] says"),
    ("story.toml", "story side yes SUPPORTED", "nl says what [story.side.yes.CONTRADICTED] says"),
    ("story.toml", "story event before GREW", "en says what [story.event.before.SHRANK] says"),
    ("figures.toml", "figure answer shape above", "nl says what [figure.answer.shape.below] says"),
    ("figures.toml", "figure multiples title one_GREW", "en says what [figure.multiples.title.one_SHRANK] says"),
    ("sentences.toml", "focus_rule lowest_one", "nl says what [focus_rule.highest_one] says"),
])  # fmt: skip
def test_a_text_that_says_the_opposite_of_its_key_in_both_languages_is_named(name: str, place: str, fault: str) -> None:
    """What grew, worded as what shrank: each language agrees with the other, and none with what it is for."""
    spoilt = deepcopy(tables()[name])
    other = fault.partition("[")[2].partition("]")[0].split(".")
    at(spoilt, place.split()).update({language: at(spoilt, other)[language] for language in LANGUAGES})
    found = faults(name, spoilt)
    assert f"{name} [{'.'.join(place.split())}]: {fault}, its opposite" in found
    assert all("opposite" in one for one in found)


def test_a_fault_names_file_key_and_what_each_language_says() -> None:
    spoilt = deepcopy(tables()["words.toml"])
    spoilt["column"]["first"]["nl"] = "Laatste jaar"
    del spoilt["column"]["last"]
    why = "nl says “laatste”, en says “first” (order); word both alike, or add the word to opposites.toml"
    assert faults("words.toml", spoilt) == [f"words.toml [column.first]: {why}"]
    listed = {
        "voice": [{"who_nl": "Allen", "who_en": "All"}, {"nl": "Nooit", "en": "Ever", "x_nl": "ja", "x_en": "no"}]
    }
    assert [fault.partition(";")[0] for fault in faults("a.toml", listed)] == [
        "a.toml [voice.0.who]: nl says nothing, en says “all” (all)",
        "a.toml [voice.1]: nl says “nooit”, en says nothing (not)",
        "a.toml [voice.1.x]: nl says “ja”, en says “no” (not)",
    ]


def test_the_labels_of_two_indicators_exchanged_in_one_language_are_named() -> None:
    """Of any two that a report follows; of all others, in three of four."""
    labels = {name: (entry["nl"], entry["en"]) for name, entry in tables()["catalogue.toml"]["indicator"].items()}
    followed = read_preset("breda")["parameters"]
    for names, least in (({*followed["indicators"], *followed["levels"]}, 1.0), (labels, 0.75)):
        pairs_of = [*combinations(sorted(names), 2)][:3_000]
        named = [unlike((labels[one][0], labels[two][1])) != [] for one, two in pairs_of]
        assert sum(named) >= least * len(named) > 30
