"""Any open file as observations: each cell a number or the reason why there is none, each row and column counted.

Others may use: cells, mapped, municipalities, numbers, opening, plausible, propose, recognise, vocabularies.
"""
