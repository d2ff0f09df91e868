# ---
# jupyter:
#   kloof:
#     number: 3
#     minutes: 50
#     nl: 3_werd_het_groter
#     en: 3_did_it_grow
# ---

# %% [markdown] tags=["nl", "slide"]
"""
# Werd het groter?

**Sessie 3 · {{minutes_3}} minuten · na sessie 1**

Na deze sessie kun je

* met een proef laten zien dat een slechte lijst vanzelf beter lijkt te worden;
* een verandering lezen met haar marge, en er een oordeel aan geven;
* het verloop vóór corona scheiden van dat erna;
* zeggen hoe vaak zo'n oordeel fout is.
"""

# %% [markdown] tags=["en", "slide"]
"""
# Did it grow?

**Session 3 · {{minutes_3}} minutes · after session 1**

After this session you can

* show by experiment that a bad list seems to recover by itself;
* read a change with its range, and give a verdict on it;
* tell what came before corona from what came since;
* say how often such a verdict is wrong.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

In 2021 was er debat in {{place}}. De een zei: de kloof groeit al jaren. De ander: het kwam door corona. Een derde: het is toeval. Alle drie kunnen we toetsen.
We beginnen met de derde, want wie toeval niet kent, ziet overal een verhaal.
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

In 2021 there was a debate in {{place}}. One said: the gap has been growing for years. Another: it came with corona. A third: it is chance. We can test all
three. We begin with the third, because whoever doesn't know chance sees a story everywhere.
"""

# %%
language = "[[nl||en]]"

import kloof
from kloof_workshop import experiments, lesson
from kloof_workshop.checks import check

world = experiments.world(language)
world.head()

# %% [markdown] tags=["nl", "slide"]
"""
## Een wereld waarin niets gebeurt

Elke buurt heeft een ware waarde (`truth`) die nooit verandert. De cijfers van twee jaren (`year_1`, `year_2`) zijn die waarde plus ruis: toevallige verkopen, een
nieuwe flat, een schatting. We maken een lijst zoals een beleidsmaker dat doet: de {{chosen}} laagste van het eerste jaar. Daarna kijken we een jaar later.
"""

# %% [markdown] tags=["en", "slide"]
"""
## A world in which nothing happens

Every neighbourhood has a true value (`truth`) that never changes. The figures of two years (`year_1`, `year_2`) are that value plus noise: chance sales, a new
block of flats, an estimate. We make a list the way a policymaker does: the {{chosen}} lowest of the first year. Then we look a year later.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 3.1

Kies de {{chosen}} buurten met de laagste `year_1`. Hoe groot is in dat jaar het verschil: het gemiddelde van de andere buurten min dat van de gekozen buurten? In
duizenden euro's, op één decimaal. Elke buurt telt hier één keer.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.1

Choose the {{chosen}} neighbourhoods with the lowest `year_1`. How large is the gap in that year: the mean of the other neighbourhoods minus that of the chosen
ones? In thousands of euros, to one decimal. Each neighbourhood counts once here.
"""

# %% tags=["exercise"]
chosen = world["name"].isin(world.nsmallest({{chosen}}, "year_1")["name"])
answer_3_1 = world.loc[~chosen, "year_1"].mean() - world.loc[chosen, "year_1"].mean()

# %% [markdown] tags=["nl", "hint"]
"""
Je hebt een kolom nodig die zegt of een buurt gekozen is. `world.nsmallest(aantal, "year_1")` geeft de laagste rijen.

---

Met `chosen = world["name"].isin(...)` en `~chosen` voor de anderen neem je twee gewone gemiddelden van `year_1`.
"""

# %% [markdown] tags=["en", "hint"]
"""
You need a column that says whether a neighbourhood was chosen. `world.nsmallest(count, "year_1")` gives the lowest rows.

---

With `chosen = world["name"].isin(...)` and `~chosen` for the others you take two plain means of `year_1`.
"""

# %% tags=["check"]
check("3.1")

# %% [markdown] tags=["nl"]
"""
## Opgave 3.2

Volg **dezelfde** buurten. Hoeveel verandert het verschil van `year_1` naar `year_2`? Een daling is negatief. In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.2

Follow **the same** neighbourhoods. By how much does the gap change from `year_1` to `year_2`? A fall is negative. In thousands of euros, to one decimal.
"""

# %% tags=["exercise"]
later = world.loc[~chosen, "year_2"].mean() - world.loc[chosen, "year_2"].mean()
answer_3_2 = later - answer_3_1

# %% [markdown] tags=["nl", "hint"]
"""
Een lijst wordt niet elk jaar opnieuw gemaakt. Welke buurten volg je dus?

---

Bereken het verschil nog eens met `year_2` en dezelfde `chosen`, en trek het antwoord van 3.1 ervan af.
"""

# %% [markdown] tags=["en", "hint"]
"""
A list is not made anew every year. So which neighbourhoods do you follow?

---

Compute the gap again with `year_2` and the same `chosen`, and subtract the answer to 3.1 from it.
"""

# %% tags=["check"]
check("3.2")

# %% [markdown] tags=["nl", "slide"]
"""
## Regressie naar het gemiddelde

Niets veranderde, en toch kromp het verschil. Over {{repeats}} van zulke werelden gaat het gemiddeld van {{world_first}} naar {{world_second}}, bij een ruis van
{{noise}}. Wie onderaan staat, had vaak ook pech. Pech herhaalt zich niet. Elk beleid dat daarna begint, lijkt te werken.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Regression to the mean

Nothing changed, and yet the gap shrank. Over {{repeats}} such worlds it goes from {{world_first}} to {{world_second}} on average, with a noise of
{{noise}}. Whoever is at the bottom often had bad luck as well. Bad luck does not repeat itself. Any policy that starts then seems to work.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Speel met ruis en met de lengte van de lijst

Eerst de ruis: zonder ruis gebeurt er niets. Dan de lengte van de lijst.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Play with noise and with the length of the list

First the noise: without noise nothing happens. Then the length of the list.
"""

# %% tags=["play", "slide"]
experiments.noise(language)

# %% tags=["play", "slide"]
experiments.selection(language)

# %% [markdown] tags=["nl", "slide"]
"""
## Nu de echte cijfers

De lijst van {{listed}} buurten is niet gekozen op WOZ-waarden. Dus geldt de waarschuwing hier minder. `kloof.gap_change` geeft de verandering van het verschil van
{{first}} tot {{last}} en een marge, `low` tot `high`: alle veranderingen die passen bij de cijfers, hun afronding, en het toeval van welke buurten op de lijst staan.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Now the real figures

The list of {{listed}} neighbourhoods was not chosen on dwelling values. So the warning applies less here. `kloof.gap_change` gives the change of the gap from
{{first}} to {{last}} and a range, `low` to `high`: all changes that fit the figures, their rounding, and the chance of which neighbourhoods are on the list.
"""

# %%
study = lesson.study(language)
absolute = kloof.gap_change(study, "mean_dwelling_value", "absolute")
relative = kloof.gap_change(study, "mean_dwelling_value", "relative")
section = kloof.Section("04_did_the_gap_grow")
section.add(absolute, relative)
kloof.say(study, section)

# %% [markdown] tags=["nl"]
"""
## Opgave 3.3

Hoeveel groeide het absolute verschil **minstens**? Lees het af aan `absolute`. In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.3

By how much did the absolute gap grow **at least**? Read it from `absolute`. In thousands of euros, to one decimal.
"""

# %% tags=["exercise"]
answer_3_3 = absolute.low

# %% [markdown] tags=["nl", "hint"]
"""
Een uitkomst heeft drie getallen: `estimate`, `low` en `high`. Welk hoort bij "minstens"?

---

Het laagste eind van de marge: schrijf `absolute.` en dan de naam.
"""

# %% [markdown] tags=["en", "hint"]
"""
A finding has three numbers: `estimate`, `low` and `high`. Which one belongs to "at least"?

---

The lowest end of the range: write `absolute.` and then the name.
"""

# %% tags=["check"]
check("3.3")

# %% [markdown] tags=["nl", "slide"]
"""
## Van marge naar oordeel

De eerste regel die klopt, wint:

1. Ligt de hele marge binnen het kleinste verschil dat ertoe doet (vooraf vastgelegd: {{matters}} of {{matters_relative}})? Dan `SAME`: gelijk.
2. Ligt de hele marge boven nul? Dan `HIGHER`: groter.
3. Ligt de hele marge onder nul? Dan `LOWER`: kleiner.
4. Anders `UNCLEAR`: het is niet te zeggen. Dat is iets anders dan gelijk.
"""

# %% [markdown] tags=["en", "slide"]
"""
## From range to judgement

The first line that holds wins:

1. Does the whole range lie within the smallest change that matters (fixed beforehand: {{matters}} or {{matters_relative}})? Then `SAME`.
2. Does the whole range lie above zero? Then `HIGHER`.
3. Does the whole range lie below zero? Then `LOWER`.
4. Otherwise `UNCLEAR`: it can't be told. That is not the same as the same.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 3.4

De verandering in verhouding was {{shift}}, met een marge van {{shift_low}} tot {{shift_high}}. Welk oordeel hoort daarbij? Geef het codewoord, tussen
aanhalingstekens.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.4

The relative change was {{shift}}, with a range from {{shift_low}} to {{shift_high}}. Which judgement belongs to it? Give the code word, between
quotation marks.
"""

# %% tags=["exercise"]
answer_3_4 = kloof.judge(relative)

# %% [markdown] tags=["nl", "hint"]
"""
Ga de vier regels langs, van boven naar beneden, met beide einden van de marge.

---

Ligt nul in de marge? En past de hele marge binnen het kleinste verschil dat ertoe doet? `kloof.judge(relative)` doet hetzelfde.
"""

# %% [markdown] tags=["en", "hint"]
"""
Go through the four lines, from top to bottom, with both ends of the range.

---

Does zero lie in the range? And does the whole range fit within the smallest change that matters? `kloof.judge(relative)` does the same.
"""

# %% tags=["check"]
check("3.4")

# %% [markdown] tags=["nl", "slide"]
"""
## Vóór of sinds corona?

Een WOZ-waarde in de tabel van {{last}} geldt voor een jaar eerder. De laatste waarde van vóór maart 2020 staat in de tabel van **{{before}}**. Wie het jaar van de
tabel leest, legt corona een jaar te vroeg.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Before or since corona?

A dwelling value in the table of {{last}} holds for a year earlier. The last value from before March 2020 is in the table of **{{before}}**. Whoever reads the
year of the table puts corona a year too early.
"""

# %%
lines = lesson.two_lines(language)
lines

# %% [markdown] tags=["nl"]
"""
## Opgave 3.5

Trek een rechte lijn door `gap` van {{first}} tot en met {{before}}. Hoeveel groeide het verschil op die lijn per jaar? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.5

Draw a straight line through `gap` from {{first}} up to and including {{before}}. By how much did the gap grow per year on that line? In thousands of euros, to one
decimal.
"""

# %% tags=["exercise"]
import numpy as np  # given

before = lines[lines["year"] <= {{before}}]
answer_3_5 = np.polyfit(before["year"], before["gap"], 1)[0]

# %% [markdown] tags=["nl", "hint"]
"""
Kies eerst de jaren. `np.polyfit(x, y, 1)` geeft twee getallen: de helling en het beginpunt.

---

Neem `lines[lines["year"] <= jaar]`, geef `year` en `gap` aan `np.polyfit`, en kies het eerste van de twee getallen.
"""

# %% [markdown] tags=["en", "hint"]
"""
First choose the years. `np.polyfit(x, y, 1)` gives two numbers: the slope and the starting point.

---

Take `lines[lines["year"] <= year]`, pass `year` and `gap` to `np.polyfit`, and choose the first of the two numbers.
"""

# %% tags=["check"]
check("3.5")

# %% [markdown] tags=["nl"]
"""
## Opgave 3.6

Welk deel van de groei van `gap` ({{first}}–{{last}}) was er al in {{before}}? Geef een percentage, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.6

Which part of the growth of `gap` ({{first}}–{{last}}) was there already in {{before}}? Give a percentage, to one decimal.
"""

# %% tags=["exercise"]
gap = lines.set_index("year")["gap"]  # given
answer_3_6 = 100 * (gap[{{before}}] - gap[{{first}}]) / (gap[{{last}}] - gap[{{first}}])

# %% [markdown] tags=["nl", "hint"]
"""
Twee groeicijfers: tot {{before}} en tot {{last}}. Het ene is een deel van het andere.

---

Trek van beide het verschil van {{first}} af, deel, en vermenigvuldig met honderd.
"""

# %% [markdown] tags=["en", "hint"]
"""
Two amounts of growth: up to {{before}} and up to {{last}}. One is a part of the other.

---

Subtract the gap of {{first}} from both, divide, and multiply by a hundred.
"""

# %% tags=["check"]
check("3.6")

# %% [markdown] tags=["nl", "slide"]
"""
## Hoe vaak is zo'n oordeel fout?

`kloof` maakte duizenden nagemaakte gemeenten waarvan de waarheid bekend is, en telde de oordelen. In de tabel hieronder is elke rij een soort wereld: `off` = er veranderde
niets; `on_1x` = de lijst bleef echt achter, met het kleinste verschil dat ertoe doet; `on_4x` = vier keer zoveel. De getallen zijn procenten.
"""

# %% [markdown] tags=["en", "slide"]
"""
## How often is such a judgement wrong?

`kloof` made thousands of synthetic municipalities of which the truth is known, and counted the judgements. In the table below each row is a kind of world: `off` = nothing
changed; `on_1x` = the list truly fell behind, by the smallest change that matters; `on_4x` = four times as much. The numbers are percentages.
"""

# %%
from kloof_workshop import answers_change

answers_change.rates()

# %% [markdown] tags=["nl"]
"""
## Opgave 3.7

Hoe vaak noemt deze toets een richting (`HIGHER` of `LOWER`) terwijl er niets veranderde (rij `off`)? Geef een percentage.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.7

How often does this test name a direction (`HIGHER` or `LOWER`) while nothing changed (row `off`)? Give a percentage.
"""

# %% tags=["exercise"]
quiet = answers_change.rates().set_index("switch").loc["off"]
answer_3_7 = quiet["HIGHER"] + quiet["LOWER"]

# %% [markdown] tags=["nl", "hint"]
"""
Welke oordelen zijn fout als er niets veranderde? `UNCLEAR` en `SAME` niet.

---

Tel in de rij `off` de twee kolommen op die een richting noemen.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which judgements are wrong when nothing changed? Not `UNCLEAR` and `SAME`.

---

In the row `off` add up the two columns that name a direction.
"""

# %% tags=["check"]
check("3.7")

# %% [markdown] tags=["nl", "slide"]
"""
## Voorzichtig, en de prijs daarvan

Zelden vals alarm ({{error}}). Maar van een echte verandering ter grootte van het kleinste verschil dat ertoe doet, ziet deze toets maar {{seen}}. `UNCLEAR` is dus vaak:
te weinig cijfers. Het is nooit een bewijs dat er niets gebeurde.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Careful, and the price of it

Seldom a false alarm ({{error}}). But of a true change the size of the smallest change that matters this test sees only {{seen}}. So `UNCLEAR` often means: too few
figures. It is never a proof that nothing happened.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"De slechtste buurten van toen gaan vooruit, dus het beleid werkt."* Ze waren gekozen op een slecht jaar.
* *"De schatting is negatief, dus het verschil kromp."* Kijk naar beide einden van de marge.
* *"Niet aangetoond, dus niet veranderd."* Gelijk moet je ook aantonen.
* *"Het groeide ná 2020, dus dóór corona."* Trek eerst de lijn van daarvóór door.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"The worst neighbourhoods of then are getting better, so the policy works."* They were chosen on a bad year.
* *"The estimate is negative, so the gap shrank."* Look at both ends of the range.
* *"Not shown, so not changed."* The same has to be shown as well.
* *"It grew after 2020, so through corona."* First draw on the line from before.
"""

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 3.8

De krantenlijst `{{other_list}}` is korter. Hoeveel groeide het absolute verschil onder díé lijst (`estimate`)? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 3.8

The newspaper list `{{other_list}}` is shorter. By how much did the absolute gap grow under that list (`estimate`)? In thousands of euros, to one decimal.
"""

# %% tags=["exercise", "stretch"]
other = next(focus for focus in study.variants if focus.name == "{{other_list}}")  # given
answer_3_8 = kloof.gap_change(study, "mean_dwelling_value", "absolute", other).estimate

# %% [markdown] tags=["nl", "hint"]
"""
`kloof.gap_change` wil als laatste weten om welke lijst het gaat.

---

Geef `other` als laatste argument aan beide, en lees `.estimate` af.
"""

# %% [markdown] tags=["en", "hint"]
"""
`kloof.gap_change` wants to know last which list it is about.

---

Pass `other` as the last argument to both, and read `.estimate`.
"""

# %% tags=["check"]
check("3.8")
