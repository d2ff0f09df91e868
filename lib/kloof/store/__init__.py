"""What files said about every municipality, in one geography for all years; a contradiction is told, not swapped in.

Others may use: add, harmonise, intact, manifest, mapping, read, remove, shared.
"""
