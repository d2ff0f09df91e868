"""The file of a debate: what it gives, and each fault it names."""

from pathlib import Path

import pytest

from kloof.errors import CatalogueError
from kloof.study.debates import debate

SIDE = 'claim = "C2"\nnl = "Ja."\nen = "Yes."\n'
GOOD = f'claims = ["C6"]\n[yes]\n{SIDE}[no]\n{SIDE}'


def test_breda_has_a_debate_and_utrecht_has_none() -> None:
    """Voices by date, both readings, and what led to it."""
    found = debate("GM0758")
    assert found is not None
    days = [voice["when"] for voice in found["voices"]]
    assert days == sorted(days)
    assert found["yes"]["claim"] != found["no"]["claim"]
    assert all(line["nl"] and line["en"] for line in found["about"])
    assert debate("GM0344") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.replace("C6", "C99"), "C99"),
        (GOOD.replace('nl = "Ja."', ""), "yes"),
        (f'{GOOD}[[about]]\nnl = "Iets."\n', "about 1 lacks en"),
        (f'{GOOD}[[voice]]\nwhen = "gisteren"\n', "voice 1"),
        ("claims = [", "TOML"),
    ],
)
def test_a_fault_is_named(home: Path, content: str, said: str) -> None:
    """A claim that is not registered, a language that lacks, a date that is none, a file that cannot be read."""
    (home / "notebooks" / "debates" / "GM0001.toml").write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError, match=said):
        debate("GM0001")
