"""Decides what is to be done: which tables a wish comes to, and which of them are there already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kloof.arrival import understood
from kloof.catalogue import Catalogue
from kloof.download import Job
from kloof.errors import ParameterError, examples, faults
from kloof.rawstore import Entry, Held, fault, folder, read_meta
from kloof.registry import ALL, Source, choose
from kloof.remote import Column

MUNICIPALITY = re.compile(r"GM\d{4}")
NEVER = "not downloaded yet"
NARROW = "it has not all the columns that are wanted"


@dataclass(frozen=True)
class Wish:
    """What is wanted: sources and years (all when empty), municipalities or `all`, and whether all columns."""

    sources: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    regions: tuple[str, ...] = (ALL,)
    all_columns: bool = False


def plan(registry: Mapping[str, Source], wish: Wish) -> list[Job]:
    """List the tables to get, in order of source and year.

    Raises ParameterError with every code, source or year that makes no sense.
    """
    sources = choose(registry, wish.sources)
    found = [
        f"municipality {region!r} is no CBS code; write GM and four digits, such as GM0758."
        for region in wish.regions
        if region != ALL and not MUNICIPALITY.fullmatch(region)
    ]
    known = {year for source in sources for year in source.years}
    if odd := sorted(set(wish.years) - known):
        found.append(f"no source has {examples(odd)} (there are {min(known)} to {max(known)}).")
    if found:
        raise ParameterError(faults("what is asked", found, "See: kloof data fetch --help."))
    jobs = []
    for source in sources:
        regions = (ALL,) if source.takes_all else wish.regions
        years = [year for year in source.years if not wish.years or year in wish.years]
        jobs += [Job(source, year, region, wish.all_columns) for year in years for region in dict.fromkeys(regions)]
    return jobs


def present(job: Job, home: Path, held: Mapping[str, Held], catalogue: Catalogue) -> tuple[Entry | None, str]:
    """Find a copy that serves a job, its own or one of the whole country; else say why there is none."""
    why = NEVER
    for region in dict.fromkeys((job.region, ALL)):
        known = held.get(replace(job, region=region).key)
        if known is None:
            continue
        if problem := fault(home, known.current):
            why = problem
        elif not _lacks(job, home, known.current, catalogue):
            return known.current, ""
        elif known.beside and not fault(home, known.beside) and not _lacks(job, home, known.beside, catalogue):
            return known.current, ""  # what lacks waits to be accepted, with values that differ
        else:
            why = NARROW
    return None, why


def _lacks(job: Job, home: Path, entry: Entry, catalogue: Catalogue) -> bool:
    """Whether a copy lacks columns: the catalogue may understand more since, or all may be wanted."""
    if entry.columns == ALL or not entry.file:
        return False
    if job.columns == ALL:
        return True
    others = read_meta(folder(home) / entry.file)["other_columns"]
    return bool(understood([Column(**column) for column in others], catalogue))
