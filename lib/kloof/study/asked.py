"""What is asked of `open_study`, as parameters by name: a place, a mapping, or a notebook's names; nothing vanishes."""

import ast
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Annotated, Any, get_type_hints

from kloof.errors import ParameterError, faults
from kloof.study.dataset import STORE
from kloof.study.parameters import (
    HELP,
    SETTINGS,
    Parameters,
    is_given,
    preset_names,
    read_preset,
    unknown_names,
)
from kloof.study.places import LIST, code_of, nearest_code, places
from kloof.typed import fits, shown

PlaceAsked = Annotated[str | Mapping[str, Any] | None, "looked at by `asked`, which knows which places there are"]
ANYWHERE = "municipality"  # the preset for any municipality
CELLS = "In"  # where a notebook keeps what was run in it, cell by cell
INJECTED = "# Parameters"  # first line of the cell that papermill puts in
PLAIN = (str, int, float, list, tuple, dict)
ALIKE = 0.8  # from which on a name is a parameter's, misspelled: fokus for focus
OWN = "If a name is your own, call it otherwise, or give only parameters: kloof.open_study({'preset': 'breda'})."


def asked(place: PlaceAsked, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Give the parameters that a place, a mapping and keywords ask for; keywords go first.

    Raises ParameterError for a place or a name that is not known, a keyword that says nothing, and two places at once.
    """
    if unknown := [name for name in keywords if name not in HELP and name != SETTINGS]:
        raise ParameterError(f"unknown parameter {unknown_names(unknown)}. Valid: {', '.join(HELP)}.")
    if empty := [f"{name} says nothing ({HELP.get(name, SETTINGS)})" for name, value in keywords.items()
                 if not is_given(value)]:  # fmt: skip
        raise ParameterError(faults("the parameters", empty, "Leave it out, or give a value; for none: 'none'."))
    if place is None:
        alone = {"preset", "source"}.isdisjoint(keywords) and isinstance(keywords.get("municipality"), str)
        return _of_place(keywords["municipality"], keywords) if alone else dict(keywords)
    if isinstance(place, Mapping):
        given = _of_notebook(place) if "__name__" in place else dict(place)
        return {**given, **keywords}
    if isinstance(place, str) and place.strip():
        return _of_place(place.strip(), keywords)
    raise ParameterError(
        f"a place is the name of a preset or a municipality, a mapping of parameters, or globals(), not "
        f"{shown(place)}. Valid: {', '.join(preset_names())}, a name such as Breda, a code such as GM0758."
    )


def _of_place(place: str, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Give the preset that a place names, or the municipality and the preset under which it can be opened."""
    named = "preset" not in keywords and place in preset_names()
    code = read_preset(place)["parameters"].get("municipality") if named else code_of(place, preset_names())
    if code and "municipality" in keywords and code_of(str(keywords["municipality"])) != code:
        raise ParameterError(f"{place!r} and municipality={keywords['municipality']!r} are two places: give one.")
    if named:
        return {"preset": place, **keywords}
    if (preset := keywords.get("preset")) in preset_names():
        of_it = read_preset(preset)["parameters"].get("municipality", code)
        if of_it != code:
            raise ParameterError(
                f"{place!r} is {code}, and preset {preset} is of {of_it}: give one of them, or preset={ANYWHERE!r}."
            )
        return {**keywords, "municipality": code}
    home = {} if "preset" in keywords else _home(place, code, str(keywords.get("source", "")))
    return {**home, **keywords, "municipality": code}


def _home(place: str, code: str, source: str) -> dict[str, Any]:
    """Say under which preset a municipality is opened: its own on embedded figures, the store, its own, a set.

    Raises ParameterError when several presets are its own and none has its name, or when nothing has its figures.
    """
    there = places()
    found = next((one for one in there if one.code == code), None)
    by_buurt = found.by_buurt if found else ()
    own = {name: given for name in preset_names() if (given := _parameters_of(name)).get("municipality") == code}
    names = [name for name, given in own.items() if given.get("source") in ([source] if source else by_buurt)]
    if source:
        return {"preset": names[0] if len(names) == 1 else ANYWHERE}
    if not names and found and STORE in found.years:
        return {"preset": ANYWHERE}
    if names := names or list(own):
        called = {place.casefold(), found.name.casefold() if found else ""}
        if one := [name for name in names if name in called] or names[:1] * (len(names) == 1):
            return {"preset": one[0]}
        raise ParameterError(f"{place!r} is of several presets: give one of them, {' or '.join(map(repr, names))}.")
    if by_buurt:
        return {"preset": ANYWHERE, "source": by_buurt[0]}
    raise ParameterError(
        f"{place!r} has no figures here: {nearest_code(code, [one.code for one in there])}Put them in the store: kloof "
        f"data fetch --municipality {code}, or kloof data add FILE; or name a file: source='PATH'. {LIST}"
    )


def _parameters_of(preset: str) -> Mapping[str, Any]:
    """Give what a preset says; nothing when its file is wrong, which is told when somebody asks for it."""
    try:
        given: Mapping[str, Any] = read_preset(preset)["parameters"]
    except ParameterError:
        return {}
    return given


def _of_notebook(names: Mapping[str, Any]) -> dict[str, Any]:
    """Take the parameters out of a notebook's names.

    Raises ParameterError for a name that papermill put in and no cell declares, and for one that is nearly a
    parameter's; each would let the notebook run as if nothing had been asked.
    """
    strange = list(dict.fromkeys([*_injected(names), *misspelled(names)]))
    if strange:
        raise ParameterError(f"unknown parameter {unknown_names(strange)}. Valid: {', '.join(HELP)}. {OWN}")
    return {name: names[name] for name in (*HELP, SETTINGS) if name in names}


def _injected(names: Mapping[str, Any]) -> Iterator[str]:
    """Find names that papermill's cell sets and that are no parameter, nor a name that a cell before it declares."""
    cells = [cell for cell in names.get(CELLS, ()) if isinstance(cell, str)]
    place = max((place for place, cell in enumerate(cells) if cell.startswith(INJECTED)), default=None)
    if place is not None:
        declared = {name for cell in cells[:place] for name in _assigned(cell)}
        yield from (name for name in _assigned(cells[place]) if name not in {*HELP, SETTINGS, *declared})


def _assigned(cell: str) -> list[str]:
    """List the names that a cell gives a value; none when it is not plain Python."""
    try:
        lines = ast.parse(cell).body
    except SyntaxError:
        return []
    targets = [target for line in lines if isinstance(line, ast.Assign) for target in line.targets]
    targets += [line.target for line in lines if isinstance(line, ast.AnnAssign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def misspelled(names: Mapping[str, Any]) -> Iterator[str]:
    """Find names of plain values that are nearly a parameter's.

    The singular or plural of one is a name of its own when its value could not be the parameter's: `level = "buurt"`.
    """
    hints = {**get_type_hints(Parameters), SETTINGS: dict}
    for name, value in names.items():
        if name.startswith("_") or name in hints or not isinstance(value, PLAIN):
            continue
        close = [one for one in hints if SequenceMatcher(None, name.casefold(), one).ratio() >= ALIKE]
        if any((f"{one}s" != name and f"{name}s" != one) or fits(value, hints[one]) for one in close):
            yield name
