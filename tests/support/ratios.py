"""Which ratios a Fieller set keeps, by its shape: what tests of coverage count."""

from kloof.methods.ratio import BOUNDED, EVERYTHING, Ratio


def holds(found: Ratio, ratio: float) -> bool:
    """Tell whether a ratio is not rejected."""
    inside = found.low <= ratio <= found.high
    return found.shape == EVERYTHING or (inside if found.shape == BOUNDED else not found.low < ratio < found.high)
