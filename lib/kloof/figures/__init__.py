"""A table as a drawing with its alt text, the same bytes each time.

Others may use: draw, maps, plots.
"""
