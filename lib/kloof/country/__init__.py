"""Every municipality of the store at once: what one alone cannot tell.

Others may use: events, figures, gaps, matched, mechanisms, panel, segregation.
"""
