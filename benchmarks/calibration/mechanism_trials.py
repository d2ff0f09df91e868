"""How often is a mechanism judged wrongly within all municipalities? Synthetic countries of which the truth is known.

This script fills data/mechanism_calibration.csv. A row says of one `mechanism`, one `world` and one
true `effect` (in times the smallest that matters) what came out in `trials` countries, in percent: `wrong` (the verdict
says what is not so), `right`, and `held` (the range holds the truth), with the noise taken off; and with it left in
`plain_wrong`, `plain_right` and `plain_held`. The rest is silence.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from country_trials import MUNICIPALITIES
from numpy.typing import NDArray
from tables import asked, written

from kloof.errors import NotComputableError
from kloof.findings import CONTRADICTED, HIGHER, LOWER, NEGLIGIBLE, SAME, SUPPORTED, Finding, verdict_of
from kloof.methods.arrays import Array
from kloof.methods.blocks import Explained
from kloof.methods.pooled import Cause, Growths, arrived, followed, steeper
from kloof.methods.ratio import BOUNDED, Ratio
from kloof.methods.regression import Estimate, Least, least
from kloof.questions.explanations import within_shares
from kloof_synth.calibration import SEED

MECHANISM_COLUMNS = (
    "mechanism", "world", "effect", "wrong", "right", "held", "plain_wrong", "plain_right", "plain_held", "trials",
)  # fmt: skip
Ends = tuple[float, float, float]  # estimate, low, high


@dataclass(frozen=True)
class MechanismWorld:
    """What is odd about a country: how much noise there is, who tells of it, and how true changes go together.

    `noise` is a deviation, where a true change has 1; `known` whether its size is known beforehand, `third` whether
    there are more than two measurements. `tails` are the degrees of freedom of a t (0: normal); `undone` is the part of
    a true change that the next takes back, which a third measurement takes for noise (below 0: it goes on).
    """

    name: str
    noise: float
    known: bool = False
    third: bool = True
    tails: float = 0.0
    undone: float = 0.0


MECHANISM_WORLDS = (
    MechanismWorld("no_noise", 0.0, known=True),
    MechanismWorld("some_noise", 0.5),
    MechanismWorld("much_noise", 1.0),
    MechanismWorld("noise_known_beforehand", 1.5, known=True, third=False),
    MechanismWorld("nobody_knows_the_noise", 1.0, third=False),
    MechanismWorld("heavy_tails", 1.0, tails=3.0),
    MechanismWorld("changes_undone", 0.5, undone=0.2),
    MechanismWorld("changes_go_on", 1.0, undone=-0.2),
)


@dataclass(frozen=True)
class Drawn:
    """The outcome of one country: with noise taken off and left in, the truth and the smallest effect that matters."""

    mended: Ends
    plain: Ends
    truth: float
    smallest: float


def _places(rng: np.random.Generator) -> tuple[NDArray[np.int64], Array]:
    """Draw the buurten of a country: the municipality and the weight of each."""
    count = np.clip(np.exp(rng.normal(np.log(25), 0.8, MUNICIPALITIES)), 5, 400).astype(int)
    town = np.repeat(np.arange(MUNICIPALITIES, dtype=np.int64), count)
    return town, np.exp(rng.normal(0, 0.7, len(town)))


def _changes(world: MechanismWorld, town: NDArray[np.int64], columns: int, rng: np.random.Generator) -> Array:
    """Draw true changes, of which municipalities share a part."""
    made = rng.standard_normal((len(town), columns))
    for at in range(1, columns):
        made[:, at] = np.sqrt(1 - world.undone**2) * made[:, at] - world.undone * made[:, at - 1]
    return np.asarray(made + rng.standard_normal((MUNICIPALITIES, columns))[town])


def _own(world: MechanismWorld, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw what happens by itself, with deviation 1."""
    spread = np.sqrt(world.tails / (world.tails - 2)) if world.tails else 1.0
    return np.asarray(rng.standard_t(world.tails, shape) / spread if world.tails else rng.standard_normal(shape))


def _ends(found: Estimate | Ratio | Least, times: float = 1.0) -> Ends:
    return times * found.estimate, times * found.low, times * found.high


def follows(world: MechanismWorld, effect: float, rng: np.random.Generator) -> Drawn:
    """Let a position follow surroundings (C8): a fifth of its deviation is the smallest effect that matters."""
    town, weight = _places(rng)
    true = _changes(world, town, 3, rng)
    level = np.cumsum(np.column_stack([np.zeros(len(town)), true]), axis=1)
    measured = level + world.noise * _own(world, level.shape, rng)
    part = 0.2 * effect
    slope = part / np.sqrt(1 - part**2)
    later = slope * true[:, :2] + _own(world, (len(town), 2), rng) + rng.standard_normal((MUNICIPALITIES, 2))[town]
    if not world.third:
        measured, later = measured[:, :2], later[:, :1]
    noise = np.full(later.shape, 2 * world.noise**2) if world.known else None
    found = followed(later, Cause(np.diff(measured, axis=1)[:, : later.shape[1]], measured, noise), weight, town)
    return Drawn(found.ends, _ends(found.plain), slope, 0.2 * found.farthest)


def steepens(world: MechanismWorld, effect: float, rng: np.random.Generator) -> Drawn:
    """Let a share rise ever more steeply with another (C11), of which the deviation is 20 points."""
    town, weight = _places(rng)
    years = np.arange(2014.0, 2020.0 if world.third else 2016.0)
    level = 20 * rng.standard_normal(len(town))[:, None] + _changes(world, town, len(years), rng)
    measured = level + 15 * world.noise * _own(world, level.shape, rng)
    slope = 0.3 + 0.01 * effect * (years - years[0])
    outcome = slope * level + 4 * _own(world, level.shape, rng) + 3 * rng.standard_normal(MUNICIPALITIES)[town][:, None]
    noise = np.full(level.shape, (15 * world.noise) ** 2 if world.known else 0.0)
    found = steeper(outcome, measured, noise, weight, (town, years))
    return Drawn(found.ends, _ends(found.plain), 0.01 * effect, 0.01)


def arrives(world: MechanismWorld, effect: float, rng: np.random.Generator) -> Drawn:
    """Let a tenth less, or more of that, arrive on lists of a movement (C12); no noise is taken off, it cancels."""
    town, weight = _places(rng)
    place = np.arange(len(town)) - np.searchsorted(town, town)
    listed = place < np.maximum(1, np.bincount(town)[town] // 5)
    ratio, rows = 1 - 0.1 * effect, []
    for pair in range(3):
        moved = 0.08 * rng.standard_normal(MUNICIPALITIES)[town] * np.where(listed, ratio, 1.0) - 0.03 * listed
        own = moved + 0.15 * (1 + world.noise) * _own(world, town.shape, rng)
        rows.append((own, weight, listed, town, np.full(len(town), pair)))
    found = arrived(Growths(*(np.concatenate(one) for one in zip(*rows, strict=True)))).ratio
    if found.shape != BOUNDED:
        raise NotComputableError("no_limit", "Any part may arrive.")
    ends = _ends(replace(found, estimate=found.estimate - 1, low=found.low - 1, high=found.high - 1), 100.0)
    return Drawn(ends, ends, -10 * effect, 10.0)


def leads(world: MechanismWorld, effect: float, rng: np.random.Generator) -> Drawn:
    """Let resources carry more of R² than liveability (C10), the one that is measured with noise; known in all worlds.

    Shares are in points; ten more is the smallest lead that matters.
    """
    town, weight = _places(rng)
    true = rng.standard_normal((len(town), 2))
    squares = np.array([0.1 + 0.1 * effect, 0.1])
    own = np.sqrt(1 - squares.sum()) * _own(world, town.shape, rng) + rng.standard_normal(MUNICIPALITIES)[town]
    measured = true + [0.0, world.noise] * _own(world, true.shape, rng)
    blocks = dict(zip(("resources", "liveability"), measured[:, :, None].swapaxes(0, 1), strict=True))
    data = Explained(true @ np.sqrt(squares) + own, blocks, weight)
    noises = np.tile([0.0, world.noise**2], (len(town), 1)), None
    mended, plain = (_ends(least(within_shares(data, town, "resources", one).leads), 100.0) for one in noises)
    return Drawn(mended, plain, 10 * effect, 10.0)


Draw = Callable[[MechanismWorld, float, np.random.Generator], Drawn]
EVERY = tuple(world.name for world in MECHANISM_WORLDS)
MECHANISMS: dict[str, tuple[Draw, str, tuple[float, ...], tuple[str, ...]]] = {
    # how it is drawn, what the claim expects, the true effects, and the worlds that differ in it
    "follows": (follows, SAME, (0.0, 0.8, 2.0), EVERY),
    "steepens": (steepens, HIGHER, (0.0, 2.0), tuple(name for name in EVERY if not name.startswith("nobody"))),
    "arrives": (arrives, LOWER, (0.0, 2.0, 4.0), (*EVERY[:3], "heavy_tails")),
    "leads": (leads, HIGHER, (0.0, 2.0), (*EVERY[:3], "heavy_tails")),
}


def _judged(ends: Ends, drawn: Drawn, expected: str, effect: float) -> tuple[bool, bool, bool]:
    """Tell whether a verdict was wrong, whether it was right, and whether the range held the truth."""
    finding = Finding("a", "a", "a", "a", estimate=ends[0], low=ends[1], high=ends[2], smallest_effect=drawn.smallest)
    verdict = verdict_of(finding, expected)
    if expected == SAME:
        wrong, right = ([CONTRADICTED], [SUPPORTED]) if effect < 1 else ([SUPPORTED], [CONTRADICTED])
    else:
        wrong, right = (
            ([CONTRADICTED, NEGLIGIBLE], [SUPPORTED]) if effect else ([SUPPORTED, CONTRADICTED], [NEGLIGIBLE])
        )
    return verdict in wrong, verdict in right, ends[1] <= drawn.truth <= ends[2]


def _silent(draw: Draw, world: MechanismWorld, effect: float, rng: np.random.Generator) -> Drawn:
    """Draw a country; where all may be noise nothing is said, so that everything is possible."""
    try:
        return draw(world, effect, rng)
    except NotComputableError:
        return Drawn((0.0, -np.inf, np.inf), (0.0, -np.inf, np.inf), 0.0, 1.0)


def mechanism_trial(mechanism: str, world: MechanismWorld, effect: float, trials: int, seed: int) -> dict[str, object]:
    """Judge many synthetic countries, and say how often what was said is so."""
    draw, expected = MECHANISMS[mechanism][:2]
    rng = np.random.default_rng([seed, MECHANISM_WORLDS.index(world), list(MECHANISMS).index(mechanism), round(effect)])
    drawn = [_silent(draw, world, effect, rng) for _ in range(trials)]
    mended = np.mean([_judged(one.mended, one, expected, effect) for one in drawn], axis=0)
    plain = np.mean([_judged(one.plain, one, expected, effect) for one in drawn], axis=0)
    shares = (100 * float(part) for part in (*mended, *plain))
    return dict(zip(MECHANISM_COLUMNS, (mechanism, world.name, effect, *shares, trials), strict=True))


def mechanism_trials(trials: int, workers: int = 1, seed: int = SEED) -> pd.DataFrame:
    """Go through all mechanisms, each in its worlds, and effects."""
    asked = [
        (mechanism, world, effect, trials, seed)
        for mechanism, (_, _, effects, worlds) in MECHANISMS.items()
        for world in MECHANISM_WORLDS
        if world.name in worlds
        for effect in effects
    ]
    with ProcessPoolExecutor(workers) as pool:
        rows = list(pool.map(mechanism_trial, *zip(*asked, strict=True)))
    return pd.DataFrame(rows, columns=list(MECHANISM_COLUMNS))


def main() -> None:
    """Fill the table in one go."""
    choice = asked(__doc__, 200)
    written(choice.out / "mechanism_calibration.csv", mechanism_trials(choice.trials, choice.workers).round(1))


if __name__ == "__main__":
    main()
