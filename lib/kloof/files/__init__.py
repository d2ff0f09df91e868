"""Any open file as observations: each cell a number or the reason why there is none, each row and column counted.

A table with a row per area and known titles needs no reader: its titles are lines in vocabularies.toml, and `maps`
reads it. A person's own file needs a mapping (`mapped`). A reader of its own stays where a cell means something that no
line says: names without codes (`police`, `years_across`, `kwb`), rows to add up or lay out (`iv3`, `statline`), titles
over several rows and years in titles (`postcodes`), a mistake of the source (`woonikveilig`).

Others may use: cells, mapped, municipalities, numbers, opening, plausible, propose, recognise, vocabularies.
"""
