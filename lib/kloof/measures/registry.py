"""The registry of indices: what each says, its weak side, its source, and the function that computes it.

The texts and properties stand in `indices.toml`; here they are checked, joined to the functions, and looked up.
`measure.measure` applies them to a tidy table.
"""

import tomllib
from dataclasses import dataclass, field, replace
from importlib.resources import files
from math import isfinite
from re import fullmatch
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from kloof.errors import CatalogueError, ParameterError, faults, nearest
from kloof.measures import many_groups, means, rank_order, spatial, two_groups
from kloof.measures.tables import FloatArray, Formula

Family = Literal["evenness", "exposure", "diversity", "concentration", "clustering", "rank_order", "means"]
FAMILIES: tuple[Family, ...] = (
    "evenness", "exposure", "diversity", "concentration", "clustering", "rank_order", "means",
)  # fmt: skip
GROUPS = ("two", "many", "any", "ordered", "means")
INVARIANCES = ("size", "composition", "organisation", "symmetry", "exchange", "transfer", "decomposition", "scale")

# what the function of an index takes before the offsets `starts` of the segments, all (..., N) unless said otherwise
NEEDS = {
    "counts": "group, rest",
    "counts_and_others": "counts (..., 3, N) of group, other group, everybody else",
    "groups": "counts (..., G, N) of all groups",
    "units": "counts (..., G, N) of all groups; the result is one number per unit, (..., N)",
    "parents": "counts (..., G, N) of all groups, number of the parent of each unit",
    "ordered": "counts (..., K, N) of the classes, lowest first",
    "areas": "group, rest, area",
    "coordinates": "group, rest, weights (N, N) of spatial.neighbourhood",
    "means": "value, weight",
    "means_and_coordinates": "value, weight, weights (N, N) of spatial.neighbourhood without the unit itself",
}

ON_COUNTS = ("counts", "groups", "ordered", "counts_and_others")  # needs nothing but counts

_FUNCTIONS: dict[str, Formula[Any]] = {
    "dissimilarity": two_groups.dissimilarity,
    "isolation": two_groups.isolation,
    "interaction": two_groups.interaction,
    "exposure": two_groups.exposure,
    "gini": two_groups.gini,
    "theil_h": two_groups.theil_h,
    "correlation_ratio": two_groups.correlation_ratio,
    "mutual_information": many_groups.mutual_information,
    "atkinson": two_groups.atkinson,
    "hutchens": two_groups.hutchens,
    "minmax": two_groups.minmax,
    "concentration_profile": two_groups.concentration_profile,
    "multigroup_dissimilarity": many_groups.multigroup_dissimilarity,
    "multigroup_gini": many_groups.multigroup_gini,
    "multigroup_theil_h": many_groups.multigroup_theil_h,
    "normalised_exposure": many_groups.normalised_exposure,
    "relative_diversity": many_groups.relative_diversity,
    "squared_coefficient_of_variation": many_groups.squared_coefficient_of_variation,
    "entropy": many_groups.entropy,
    "normalised_entropy": many_groups.normalised_entropy,
    "simpson_interaction": many_groups.simpson_interaction,
    "simpson_concentration": many_groups.simpson_concentration,
    "integration": many_groups.integration,
    "local_linkage": many_groups.local_linkage,
    "local_mutual_information": many_groups.local_mutual_information,
    "mutual_information_between_parents": many_groups.mutual_information_between_parents,
    "mutual_information_within_parents": many_groups.mutual_information_within_parents,
    "theil_h_between_parents": many_groups.theil_h_between_parents,
    "theil_h_within_parents": many_groups.theil_h_within_parents,
    "rank_order_theil_h": rank_order.rank_order_theil_h,
    "rank_order_relative_diversity": rank_order.rank_order_relative_diversity,
    "delta": spatial.delta,
    "absolute_concentration": spatial.absolute_concentration,
    "distance_decay_isolation": spatial.spatial_isolation,
    "dissimilarity_of_nearest": spatial.spatial_dissimilarity,
    "dissimilarity_within_radius": spatial.spatial_dissimilarity,
    "weighted_sd": means.weighted_sd,
    "coefficient_of_variation": means.coefficient_of_variation,
    "theil_between": means.theil_between,
    "moran_i": spatial.moran_i,
}


@dataclass(frozen=True)
class Parameter:
    """The number an index can be asked at, `atkinson(0.9)`: its name, default (None = by the data) and open ends."""

    name: str
    default: float | None
    above: float
    below: float


@dataclass(frozen=True)
class Index:
    """One index: what it says, what it is good for, its weak side, where it comes from, and what computes it.

    `function(..., starts)` is batched, see `tables`; `NEEDS[needs]` says what it takes. groups: "two" (a group
    against another or the rest), "many" (all groups of the table), "any" (two when a group is named, else all),
    "ordered" (classes in order) or "means". `lowest` and `highest` are the ends of its scale. neighbourhood: the kind
    of `spatial.neighbourhood` it uses, or "". invariances, of `INVARIANCES`: it stays the same when all counts are
    multiplied (size), or those of one group (composition), when a unit is split in proportion (organisation), when
    groups swap or classes turn round (symmetry), when all values are multiplied (scale); it never rises when two units
    exchange people of two groups towards the mix (exchange), or people move to where their group has a smaller share
    (transfer); its parts between and within parents add up to it (decomposition).
    """

    id: str
    family: str
    groups: str
    needs: str
    name_nl: str
    name_en: str
    what_nl: str
    what_en: str
    good_nl: str
    good_en: str
    weakness_nl: str
    weakness_en: str
    formula: str
    source: str
    doi: str
    lowest: float
    highest: float
    invariances: tuple[str, ...]
    function: Formula[Any] = field(repr=False)
    parameter: Parameter | None = None
    neighbourhood: str = ""

    @property
    def base(self) -> str:
        """The id without its parameter."""
        return self.id.partition("(")[0]

    def of_counts(self, counts: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
        """Compute the index of counts (..., G, N), whose rows are the group and the rest for an index of two groups.

        Raises ParameterError for an index that needs more than counts.
        """
        if self.needs == "counts":
            table = np.asarray(counts, dtype=np.float64)
            return self.function(table[..., 0, :], table[..., 1, :], starts)
        if self.needs in ON_COUNTS:
            return self.function(counts, starts)
        raise ParameterError(f"{self.id} needs more than counts: {NEEDS[self.needs]}.")

    def text(self, name: str, language: str) -> str:
        """Give `name`, `what`, `good` or `weakness` in nl or en."""
        return str(getattr(self, f"{name}_{language}"))


_PLAIN = {"family": str, "groups": str, "needs": str, "formula": str, "source": str, "doi": str}
_WORDS = ("name", "what", "good", "weakness")
_MAY = {"parameter", "neighbourhood"}
_CLOSED = {
    "family": FAMILIES,
    "groups": GROUPS,
    "needs": tuple(NEEDS),
    "neighbourhood": ("", *spatial.KINDS),
}


def read_registry(text: str) -> dict[str, Index]:
    """Read the table of indices; raises CatalogueError that lists every entry and key that is wrong or missing."""
    table = tomllib.loads(text)
    found = [f"[{name}] has no function" for name in table if name not in _FUNCTIONS]
    found += [f"[{name}] is missing" for name in _FUNCTIONS if name not in table]
    for name, entry in table.items():
        found += [f"[{name}] {fault}" for fault in _entry_faults(entry)]
    if found:
        raise CatalogueError(faults("indices.toml", found, "Mend these entries; nl and en stand side by side."))
    return {name: _entry(name, table[name]) for name in _FUNCTIONS}


def _entry_faults(entry: dict[str, Any]) -> list[str]:
    needed = {*_PLAIN, *_WORDS, "range", "invariances"}
    found = [f"lacks {key}" for key in sorted(needed - set(entry))]
    found += [f"has an unknown key {key}" for key in sorted(set(entry) - needed - _MAY)]
    found += [f"{key} is empty or no text" for key in _PLAIN if key in entry and not _is_text(entry[key])]
    for key, known in _CLOSED.items():
        if entry.get(key, known[0]) not in known:
            found.append(f"{key} {entry[key]!r} is not one of {', '.join(filter(None, known))}")
    found += [f"invariance {one!r} is not known" for one in entry.get("invariances", []) if one not in INVARIANCES]
    for key in _WORDS:
        words = entry.get(key, {"nl": "-", "en": "-"})
        if not isinstance(words, dict) or set(words) != {"nl", "en"} or not all(map(_is_text, words.values())):
            found.append(f"{key} needs a text in nl and in en, and nothing else")
    ends = entry.get("range", [0, 1])
    if not (isinstance(ends, list) and len(ends) == 2 and ends[0] < ends[1]):
        found.append(f"range {ends} is not [lowest, highest]")
    if set(entry.get("parameter", {"name": "", "above": 0, "below": 0})) - {"default"} != {"name", "above", "below"}:
        found.append("parameter needs name, above and below, and may have a default")
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _entry(name: str, entry: dict[str, Any]) -> Index:
    words = {f"{key}_{language}": entry[key][language] for key in _WORDS for language in ("nl", "en")}
    given = entry.get("parameter")
    parameter = Parameter(given["name"], given.get("default"), given["above"], given["below"]) if given else None
    return Index(
        id=name, lowest=float(entry["range"][0]), highest=float(entry["range"][1]), parameter=parameter,
        invariances=tuple(entry["invariances"]), neighbourhood=entry.get("neighbourhood", ""),
        function=_FUNCTIONS[name], **{key: entry[key] for key in _PLAIN}, **words,
    )  # fmt: skip


ALIASES = {"multigroup_mutual_information": ("mutual_information", "many")}  # another name, and what it then is over


class Registered(dict[str, Index]):
    """Indices by id; one by another name is that one, and one that there is not an error that names the nearest."""

    def __missing__(self, index_id: str) -> Index:
        """Give the index that has this other name. Raises ParameterError."""
        if index_id in ALIASES:
            name, groups = ALIASES[index_id]
            return replace(self[name], id=index_id, groups=groups)
        raise ParameterError(faults("the index", [index_fault(str(index_id)) or f"{index_id!r}"], ""))


INDICES: dict[str, Index] = Registered(
    read_registry(files("kloof.measures").joinpath("indices.toml").read_text(encoding="utf-8"))
)


def index_fault(index_id: str) -> str | None:
    """Say what is wrong with the id of an index, such as `dissimilarity` or `atkinson(0.9)`; None when nothing is."""
    shape = fullmatch(r"([^()]*)(?:\(([^()]*)\))?", index_id)
    name, _, _ = index_id.partition("(")
    if shape is None or name.strip() not in {*INDICES, *ALIASES}:
        known = f"{nearest(name, list(INDICES))}Known: {', '.join(INDICES)}."
        return f'index "{index_id}" is not known; {known}'
    value, parameter = shape[2], INDICES[name.strip()].parameter
    if value is None:
        return None
    if parameter is None:
        return f'index "{index_id}": {name} takes no number in brackets'
    try:
        number = float(value)
    except ValueError:
        return f'index "{index_id}": {parameter.name} must be a number'
    if not (parameter.above < number < parameter.below and isfinite(number)):
        below = f" and below {parameter.below:g}" if isfinite(parameter.below) else ""
        return f'index "{index_id}": {parameter.name} must be above {parameter.above:g}{below}'
    return None


def get_index(index_id: str) -> Index:
    """Return the entry of the registry, at the parameter in brackets if there is one (`atkinson(0.9)`).

    A parameter of a neighbourhood (`dissimilarity_of_nearest(8)`) is left to whoever makes the weights: `parameter.
    default` holds it. Raises ParameterError that names the known indices and the nearest, or the fault in the number.
    """
    if fault := index_fault(index_id):
        raise ParameterError(faults("the index", [fault], ""))
    name, _, value = index_id.partition("(")
    index = INDICES[name.strip()]
    if not value or index.parameter is None:
        return index
    number = float(value.rstrip(") "))
    function = index.function if index.neighbourhood else index.function.at(number)
    return replace(
        index, id=f"{index.id}({number:g})", function=function, parameter=replace(index.parameter, default=number)
    )
