"""Blocks of explanatory columns, such as resources, housing and liveability, and what they share with the outcome.

A block that is made of the same figures as the outcome explains it by construction (the share of low incomes explains
the mean income). Which components a column is made of is registered with the indicators; here it is compared.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kloof.errors import NotComputableError, SchemaError, examples, faults
from kloof.methods.arrays import Array


@dataclass(frozen=True)
class Explained:
    """An outcome and the blocks that may explain it, one row per buurt.

    `outcome` (buurten), `blocks` name → (buurten × columns), `weight` (buurten). `components` names what the outcome
    (under the key "outcome") and each block are made of; a block without an entry is made of nothing else's.
    """

    outcome: Array
    blocks: Mapping[str, Array]
    weight: Array
    components: Mapping[str, Collection[str]] = field(default_factory=dict)

    def design(self) -> Array:
        """Give all columns of all blocks, in order: (buurten × columns)."""
        return np.hstack([_columns(block) for block in self.blocks.values()])

    def places(self) -> dict[str, NDArray[np.intp]]:
        """Give the places of each block's columns in the design."""
        widths = [_columns(block).shape[1] for block in self.blocks.values()]
        ends = np.cumsum(widths)
        return {name: np.arange(end - width, end) for name, end, width in zip(self.blocks, ends, widths, strict=True)}

    def sharing(self) -> tuple[str, ...]:
        """Name the blocks that share a component with the outcome: what they explain is partly themselves."""
        own = set(self.components.get("outcome", ()))
        return tuple(name for name in self.blocks if own & set(self.components.get(name, ())))


def _columns(block: Array) -> Array:
    return block if block.ndim == 2 else block[:, None]


def check_explained(data: Explained) -> None:
    """Refuse data that cannot be used, with all faults at once.

    Raises SchemaError: no block, lengths that differ, missing values, a weight that is not above 0; and
    NotComputableError(not_identified) when a column does not vary or is a combination of the others.
    """
    rows = len(data.outcome)
    found = [] if data.blocks else ["there is no block"]
    found += [f"block {name} has {len(block)} rows, not {rows}" for name, block in data.blocks.items()
              if len(block) != rows]  # fmt: skip
    if len(data.weight) != rows:
        found.append(f"there are {len(data.weight)} weights, not {rows}")
    elif not (data.weight > 0).all():
        found.append(f"the weight is not above 0 at {examples(np.flatnonzero(~(data.weight > 0)).tolist())}")
    parts = {"outcome": data.outcome, **data.blocks}
    for name, part in parts.items():
        bad = np.flatnonzero(~np.isfinite(part.reshape(len(part), -1)).all(axis=1))
        found += [f"{name} is missing at {examples(bad.tolist())}"] * bool(len(bad))
    if found:
        raise SchemaError(faults("the outcome and its blocks", found, "Set aside the buurten without all figures."))
    design = data.design()
    centred = design - design.mean(axis=0)
    scale = np.abs(centred).max(axis=0)
    flat = scale <= 1e-12 * np.abs(design).max(axis=0)
    if flat.any() or np.linalg.matrix_rank(centred / scale) < design.shape[1]:
        raise NotComputableError(
            "not_identified", "A column of the blocks does not vary or is a combination of others; leave one out."
        )
