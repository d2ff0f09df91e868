"""The glossary holds every index of the registry, in both languages, with the same numbers."""

import re

import pytest

from kloof.errors import ParameterError
from kloof.measures.registry import FAMILIES, INDICES
from kloof.words.glossary import glossary


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_index_with_its_texts_once(language: str) -> None:
    text = glossary(language)
    assert re.findall(r"^### .* \(`(\w+)`\)$", text, flags=re.MULTILINE) == [
        name for family in FAMILIES for name, index in INDICES.items() if index.family == family
    ]
    assert text.count("\n## ") == len(FAMILIES)
    for index in INDICES.values():
        entry = text.split(f"(`{index.id}`)")[1].split("\n##")[0]
        for kind in ("what", "good", "weakness"):
            assert index.text(kind, language) in entry
        assert f"{index.formula} ({index.source}, doi:{index.doi})" in entry
        assert (f"`{index.id}(" in entry) == (index.parameter is not None)
    assert text.endswith("\n")
    assert not re.search(r"\binf\b|\bnan\b|None|\{\w+\}", text)


def test_both_languages_carry_the_same_scales_and_formulas_and_another_is_refused() -> None:
    dutch, english = (glossary(language) for language in ("nl", "en"))
    for pattern in (r"doi:\S+", r"`[^`]+`"):
        assert re.findall(pattern, dutch) == re.findall(pattern, english)
    assert "Schaal: 0 tot 1; voor een groep tegen een andere of de rest" in dutch
    assert "Scale: no lowest to no highest" in english
    with pytest.raises(ParameterError, match=r"language 'fr' is not known\. Valid: nl, en"):
        glossary("fr")
