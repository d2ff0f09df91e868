"""Experiments to play with in the workshop: what rounding, noise and selection do to a number.

Each is a slider in JupyterLab. Where there are no widgets (a page on paper, a viewer without a kernel, a machine
without ipywidgets) the same cell shows one still picture of all positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kloof.measures.two_groups import dissimilarity
from kloof.methods.gap import ABSOLUTE, gap
from kloof.words.numbers import digits, number
from kloof_workshop import lesson, sketch
from kloof_workshop.exercise import words

STEPS = (5, 10, 25, 50, 100, 250)
NOISES = (0, 1, 2, 3, 5)
NOISE = 3  # thousand euro: spread of the noise in the exercises of session 3
CHOSEN = 11  # buurten on the list that the experiment makes
REPEATS = 500


@dataclass(frozen=True)
class Play:
    """An experiment: one picture for each position of the slider, and a still of all of them."""

    label: str
    positions: tuple[str, ...]
    pictures: tuple[str, ...]
    still: str

    def slider(self) -> Any:
        """Make the slider with its picture; raises ImportError on a machine without ipywidgets."""
        import ipywidgets

        shown = ipywidgets.HTML(self.pictures[0])
        moved = ipywidgets.SelectionSlider(
            options=[(name, place) for place, name in enumerate(self.positions)],
            description=self.label,
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="520px"),
        )
        moved.observe(lambda change: setattr(shown, "value", self.pictures[change["new"]]), "value")
        return ipywidgets.VBox([moved, shown])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Offer the slider and the still; what shows the cell takes what it can."""
        bundle: dict[str, Any] = {
            "image/svg+xml": self.still,
            "text/plain": f"{self.label}: {', '.join(self.positions)}",
        }
        try:
            made = self.slider()
        except ImportError:
            return bundle
        view = made._repr_mimebundle_()
        return {**bundle, **{kind: value for kind, value in view.items() if "widget" in kind}}


def rounded_to(values: np.ndarray, step: int) -> np.ndarray:
    """Round counts to multiples of a step, half up."""
    return np.asarray(np.floor(values / step + 0.5) * step)


def rounding(language: str) -> Play:
    """Show what D becomes when every count of households is rounded to 5, 10, … 250."""
    counts = lesson.group_counts(language)[-1]
    found = [float(dissimilarity(rounded_to(counts.group, step), rounded_to(counts.rest, step))[0]) for step in STEPS]
    text = words()["play"]["rounding"]
    names = [digits(step, language, 0) for step in STEPS]
    title = text[f"title_{language}"]
    rows = [(name, value, digits(value, language, 3)) for name, value in zip(names, found, strict=True)]
    pictures = [sketch.bars(title, rows, [place]) for place in range(len(rows))]
    return Play(text[f"label_{language}"], tuple(names), tuple(pictures), sketch.bars(title, rows))


def world(language: str, noise: float = NOISE) -> pd.DataFrame:
    """Make a world in which nothing changes: a true value per buurt, and two years of figures with noise.

    Columns: name, truth (mean income over the years, thousand euro), year_1, year_2.
    """
    kept = lesson.panel(language)
    rng = lesson.study(language).rng("workshop world")
    truth = kept.value.mean(axis=1)
    figures = truth[:, None] + noise * rng.standard_normal((len(truth), 2))
    called = lesson.names(lesson.study(language))
    return pd.DataFrame(
        {
            "name": [called[code] for code in kept.codes],
            "truth": truth,
            "year_1": figures[:, 0],
            "year_2": figures[:, 1],
        }
    )


def gap_of(values: np.ndarray, chosen: np.ndarray) -> float:
    """Give the mean of the rest minus that of the chosen buurten; each buurt counts once."""
    return -gap(values, np.ones(len(values)), chosen, ABSOLUTE)


def replay(language: str, noise: float, size: int) -> tuple[float, float]:
    """Give the mean gap in both years over many worlds, when the lowest `size` of year 1 are chosen."""
    truth = lesson.panel(language).value.mean(axis=1)
    rng = lesson.study(language).rng("workshop replay")
    shape = REPEATS, len(truth)
    first, second = (truth + noise * rng.standard_normal(shape) for _ in range(2))
    chosen = first.argsort(axis=1).argsort(axis=1) < size
    found = []
    for figures in (first, second):
        inside = (figures * chosen).sum(axis=1) / size
        outside = (figures * ~chosen).sum(axis=1) / (len(truth) - size)
        found.append(float((outside - inside).mean()))
    return found[0], found[1]


def noise(language: str) -> Play:
    """Show the gap in two years of a world without change, for more and more noise."""
    text = words()["play"]["noise"]
    found = [replay(language, value, CHOSEN) for value in NOISES]
    names = [number(value, "thousand_euro", language, 0) for value in NOISES]
    title = text[f"title_{language}"]
    years = words()["play"]["years"][language]

    def rows(values: Sequence[float], prefix: str = "") -> list[tuple[str, float, str]]:
        return [
            (f"{prefix}{year}", value, number(value, "thousand_euro", language, 1))
            for year, value in zip(years, values, strict=True)
        ]

    most = max(value for pair in found for value in pair)
    pictures = [
        sketch.bars(f"{title} {name}", rows(values), [0], most) for name, values in zip(names, found, strict=True)
    ]
    every = [row for name, values in zip(names, found, strict=True) for row in rows(values, f"{name} · ")]
    still = sketch.bars(title, every, range(0, len(every), 2))
    return Play(text[f"label_{language}"], tuple(names), tuple(pictures), still)
