"""Every municipality of the store at once: what one alone cannot tell.

Others may use: events, figures, gaps, map_levels, matched, mechanisms, own_list, panel, segregation.
"""
