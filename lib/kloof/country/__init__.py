"""Every municipality of the store at once: what one alone cannot tell.

Others may use: figures, gaps, panel.
"""
