"""Names of areas as a report can show them, on a page, in a picture and in a PDF alike."""

import re
import unicodedata
from functools import cache

from kloof.report.page import REPERTOIRE, covered

UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")  # control, format, unassigned, private; separators of lines
_RUN = re.compile(r"[ \u00a0]+")


def displayable(name: str) -> str:
    r"""Write a name with letters that the fonts of a report have; of any other its number stands there: `[U+200F]`.

    So nothing of a name vanishes, and page, picture and PDF say the same. Letters that are put together from signs are
    one letter, and spaces one space.

    >>> displayable("De Wijk\tOost")
    'De Wijk[U+0009]Oost'
    """
    text = _RUN.sub(" ", unicodedata.normalize("NFC", name)).strip(" ")
    return "".join(letter if letter in REPERTOIRE or _is_seen(letter) else f"[U+{ord(letter):04X}]" for letter in text)


@cache
def _is_seen(letter: str) -> bool:
    """Tell whether a letter shows, and is in every font."""
    shows = unicodedata.category(letter) not in UNSEEN and not unicodedata.decomposition(letter).startswith("<")
    return shows and letter in covered()
