"""The formula of every index of many groups at once, over counts of shape (..., G, N), for all cities together.

Each takes counts and the offsets `starts` of the segments (see `tables`) and returns (..., n_segments); the local
ones return one number per unit, (..., N). The nested ones take the parent of each unit (its wijk) before `starts`.
Units and groups with nobody in them add nothing. With fewer than two groups no segregation is defined: nan, never 0.
Entropies are in nats. In the formulas Pₖ = Nₖ/T is the share of group k, πᵢₖ = nᵢₖ/tᵢ that in unit i,
I = Σ Pₖ(1 − Pₖ) and E = −Σ Pₖ ln Pₖ.
"""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError
from kloof.measures.tables import FloatArray, Formula, Groups, divide


def _where_two(table: Groups, value: FloatArray) -> FloatArray:
    """Keep the value where at least two groups are there."""
    return np.where(np.isnan(table.pairs), np.nan, value)


def _dissimilarity(table: Groups) -> FloatArray:
    """D = Σᵢ Σₖ tᵢ |πᵢₖ − Pₖ| / 2TI, 0–1. Source: Morgan 1975; Sakoda 1981, doi:10.2307/2061096."""
    apart = np.add.reduce(table.cut.total(np.abs(table.off)), axis=-2)
    return np.asarray(apart / (2 * table.pairs))


def _gini(table: Groups) -> FloatArray:
    """G = Σₖ Σᵢ Σⱼ tᵢtⱼ |πᵢₖ − πⱼₖ| / 2T²I, 0–1: one sort per group. Source: Reardon 1998; Reardon & Firebaugh 2002."""
    apart = np.zeros_like(table.everyone)
    for number in range(table.counts.shape[-2]):  # a group at a time stays in the cache
        group = table.counts[..., number, :]
        area = table.cut.curve(group, table.both - group, group / table.divisor)
        apart = apart + area - table.members[..., number, :] * table.others[..., number, :]
    return np.asarray(np.maximum(apart, 0.0) / table.pairs)


def _mutual_information(table: Groups) -> FloatArray:
    """M = Σᵢ Σₖ nᵢₖ/T · ln(πᵢₖ/Pₖ), 0–ln G, in nats. Source: Theil 1971; Mora & Ruiz-Castillo 2011."""
    return _where_two(table, divide(table.information, table.everyone))


def _theil_h(table: Groups) -> FloatArray:
    """H = M/E, 0–1. Source: Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795."""
    return _where_two(table, divide(table.information, table.entropy))


def _normalised_exposure(table: Groups) -> FloatArray:
    """P = Σₖ Σᵢ tᵢ/T · (πᵢₖ − Pₖ)²/(1 − Pₖ), 0–1. Source: James 1986, doi:10.1177/0049124186014003004."""
    parts = divide(table.squares, table.others, 0.0)
    return _where_two(table, divide(np.add.reduce(parts, axis=-2), table.everyone**2))


def _relative_diversity(table: Groups) -> FloatArray:
    """R = Σₖ Σᵢ tᵢ (πᵢₖ − Pₖ)² / TI, 0–1. Source: Goodman & Kruskal 1954; Carlson 1992."""
    return np.asarray(np.add.reduce(table.squares, axis=-2) / (table.everyone * table.pairs))


def _squared_coefficient_of_variation(table: Groups) -> FloatArray:
    """C = Σₖ Σᵢ tᵢ/T · (πᵢₖ − Pₖ)²/((G − 1) Pₖ), 0–1, G the number of groups in the table, also the empty ones.

    Source: Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110.
    """
    parts = np.add.reduce(divide(table.squares, table.members, 0.0), axis=-2)
    return _where_two(table, divide(parts, table.everyone**2 * (table.counts.shape[-2] - 1)))


def _entropy(table: Groups) -> FloatArray:
    """E = −Σ Pₖ ln Pₖ, 0–ln G, in nats: how mixed the whole is. Source: Shannon 1948."""
    return divide(table.entropy, table.everyone)


def _normalised_entropy(table: Groups) -> FloatArray:
    """E / ln G, 0–1, G the number of groups in the table, also the empty ones; nan for one group."""
    groups = table.counts.shape[-2]
    return divide(table.entropy, table.everyone * np.log(groups))


def _simpson_interaction(table: Groups) -> FloatArray:
    """I = Σ Pₖ(1 − Pₖ), 0–1: the chance that two residents, drawn anywhere, differ. Source: Simpson 1949."""
    return divide(np.add.reduce(table.members * table.others, axis=-2), table.everyone**2)


def _simpson_concentration(table: Groups) -> FloatArray:
    """λ = Σ Pₖ² = 1 − I, 0–1: the chance that two residents, drawn anywhere, are of one group. Source: Simpson 1949."""
    return divide(np.add.reduce(table.members**2, axis=-2), table.everyone**2)


def _integration(table: Groups) -> FloatArray:
    """Σᵢ tᵢ/T Σₖ πᵢₖ(1 − πᵢₖ), 0–1: the chance that two residents of one unit differ, over all residents."""
    counts, both = table.counts, table.both[..., None, :]
    mixed = np.add.reduce(counts * (both - counts), axis=-2) / table.divisor
    return divide(table.cut.total(mixed), table.everyone)


def _local_linkage(table: Groups) -> FloatArray:
    """Σₖ πᵢₖ ln(πᵢₖ/Pₖ) of each unit, in nats: how unlike the whole it is; nan for a unit without people.

    Source: Mora & Ruiz-Castillo 2011, doi:10.1111/j.1467-9531.2011.01237.x.
    """
    return divide(np.maximum(table.unit_information, 0.0), table.both)


def _local_mutual_information(table: Groups) -> FloatArray:
    """tᵢ/T · local linkage of each unit, in nats: its part of M; the parts add up to M."""
    people = np.broadcast_to(table.cut.level(table.everyone), table.both.shape)
    return divide(np.maximum(table.unit_information, 0.0), people)


class Nested:
    """Counts of all groups with the parent of each unit: the table of the parents and the one of units in parents."""

    def __init__(self, counts: ArrayLike, parent: ArrayLike, starts: ArrayLike = (0,)):
        """Take counts (..., G, N), one parent number (N,) per unit, and the offsets of the segments."""
        self.units = Groups(counts, starts)
        self.parent = np.asarray(parent)
        if self.parent.shape != self.units.counts.shape[-1:]:
            raise ParameterError(
                f"parent must hold one value per unit ({self.units.counts.shape[-1]}), got shape {self.parent.shape}."
            )

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Order of the units by segment and parent, and the offsets of the parents in it."""
        segment = self.units.cut.of_unit
        order = np.lexsort((self.parent, segment))
        parent, segment = self.parent[order], segment[order]
        new = np.r_[True, (parent[1:] != parent[:-1]) | (segment[1:] != segment[:-1])] if order.size else []
        return order, np.flatnonzero(new)

    @cached_property
    def inside(self) -> Groups:
        """The same counts with every parent as a segment of its own."""
        order, starts = self._sorted
        return Groups(self.units.counts[..., order], starts if starts.size else (0,))

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Offsets of the segments over the parents."""
        order, starts = self._sorted
        return np.searchsorted(starts, self.units.cut.starts) if order.size else np.zeros(1, dtype=np.intp)

    @cached_property
    def parents(self) -> Groups:
        """Counts per parent, (..., G, n_parents)."""
        return Groups(self.inside.members, self.starts)


def _mutual_information_between_parents(table: Nested) -> FloatArray:
    """M of the parents, in nats; with M within parents it adds up to M. Source: Theil 1971; Elbers 2021."""
    return _mutual_information(table.parents)


def _mutual_information_within_parents(table: Nested) -> FloatArray:
    """Σ share of people × M inside each parent, in nats. Source: Mora & Ruiz-Castillo 2011, on within-terms."""
    inside = table.parents.cut.total(table.inside.information)
    return _where_two(table.units, divide(inside, table.units.everyone))


def _theil_h_between_parents(table: Nested) -> FloatArray:
    """M between parents over the entropy E of the whole; with H within parents it adds up to H."""
    return _theil_h(table.parents)


def _theil_h_within_parents(table: Nested) -> FloatArray:
    """M within parents over the entropy E of the whole, 0–1: the part of H that lies inside the parents."""
    inside = table.parents.cut.total(table.inside.information)
    return _where_two(table.units, divide(inside, table.units.entropy))


multigroup_dissimilarity = Formula(Groups, _dissimilarity)
multigroup_gini = Formula(Groups, _gini)
mutual_information = Formula(Groups, _mutual_information)
multigroup_theil_h = Formula(Groups, _theil_h)
normalised_exposure = Formula(Groups, _normalised_exposure)
relative_diversity = Formula(Groups, _relative_diversity)
squared_coefficient_of_variation = Formula(Groups, _squared_coefficient_of_variation)
entropy = Formula(Groups, _entropy)
normalised_entropy = Formula(Groups, _normalised_entropy)
simpson_interaction = Formula(Groups, _simpson_interaction)
simpson_concentration = Formula(Groups, _simpson_concentration)
integration = Formula(Groups, _integration)
local_linkage = Formula(Groups, _local_linkage)
local_mutual_information = Formula(Groups, _local_mutual_information)
mutual_information_between_parents = Formula(Nested, _mutual_information_between_parents)
mutual_information_within_parents = Formula(Nested, _mutual_information_within_parents)
theil_h_between_parents = Formula(Nested, _theil_h_between_parents)
theil_h_within_parents = Formula(Nested, _theil_h_within_parents)
