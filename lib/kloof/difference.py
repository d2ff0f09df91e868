"""What differs between two results documents: verdicts, findings, tables, figures, and what they were made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing that differs: its kind (verdict, finding, table, figure), its id, and before and after.

    `before` or `after` is None where it is only in the other document; for a table they are its rows.
    """

    kind: str
    id: str
    before: Any
    after: Any


def changes(old: Document, new: Document) -> list[Change]:
    """List everything that differs in what two documents found, verdicts first, each kind in the order of the old one.

    Words, parameters and hashes do not count; `reasons` says how those differ.
    """
    return [change for found in (_overall, _findings, _tables, _figures) for change in found(old, new)]


def _pairs(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(kind, name, old.get(name), new.get(name))


def _overall(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("verdict", old["overall"], new["overall"])


def _findings(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("finding", old["findings"], new["findings"])


def _tables(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("table", old["tables"], new["tables"])


def _figures(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("figure", old["figures"], new["figures"])


def reasons(old: Document, new: Document) -> list[str]:
    """Say how two runs differ in parameters, data and registry, a sentence each."""
    found = []
    for name in sorted({*old["parameters"], *new["parameters"]}):
        before, after = old["parameters"].get(name), new["parameters"].get(name)
        if before != after:
            found.append(f"The parameter {name} was {written(before)} and is {written(after)}.")
    files = [{entry["file"]: entry["sha256"] for entry in document["inputs"]} for document in (old, new)]
    found += named("file of data", *files)
    found += [
        f"The {name} registry differs."
        for name in old["registry"]
        if old["registry"][name] != new["registry"].get(name)
    ]
    if old["kloof"] != new["kloof"]:
        found.append(f"kloof was version {old['kloof']} and is {new['kloof']}.")
    return found


def named(what: str, old: Mapping[str, str], new: Mapping[str, str], *, hashes: bool = True) -> list[str]:
    """Say which of some named things are other, gone or new; versions are told, hashes are not."""
    found = []
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            found.append(f"The {what} {name} is gone.")
        elif name not in old:
            found.append(f"The {what} {name} is new.")
        elif old[name] != new[name]:
            tail = "differs" if hashes else f"was {old[name]} and is {new[name]}"
            found.append(f"The {what} {name} {tail}.")
    return found


def written(value: Any) -> str:
    """Write a value of a parameter."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value) if value not in (None, "") else "nothing"


def ranged(finding: Mapping[str, Any] | None) -> str:
    """Write the number of a finding with its range and unit, or why there is none."""
    if finding is None:
        return "not there"
    if finding["estimate"] is None:
        return f"not computed ({finding['reason']})"
    number = f"{finding['estimate']:.6g}"
    if finding["low"] is not None and finding["high"] is not None:
        number += f" ({finding['low']:.6g} to {finding['high']:.6g})"
    return f"{number} {finding['unit']}"


def rows_that_differ(before: Any, after: Any) -> int:
    """Count the rows of a table that differ, by their place."""
    old, new = (list((table or {"rows": []})["rows"]) for table in (before, after))
    shared = sum(bool(one != other) for one, other in zip(old, new, strict=False))
    return shared + abs(len(old) - len(new))
