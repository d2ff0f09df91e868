# ---
# jupyter:
#   kloof:
#     number: 1
#     minutes: 50
#     nl: 1_wat_is_een_kloof
#     en: 1_what_is_a_gap
# ---

# %% [markdown] tags=["nl", "slide"]
"""
# Wat is een kloof?

**Sessie 1 · {{minutes_1}} minuten · geen voorkennis nodig**

Na deze sessie kun je

* een nette tabel lezen: één rij per buurt, jaar en indicator;
* zien wat er ontbreekt, en waarom leeg iets anders is dan nul;
* een gemiddelde met gewichten maken, en zeggen waarom;
* een verschil op twee manieren opschrijven: in euro's en in verhouding.
"""

# %% [markdown] tags=["en", "slide"]
"""
# What is a gap?

**Session 1 · {{minutes_1}} minutes · nothing to know beforehand**

After this session you can

* read a tidy table: one row per neighbourhood, year and indicator;
* see what is missing, and why empty is not the same as zero;
* make a weighted mean, and say why;
* write a gap down in two ways: in euros and in proportion.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

In {{place}} staan {{listed}} buurten op lijsten uit de pers: kwetsbare buurten. Het onderzoek van de rekenkamer zei dat het verschil
met de rest van de stad groter werd. Klopt dat? Wij kijken naar de WOZ-waarde: wat een woning volgens de gemeente waard is.

Op de lijst was een woning in {{first}} gemiddeld {{listed_first}} waard, daarbuiten {{rest_first}}. In {{last}} was het {{listed_last}} en
{{rest_last}}. Is dat een kloof? En is die gegroeid?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

In {{place}}, {{listed}} neighbourhoods are on lists in the press: vulnerable neighbourhoods. The study of the audit office said that
the gap with the rest of the city grew. Did it? We look at the assessed value of dwellings: what a home is worth according to the municipality.

On the list a dwelling was worth {{listed_first}} on average in {{first}}, and {{rest_first}} elsewhere. In {{last}} it was {{listed_last}} and
{{rest_last}}. Is that a gap? And did it grow?
"""

# %% [markdown] tags=["nl"]
"""
## Zo werkt het

Klik op een cel en druk op **Shift + Enter**: de cel wordt uitgevoerd en je gaat naar de volgende. Doe dat met elke cel, van boven naar beneden.
In een opgave vervang je de drie puntjes `...` door je antwoord. Een cel met `check` zegt of het goed is, of welke soort vergissing het was.
"""

# %% [markdown] tags=["en"]
"""
## How it works

Click on a cell and press **Shift + Enter**: the cell is run and you move to the next one. Do that with every cell, from top to bottom.
In an exercise you replace the three dots `...` with your answer. A cell with `check` says whether it is right, or which kind of mistake it was.
"""

# %% tags=["full"]
language = "[[nl||en]]"

from kloof_workshop import lesson
from kloof_workshop.checks import check

tidy = lesson.tidy(language)
tidy.head()

# %% tags=["lite"]
language = "[[nl||en]]"

from kloof_workshop import lesson, sketch
from kloof_workshop.checks import check

tidy = lesson.tidy()
tidy[:2]

# %% [markdown] tags=["nl", "slide"]
"""
## Een nette tabel

Elke rij is één waarneming: een buurt (`name`), een jaar (`year`), een indicator (`indicator`) en het cijfer (`value`) met zijn eenheid (`unit`).
`listed` zegt of de buurt op de lijst staat. Is `value` leeg, dan zegt `status` waarom.

`mean_dwelling_value` is de gemiddelde WOZ-waarde, in duizenden euro's. `households` is het aantal huishoudens.
"""

# %% [markdown] tags=["en", "slide"]
"""
## A tidy table

Each row is one observation: a neighbourhood (`name`), a year (`year`), an indicator (`indicator`) and the figure (`value`) with its unit (`unit`).
`listed` says whether the neighbourhood is on the list. When `value` is empty, `status` says why.

`mean_dwelling_value` is the mean assessed value of dwellings, in thousands of euros. `households` is the number of households.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het eerste plaatje

De gemiddelde WOZ-waarde per jaar, voor de buurten op de lijst en voor de rest. Wat valt je op? Wordt de ruimte tussen de lijnen groter?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The first plot

The mean dwelling value by year, for the listed neighbourhoods and for the rest. What do you notice? Does the space between the lines grow?
"""

# %% tags=["full", "slide"]
import seaborn as sns

lines = lesson.two_lines(language)
shown = lines.rename(columns={"listed": "[[op de lijst||on the list]]", "rest": "[[rest van de stad||rest of the city]]"})
shown = shown.set_index("year")[["[[op de lijst||on the list]]", "[[rest van de stad||rest of the city]]"]]
axes = sns.lineplot(shown, markers=True, linewidth=2.5, palette=["#D55E00", "#0072B2"])
axes.set(xlabel="[[jaar||year]]", ylabel="[[WOZ-waarde (duizend euro)||dwelling value (thousand euro)]]", ylim=(0, None));

# %% tags=["lite"]
lines = lesson.two_lines()
sketch.Picture(
    sketch.lines(
        "[[Gemiddelde WOZ-waarde (duizend euro)||Mean dwelling value (thousand euro)]]",
        [line["year"] for line in lines],
        [
            ("[[rest van de stad||rest of the city]]", [line["rest"] for line in lines]),
            ("[[op de lijst||on the list]]", [line["listed"] for line in lines]),
        ],
    )
)

# %% [markdown] tags=["nl"]
"""
## Opgave 1.1

Hoeveel buurten staan op de lijst? Gebruik `tidy`. Geef een aantal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.1

How many neighbourhoods are on the list? Use `tidy`. Give a count.
"""

# %% tags=["exercise", "full"]
answer_1_1 = tidy.loc[tidy["listed"], "name"].nunique()

# %% tags=["exercise", "lite"]
answer_1_1 = len({row["name"] for row in tidy if row["listed"]})

# %% [markdown] tags=["nl", "hint"]
"""
Een buurt heeft meer dan één rij. Hoe tel je elke buurt maar één keer?

---

Kies eerst de rijen waarin `listed` waar is. Neem dan de verschillende namen. In pandas telt `.nunique()` verschillende waarden; bij een gewone lijst doet
`len({...})` met accolades dat.
"""

# %% [markdown] tags=["en", "hint"]
"""
A neighbourhood has more than one row. How do you count each neighbourhood only once?

---

First choose the rows in which `listed` is true. Then take the distinct names. In pandas `.nunique()` counts distinct values; with a plain list
`len({...})` with braces does that.
"""

# %% tags=["check"]
check("1.1")

# %% [markdown] tags=["nl", "slide"]
"""
## Leeg is niet nul

Een lege cel betekent: dit weten we niet. In {{first}} had de bron bij sommige buurten een 0 staan waar geen cijfer was. Wie die 0 meetelt, maakt van
een onbekende buurt de armste van de stad.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Empty is not zero

An empty cell means: we don't know. For {{first}} the source printed a 0 for some neighbourhoods where there was no figure. Whoever counts that 0 turns
an unknown neighbourhood into the poorest of the city.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 1.2

Van hoeveel buurten is er in {{first}} géén WOZ-waarde (`mean_dwelling_value`)? Geef een aantal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.2

For how many neighbourhoods is there no dwelling value (`mean_dwelling_value`) in {{first}}? Give a count.
"""

# %% tags=["exercise", "full"]
values = tidy[(tidy["indicator"] == "mean_dwelling_value") & (tidy["year"] == {{first}})]  # given
answer_1_2 = values["value"].isna().sum()

# %% tags=["exercise", "lite"]
values = [row for row in tidy if row["indicator"] == "mean_dwelling_value" and row["year"] == {{first}}]  # given
answer_1_2 = sum(row["value"] is None for row in values)

# %% [markdown] tags=["nl", "hint"]
"""
De tabel `values` bevat al het goede jaar en de goede indicator. Je hoeft alleen de lege vakken te tellen.

---

In pandas is `.isna()` waar voor een leeg vak, en `.sum()` telt hoe vaak iets waar is. In een gewone lijst is een leeg vak `None`.
"""

# %% [markdown] tags=["en", "hint"]
"""
The table `values` holds the right year and the right indicator already. You only have to count the empty cells.

---

In pandas `.isna()` is true for an empty cell, and `.sum()` counts how often something is true. In a plain list an empty cell is `None`.
"""

# %% tags=["check"]
check("1.2")

# %% [markdown] tags=["nl", "slide"]
"""
## Waarom gewichten?

De kleinste buurt op de lijst heeft {{smallest}} huishoudens, de grootste {{largest}}. In een gewoon gemiddelde tellen ze even zwaar. In een **gewogen**
gemiddelde telt elk huishouden even zwaar: vermenigvuldig elk cijfer met het aantal huishoudens, tel op, en deel door alle huishoudens samen.

De tabel `homes` heeft één rij per buurt, voor de {{followed}} buurten die in alle jaren een cijfer hebben. De andere {{left_out}} vallen af: daar is
niet in elk jaar iets bekend.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Why weights?

The smallest neighbourhood on the list has {{smallest}} households, the largest {{largest}}. In a plain mean they count the same. In a **weighted**
mean every household counts the same: multiply each figure by the number of households, add up, and divide by all households together.

The table `homes` has one row per neighbourhood, for the {{followed}} neighbourhoods with a figure in every year. The other {{left_out}} drop out: not
every year is known there.
"""

# %% tags=["full"]
homes = lesson.homes(language)
listed = homes[homes["listed"]]
rest = homes[~homes["listed"]]
listed

# %% tags=["lite"]
homes = lesson.homes()
listed = [row for row in homes if row["listed"]]
rest = [row for row in homes if not row["listed"]]
listed[:2]

# %% [markdown] tags=["nl"]
"""
## Opgave 1.3

Wat is de gemiddelde WOZ-waarde van de buurten op de lijst in {{last}}, gewogen met `households`? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.3

What is the mean dwelling value of the listed neighbourhoods in {{last}}, weighted by `households`? In thousands of euros, to one decimal.
"""

# %% tags=["exercise", "full"]
answer_1_3 = (listed["value_{{last}}"] * listed["households"]).sum() / listed["households"].sum()

# %% tags=["exercise", "lite"]
number = sum(row["households"] for row in listed)
answer_1_3 = sum(row["value_{{last}}"] * row["households"] for row in listed) / number

# %% [markdown] tags=["nl", "hint"]
"""
Boven de streep staat een som van producten, onder de streep een som van gewichten.

---

Vermenigvuldig de kolom met waarden met de kolom `households`, tel op, en deel door de som van `households` van dezelfde buurten.
"""

# %% [markdown] tags=["en", "hint"]
"""
Above the line is a sum of products, below the line a sum of weights.

---

Multiply the column of values by the column `households`, add up, and divide by the sum of `households` of the same neighbourhoods.
"""

# %% tags=["check"]
check("1.3")

# %% [markdown] tags=["nl", "slide"]
"""
## Twee manieren om een verschil op te schrijven

* **Absoluut**: de rest min de lijst, in euro's. Hoeveel scheelt het?
* **In verhouding**: hetzelfde, als percentage van de rest. Welk deel ontbreekt er?

Een positief getal betekent: de lijst staat er slechter voor.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Two ways to write down a gap

* **Absolute**: the rest minus the list, in euros. How much is the difference?
* **In proportion**: the same, in percent of the rest. Which part is lacking?

A positive number means: the list is worse off.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 1.4

Hoe groot was het absolute verschil in {{last}}? De rest min de lijst, beide gewogen, in duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.4

How large was the absolute gap in {{last}}? The rest minus the list, both weighted, in thousands of euros, to one decimal.
"""

# %% tags=["exercise", "full"]
rest_mean = (rest["value_{{last}}"] * rest["households"]).sum() / rest["households"].sum()
answer_1_4 = rest_mean - answer_1_3

# %% tags=["exercise", "lite"]
rest_homes = sum(row["households"] for row in rest)
rest_mean = sum(row["value_{{last}}"] * row["households"] for row in rest) / rest_homes
answer_1_4 = rest_mean - answer_1_3

# %% [markdown] tags=["nl", "hint"]
"""
Je hebt al het gemiddelde van de lijst. Welk gemiddelde heb je nog nodig?

---

Maak het gewogen gemiddelde van `rest` op dezelfde manier. Trek daar het antwoord van 1.3 van af, in die volgorde.
"""

# %% [markdown] tags=["en", "hint"]
"""
You have the mean of the list already. Which mean do you still need?

---

Make the weighted mean of `rest` in the same way. Subtract the answer to 1.3 from it, in that order.
"""

# %% tags=["check"]
check("1.4")

# %% [markdown] tags=["nl"]
"""
## Opgave 1.5

En in verhouding? Geef het verschil van {{last}} als percentage van de rest, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.5

And in proportion? Give the gap of {{last}} in percent of the rest, to one decimal.
"""

# %% tags=["exercise"]
answer_1_5 = 100 * answer_1_4 / rest_mean

# %% [markdown] tags=["nl", "hint"]
"""
Een percentage is een deel van honderd van iets. Van wat, volgens de vraag?

---

Deel het verschil door het gewogen gemiddelde van de rest, en vermenigvuldig met honderd.
"""

# %% [markdown] tags=["en", "hint"]
"""
A percentage is a part of a hundred of something. Of what, according to the question?

---

Divide the gap by the weighted mean of the rest, and multiply by a hundred.
"""

# %% tags=["check"]
check("1.5")

# %% [markdown] tags=["nl"]
"""
## Opgave 1.6

Hoeveel groeide het absolute verschil van {{first}} tot {{last}}? In duizenden euro's, op één decimaal. De tabel `lines` heeft de kolommen
`year`, `listed`, `rest`, `gap` (de rest min de lijst) en `relative` (in procenten van de rest).
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.6

By how much did the absolute gap grow from {{first}} to {{last}}? In thousands of euros, to one decimal. The table `lines` has the columns
`year`, `listed`, `rest`, `gap` (the rest minus the list) and `relative` (in percent of the rest).
"""

# %% tags=["exercise", "full"]
by_year = lines.set_index("year")  # given
answer_1_6 = by_year.loc[{{last}}, "gap"] - by_year.loc[{{first}}, "gap"]

# %% tags=["exercise", "lite"]
by_year = {line["year"]: line for line in lines}  # given
answer_1_6 = by_year[{{last}}]["gap"] - by_year[{{first}}]["gap"]

# %% [markdown] tags=["nl", "hint"]
"""
Groeien is: later min eerder.

---

Zoek in `by_year` het verschil van beide jaren op en trek ze van elkaar af. In pandas: `by_year.loc[jaar, "gap"]`; in een gewoon woordenboek:
`by_year[jaar]["gap"]`.
"""

# %% [markdown] tags=["en", "hint"]
"""
To grow is: later minus earlier.

---

Look up the gap of both years in `by_year` and subtract. In pandas: `by_year.loc[year, "gap"]`; in a plain dictionary: `by_year[year]["gap"]`.
"""

# %% tags=["check"]
check("1.6")

# %% [markdown] tags=["nl"]
"""
## Opgave 1.7

En in verhouding: hoeveel **procentpunt** veranderde `relative` van {{first}} tot {{last}}? Op één decimaal; een daling is negatief.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.7

And in proportion: by how many **percentage points** did `relative` change from {{first}} to {{last}}? To one decimal; a fall is negative.
"""

# %% tags=["exercise", "full"]
answer_1_7 = by_year.loc[{{last}}, "relative"] - by_year.loc[{{first}}, "relative"]

# %% tags=["exercise", "lite"]
answer_1_7 = by_year[{{last}}]["relative"] - by_year[{{first}}]["relative"]

# %% [markdown] tags=["nl", "hint"]
"""
Van twee percentages is het verschil een aantal procentpunten. Je deelt niet.

---

Doe hetzelfde als in 1.6, met een andere kolom.
"""

# %% [markdown] tags=["en", "hint"]
"""
The difference of two percentages is a number of percentage points. You don't divide.

---

Do the same as in 1.6, with another column.
"""

# %% tags=["check"]
check("1.7")

# %% [markdown] tags=["nl", "slide"]
"""
## Groeide de kloof?

In euro's: ja, van {{gap_first}} naar {{gap_last}}. In verhouding: van {{relative_first}} naar {{relative_last}} van het niveau van de rest. Beide zijn
waar. Wie er maar één noemt, kiest de uitkomst. Of de cijfers genoeg zeggen voor een oordeel, komt in sessie 3.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Did the gap grow?

In euros: yes, from {{gap_first}} to {{gap_last}}. In proportion: from {{relative_first}} to {{relative_last}} of the level of the rest. Both are
true. Whoever mentions only one chooses the outcome. Whether the figures say enough for a verdict comes in session 3.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"Leeg is nul."* Leeg is onbekend.
* *"Het gemiddelde van de buurten is het gemiddelde van de mensen."* Alleen als alle buurten even groot zijn.
* *"Het verschil in euro's groeide, dus de lijst blijft achter."* Stijgen alle prijzen even hard, dan groeit het verschil in euro's vanzelf.
* *"Van 40 naar 38 procent is 2 procent minder."* Het is 2 procentpunt minder.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"Empty is zero."* Empty is unknown.
* *"The mean of the neighbourhoods is the mean of the people."* Only when all neighbourhoods are the same size.
* *"The gap in euros grew, so the list is falling behind."* When all prices rise at the same rate, the gap in euros grows by itself.
* *"From 40 to 38 percent is 2 percent less."* It is 2 percentage points less.
"""

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 1.8

Welke buurt op de lijst verandert het gewogen gemiddelde van de lijst in {{last}} het meest als je die weglaat? Geef de naam, tussen aanhalingstekens.
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 1.8

Which neighbourhood on the list changes the weighted mean of the list in {{last}} most when you leave it out? Give the name, between quotation marks.
"""

# %% tags=["exercise", "full", "stretch"]
without = {}
for name in listed["name"]:
    kept = listed[listed["name"] != name]
    mean = (kept["value_{{last}}"] * kept["households"]).sum() / kept["households"].sum()
    without[name] = abs(mean - answer_1_3)
answer_1_8 = max(without, key=without.get)

# %% tags=["exercise", "lite", "stretch"]
without = {}
for left_out in listed:
    kept = [row for row in listed if row is not left_out]
    mean = sum(row["value_{{last}}"] * row["households"] for row in kept) / sum(row["households"] for row in kept)
    without[left_out["name"]] = abs(mean - answer_1_3)
answer_1_8 = max(without, key=without.get)

# %% [markdown] tags=["nl", "hint"]
"""
Trekken doet een buurt die groot is én ver van het gemiddelde ligt.

---

Loop de namen langs. Maak telkens een tabel zonder die buurt, bereken het gewogen gemiddelde, en onthoud hoe ver het van 1.3 af ligt.
"""

# %% [markdown] tags=["en", "hint"]
"""
A neighbourhood pulls when it is large and far from the mean.

---

Go past the names. Each time make a table without that neighbourhood, compute the weighted mean, and remember how far it is from 1.3.
"""

# %% tags=["check"]
check("1.8")
