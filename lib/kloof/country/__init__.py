"""Every municipality of the store at once: what one alone cannot tell.

Others may use: counted, events, figures, gaps, growth, map_levels, matched, mechanisms, own_list, panel, segregation.
"""
