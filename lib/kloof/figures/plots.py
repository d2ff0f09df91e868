"""Plain pictures of a table or a claim for who explores: matplotlib axes in its own style, to restyle and to save."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kloof.country.events import Events
from kloof.country.gaps import National
from kloof.country.segregation import WHOLE, Segregation
from kloof.errors import NotComputableError, ParameterError, faults
from kloof.figures.canvas import FOCUS, GREY, INK, PALE, REST
from kloof.findings import Finding
from kloof.typed import shown
from kloof.words import cards

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OF_GAP = ("year", "listed", "rest", "gap", "low", "high")
OF_INDEX = ("year", "index", "estimate")
ROW = 0.34  # inches of a part of a claim
_FACES = {
    "SUPPORTED": FOCUS, "CONTRADICTED": REST, "MIXED": "#CC79A7", "NEGLIGIBLE": GREY, "UNDECIDED": "white",
}  # fmt: skip


def plot(thing: Any, ax: "Axes | None" = None) -> "Axes":
    """Draw what was made, and give the axes: to restyle, to draw more on, to save (`ax.figure.savefig`).

    A judged claim: a row per part, its number and range in multiples of the smallest change that matters, coloured by
    verdict. A finding: that row alone. A table of `gap_table`: the gap by year, with what rounding leaves. A table of
    `measure` by year: each index and group a line. An answer for the whole country: each municipality with its range,
    in order, and the one told beside them marked; of `national` the change of a gap, of `segregation` an index, and
    below it, on new axes, the level of the map that it lies on; of `around_event` the change in each year and what lies
    beyond the line. `ax` are axes to draw on, else new ones. Raises ParameterError for anything else,
    NotComputableError for a claim of which no part has a number.

    >>> from kloof import gap_table, open_study
    >>> ax = plot(gap_table(open_study("breda").panel("mean_income_per_inhabitant")))
    >>> len(ax.lines)
    1
    """
    if ax is not None and not hasattr(ax, "fill_between"):
        raise ParameterError(f"ax must be axes of matplotlib to draw on, not {shown(ax)}; leave it out for new ones.")
    if isinstance(thing, pd.DataFrame):
        if set(OF_GAP) <= set(thing.columns):
            return _gap_by_year(_drawable(thing, OF_GAP), ax or _new_axes(4.0))
        if set(OF_INDEX) <= set(thing.columns):
            return _index_by_year(_drawable(thing, ("year", "estimate")), ax or _new_axes(4.0))
        raise ParameterError(
            f"plot draws tables of gap_table ({', '.join(OF_GAP)}) and of measure by year ({', '.join(OF_INDEX)}); "
            f"this one has {', '.join(map(str, thing.columns))}. For any other table: seaborn, sns.lineplot(table, …)."
        )
    if isinstance(thing, National):
        return _country(thing, ax or _new_axes(4.0))
    if isinstance(thing, Segregation):
        return _segregation(thing, ax)
    if isinstance(thing, Events):
        return _around(thing, ax or _new_axes(4.0))
    rows = _rows_of(thing)
    if not rows:
        raise NotComputableError("no_figures", f"No part of {getattr(thing, 'claim', 'it')} has a number to draw here.")
    return _parts(rows, ax or _new_axes(1.2 + ROW * len(rows)))


def save(thing: Any, path: Path) -> None:
    """Draw what was made into a file, by its ending .svg or .png, and leave no figure open."""
    from matplotlib import pyplot as plt

    made = plot(thing).get_figure(root=True)
    assert made is not None  # axes that were just made have a figure
    made.savefig(path)
    plt.close(made)


def _drawable(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Give a table with a number to draw in each of the columns; raises ParameterError for one that has none."""
    found = [] if len(table) else ["there are no rows"]
    for name in columns if len(table) else ():
        if list(table.columns).count(name) > 1 or not pd.api.types.is_numeric_dtype(table[name]):
            found.append(f"{name} is not a column of numbers")
        elif not np.isfinite(table[name].to_numpy(np.float64, na_value=np.nan)).any():
            found.append(f"{name} has no number")
    if found:
        raise ParameterError(faults("the table to draw", found, "Make it anew: kloof.gap_table or kloof.measure."))
    return table


def _new_axes(height: float) -> "Axes":
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=(9, height), layout="constrained")
    return axes


def _rows_of(thing: Any) -> list[tuple[str, str, Finding]]:
    """Give the parts that have a number: their name in words, verdict and finding."""
    if isinstance(thing, Finding):
        pairs = [(thing.indicator or thing.kind, "UNDECIDED", thing)]
    elif hasattr(thing, "parts"):
        pairs = [(row.row, row.verdict, finding) for finding, row in thing.parts if finding is not None]
    else:
        raise ParameterError(
            f"plot draws a judged claim, a finding, or a table of gap_table or measure; not a {type(thing).__name__}."
        )
    return [(cards.name_of_part(name), verdict, one) for name, verdict, one in pairs if one.estimate is not None]


def _parts(rows: list[tuple[str, str, Finding]], axes: "Axes") -> "Axes":
    """Draw numbers of different units in multiples of what would matter in each."""
    axes.axvspan(-1, 1, color=PALE, zorder=0)
    axes.axvline(0, color=GREY, linewidth=1)
    for at, (_, verdict, finding) in enumerate(reversed(rows)):
        small = finding.smallest_effect or 1.0
        if finding.low is not None and finding.high is not None:
            axes.plot([finding.low / small, finding.high / small], [at, at], color=GREY, linewidth=2, zorder=2)
        axes.plot(
            (finding.estimate or 0.0) / small,
            at,
            "o",
            markerfacecolor=_FACES.get(verdict, "white"),
            markeredgecolor=INK,
            zorder=3,
        )
        axes.annotate(cards.word("verdict", verdict), (1, at), xycoords=("axes fraction", "data"), xytext=(6, 0),
                      textcoords="offset points", va="center", annotation_clip=False)  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(cards.word("card", "times_smallest"))
    return axes


def _country(found: National, axes: "Axes") -> "Axes":
    """Draw every municipality in order, the mean of all as a band, and what would be too small to matter."""
    rows = found.places.sort_values("expected", kind="stable").reset_index(drop=True)
    axes.axhspan(-found.smallest_effect, found.smallest_effect, color=PALE, zorder=0)
    axes.axhspan(found.mean[1], found.mean[2], color=REST, alpha=0.3, linewidth=0, zorder=1)
    axes.vlines(rows.index, rows["low"], rows["high"], color=GREY, linewidth=0.8, zorder=2)
    axes.plot(rows.index, rows["expected"], ".", color=INK, markersize=3, zorder=3)
    axes.axhline(0, color=INK, linewidth=1)
    own = rows[rows["municipality"] == found.place]
    axes.vlines(own.index, own["low"], own["high"], color=FOCUS, linewidth=2, zorder=4)
    axes.plot(own.index, own["expected"], "o", color=FOCUS, zorder=5)
    axes.set_ylabel(f"{found.question.indicator} ({found.unit})")
    axes.set_xticks([])
    return axes


def _segregation(found: Segregation, axes: "Axes | None") -> "Axes":
    """Draw the index of every municipality in the last year, in order; on new axes also the parts of the whole."""
    below = None
    if axes is None:
        from matplotlib import pyplot as plt

        if found.parts.empty:
            axes = _new_axes(4.0)
        else:
            _, (axes, below) = plt.subplots(2, figsize=(9, 5.5), layout="constrained", height_ratios=(4, 1))
    rows = found.places[found.places["year"] == found.years[-1]]
    rows = rows.sort_values("corrected", kind="stable").reset_index(drop=True)
    axes.vlines(rows.index, rows["chance_low"], rows["chance_high"], color=GREY, linewidth=0.8, zorder=2)
    axes.plot(rows.index, rows["corrected"], ".", color=INK, markersize=3, zorder=3)
    own = rows[rows["municipality"] == found.place]
    axes.vlines(own.index, own["chance_low"], own["chance_high"], color=FOCUS, linewidth=2, zorder=4)
    axes.plot(own.index, own["corrected"], "o", color=FOCUS, zorder=5)
    axes.set_ylim(min(0.0, float(rows["chance_low"].min())), None)
    axes.set_ylabel(f"{found.group}\n{found.index}, {found.years[-1]}")
    axes.set_xticks([])
    if below is not None:
        _levels(found, below)
    return axes


def _levels(found: Segregation, axes: "Axes") -> None:
    """Draw a bar of each year, cut by the level of the map that segregation lies on."""
    years = list(map(str, found.years))
    start = np.zeros(len(years))
    whole = found.parts["part"] == WHOLE
    shades = (FOCUS, REST, GREY)
    for shade, (part, rows) in zip(shades, found.parts[~whole].groupby("part", sort=False), strict=True):
        size = rows.set_index("year")["share"].loc[list(found.years)].to_numpy(float)
        axes.barh(years, size, left=start, color=shade, label=cards.word("card", str(part)))
        start += size
    axes.set_xlim(0, 100)
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=3, frameon=False)


def _around(found: Events, axes: "Axes") -> "Axes":
    """Draw how the gap moved away from where it was before the event, and how far since it lies beyond its line."""
    rows = found.yearly
    axes.axhspan(-found.smallest_effect, found.smallest_effect, color=PALE, zorder=0)
    axes.axhline(0, color=INK, linewidth=1)
    axes.axvline(float(rows.loc[rows["period"] == "base", "year"].iloc[0]) + 0.5, color=GREY, linestyle=":")
    axes.vlines(rows["year"], rows["change_low"], rows["change_high"], color=GREY, linewidth=2)
    axes.plot(rows["year"], rows["change"].fillna(0.0), marker="o", color=INK)
    axes.vlines(rows["year"], rows["beyond_low"], rows["beyond_high"], color=FOCUS, linewidth=2)
    axes.plot(rows["year"], rows["beyond"], "o", color=FOCUS)
    axes.set_xticks(list(rows["year"]))
    axes.set_ylabel(f"{found.question.indicator} ({found.unit})")
    return axes


def _gap_by_year(table: pd.DataFrame, axes: "Axes") -> "Axes":
    """Draw the gap over the years, from 0, with the range of rounding."""
    axes.fill_between(table["year"], table["low"], table["high"], color=PALE)
    axes.plot(table["year"], table["gap"], marker="o", color=FOCUS)
    axes.set_ylim(min(0.0, float(table["low"].min())), max(0.0, 1.1 * float(table["high"].max())))
    axes.set_xticks(list(table["year"]))
    axes.set_ylabel(" ".join(str(table.attrs[name]) for name in ("indicator", "unit") if name in table.attrs))
    return axes


def _index_by_year(table: pd.DataFrame, axes: "Axes") -> "Axes":
    """Draw each index of each group over the years, from 0."""
    keys = [name for name in ("index", "group") if name in table.columns]
    for name, part in table.groupby(keys, sort=False):
        axes.plot(part["year"], part["estimate"], marker="o", label=", ".join(map(str, name)))
    axes.set_ylim(0, None)
    axes.set_xticks(sorted(table["year"].unique()))
    axes.legend()
    return axes
