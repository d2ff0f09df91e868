"""A number as a reader writes it and a finding as a sentence, in Dutch and English; every table of prose.

Others may use: cards, glossary, numbers, opposites, sentences.
"""
