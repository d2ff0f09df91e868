# ---
# jupyter:
#   kloof:
#     number: 2
#     minutes: 50
#     nl: 2_segregatie_meten
#     en: 2_measuring_segregation
# ---

# %% [markdown] tags=["nl", "slide"]
"""
# Segregatie meten

**Sessie 2 · {{minutes_2}} minuten · na sessie 1**

Na deze sessie kun je

* met de hand uitrekenen hoe ongelijk een groep over buurten verspreid is (de index D);
* zeggen wat D, isolatie en H wel en niet vertellen;
* laten zien dat de schaal de uitkomst maakt: buurten of wijken;
* een getal geven met de marge die afronding en lege vakken laten.
"""

# %% [markdown] tags=["en", "slide"]
"""
# Measuring segregation

**Session 2 · {{minutes_2}} minutes · after session 1**

After this session you can

* work out by hand how unevenly a group is spread over neighbourhoods (the index D);
* say what D, isolation and H tell, and what they don't;
* show that the scale makes the outcome: neighbourhoods (buurten) or districts (wijken);
* give a number with the range that rounding and empty cells leave.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

In {{group_year}} leefden in {{place}} {{group_total}} huishoudens rond het sociaal minimum, voor zover de buurt bekend is: {{group_share}} van alle
huishoudens. Wonen die verspreid over de stad, of bij elkaar? Dat is wat segregatie betekent: hoe ongelijk een groep over de buurten verdeeld is.
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

In {{group_year}}, {{group_total}} households around the social minimum lived in {{place}}, as far as the neighbourhood is known: {{group_share}} of all
households. Do they live all over the city, or together? That is what segregation means: how unevenly a group is spread over the neighbourhoods.
"""

# %%
language = "[[nl||en]]"

import kloof
from kloof_workshop import experiments, lesson
from kloof_workshop.checks import check

counts = lesson.counts(language)
ten = counts.head({{ten}})
ten

# %% [markdown] tags=["nl"]
"""
`group` is het aantal huishoudens rond het minimum, `rest` alle andere huishoudens. Er staan gebroken getallen: de bron geeft een percentage per buurt, en
dat maal het aantal huishoudens is zelden heel. `ten` zijn de {{ten}} grootste buurten; `counts` zijn alle {{group_buurten}} met cijfers.
"""

# %% [markdown] tags=["en"]
"""
`group` is the number of households around the minimum, `rest` all other households. The numbers are not whole: the source gives a percentage per
neighbourhood, and that times the number of households seldom is. `ten` are the {{ten}} largest neighbourhoods; `counts` are all {{group_buurten}} with figures.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 2.1

Kijk alleen naar `ten`. Welk deel van de **groep** woont in {{largest_buurt}}, de eerste buurt? Geef een aandeel tussen 0 en 1, op drie decimalen.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.1

Look only at `ten`. Which part of the **group** lives in {{largest_buurt}}, the first neighbourhood? Give a share between 0 and 1, to three decimals.
"""

# %% tags=["exercise"]
answer_2_1 = ten["group"].iloc[0] / ten["group"].sum()

# %% [markdown] tags=["nl", "hint"]
"""
Het gaat om een deel van de groep, niet om een deel van de buurt. Wat is dan het geheel?

---

Deel het eerste getal van de kolom `group` door de som van die kolom. Het eerste getal is `.iloc[0]`.
"""

# %% [markdown] tags=["en", "hint"]
"""
It is a part of the group, not a part of the neighbourhood. What is the whole then?

---

Divide the first number of the column `group` by the sum of that column. The first number is `.iloc[0]`.
"""

# %% tags=["check"]
check("2.1")

# %% [markdown] tags=["nl", "slide"]
r"""
## D met de hand

Zet voor elke buurt twee delen naast elkaar: het deel van de groep dat er woont, en het deel van de rest dat er woont. Zijn ze overal gelijk, dan is de
groep gelijk verspreid. De **dissimilariteitsindex** telt de verschillen op:

$D = \tfrac{1}{2} \sum_i \left| \frac{a_i}{A} - \frac{b_i}{B} \right|$

Hier is $a_i$ de groep in buurt $i$, $A$ de hele groep, $b_i$ en $B$ hetzelfde voor de rest. D = 0: overal gelijk. D = 1: helemaal gescheiden.
"""

# %% [markdown] tags=["en", "slide"]
r"""
## D by hand

For each neighbourhood put two parts side by side: the part of the group that lives there, and the part of the rest that lives there. When they are equal
everywhere, the group is evenly spread. The **dissimilarity index** adds the differences up:

$D = \tfrac{1}{2} \sum_i \left| \frac{a_i}{A} - \frac{b_i}{B} \right|$

Here $a_i$ is the group in neighbourhood $i$, $A$ the whole group, $b_i$ and $B$ the same for the rest. D = 0: equal everywhere. D = 1: fully apart.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 2.2

Bereken D van de {{ten}} buurten met de formule, op drie decimalen. Gebruik de bibliotheek nog niet.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.2

Compute D of the {{ten}} neighbourhoods with the formula, to three decimals. Don't use the library yet.
"""

# %% tags=["exercise"]
group_part = ten["group"] / ten["group"].sum()
rest_part = ten["rest"] / ten["rest"].sum()
answer_2_2 = (group_part - rest_part).abs().sum() / 2

# %% [markdown] tags=["nl", "hint"]
"""
Maak eerst twee kolommen: het deel van de groep per buurt, en het deel van de rest per buurt. Elk telt op tot één.

---

Trek de kolommen van elkaar af, neem met `.abs()` de grootte van elk verschil, tel op met `.sum()` en neem de helft.
"""

# %% [markdown] tags=["en", "hint"]
"""
First make two columns: the part of the group by neighbourhood, and the part of the rest by neighbourhood. Each adds up to one.

---

Subtract the columns, take the size of each difference with `.abs()`, add up with `.sum()` and take half.
"""

# %% tags=["check"]
check("2.2")

# %% [markdown] tags=["nl"]
"""
## Opgave 2.3

Nu alle buurten, met de bibliotheek. `kloof.measure` wil een tabel met de kolommen `unit`, `group` en `count`; `lesson.long` maakt die. Wat is D van alle
{{group_buurten}} buurten? Op drie decimalen.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.3

Now all neighbourhoods, with the library. `kloof.measure` takes a table with the columns `unit`, `group` and `count`; `lesson.long` makes it. What is D of
all {{group_buurten}} neighbourhoods? To three decimals.
"""

# %% tags=["exercise"]
table = lesson.long(counts)  # given
found = kloof.measure(table, ["dissimilarity", "isolation", "theil_h"], "group").set_index("index")["estimate"]
answer_2_3 = found["dissimilarity"]

# %% [markdown] tags=["nl", "hint"]
"""
`kloof.measure(tabel, index, groep)` geeft een tabel met een kolom `estimate`. De naam van de index is `"dissimilarity"`.

---

Schrijf `kloof.measure(table, "dissimilarity", "group")` en haal het ene getal uit de kolom: `["estimate"].iloc[0]`.
"""

# %% [markdown] tags=["en", "hint"]
"""
`kloof.measure(table, index, group)` gives a table with a column `estimate`. The name of the index is `"dissimilarity"`.

---

Write `kloof.measure(table, "dissimilarity", "group")` and take the one number out of the column: `["estimate"].iloc[0]`.
"""

# %% tags=["check"]
check("2.3")

# %% [markdown] tags=["nl", "slide"]
"""
## Drie vragen, drie indexen

* **D**: welk deel van de groep moet verhuizen om overal hetzelfde aandeel te krijgen?
* **Isolatie**: welk aandeel van de eigen groep vindt een gemiddeld lid van de groep in zijn buurt?
* **H** (Theil): hoeveel minder gemengd zijn de buurten dan de gemeente als geheel?

Ze hebben elk een eigen schaal. Een D van 0,2 naast een H van 0,2 zegt niet dat iets gelijk is.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Three questions, three indices

* **D**: which part of the group would have to move to get the same share everywhere?
* **Isolation**: which share of the own group does an average member of the group find in the neighbourhood?
* **H** (Theil): how much less mixed are the neighbourhoods than the municipality as a whole?

Each has a scale of its own. A D of 0.2 beside an H of 0.2 does not say that anything is equal.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 2.4

Wat is de isolatie-index (`"isolation"`) van de groep over alle buurten? Geef een aandeel, op drie decimalen. Vergelijk het met {{group_share}}, het aandeel in
de hele gemeente: wat zegt het verschil?
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.4

What is the isolation index (`"isolation"`) of the group over all neighbourhoods? Give a share, to three decimals. Compare it with {{group_share}}, the share in
the whole municipality: what does the difference say?
"""

# %% tags=["exercise"]
answer_2_4 = kloof.measure(table, "isolation", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl", "hint"]
"""
Hetzelfde als in 2.3, met de naam van een andere index.

---

`kloof.measure(table, "isolation", "group")` geeft weer een tabel met één rij.
"""

# %% [markdown] tags=["en", "hint"]
"""
The same as in 2.3, with the name of another index.

---

`kloof.measure(table, "isolation", "group")` gives a table with one row again.
"""

# %% tags=["check"]
check("2.4")

# %% [markdown] tags=["nl"]
"""
## Opgave 2.5

En H (`"theil_h"`)? Op drie decimalen. Kijk naar `kloof.INDICES["theil_h"].weakness_nl` als je schrikt van hoe klein het is.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.5

And H (`"theil_h"`)? To three decimals. Look at `kloof.INDICES["theil_h"].weakness_en` when you are startled by how small it is.
"""

# %% tags=["exercise"]
answer_2_5 = kloof.measure(table, "theil_h", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl", "hint"]
"""
Weer dezelfde functie, weer een andere naam.

---

Twijfel je welke namen er zijn? `list(kloof.INDICES)` somt ze op.
"""

# %% [markdown] tags=["en", "hint"]
"""
The same function again, another name again.

---

In doubt which names there are? `list(kloof.INDICES)` lists them.
"""

# %% tags=["check"]
check("2.5")

# %% [markdown] tags=["nl", "slide"]
"""
## De schaal maakt de uitkomst

Een wijk is een stel buurten bij elkaar; {{place}} heeft er {{wijken}}. Binnen een wijk kunnen arme en rijke buurten naast elkaar liggen. Tel je ze op, dan is
dat verschil weg. Over buurten is D {{dissimilarity}}. Wat wordt het over wijken?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The scale makes the outcome

A wijk (district) is a set of buurten (neighbourhoods); {{place}} has {{wijken}}. Within a wijk poor and rich neighbourhoods can lie side by side. Add them up,
and that difference is gone. Over neighbourhoods D is {{dissimilarity}}. What does it become over wijken?
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 2.6

Tel `group` en `rest` per wijk op en bereken D over de wijken, op drie decimalen.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.6

Add `group` and `rest` up by wijk and compute D over the wijken, to three decimals.
"""

# %% tags=["exercise"]
wijken = counts.groupby("wijk")[["group", "rest"]].sum().reset_index()
answer_2_6 = kloof.measure(lesson.long(wijken, "wijk"), "dissimilarity", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl", "hint"]
"""
Eerst optellen, dan meten. `groupby("wijk")` maakt een groep per wijk.

---

`counts.groupby("wijk")[["group", "rest"]].sum().reset_index()` geeft een tabel met een rij per wijk. Maak die lang met `lesson.long(tabel, "wijk")`.
"""

# %% [markdown] tags=["en", "hint"]
"""
First add up, then measure. `groupby("wijk")` makes a group for each wijk.

---

`counts.groupby("wijk")[["group", "rest"]].sum().reset_index()` gives a table with a row per wijk. Make it long with `lesson.long(table, "wijk")`.
"""

# %% tags=["check"]
check("2.6")

# %% [markdown] tags=["nl", "slide"]
"""
## Speel met afronding

Het CBS rondt aantallen af. Wat doet dat met D? Schuif van 5 naar {{coarsest}} huishoudens. (Zie je geen schuif, dan staan alle standen in één plaatje.)
"""

# %% [markdown] tags=["en", "slide"]
"""
## Play with rounding

Statistics Netherlands (CBS) rounds counts. What does that do to D? Move from 5 to {{coarsest}} households. (When you see no slider, one picture holds all positions.)
"""

# %% tags=["play", "slide"]
experiments.rounding(language)

# %% [markdown] tags=["nl", "slide"]
"""
## Een getal met een marge

Elk afgerond getal had een beetje anders kunnen zijn. En van {{group_missing}} buurten weten we niets: te klein om te publiceren. In zo'n buurt kan niemand
of iedereen tot de groep horen. `kloof` zoekt het laagste en het hoogste D dat daarbij past. Dat is geen steekproefmarge; het is wat de bron openlaat.
"""

# %% [markdown] tags=["en", "slide"]
"""
## A number with a range

Every rounded number could have been a little different. And of {{group_missing}} neighbourhoods we know nothing: too small to publish. There nobody or
everybody may belong to the group. `kloof` searches the lowest and the highest D that fits. That is no sampling margin; it is what the source leaves open.
"""

# %% [markdown] tags=["nl"]
"""
## Opgave 2.7

Hoe breed is die marge: het hoogste D min het laagste D? Op drie decimalen. De cel geeft de einden `low` en `high`.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.7

How wide is that range: the highest D minus the lowest D? To three decimals. The cell gives the ends `low` and `high`.
"""

# %% tags=["exercise"]
from kloof.measures.bounds import dissimilarity_range  # given

box = lesson.group_counts(language)  # given
found = dissimilarity_range(box.group_low, box.group_high, box.rest_low, box.rest_high)  # given
low, high = found.low, found.high  # given
answer_2_7 = high - low

# %% [markdown] tags=["nl", "hint"]
"""
Een marge heeft twee einden. De breedte is de afstand ertussen.

---

Trek `low` af van `high`.
"""

# %% [markdown] tags=["en", "hint"]
"""
A range has two ends. The width is the distance between them.

---

Subtract `low` from `high`.
"""

# %% tags=["check"]
check("2.7")

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"D zegt hoe arm een buurt is."* D gaat over verdeling, niet over niveau. Ook een rijke stad kan een hoge D hebben.
* *"D van onze buurten is hoger dan die van hun wijken, dus bij ons is het erger."* Andere schaal, andere uitkomst. Vergelijk nooit over schalen heen.
* *"De isolatie steeg, dus de groep trekt naar elkaar toe."* Isolatie stijgt ook als de groep overal groeit.
* *"D is niet nul, dus er is segregatie."* Bij kleine aantallen geeft toeval alleen al een D boven nul.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"D says how poor a neighbourhood is."* D is about spread, not about level. A rich city can have a high D as well.
* *"D of our neighbourhoods is higher than D of their wijken, so we are worse off."* Another scale, another outcome. Never compare across scales.
* *"Isolation rose, so the group is drawing together."* Isolation also rises when the group grows everywhere.
* *"D is not zero, so there is segregation."* With small counts chance alone gives a D above zero.
"""

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 2.8

Maak van D een aantal mensen: hoeveel huishoudens van de groep zouden moeten verhuizen om in elke buurt hetzelfde aandeel te krijgen? Geef een heel getal
(alle buurten met cijfers).
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 2.8

Turn D into people: how many households of the group would have to move to get the same share in every neighbourhood? Give a whole number
(all neighbourhoods with figures).
"""

# %% tags=["exercise", "stretch"]
answer_2_8 = answer_2_3 * counts["group"].sum()

# %% [markdown] tags=["nl", "hint"]
"""
D is een deel. Een deel waarvan?

---

Vermenigvuldig D met het aantal huishoudens van de hele groep.
"""

# %% [markdown] tags=["en", "hint"]
"""
D is a part. A part of what?

---

Multiply D by the number of households of the whole group.
"""

# %% tags=["check"]
check("2.8")
