"""How objects show themselves: text that fits a screen, and in a notebook a card in the language of the study."""

from collections.abc import Mapping
from importlib import import_module

MOST_LINES, MOST_COLUMNS = 20, 100
_CARDS = "kloof.words.cards", "html"


class Shown:
    """Something that shows itself: its `in_short`, and as HTML what `kloof.words.cards` knows to say of it.

    The hall knows no words, so that module is asked for by its name, and only when a notebook shows something.
    """

    __slots__ = ()

    def in_short(self) -> Mapping[str, object]:
        """Give what its text says, by name; what is None or empty is left out."""
        raise NotImplementedError

    def in_card(self) -> Mapping[str, object]:
        """Give what its card says, by name: codes, numbers and what was set aside, which the card puts in words."""
        return self.in_short()

    def __repr__(self) -> str:
        return lines_of(type(self).__name__, self.in_short())

    def _repr_html_(self) -> str:
        module, name = _CARDS
        made: str = getattr(import_module(module), name)(self)
        return made


def lines_of(head: str, said: Mapping[str, object]) -> str:
    """Write a head and a line for each thing said, cut to a screen; what does not fit is counted."""
    kept = {name: value for name, value in said.items() if value is not None and value not in ("", (), [], {})}
    width = max(map(len, kept), default=0)
    lines = [head, *(f"  {name:<{width}}  {_listed(value)}" for name, value in kept.items())]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [f"  … and {len(lines) - MOST_LINES + 1} more"]
    return "\n".join(shorten(line, MOST_COLUMNS) for line in lines)


def _listed(value: object) -> str:
    """Write a value on one line."""
    if isinstance(value, Mapping):
        value = [f"{key}={one}" for key, one in value.items()]
    return " ".join((", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)).split())


def shorten(text: str, most: int) -> str:
    """Cut a text that is too long, and show that it was."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def years_of(years: "tuple[int, ...] | list[int]") -> str:
    """Write years that follow each other as a range: `2016, 2018–2020`."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def ends_of(estimate: float | None, low: float | None, high: float | None, unit: str) -> str:
    """Write a number with its range and unit, by codes: `-1.64 (-2.31 to -0.92) thousand_euro`."""
    if estimate is None:
        return ""
    reach = "" if low is None or high is None else f" ({low:.4g} to {high:.4g})"
    return f"{estimate:.4g}{reach} {unit}"
