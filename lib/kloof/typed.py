"""Refuses what is of the wrong kind where the library is entered: by the kinds that a public function names.

What a person writes in a file or a cell is checked by tables of the same kinds (`unfit`, `strange`, `twice`).
"""

import inspect
import types
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from functools import partial, wraps
from math import inf
from numbers import Integral, Real
from typing import Annotated, Any, ParamSpec, TypeVar, Union, get_args, get_origin

import numpy as np
import pandas as pd

from kloof.errors import ParameterError, faults, nearest
from kloof.shown import shorten

Given = ParamSpec("Given")
Made = TypeVar("Made")
CUT = 80  # letters of a value that a message shows
UNIONS = (Union, types.UnionType)
_KINDS: Mapping[Any, tuple[str, str]] = {  # in words, one and several
    str: ("text", "texts"), int: ("a whole number", "whole numbers"), float: ("a number", "numbers"),
    bool: ("True or False", ""), pd.DataFrame: ("a table (DataFrame)", "tables"), dict: ("a table", "tables"),
    Mapping[str, float]: ("a table of numbers", ""),
}  # fmt: skip


class _UnfitError(Exception):
    """A value is not of a kind."""


def typed(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """Let a function refuse arguments that it does not take, or that are of another kind than it names.

    The error is a ParameterError with all of them. A whole number of numpy becomes one of Python, and several values
    become a list. What the function names no kind for, or one that is Annotated, it looks at itself.
    """
    signature = inspect.signature(function)
    kinds = _kinds_of(signature)

    @wraps(function)
    def entered(*given: Given.args, **named: Given.kwargs) -> Made:
        try:
            bound = signature.bind(*given, **named)
        except TypeError as problem:
            raise ParameterError(f"{function.__name__}: {unbound(str(problem), signature, named)}") from None
        found = []
        for name in (one for one in kinds if one in bound.arguments):
            value, several = bound.arguments[name], signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            try:
                taken = [_taken(one, kinds[name]) for one in (value if several else [value])]
                bound.arguments[name] = tuple(taken) if several else taken[0]
            except _UnfitError:
                found.append(f"{name} must be {_in_words(kinds[name])}, not {shown(value)}")
        if found:
            raise ParameterError(faults(f"what {function.__name__} is given", found, ""))
        return function(*bound.args, **bound.kwargs)

    return entered


def shown(value: object) -> str:
    """Write a value on a line, cut to what a message can hold; of an object of many lines its kind."""
    if value is None or isinstance(value, str | int | float | list | tuple | dict | set | np.generic):
        return shorten(" ".join(repr(value).split()), CUT)
    return f"a {type(value).__name__}"


def unfit(entry: Mapping[str, Any], must: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Say of each value that is not as it must be what it must be; what is not there is not looked at.

    `must` names for each a kind, or what it must be in words and what tells whether it is.
    """
    for name, one in must.items():
        what, is_so = one if isinstance(one, tuple) else (_in_words(one), partial(fits, kind=one))
        if name in entry and not is_so(entry[name]):
            yield f"{where}{name} must be {what}, not {shown(entry[name])}"


def fits(value: object, kind: Any) -> bool:
    """Tell whether what was written is of a kind; several values are a list or a tuple."""
    if get_origin(kind) in (list, tuple) and not isinstance(value, list | tuple):
        return False
    try:
        _taken(value, kind)
    except _UnfitError:
        return False
    return True


def is_number(value: Any, above: float = -inf) -> bool:
    """Tell whether a value is a finite number above another one."""
    return fits(value, float) and above < value < inf


def strange(names: Iterable[str], valid: Collection[str], why: str) -> Iterator[str]:
    """Say of each name that is not valid why, and which one is nearest."""
    yield from (f"{name} {why} {nearest(name, valid)}".strip() for name in names if name not in valid)


def twice(values: Iterable[Hashable]) -> list[Hashable]:
    """Give what is there more than once."""
    return [one for one, times in Counter(values).items() if times > 1]


def _kinds_of(signature: inspect.Signature) -> dict[str, Any]:
    """Give the kinds of the arguments that are looked at: not those in quotes, whose kind may be loaded later."""
    return {
        name: one.annotation
        for name, one in signature.parameters.items()
        if one.annotation is not one.empty
        and one.kind is not one.VAR_KEYWORD
        and not isinstance(one.annotation, str)
        and get_origin(one.annotation) is not Annotated
    }


def unbound(problem: str, signature: inspect.Signature, named: Mapping[str, object]) -> str:
    """Say which argument is missing, or which there is not and what is nearest."""
    takes = [name for name in signature.parameters if name != "self"]
    strange = next((name for name in named if name not in takes), "")
    near = nearest(strange, takes).strip() if strange else ""
    return f"{problem}{near and f' ({near})'}. It takes: {', '.join(takes)}."


def _taken(value: Any, kind: Any) -> Any:
    """Give a value as the function takes it; raises _UnfitError when it is of no such kind."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in UNIONS:
        for one in parts:
            try:
                return _taken(value, one)
            except _UnfitError:
                continue
        raise _UnfitError
    if origin is Mapping and isinstance(value, Mapping):
        return {_taken(key, parts[0]): _taken(one, parts[1]) for key, one in value.items()}
    if origin is not None and issubclass(origin, Iterable) and not issubclass(origin, Mapping):
        if isinstance(value, str | bytes | Mapping | pd.DataFrame) or not isinstance(value, Iterable):
            raise _UnfitError
        return [_taken(one, parts[0]) for one in value]
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise _UnfitError
        return int(value)
    wanted = {float: Real, bool: bool | np.bool_, type(None): type(None)}.get(kind, origin or kind)
    if not _is(value, wanted) or (kind is float and isinstance(value, bool)):
        raise _UnfitError
    return value


def _is(value: object, kind: Any) -> bool:
    """Tell whether a value is of a class; what cannot be told (a callable's kind, any) is."""
    try:
        return kind is Any or isinstance(value, kind)
    except TypeError:
        return True


def _in_words(kind: Any, *, several: bool = False) -> str:
    """Write a kind as a message says it; of several, the simplest first."""
    if get_origin(kind) in UNIONS:
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return " or ".join(_in_words(one) for one in sorted(kinds, key=lambda one: get_origin(one) is not None))
    if kind in _KINDS:
        return _KINDS[kind][several]
    origin = get_origin(kind)
    if origin is not None and not issubclass(origin, Mapping):
        return f"a list of {_in_words(get_args(kind)[0], several=True)}"
    return f"a {getattr(origin or kind, '__name__', kind)}"
