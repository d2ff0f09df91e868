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
# Werd het groter? Wat gebeurde er, en wat is toeval

**Sessie 3 · {{minutes_3}} minuten · na sessie 1**

Na deze sessie kun je

* zeggen wat een verschil doet als alleen prijzen stijgen;
* één verandering lezen op vier schalen;
* uit elkaar houden wat er gebeurde en wat toeval had kunnen doen;
* met een proef laten zien dat een slechte lijst vanzelf beter lijkt te worden.
"""

# %% [markdown] tags=["en", "slide"]
"""
# Did it grow? What happened, and what is chance

**Session 3 · {{minutes_3}} minutes · after session 1**

After this session you can

* say what a gap does when only prices rise;
* read one change on four scales;
* tell what happened from what chance could have done;
* show by experiment that a bad list seems to recover by itself.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

In sessie 1 groeide het verschil in inkomen van {{gap_first}} naar {{gap_last}}. "Zie je wel", zegt de een, "de kloof groeit." "Alles werd duurder", zegt de ander.
"Toeval", zegt een derde. We kunnen ze alle drie toetsen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

In session 1 the gap in income grew from {{gap_first}} to {{gap_last}}. "There you are", says one, "the gap is growing." "Everything became dearer", says another.
"Chance", says a third. We can test all three.
"""

# %%
language = "[[nl||en]]"

import kloof
from kloof_workshop import answers_change, experiments, lesson
from kloof_workshop.checks import check
from kloof_workshop.guesses import guess

by_year = lesson.two_lines(language).set_index("year")
by_year

# %% [markdown] tags=["nl", "slide"]
"""
## Als alleen prijzen stijgen

Stel dat er niets gebeurt, behalve dat alles duurder wordt en ieders inkomen evenveel meestijgt. Ieder kan dan precies hetzelfde kopen. Wat doet het verschil in euro's?
"""

# %% [markdown] tags=["en", "slide"]
"""
## When only prices rise

Suppose nothing happens, except that everything becomes dearer and everybody's income rises at the same rate. Everybody can buy exactly the same. What does the gap in euros do?
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** De een heeft 40, de ander 30: een verschil van 10. Prijzen en inkomens stijgen met een kwart, dus keer 1,25. Het verschil wordt:
"""

# %% [markdown] tags=["en"]
"""
**Example.** One has 40, another 30: a gap of 10. Prices and incomes rise by a quarter, so times 1.25. The gap becomes:
"""

# %% tags=["worked"]
40 * 1.25 - 30 * 1.25

# %% [markdown] tags=["nl"]
"""
Niemand werd armer, en het verschil groeide van 10 naar 12,5: ook keer 1,25. In {{place}} stegen de prijzen van {{first}} tot {{last}} met {{prices_rise}}. De cel geeft
`prices`, hoeveel keer zo hoog ze werden, en het verschil van {{first}}.
"""

# %% [markdown] tags=["en"]
"""
Nobody became poorer, and the gap grew from 10 to 12.5: also times 1.25. In {{place}} prices rose by {{prices_rise}} from {{first}} to {{last}}. The cell gives
`prices`, how many times as high they became, and the gap of {{first}}.
"""

# %% tags=["worked"]
prices = lesson.prices(language)
gap_then = by_year.loc[{{first}}, "gap"]
gap_then, prices

# %% tags=["predict"]
guess("3.1", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 3.1

Schrijf hierboven eerst je gok op. Hoe groot was het verschil in {{last}} geweest als alleen de prijzen waren gestegen? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.1

First write your guess above. How large would the gap of {{last}} have been if only prices had risen? In thousands of euros, to one decimal.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_3_1 = ____ * ____
answer_3_1 = gap_then * prices

# %% [markdown] tags=["nl", "hint"]
"""
In het voorbeeld groeide het verschil even hard als de prijzen.

---

Vermenigvuldig `gap_then` met `prices`.
"""

# %% [markdown] tags=["en", "hint"]
"""
In the example the gap grew at the same rate as prices.

---

Multiply `gap_then` by `prices`.
"""

# %% tags=["check"]
check("3.1")

# %% [markdown] tags=["nl"]
"""
## Opgave 3.2

Hoeveel groeide het verschil **boven op** de prijzen: het verschil van {{last}} zoals het was, min je antwoord van 3.1? Een daling is negatief. In duizenden euro's, op
één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.2

By how much did the gap grow **beyond** prices: the gap of {{last}} as it was, minus your answer to 3.1? A fall is negative. In thousands of euros, to
one decimal.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_3_2 = by_year.loc[____, "gap"] - ____
answer_3_2 = by_year.loc[{{last}}, "gap"] - answer_3_1

# %% [markdown] tags=["nl", "hint"]
"""
Welk jaar heb je nodig, en wat trek je ervan af?

---

Neem `gap` van {{last}} en trek `answer_3_1` ervan af.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which year do you need, and what do you subtract from it?

---

Take `gap` of {{last}} and subtract `answer_3_1` from it.
"""

# %% tags=["check"]
check("3.2")

# %% [markdown] tags=["nl", "slide"]
"""
## Vier schalen

* `absolute`: euro's zoals ze waren. Prijzen alleen al laten dit verschil groeien.
* `real`: euro's van {{last}}. Dat is de vraag van 3.2.
* `relative`: in procenten van de rest.
* `place`: hoeveel lager de lijst op de ranglijst staat, in honderdsten van die ranglijst.

`happened` zegt wat er met deze buurten gebeurde. De afronding telt mee; toeval niet, want alle buurten zijn geteld. Een groei kleiner dan het kleinste verschil dat
ertoe doet (vooraf vastgelegd) is `STAYED`; wat binnen de afronding valt of niet te zeggen is, is `WITHIN_ROUNDING`.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Four scales

* `absolute`: euros as they were. Prices alone make this gap grow.
* `real`: euros of {{last}}. That is the question of 3.2.
* `relative`: in percent of the rest.
* `place`: how much lower the list stands on the ranking, in hundredths of the ranking.

`happened` says what happened to these neighbourhoods. Rounding counts; chance does not, for all neighbourhoods were counted. A growth smaller than the smallest change that
matters (fixed beforehand) is `STAYED`; what lies within rounding or can't be told is `WITHIN_ROUNDING`.
"""

# %%
scales = lesson.scales(language)
scales

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Een woord staat tussen aanhalingstekens. Op hoeveel schalen kromp het verschil (`SHRANK`)?
"""

# %% [markdown] tags=["en"]
"""
**Example.** A word stands between quotation marks. On how many scales did the gap shrink (`SHRANK`)?
"""

# %% tags=["worked"]
len(scales[scales["happened"] == "SHRANK"])

# %% [markdown] tags=["nl"]
"""
## Opgave 3.3

En op hoeveel van de {{scales}} schalen groeide het (`GREW`)? Geef een aantal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.3

And on how many of the {{scales}} scales did it grow (`GREW`)? Give a count.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_3_3 = len(scales[scales["happened"] == "____"])
answer_3_3 = len(scales[scales["happened"] == "GREW"])

# %% [markdown] tags=["nl", "hint"]
"""
Het voorbeeld, met een ander woord.

---

Let op de hoofdletters: `"GREW"`.
"""

# %% [markdown] tags=["en", "hint"]
"""
The example, with another word.

---

Mind the capitals: `"GREW"`.
"""

# %% tags=["check"]
check("3.3")

# %% [markdown] tags=["nl", "slide"]
"""
## Wat had toeval kunnen doen?

Dit is de tweede vraag. Elke buurt gaat haar eigen gang: een nieuwe flat, een fabriek die sluit. Stonden er toevallig andere buurten op de lijst, dan was de
verandering ook anders. `kloof.gap_change` geeft een marge, `low` tot `high`: alle veranderingen die daarbij passen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What could chance have done?

This is the second question. Every neighbourhood goes its own way: a new block of flats, a factory that closes. Had other neighbourhoods happened to be on the list,
the change would have been different too. `kloof.gap_change` gives a range, `low` to `high`: all changes that fit.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Een uitkomst heeft getallen met een naam. Die neem je met een punt, zonder haakjes: `absolute.high`. En `kloof.judge` geeft het oordeel.
"""

# %% [markdown] tags=["en"]
"""
**Example.** A finding has numbers with a name. You take those with a dot, without brackets: `absolute.high`. And `kloof.judge` gives the judgement.
"""

# %% tags=["worked"]
study = lesson.study(language)
absolute = kloof.gap_change(study, "mean_income_per_inhabitant", "absolute")
absolute.estimate, absolute.high, kloof.judge(absolute)

# %% [markdown] tags=["nl"]
"""
## Opgave 3.4

Hoeveel groeide het absolute verschil **minstens**, toeval meegeteld? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.4

By how much did the absolute gap grow **at least**, chance included? In thousands of euros, to one decimal.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_3_4 = absolute.____
answer_3_4 = absolute.low

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
check("3.4")

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
## Opgave 3.5

De verandering in verhouding heeft een marge van {{shift_low}} tot {{shift_high}}. Welk oordeel hoort daarbij? Geef het codewoord, tussen
aanhalingstekens, of laat `kloof.judge` het zeggen over `relative`.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.5

The relative change has a range from {{shift_low}} to {{shift_high}}. Which judgement belongs to it? Give the code word, between
quotation marks, or let `kloof.judge` say it of `relative`.
"""

# %% tags=["exercise"]
relative = kloof.gap_change(study, "mean_income_per_inhabitant", "relative")  # given
# [[vul in||fill in]]: answer_3_5 = "____"
answer_3_5 = kloof.judge(relative)

# %% [markdown] tags=["nl", "hint"]
"""
Ga de vier regels langs, van boven naar beneden, met beide einden van de marge.

---

Ligt nul in de marge? En past de hele marge binnen het kleinste verschil dat ertoe doet?
"""

# %% [markdown] tags=["en", "hint"]
"""
Go through the four lines, from top to bottom, with both ends of the range.

---

Does zero lie in the range? And does the whole range fit within the smallest change that matters?
"""

# %% tags=["check"]
check("3.5")

# %% [markdown] tags=["nl"]
"""
Zo zegt het rapport dit van beide, in gewone woorden. Hoe noemt het de woorden die jij gaf?
"""

# %% [markdown] tags=["en"]
"""
This is how the report says it of both, in plain words. What does it call the words that you gave?
"""

# %%
section = kloof.Section("04_did_the_gap_grow")
section.add(absolute, relative)
kloof.say(study, section)

# %% [markdown] tags=["nl", "slide"]
"""
## Een wereld waarin niets gebeurt

Nu een proef. Elke buurt heeft een waar inkomen (`truth`) dat nooit verandert. De cijfers van twee jaren (`year_1`, `year_2`) zijn dat plus ruis. We maken een lijst
zoals een beleidsmaker dat doet: de {{chosen}} laagste van het eerste jaar. Daarna kijken we een jaar later.
"""

# %% [markdown] tags=["en", "slide"]
"""
## A world in which nothing happens

Now an experiment. Every neighbourhood has a true income (`truth`) that never changes. The figures of two years (`year_1`, `year_2`) are that plus noise. We make a list
the way a policymaker does: the {{chosen}} lowest of the first year. Then we look a year later.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** `.nsmallest({{chosen}}, "year_1")` geeft de {{chosen}} laagste rijen; `.isin(...)` zegt van elke naam of ze daarbij is. Hoeveel scheelt het **ware**
inkomen?
"""

# %% [markdown] tags=["en"]
"""
**Example.** `.nsmallest({{chosen}}, "year_1")` gives the {{chosen}} lowest rows; `.isin(...)` says of each name whether it is among them. How much does the **true**
income differ?
"""

# %% tags=["worked"]
world = experiments.world(language)
chosen = world["name"].isin(world.nsmallest({{chosen}}, "year_1")["name"])
world[~chosen]["truth"].mean() - world[chosen]["truth"].mean()

# %% [markdown] tags=["nl"]
"""
## Opgave 3.6

Hoe groot is het verschil in de **cijfers** van `year_1`: de andere buurten min de gekozen? In duizenden euro's, op één decimaal. Elke buurt telt één keer.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.6

How large is the gap in the **figures** of `year_1`: the other neighbourhoods minus the chosen? In thousands of euros, to one decimal. Each neighbourhood counts once.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_3_6 = world[~chosen]["____"].mean() - world[chosen]["____"].mean()
answer_3_6 = world[~chosen]["year_1"].mean() - world[chosen]["year_1"].mean()

# %% [markdown] tags=["nl", "hint"]
"""
Het voorbeeld nam de waarheid. Welke kolom heeft de cijfers?

---

Zet twee keer `year_1` op de plaats van `truth`.
"""

# %% [markdown] tags=["en", "hint"]
"""
The example took the truth. Which column has the figures?

---

Put `year_1` in the place of `truth`, twice.
"""

# %% tags=["check"]
check("3.6")

# %% tags=["predict"]
guess("3.7", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 3.7

Gok eerst, hierboven. Volg **dezelfde** buurten. Hoeveel verandert het verschil van `year_1` naar `year_2`? Een daling is negatief. In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 3.7

First guess, above. Follow **the same** neighbourhoods. By how much does the gap change from `year_1` to `year_2`? A fall is negative. In thousands of euros, to one decimal.
"""

# %% tags=["exercise"]
later = world[~chosen]["year_2"].mean() - world[chosen]["year_2"].mean()
answer_3_7 = later - answer_3_6

# %% [markdown] tags=["nl", "hint"]
"""
Een lijst wordt niet elk jaar opnieuw gemaakt. Welke buurten volg je dus?

---

Bereken het verschil nog eens met `year_2` en dezelfde `chosen`, en trek het antwoord van 3.6 ervan af.
"""

# %% [markdown] tags=["en", "hint"]
"""
A list is not made anew every year. So which neighbourhoods do you follow?

---

Compute the gap again with `year_2` and the same `chosen`, and subtract the answer to 3.6 from it.
"""

# %% tags=["check"]
check("3.7")

# %% [markdown] tags=["nl", "slide"]
"""
## Regressie naar het gemiddelde

Niets veranderde, en toch kromp het verschil. Over {{repeats}} van zulke werelden gaat het gemiddeld van {{world_first}} naar {{world_second}}, bij een ruis van
{{noise}}. Wie onderaan staat, had vaak ook pech. Pech herhaalt zich niet. Elk beleid dat daarna begint, lijkt te werken. Schuif met de ruis: zonder ruis gebeurt
er niets.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Regression to the mean

Nothing changed, and yet the gap shrank. Over {{repeats}} such worlds it goes from {{world_first}} to {{world_second}} on average, with a noise of
{{noise}}. Whoever is at the bottom often had bad luck as well. Bad luck does not repeat itself. Any policy that starts then seems to work. Move the noise: without
noise nothing happens.
"""

# %% tags=["play", "slide"]
experiments.noise(language)

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 3.8

Hoe vaak is zo'n oordeel fout? `kloof` maakte nagemaakte gemeenten waarvan de waarheid bekend is. In de tabel is elke rij een soort wereld: `off` = er
veranderde niets; `on_1x` = de lijst bleef echt achter, met het kleinste verschil dat ertoe doet. De getallen zijn procenten. Hoe vaak noemt de toets een richting
(`HIGHER` of `LOWER`) terwijl er niets veranderde?
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 3.8

How often is such a judgement wrong? `kloof` made synthetic municipalities of which the truth is known. In the table each row is a kind of world: `off` = nothing
changed; `on_1x` = the list truly fell behind, by the smallest change that matters. The numbers are percentages. How often does the test name a direction
(`HIGHER` or `LOWER`) while nothing changed?
"""

# %% tags=["worked", "stretch"]
rates = answers_change.rates().set_index("switch")
rates

# %% tags=["exercise", "stretch"]
answer_3_8 = rates.loc["off", "HIGHER"] + rates.loc["off", "LOWER"]

# %% [markdown] tags=["nl", "hint"]
"""
Welke oordelen zijn fout als er niets veranderde? `UNCLEAR` en `SAME` niet.

---

Een getal kies je met de rij en de kolom: `rates.loc["off", "HIGHER"]`. Tel er een tweede bij op.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which judgements are wrong when nothing changed? Not `UNCLEAR` and `SAME`.

---

You choose a number with the row and the column: `rates.loc["off", "HIGHER"]`. Add a second one to it.
"""

# %% tags=["check"]
check("3.8")

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"Het verschil in euro's groeide, dus de lijst werd armer."* Trek eerst de prijzen eraf.
* *"De slechtste buurten van toen gaan vooruit, dus het beleid werkt."* Ze waren gekozen op een slecht jaar.
* *"De schatting is negatief, dus toeval is uitgesloten."* Kijk naar beide einden van de marge.
* *"Niet aangetoond, dus niet veranderd."* Gelijk moet je ook aantonen. Deze toets noemt zelden ten onrechte een richting, maar ziet van de kleinste
  verandering die ertoe doet ook maar {{seen}}.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"The gap in euros grew, so the list became poorer."* First take prices off.
* *"The worst neighbourhoods of then are getting better, so the policy works."* They were chosen on a bad year.
* *"The estimate is negative, so chance is ruled out."* Look at both ends of the range.
* *"Not shown, so not changed."* The same has to be shown as well. This test seldom names a direction wrongly, but of the smallest
  change that matters it sees only {{seen}} as well.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat je nu mag zeggen

> Het verschil in inkomen groeide van {{first}} tot {{last}} in euro's, maar minder dan prijzen alleen al hadden gedaan; in verhouding kromp het, al is toeval daarvoor
> niet uitgesloten.

Een lijst die op een slecht jaar is gekozen, wordt vanzelf beter: vraag bij elke lijst waarop ze gekozen is.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What you may now say

> The gap in income grew in euros from {{first}} to {{last}}, but less than prices alone would have made it grow; in proportion it shrank, though chance
> is not ruled out for that.

A list that was chosen on a bad year gets better by itself: ask of every list on what it was chosen.
"""
