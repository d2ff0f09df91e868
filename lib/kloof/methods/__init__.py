"""Statistical tests on arrays: no buurt, no file, no claim.

Others may use: arrays, blocks, by_place, contrast, convergence, ecological, gap, hierarchical, lagged, matching,
mobility, oaxaca, ordinal, pace, pass_through, pooled, power, randomisation, ratio, regression, shapley, shares,
spending.
"""
