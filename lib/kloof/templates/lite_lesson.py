"""The tables of session 1 for the browser edition: lists of rows, computed when this edition was built."""

import json
from importlib.resources import files

STORED = json.loads(files("kloof").joinpath("stored.json").read_text(encoding="utf-8"))


def tidy():
    """Give one row per buurt, year and indicator; a figure that is not known is None."""
    return STORED["tidy"]


def homes():
    """Give one row per buurt with the dwelling value of the first and last year and the inhabitants."""
    return STORED["homes"]


def two_lines():
    """Give one row per year: the mean of the list, of the rest, their gap, and the gap in percent of the rest."""
    return STORED["two_lines"]
