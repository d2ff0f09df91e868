"""Statistical tests on arrays: no buurt, no file, no claim.

Others may use: arrays, blocks, contrast, convergence, ecological, gap, hierarchical, lagged, meta, mobility, oaxaca,
ordinal, pace, pass_through, power, randomisation, ratio, regression, shapley, shares, spending.
"""
