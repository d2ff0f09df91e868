"""The rank-order index written out with plain loops and quadrature: a second way to every number."""

import math

import numpy as np
from scipy.integrate import quad


def entropy(p: float) -> float:
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def slow(counts: np.ndarray, degree: int, kind: str) -> float:
    """Weighted fit with plain loops, integrated by quadrature."""
    total, shares, heights = counts.sum(), [], []
    for k in range(1, len(counts)):
        below, both = counts[:k].sum(axis=0), counts.sum(axis=0)
        p = below.sum() / total
        if kind == "theil":
            inside = sum(t * entropy(x / t) for x, t in zip(below, both, strict=True) if t)
            heights.append(1 - inside / (total * entropy(p)))
        else:
            apart = sum(t * (x / t - p) ** 2 for x, t in zip(below, both, strict=True) if t)
            heights.append(apart / (total * p * (1 - p)))
        shares.append(p)
    weigh = entropy if kind == "theil" else lambda p: p * (1 - p)
    fit = np.polynomial.Polynomial.fit(shares, heights, degree, w=[weigh(p) for p in shares], domain=[0, 1])
    whole = quad(weigh, 0, 1)[0]
    return float(quad(lambda p: fit(p) * weigh(p), 0, 1, epsabs=1e-12)[0] / whole)
