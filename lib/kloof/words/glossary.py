"""The glossary of indices, made from the registry in Dutch or English."""

from math import isfinite

from kloof.errors import ParameterError
from kloof.measures.registry import FAMILIES, INDICES, Index
from kloof.words.numbers import LANGUAGES
from kloof.words.sentences import template


def glossary(language: str) -> str:
    """Write every index of the registry as Markdown, by family, in nl or en; else ParameterError."""
    if language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    parts = [f"# {template(language, 'glossary', 'title')}", ""]
    parts += [template(language, "glossary", "intro").format(count=len(INDICES)), ""]
    for family in FAMILIES:
        parts += [f"## {template(language, 'glossary', 'family', family)}", ""]
        for index in INDICES.values():
            if index.family == family:
                parts += [*_entry(index, language), ""]
    return "\n".join(parts).rstrip() + "\n"


def _entry(index: Index, language: str) -> list[str]:
    def word(*path: str) -> str:
        return template(language, "glossary", *path)

    low = f"{index.lowest:g}" if isfinite(index.lowest) else word("no_low")
    high = f"{index.highest:g}" if isfinite(index.highest) else word("no_high")
    properties = "; ".join(word("property", name) for name in index.invariances)
    lines = [
        f"### {index.text('name', language)} (`{index.id}`)",
        "",
        index.text("what", language),
        "",
        f"- {word('good')}: {index.text('good', language)}",
        f"- {word('weakness')}: {index.text('weakness', language)}",
        f"- {word('formula')}: {index.formula} ({index.source}, doi:{index.doi})",
        f"- {word('scale').format(low=low, high=high)}; {word('groups', index.groups)}",
    ]
    if index.parameter:
        example = f"{index.id}({index.parameter.default or 2:g})"
        lines.append(f"- {word('parameter').format(name=index.parameter.name, example=example)}")
    return [*lines, f"- {word('properties')}: {properties}"]
