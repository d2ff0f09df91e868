"""Every municipality of the store at once: what one alone cannot tell.

Others may use: counted, figures, gaps, growth, map_levels, matched, panel, segregation.
"""
