"""A measure on many drawn tables: all municipalities at once, the same numbers for any number of workers.

The work is cut into blocks of municipalities of about the same size (padded with empty units, which add nothing) and
of draws, by the table alone; each block has its own generator, spawned from the one that is given. Memory is that of
the blocks under way plus the answers. A municipality's draws depend on the table it stands in, as with any shared seed.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof import draws as models
from kloof.errors import ParameterError, faults
from kloof.segments import FloatArray, Segments
from kloof.sums import Measure, weighted

CELLS = 2**17  # counts in a block of tables, or weights in a block of drawn units: a few such arrays fit in cache
UNITS = "units"
MODELS: dict[str, models.Model] = {
    "people_within_units": models.people_within_units,
    "people_in_city": models.people_in_city,
    "people_by_group": models.people_by_group,
    "evenness": models.evenness,
    "systematic": models.systematic,
    "permutation": models.permutation,
    "box": models.within_box,
}


@dataclass(frozen=True)
class Drawing:
    """How to draw: the generator, how many tables, and how many threads share the work (no matter for the numbers)."""

    rng: np.random.Generator
    draws: int = 1000
    workers: int = 1


@dataclass(frozen=True)
class Block:
    """Some municipalities and some of their draws: places (S, n) of the units on N, N where a unit is only padding."""

    segments: NDArray[np.intp]
    places: NDArray[np.intp]
    lengths: NDArray[np.intp]
    first: int
    draws: int


def blocks(starts: ArrayLike, size: int, draws: int, per_unit: int = 1) -> Iterator[Block]:
    """Cut the work by the municipalities, the draws and the counts per unit only, never by the workers."""
    cells = max(CELLS // per_unit, 1)
    cut = Segments(starts, size)
    order = np.argsort(cut.lengths, kind="stable")
    begin = 0
    while begin < order.size:
        end = begin + 1
        while end < order.size:
            width = cut.lengths[order[end]]
            if width > 1.25 * cut.lengths[order[begin]] + 4 or (end + 1 - begin) * width * draws > cells:
                break
            end += 1
        chosen = order[begin:end]
        lengths = cut.lengths[chosen]
        width = max(int(lengths.max()), 1)
        within = np.arange(width)
        places = np.where(within < lengths[:, None], cut.starts[chosen][:, None] + within, size)
        step = max(1, cells // (width * chosen.size))
        for first in range(0, draws, step):
            yield Block(chosen, places, lengths, first, min(step, draws - first))
        begin = end


def replicates(
    measures: Mapping[str, Measure],
    counts: ArrayLike,
    starts: ArrayLike,
    model: str,
    drawing: Drawing,
) -> dict[str, FloatArray]:
    """Compute each measure on many drawn tables, the same tables for all measures.

    counts: (G, N) groups × units, or (Y, G, N) years; model: a name of MODELS, or "units" for the bootstrap of units,
    which draws the same units in all years; for "box" counts is (2, G, N), low and high. measures: functions of counts
    (..., G, n) or (..., Y, G, n) and starts, see `sums`. Returns per measure (draws, n_segments), or (draws, Y,
    n_segments) when it answers per year. Source: Efron & Tibshirani 1993, ch. 6.
    Raises ParameterError: model, draws, counts missing or below 0.
    """
    table = np.asarray(counts, dtype=np.float64)
    draws = drawing.draws
    found = [] if model in MODELS or model == UNITS else [f'model "{model}" is not known: {UNITS}, {", ".join(MODELS)}']
    if draws < 1:
        found.append(f"draws must be at least 1, got {draws}")
    if not (np.isfinite(table).all() and (table >= 0).all()):
        found.append("counts are missing or below 0: set those units aside first")
    if found:
        raise ParameterError(faults("the resampling", found, "Mend these, then draw again."))
    padded = np.concatenate([table, np.zeros((*table.shape[:-1], 1))], axis=-1)
    per_unit = 1 if model == UNITS else int(np.prod(table.shape[:-1]))
    work = list(blocks(starts, table.shape[-1], draws, per_unit))
    jobs = list(zip(work, drawing.rng.spawn(len(work)), strict=True))

    def run(job: tuple[Block, np.random.Generator]) -> dict[str, FloatArray]:
        block, generator = job
        part = np.moveaxis(padded[..., block.places], -2, 0)
        if model == UNITS:
            return _of_units(measures, part, block, generator)
        tables = MODELS[model](part, block.draws, generator)
        return {name: measure(tables, (0,))[..., 0] for name, measure in measures.items()}

    if drawing.workers == 1:
        return _collect(map(run, jobs), work, draws, np.size(starts))
    with ThreadPoolExecutor(drawing.workers) as pool:
        return _collect(pool.map(run, jobs), work, draws, np.size(starts))


def _of_units(
    measures: Mapping[str, Measure], part: FloatArray, block: Block, rng: np.random.Generator
) -> dict[str, FloatArray]:
    weights = models.times_drawn(block.lengths, block.places.shape[1], block.draws, rng)
    return {name: weighted(measure, weights, part[:, None]) for name, measure in measures.items()}


def _collect(
    parts: Iterator[dict[str, FloatArray]], work: list[Block], draws: int, n_segments: int
) -> dict[str, FloatArray]:
    """Put the answers (S, R, ...) of the blocks in their place: (draws, ..., n_segments)."""
    whole: dict[str, FloatArray] = {}
    for block, part in zip(work, parts, strict=True):
        for name, values in part.items():
            if name not in whole:
                whole[name] = np.full((draws, *values.shape[2:], n_segments), np.nan)
            whole[name][block.first : block.first + block.draws, ..., block.segments] = np.moveaxis(values, 0, -1)
    return whole
