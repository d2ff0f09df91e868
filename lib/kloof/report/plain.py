"""Reads the report that is read for its language: short sentences, few numbers in one, no names of code or lists.

Quotations, drawings, the explorer and names of files are left alone: nobody reads those as sentences.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

from kloof.report.readback import Node, watched

MOST_WORDS, MOST_NUMBERS = 25, 2  # in one sentence; years and digits in names do not count
READ = frozenset({"p", "li", "h1", "h2", "h3"})
NOT_READ = frozenset({"svg", "script", "style", "footer", "header", "form", ".explorer", ".files", ".skip", "title"})
CITED = frozenset({"cite", "code", "time"})
ASIDE = frozenset({"deep", "more", "who"})  # a link beside a sentence, or who says what is quoted
ENDS = re.compile(r"(?<=[.!?])[”’]?\s+(?=[“‘]?[^\W\d_a-z]|[“‘]?\d|€)")
WORD = re.compile(r"[^\W_][^\s]*")
MARK = "\ue000"  # stands in a text for a number that is no year
TRACED = "\ue001"  # stands behind a traced year: the word that follows is no unit of it
FOUND = re.compile(MARK)


@cache
def forbidden() -> re.Pattern[str]:
    """Match what only those who write the code know: names of code, files and lists."""
    words = (re.escape(word).replace(r"\*", r"[\w-]*") for word in watched()["forbidden"]["words"])
    return re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])|\w\.(?:csv|json|toml|py|db|parquet|ipynb)\b")


def faults_of_language(root: Node, loose: Callable[[str], list[str]], is_year: Callable[[str], bool]) -> Iterator[str]:
    """Go through the sentences of a page that are too long, hold too many numbers, or a name of code.

    `loose` lists the numbers of a plain text that are no part of a name, `is_year` tells a year.
    """
    for node in root.walk():
        if node.tag not in READ or not NOT_READ.isdisjoint(node.marks):
            continue
        text = " ".join(_text(node, is_year).split())
        for sentence in ENDS.split(text):
            shown = sentence.replace(MARK, "…").replace(TRACED, "")
            words = len(WORD.findall(sentence.replace(MARK, "1")))
            plain = sentence.replace(MARK, " ")
            numbers = len(FOUND.findall(sentence)) + sum(not is_year(token) for token in loose(plain))
            if words > MOST_WORDS:
                yield f"“{shown}” has {words} words, at most {MOST_WORDS}"
            if numbers > MOST_NUMBERS:
                yield f"“{shown}” has {numbers} numbers besides years, at most {MOST_NUMBERS}"
            yield from (f"“{shown}” says “{match[0]}”, a name of code" for match in forbidden().finditer(sentence))


def _text(node: Node, is_year: Callable[[str], bool]) -> str:
    """Give what is read of an element: a number as a mark unless it is a year, what is quoted left out."""
    parts = []
    for child in node.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.tag in CITED or any(child.has_class(name) for name in ASIDE):
            continue
        elif child.tag == "data":
            said = child.text().strip()
            parts.append(said + TRACED if is_year(said) else MARK)
        elif child.tag not in READ:
            parts.append(_text(child, is_year))
    return "".join(parts)
