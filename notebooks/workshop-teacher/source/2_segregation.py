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

* een nette tabel lezen, en zeggen wat er ontbreekt: leeg is niet nul;
* met de hand uitrekenen hoe ongelijk een groep over buurten verspreid is (de index D);
* laten zien dat de schaal de uitkomst maakt: buurten of wijken;
* D over de jaren volgen, met de marge die de bron openlaat.
"""

# %% [markdown] tags=["en", "slide"]
"""
# Measuring segregation

**Session 2 · {{minutes_2}} minutes · after session 1**

After this session you can

* read a tidy table, and say what is missing: empty is not zero;
* work out by hand how unevenly a group is spread over neighbourhoods (the index D);
* show that the scale makes the outcome: neighbourhoods (buurten) or districts (wijken);
* follow D over the years, with the range that the source leaves open.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

In {{group_year}} hadden in {{place}} {{group_total}} huishoudens een laag inkomen, voor zover de buurt bekend is: {{group_share}} van alle
huishoudens. (Laag is: bij de landelijk laagste 40 procent.) Wonen die verspreid over de stad, of bij elkaar? Dat is wat segregatie betekent:
hoe ongelijk een groep over de buurten verdeeld is. Groeien rijk en arm uit elkaar, zoals men zegt?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

In {{group_year}}, {{group_total}} households in {{place}} had a low income, as far as the neighbourhood is known: {{group_share}} of all
households. (Low is: among the lowest 40 percent in the country.) Do they live all over the city, or together? That is what segregation means:
how unevenly a group is spread over the neighbourhoods. Are rich and poor growing apart, as they say?
"""

# %%
language = "[[nl||en]]"

import kloof
from kloof_workshop import experiments, lesson
from kloof_workshop.checks import check
from kloof_workshop.guesses import guess

low = lesson.low(language)
low.head()

# %% [markdown] tags=["nl", "slide"]
"""
## Een nette tabel

Elke rij is één waarneming: een buurt in een jaar. `share` is het percentage huishoudens met een laag inkomen; `group` is hun aantal, `rest` zijn alle andere
huishoudens. De aantallen zijn niet heel: een percentage maal het aantal huishoudens is dat zelden. Dezelfde buurt komt elk jaar terug.
"""

# %% [markdown] tags=["en", "slide"]
"""
## A tidy table

Each row is one observation: a neighbourhood in a year. `share` is the percentage of households with a low income; `group` is their number, `rest` are all other
households. The numbers are not whole: a percentage times a number of households seldom is. The same neighbourhood comes back every year.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** `.nunique()` telt hoeveel verschillende waarden een kolom heeft. Hoeveel wijken?
"""

# %% [markdown] tags=["en"]
"""
**Example.** `.nunique()` counts how many distinct values a column has. How many wijken (districts)?
"""

# %% tags=["worked"]
low["wijk"].nunique()

# %% [markdown] tags=["nl"]
"""
## Opgave 2.1

Hoeveel buurten staan er in de tabel? Tel elke buurt één keer.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.1

How many neighbourhoods are in the table? Count each neighbourhood once.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_2_1 = low["____"].nunique()
answer_2_1 = low["name"].nunique()

# %% [markdown] tags=["nl", "hint"]
"""
Een buurt heeft meer dan één rij. In welke kolom staat hoe ze heet?

---

Neem het voorbeeld over met de kolom `name`. Vergeet de haakjes niet.
"""

# %% [markdown] tags=["en", "hint"]
"""
A neighbourhood has more than one row. Which column says what it is called?

---

Copy the example with the column `name`. Don't forget the brackets.
"""

# %% tags=["check"]
check("2.1")

# %% [markdown] tags=["nl", "slide"]
"""
## Leeg is niet nul

Een lege cel betekent: dit weten we niet. Buurten met weinig huishoudens worden niet gepubliceerd, anders kon je zien wie het is. Wie leeg als 0 leest, maakt van
een onbekende buurt de rijkste van de stad.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Empty is not zero

An empty cell means: we don't know. Neighbourhoods with few households are not published, or you could see who it is. Whoever reads empty as 0 turns
an unknown neighbourhood into the richest of the city.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Rijen van één jaar kies je met `==`, twee tekens: is gelijk aan. `.isna()` is waar voor een leeg vak, en `.sum()` telt hoe vaak iets waar is.
"""

# %% [markdown] tags=["en"]
"""
**Example.** You choose the rows of one year with `==`, two signs: is equal to. `.isna()` is true for an empty cell, and `.sum()` counts how often something is true.
"""

# %% tags=["worked"]
then = low[low["year"] == {{group_first}}]
then["households"].isna().sum()

# %% [markdown] tags=["nl"]
"""
## Opgave 2.2

Van hoeveel buurten is er in {{group_first}} géén `share`? Geef een aantal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.2

For how many neighbourhoods is there no `share` in {{group_first}}? Give a count.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_2_2 = then["____"].isna().sum()
answer_2_2 = then["share"].isna().sum()

# %% [markdown] tags=["nl", "hint"]
"""
De tabel `then` heeft alleen {{group_first}}. Van `households` ontbrak niets. En van `share`?

---

Het voorbeeld, met de kolom `share`.
"""

# %% [markdown] tags=["en", "hint"]
"""
The table `then` has {{group_first}} only. Of `households` nothing was missing. And of `share`?

---

The example, with the column `share`.
"""

# %% tags=["check"]
check("2.2")

# %% [markdown] tags=["nl"]
"""
## De grootste tien

Voor de volgende vragen nemen we {{group_year}}: `counts` zijn alle {{group_buurten}} buurten met cijfers, van groot naar klein; `ten` zijn de eerste {{ten}}.
"""

# %% [markdown] tags=["en"]
"""
## The largest ten

For the next questions we take {{group_year}}: `counts` are all {{group_buurten}} neighbourhoods with figures, from large to small; `ten` are the first {{ten}}.
"""

# %%
counts = lesson.counts(language)
ten = counts.head({{ten}})
ten

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Het eerste getal van een kolom is `.iloc[0]`. Welk deel van de **andere** huishoudens van de tien woont in {{largest_buurt}}, de eerste buurt?
"""

# %% [markdown] tags=["en"]
"""
**Example.** The first number of a column is `.iloc[0]`. Which part of the **other** households of the ten lives in {{largest_buurt}}, the first neighbourhood?
"""

# %% tags=["worked"]
ten["rest"].iloc[0] / ten["rest"].sum()

# %% [markdown] tags=["nl"]
"""
## Opgave 2.3

Welk deel van de **groep** van de tien woont in {{largest_buurt}}? Geef een aandeel tussen 0 en 1, op drie decimalen.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.3

Which part of the **group** of the ten lives in {{largest_buurt}}? Give a share between 0 and 1, to three decimals.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_2_3 = ten["____"].iloc[0] / ten["____"].sum()
answer_2_3 = ten["group"].iloc[0] / ten["group"].sum()

# %% [markdown] tags=["nl", "hint"]
"""
Het gaat om een deel van de groep, niet om een deel van de buurt. Wat is dan het geheel?

---

Deel het eerste getal van de kolom `group` door de som van die kolom.
"""

# %% [markdown] tags=["en", "hint"]
"""
It is a part of the group, not a part of the neighbourhood. What is the whole then?

---

Divide the first number of the column `group` by the sum of that column.
"""

# %% tags=["check"]
check("2.3")

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
**Voorbeeld.** Een kolom delen door een getal deelt elk vak. Zo maken we beide delen. `.abs()` neemt van elk verschil de grootte, zonder minteken. Het grootste verschil:
"""

# %% [markdown] tags=["en"]
"""
**Example.** Dividing a column by a number divides every cell. That makes both parts. `.abs()` takes the size of each difference, without a minus sign. The largest difference:
"""

# %% tags=["worked"]
group_part = ten["group"] / ten["group"].sum()
rest_part = ten["rest"] / ten["rest"].sum()
(group_part - rest_part).abs().max()

# %% [markdown] tags=["nl"]
"""
## Opgave 2.4

Bereken D van de {{ten}} buurten met de formule, op drie decimalen: de **helft** van de **som** van de verschillen.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.4

Compute D of the {{ten}} neighbourhoods with the formula, to three decimals: **half** of the **sum** of the differences.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_2_4 = (group_part - rest_part).abs().____() / ____
answer_2_4 = (group_part - rest_part).abs().sum() / 2

# %% [markdown] tags=["nl", "hint"]
"""
Het voorbeeld nam het grootste verschil. Wat vraagt de formule?

---

Tel op met `.sum()` en deel door twee.
"""

# %% [markdown] tags=["en", "hint"]
"""
The example took the largest difference. What does the formula ask?

---

Add up with `.sum()` and divide by two.
"""

# %% tags=["check"]
check("2.4")

# %% [markdown] tags=["nl", "slide"]
"""
## Drie vragen, drie indexen

* **D**: welk deel van de groep moet verhuizen om overal hetzelfde aandeel te krijgen?
* **Isolatie**: welk aandeel van de eigen groep vindt een gemiddeld lid van de groep in zijn buurt?
* **H** (Theil): hoeveel minder gemengd zijn de buurten dan de gemeente als geheel?

Elk heeft een eigen schaal: vergelijk ze niet met elkaar.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Three questions, three indices

* **D**: which part of the group would have to move to get the same share everywhere?
* **Isolation**: which share of the own group does an average member of the group find in the neighbourhood?
* **H** (Theil): how much less mixed are the neighbourhoods than the municipality as a whole?

Each has a scale of its own: don't compare them with each other.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** `kloof.measure` berekent een index. Het wil een lange tabel, die `lesson.long` maakt, de naam van de index, en de naam van de groep. Het getal staat in de
kolom `estimate`. De isolatie van de groep in alle buurten:
"""

# %% [markdown] tags=["en"]
"""
**Example.** `kloof.measure` computes an index. It takes a long table, which `lesson.long` makes, the name of the index, and the name of the group. The number is in the
column `estimate`. The isolation of the group in all neighbourhoods:
"""

# %% tags=["worked"]
table = lesson.long(counts)
kloof.measure(table, "isolation", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl"]
"""
## Opgave 2.5

Wat is D (`"dissimilarity"`) van alle {{group_buurten}} buurten? Op drie decimalen.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.5

What is D (`"dissimilarity"`) of all {{group_buurten}} neighbourhoods? To three decimals.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_2_5 = kloof.measure(table, "____", "group")["estimate"].iloc[0]
answer_2_5 = kloof.measure(table, "dissimilarity", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl", "hint"]
"""
Het voorbeeld, met de naam van een andere index.

---

De naam staat in de vraag, met aanhalingstekens en al.
"""

# %% [markdown] tags=["en", "hint"]
"""
The example, with the name of another index.

---

The name is in the question, quotation marks and all.
"""

# %% tags=["check"]
check("2.5")

# %% [markdown] tags=["nl", "slide"]
"""
## De schaal maakt de uitkomst

Een wijk is een stel buurten bij elkaar; {{place}} heeft er {{wijken}}. Binnen een wijk kunnen arme en rijke buurten naast elkaar liggen. Tel je ze op, dan is
dat verschil weg. Over buurten heb je D berekend. Gok: wat wordt het over wijken?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The scale makes the outcome

A wijk (district) is a set of buurten (neighbourhoods); {{place}} has {{wijken}}. Within a wijk poor and rich neighbourhoods can lie side by side. Add them up,
and that difference is gone. Over neighbourhoods you computed D. Guess: what does it become over wijken?
"""

# %% tags=["predict"]
guess("2.6", ...)

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** `groupby("wijk")` legt de buurten van een wijk bij elkaar; `.sum()` telt ze op. Met twee paar haken neem je twee kolommen. `.reset_index()` maakt van `wijk`
weer een kolom.
"""

# %% [markdown] tags=["en"]
"""
**Example.** `groupby("wijk")` puts the neighbourhoods of a wijk together; `.sum()` adds them up. With two pairs of brackets you take two columns. `.reset_index()` makes
`wijk` a column again.
"""

# %% tags=["worked"]
wijken = counts.groupby("wijk")[["group", "rest"]].sum().reset_index()
long_wijken = lesson.long(wijken, "wijk")
kloof.measure(long_wijken, "isolation", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl"]
"""
## Opgave 2.6

Bereken D over de wijken, op drie decimalen. De lange tabel `long_wijken` is er al.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.6

Compute D over the wijken, to three decimals. The long table `long_wijken` is there already.
"""

# %% tags=["exercise"]
answer_2_6 = kloof.measure(long_wijken, "dissimilarity", "group")["estimate"].iloc[0]

# %% [markdown] tags=["nl", "hint"]
"""
Welke tabel heb je nodig, en welke index?

---

De regel van 2.5, met `long_wijken` op de plaats van `table`.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which table do you need, and which index?

---

The line of 2.5, with `long_wijken` in the place of `table`.
"""

# %% tags=["check"]
check("2.6")

# %% [markdown] tags=["nl", "slide"]
"""
## D over de jaren, met een marge

Elk afgerond getal had een beetje anders kunnen zijn. En van {{group_missing}} buurten weten we niets: te klein om te publiceren. In zo'n buurt kan niemand
of iedereen tot de groep horen. `kloof` zoekt het laagste en het hoogste D dat daarbij past: `low` en `high`. Dat is geen steekproefmarge; het is wat de
bron openlaat.
"""

# %% [markdown] tags=["en", "slide"]
"""
## D over the years, with a range

Every rounded number could have been a little different. And of {{group_missing}} neighbourhoods we know nothing: too small to publish. There nobody or
everybody may belong to the group. `kloof` searches the lowest and the highest D that fits: `low` and `high`. That is no sampling margin; it is what the
source leaves open.
"""

# %% tags=["slide"]
import seaborn as sns

years = lesson.d_by_year(language)
axes = sns.lineplot(years.set_index("year"), markers=True, palette=["#0072B2", "#767676", "#767676"])
axes.set(xlabel="[[jaar||year]]", ylabel="D", ylim=(0, 0.4));

# %% [markdown] tags=["nl"]
"""
**Gok eerst.** Hoeveel veranderde D van {{group_first}} tot {{group_year}}? Een daling is negatief.
"""

# %% [markdown] tags=["en"]
"""
**Guess first.** By how much did D change from {{group_first}} to {{group_year}}? A fall is negative.
"""

# %% tags=["predict"]
guess("2.7", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 2.7

Reken het uit, op **vier** decimalen. De cijfers staan in `d`, met een rij per jaar en de kolommen `D`, `low` en `high`; eentje kies je zoals in sessie 1:
`d.loc[{{group_year}}, "D"]`.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 2.7

Work it out, to **four** decimals. The figures are in `d`, with a row per year and the columns `D`, `low` and `high`; you choose one as in session 1:
`d.loc[{{group_year}}, "D"]`.
"""

# %% tags=["exercise"]
d = years.set_index("year")  # given
answer_2_7 = d.loc[{{group_year}}, "D"] - d.loc[{{group_first}}, "D"]

# %% [markdown] tags=["nl", "hint"]
"""
Een verandering is wat het werd, min wat het was.

---

Trek `d.loc[{{group_first}}, "D"]` af van `d.loc[{{group_year}}, "D"]`.
"""

# %% [markdown] tags=["en", "hint"]
"""
A change is what it became, minus what it was.

---

Subtract `d.loc[{{group_first}}, "D"]` from `d.loc[{{group_year}}, "D"]`.
"""

# %% tags=["check"]
check("2.7")

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

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 2.8

Hoe breed is de marge in {{group_year}}: `high` min `low`? Op **vier** decimalen. Is de verandering van 2.7 groter dan dat?
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 2.8

How wide is the range in {{group_year}}: `high` minus `low`? To **four** decimals. Is the change of 2.7 larger than that?
"""

# %% tags=["exercise", "stretch"]
answer_2_8 = d.loc[{{group_year}}, "high"] - d.loc[{{group_year}}, "low"]

# %% [markdown] tags=["nl", "hint"]
"""
Een marge heeft twee einden. De breedte is de afstand ertussen.

---

Hetzelfde jaar, twee kolommen: trek `low` af van `high`.
"""

# %% [markdown] tags=["en", "hint"]
"""
A range has two ends. The width is the distance between them.

---

The same year, two columns: subtract `low` from `high`.
"""

# %% tags=["check"]
check("2.8")

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"D zegt hoe arm een buurt is."* D gaat over verdeling, niet over niveau. Ook een rijke stad kan een hoge D hebben.
* *"D van onze buurten is hoger dan die van hun wijken, dus bij ons is het erger."* Andere schaal, andere uitkomst. Vergelijk nooit over schalen heen.
* *"Het aandeel steeg, dus de segregatie steeg."* Stijgt het overal even hard, dan blijft D gelijk.
* *"D is niet nul, dus er is segregatie."* Bij kleine aantallen geeft toeval alleen al een D boven nul.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"D says how poor a neighbourhood is."* D is about spread, not about level. A rich city can have a high D as well.
* *"D of our neighbourhoods is higher than D of their wijken, so we are worse off."* Another scale, another outcome. Never compare across scales.
* *"The share rose, so segregation rose."* When it rises at the same rate everywhere, D stays the same.
* *"D is not zero, so there is segregation."* With small counts chance alone gives a D above zero.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat je nu mag zeggen

> Huishoudens met een laag inkomen woonden in {{place}} in {{group_year}} niet meer bij elkaar dan in {{group_first}}: over buurten bleef D rond
> {{dissimilarity_rough}}, en wat het veranderde is kleiner dan wat de bron openlaat.

Zeg er altijd bij: over buurten, deze groep, deze jaren.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What you may now say

> In {{place}}, households with a low income did not live closer together in {{group_year}} than in {{group_first}}: over neighbourhoods D stayed around
> {{dissimilarity_rough}}, and what it changed is smaller than what the source leaves open.

Always add: over neighbourhoods, this group, these years.
"""
