"""Counts in, an index and its range out: no file, no page, no language.

Others may use: bounds, chance, country, counts, decompose, intervals, measure, registry, resample, scale, tables,
two_groups.
"""
