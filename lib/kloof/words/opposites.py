"""Holds Dutch and English against each other: what the one says and the other does not, or says the opposite of.

Each is the other's witness, so a slip in one of them is seen. What both say alike is held against the key it stands
under (what grew may not read as what shrank), and on a finished page by the audit. The words stand in `opposites.toml`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from kloof.documents import parsed
from kloof.words.numbers import LANGUAGES

COUNTED = {"household", "inhabitant"}  # of whom a figure is, not what it is about
THINGS = "thing"  # what a text is about: its nouns may come in another order in the other language
AIMLESS = {"chance", "part", "range"}  # that something is more than chance, and its range, is said alike of both ways
CODE = re.compile(r"`[^`]*`")  # a command is no sentence
Path = tuple[str, ...]  # where a text stands in its table
Text = tuple[str, str]  # in Dutch and in English


class Word(NamedTuple):
    """A word that has an opposite: what it says of which concept, as it is written, and where."""

    concept: str
    pole: str
    text: str
    at: int


@cache
def table() -> Mapping[str, Any]:
    """Read the table of opposites once."""
    return parsed(files("kloof.words").joinpath("opposites.toml").read_text(encoding="utf-8"))


@cache
def _known(language: str) -> tuple[re.Pattern[str], Mapping[str, tuple[str, str] | None]]:
    """Match every word or phrase of a language that has an opposite, the longest first, and tell what each means."""
    meant: dict[str, tuple[str, str] | None] = {
        word: (concept, pole)
        for concept, poles in table()["concept"].items()
        for pole, words in poles.items()
        for word in words[language]
    }
    meant |= dict.fromkeys(table()["free"][language])
    words = "|".join(map(re.escape, sorted(meant, key=len, reverse=True))).replace(r"\*", r"\w*")
    return re.compile(rf"(?<![\w{{])(?:{words})(?![\w}}])"), meant


@cache
def _meaning(word: str, language: str) -> tuple[str, str] | None:
    """Tell what a word means that was found: itself, or by its beginning or end."""
    meant = _known(language)[1]
    if word in meant:
        return meant[word]
    return next(meant[known] for known in sorted(meant, key=len, reverse=True) if fnmatchcase(word, known))


def words_of(text: str, language: str) -> list[Word]:
    """List the words of a text that have an opposite, in their order."""
    plain = CODE.sub(lambda code: " " * len(code[0]), text.lower())
    found = ((match[0], match.start()) for match in _known(language)[0].finditer(plain))
    return [Word(*said, word, at) for word, at in found if (said := _meaning(word, language)) is not None]


def strays(key: str, english: str) -> bool:
    """Tell whether an English text is about other things than the key it is under, such as the name of an indicator."""
    named, told = (
        {word[:2] for word in words_of(text, "en") if word.concept in (THINGS, "owner") and word.pole not in COUNTED}
        for text in (key.replace("_", " "), english)
    )
    return bool(named and told) and named.isdisjoint(told)


def pairs(place: Any, path: Path = ()) -> Iterator[tuple[Path, Text]]:
    """Go through a table of texts: where each stands, and what it is in Dutch and in English."""
    inside = place.items() if isinstance(place, Mapping) else enumerate(place) if isinstance(place, list) else ()
    for key, inner in inside:
        dutch = str(key)
        if dutch == "nl" or dutch.endswith("_nl"):
            name, other = (*path, *[dutch[:-3]][: dutch != "nl"]), place.get(f"{dutch[:-2]}en")
            texts = (inner, other) if isinstance(inner, list) and isinstance(other, list) else ([inner], [other])
            yield from ((name, two) for two in zip(*texts, strict=False) if all(isinstance(one, str) for one in two))
        elif not isinstance(inner, str):
            yield from pairs(inner, (*path, dutch))


def unlike(text: Text, besides: Sequence[str] = ()) -> list[str]:
    """Tell in which concepts the two languages of a text name other poles, or the same ones in another order."""
    sides = [words_of(one, language) for one, language in zip(text, LANGUAGES, strict=True)]
    found = []
    for concept in dict.fromkeys(word.concept for side in sides for word in side):
        both = [[word for word in side if word.concept == concept] for side in sides]
        dutch, english = ([word.pole for word in side] for side in both)
        alike = sorted(dutch) == sorted(english) if concept == THINGS else dutch == english
        if not alike and concept not in besides:
            quoted = (", ".join(f"“{word.text}”" for word in side) or "nothing" for side in both)
            found.append("nl says {}, en says {}".format(*quoted) + f" ({concept})")
    return found


def _mirrored(path: Path) -> Iterator[Path]:
    """Give the path of the text that says the opposite, if there is one: under the other of two opposed keys."""
    for one, other in table()["opposed"]:
        for at, key in enumerate(path):
            words = key.split("_")
            if one in words:
                yield (*path[:at], "_".join(other if word == one else word for word in words), *path[at + 1 :])


def faults(name: str, content: Any) -> list[str]:
    """List where the texts of one file say more, less or something else in one language than in the other.

    Texts under opposed keys, such as GREW and SHRANK, must not say the same of all that has an opposite either.
    """
    texts = dict(pairs(content))
    found = []
    for path, text in texts.items():
        place = ".".join(path)
        unalike = unlike(text, table()["differs"].get(f"{name} {place}", ()))
        found += [f"{name} [{place}]: {fault}; word both alike, or add the word to opposites.toml" for fault in unalike]
        for other in _mirrored(path):
            for one, two, language in zip(text, texts.get(other, ()), LANGUAGES, strict=False):
                said = [[word[:2] for word in words_of(each, language)] for each in (one, two)]
                if said[0] == said[1] and {concept for concept, _ in said[0]} - AIMLESS:
                    found.append(f"{name} [{place}]: {language} says what [{'.'.join(other)}] says, its opposite")
    return found
