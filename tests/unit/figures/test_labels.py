"""Letters are as wide as matplotlib sets them, though each word is set only once."""

import os

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from kloof.figures import labels

LINES = (
    "Valkenberg",
    "a ", " a", "x  y", "To AV. Wa", "€ 41.000 (22.000–60.000)",
    "Kloof in woningwaarde, 2015–2022; WOZ/inwoner",
    "−6,5 tot 0,7 procentpunt", "goede of zeer goede gezondheid",
    "f fi ffi fl", "10\u00a0%", "Tuinzigt (’s‑Gravenmoer) ¾",
)  # fmt: skip


def set_whole(line: str, weight: int) -> float:
    prop = FontProperties(family=[labels.FONT], weight=weight)
    return float(TextPath((0, 0), line, size=labels.LETTER, prop=prop).vertices[:, 0].max())


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("bold", [False, True])
def test_a_line_is_as_wide_as_when_it_is_set_whole(line: str, bold: bool) -> None:
    assert labels.wide(line, bold=bold) == pytest.approx(set_whole(line, 700 if bold else 400), abs=1e-9)


def test_the_widest_of_several_lines_counts_and_white_space_has_no_width() -> None:
    assert labels.wide("a\nlonger\nb") == labels.wide("longer")
    assert labels.wide("") == labels.wide(" \n  ") == 0.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_copy_reads_the_font_for_itself() -> None:
    before = labels._letters(400)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, b"own" if labels._letters(400) is not before else b"shared")
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 10) == b"own"
    assert labels._letters(400) is before
