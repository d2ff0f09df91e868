"""Who is counted: a group and the rest of its base, or ordered classes, in every buurt of the store, by year."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from kloof.catalogue import Catalogue, Group
from kloof.country.figures import of_widest
from kloof.errors import ParameterError, nearest
from kloof.measures.country import Everywhere, counts_everywhere, own_municipality
from kloof.measures.counts import Prepared, choose
from kloof.measures.registry import get_index
from kloof.measures.resample import Dissimilarity, Measure, theil_h_of_sums
from kloof.store import read

DISSIMILARITY, THEIL, RANK_ORDER = "dissimilarity", "theil", "rank_order"
INDEX_OF = {DISSIMILARITY: "dissimilarity", THEIL: "theil_h", RANK_ORDER: "rank_order_theil_h"}
MEASURES: Mapping[str, Measure] = {
    DISSIMILARITY: Dissimilarity(0), THEIL: theil_h_of_sums, RANK_ORDER: get_index(INDEX_OF[RANK_ORDER]).of_counts,
}  # fmt: skip
ORDERED = {  # shares of the lowest and of the highest class; what is left is the middle one
    "income_of_persons": ("low_income_persons_share", "high_income_persons_share"),
    "income_of_households": ("low_income_households_share", "high_income_households_share"),
}


@dataclass(frozen=True)
class Subject:
    """What is counted: a group and its base, or the upper classes of an order beside it; and its own catalogue."""

    known: Catalogue
    group: Group
    index: str
    classes: tuple[str, ...] = ()

    @property
    def lead(self) -> str:
        """The indicator of the group itself."""
        return self.group.share or self.group.count or ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The indicators that must be printed: of the group, of the highest class, and of the base."""
        return self.lead, *self.classes[1:], self.group.base


def subject_of(known: Catalogue, name: str, index: str) -> Subject:
    """Say what is counted: a registered group, a share of its universe, a count of inhabitants, or ordered classes.

    Raises ParameterError for an index or a name that is not known, and for a figure that is neither share nor count.
    """
    if index not in INDEX_OF:
        raise ParameterError(f"index {index!r} is not known. Valid: {', '.join(INDEX_OF)}.")
    if (index == RANK_ORDER) != (name in ORDERED):
        ordered = ", ".join(ORDERED)
        raise ParameterError(
            f"index {index} does not go with {name!r}: rank_order needs shares of ordered classes ({ordered}), the "
            "others a group and the rest. A mean by buurt says nothing of who within it differs."
        )
    if name in ORDERED:
        return _of_classes(known, name)
    if name in known.groups:
        return Subject(known, known.groups[name], index)
    if name not in known.indicators:
        raise ParameterError(f"group {name!r} is not known: {nearest(name, [*known.groups, *known.indicators])}")
    entry = known.indicator(name)
    base = entry.universe if entry.kind == "share" else "inhabitants" if name.startswith("inhabitants_") else None
    if base is None:
        raise ParameterError(f"{name} is no share of people, households or dwellings, and no count of inhabitants.")
    which = {"share": name} if entry.kind == "share" else {"count": name}
    return Subject(known, Group(name, entry.nl, entry.en, base, **which), index)


def _of_classes(known: Catalogue, name: str) -> Subject:
    """Count the lowest class, the highest, and between them the middle one, which no table prints."""
    low, high = ORDERED[name]
    entry = known.indicator(low)
    middle = f"{name}_between"
    beside = replace(known, indicators={**known.indicators, middle: replace(entry, id=middle)})
    group = Group(low, entry.nl, entry.en, entry.universe or "inhabitants", share=low)
    return Subject(beside, group, RANK_ORDER, (middle, high))


def observed(subject: Subject) -> pd.DataFrame:
    """Give what the store holds of a subject by buurt: one source per year, that with most figures of the group.

    Group and base are of one source, as in a report. Raises ParameterError when the store has no such figure.
    """
    lead, *more = subject.needs
    tables = [read.indicator(lead)]
    for name in dict.fromkeys((*more, "inhabitants")):
        try:
            tables.append(read.indicator(name))
        except ParameterError:  # what lacks is said where the years are chosen
            continue
    rows = pd.concat(tables, ignore_index=True)
    rows = rows[rows["code"].str.startswith("BU")]
    rows = of_widest(rows, rows[(rows["indicator"] == lead) & (rows["status"] == "measured")])
    return _with_middle(rows, subject) if subject.classes else rows


def _with_middle(rows: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Add the share that is left between the lowest and the highest class, where both are printed."""
    sides = [rows[rows["indicator"] == name] for name in (subject.lead, subject.classes[1])]
    both = sides[0].merge(sides[1][["code", "year", "value"]], on=["code", "year"], suffixes=("", "_high"))
    left = (100 - both["value"] - both["value_high"]).clip(lower=0.0)
    middle = both.assign(indicator=subject.classes[0], value=left)[list(rows.columns)]
    return pd.concat([rows, middle[middle["value"].notna()]], ignore_index=True)


def years_with(subject: Subject, rows: pd.DataFrame) -> list[int]:
    """Give the years in which the group (or every class) and its base have figures."""
    own = rows[rows["status"] == "measured"]
    held = [set(own.loc[own["indicator"] == name, "year"]) for name in (*subject.needs, *subject.classes)]
    return sorted(int(year) for year in set.intersection(*held))


def counted(subject: Subject, rows: pd.DataFrame, year: int) -> Everywhere:
    """Count the group and the rest (or the classes) in every buurt of a year.

    Raises ParameterError for a year in which the group or its base has no figure.
    """
    own = rows[rows["year"] == year]
    return counts_everywhere(own, subject.known, subject.group, own_municipality(own["code"].unique()), subject.classes)


def complete(subject: Subject, everywhere: Everywhere) -> Prepared:
    """Give the counts of the buurten of which all are known."""
    return choose(everywhere.counts, None if subject.classes else subject.group.id)
