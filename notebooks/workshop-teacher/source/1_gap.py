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

* een kolom uit een tabel nemen, en rijen kiezen;
* een gemiddelde met gewichten maken, en zeggen waarom;
* een verschil op twee manieren opschrijven: in euro's en in verhouding;
* zeggen waarom beide nodig zijn.
"""

# %% [markdown] tags=["en", "slide"]
"""
# What is a gap?

**Session 1 · {{minutes_1}} minutes · nothing to know beforehand**

After this session you can

* take a column from a table, and choose rows;
* make a weighted mean, and say why;
* write a gap down in two ways: in euros and in proportion;
* say why both are needed.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

In {{place}} staan {{listed}} buurten op lijsten uit de pers: kwetsbare buurten. Het onderzoek van de rekenkamer zei dat het verschil
met de rest van de stad groter werd. Klopt dat? Wij kijken naar het inkomen per inwoner.

Op de lijst was dat {{listed_first}} in {{first}}, daarbuiten {{rest_first}}. In {{last}} was het {{listed_last}} en {{rest_last}}.
Is dat een kloof? En is die gegroeid?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

In {{place}}, {{listed}} neighbourhoods are on lists in the press: vulnerable neighbourhoods. The study of the audit office said that
the gap with the rest of the city grew. Did it? We look at the mean income per inhabitant.

On the list that was {{listed_first}} in {{first}}, and {{rest_first}} elsewhere. In {{last}} it was {{listed_last}} and {{rest_last}}.
Is that a gap? And did it grow?
"""

# %% [markdown] tags=["nl"]
"""
## Zo werkt het

Klik op een cel en druk op **Shift + Enter**: de cel wordt uitgevoerd en je gaat naar de volgende. Doe dat met elke cel, van boven naar beneden.

* Een **voorbeeld** voer je uit en lees je. De opgave erna vraagt net iets anders.
* In een **opgave** vervang je de puntjes `...` door je antwoord. Staat erboven een regel met `____`, neem die dan over en vul in wat op de streep hoort.
* Een cel met `check` zegt of het goed is, of welke vergissing het was. Een gok wordt niet beoordeeld.

Het eerste voorbeeld: een naam, een `=` en een som. De laatste regel wordt getoond.
"""

# %% [markdown] tags=["en"]
"""
## How it works

Click on a cell and press **Shift + Enter**: the cell is run and you move to the next one. Do that with every cell, from top to bottom.

* An **example** you run and read. The exercise after it asks something slightly different.
* In an **exercise** you replace the dots `...` with your answer. When there is a line with `____` above it, copy that line and fill in what belongs on the blank.
* A cell with `check` says whether it is right, or which mistake it was. A guess is not judged.

The first example: a name, an `=` and a sum. The last line is shown.
"""

# %% tags=["worked"]
total = 12 + 5
total - 2

# %% tags=["full"]
language = "[[nl||en]]"

from kloof_workshop import lesson
from kloof_workshop.checks import check
from kloof_workshop.guesses import guess

places = lesson.places(language)
places.head()

# %% tags=["lite"]
language = "[[nl||en]]"

from kloof_workshop import lesson, sketch
from kloof_workshop.checks import check
from kloof_workshop.guesses import guess

places = lesson.places()
places[:2]

# %% [markdown] tags=["nl", "slide"]
"""
## Een tabel

Elke rij is een buurt. `listed` zegt of ze op de lijst staat; `inhabitants` is het aantal inwoners; de laatste kolommen zijn het gemiddelde inkomen per inwoner in
{{first}} en in {{last}}, in duizenden euro's. Er staan {{followed}} buurten in. De andere {{left_out}} vallen af: daar is niet in elk jaar iets bekend.
"""

# %% [markdown] tags=["en", "slide"]
"""
## A table

Each row is a neighbourhood. `listed` says whether it is on the list; `inhabitants` is the number of inhabitants; the last columns are the mean income per inhabitant in
{{first}} and in {{last}}, in thousands of euros. It holds {{followed}} neighbourhoods. The other {{left_out}} drop out: not every year is known there.
"""

# %% [markdown] tags=["nl", "full"]
"""
**Voorbeeld.** Een kolom neem je met haar naam tussen `["` en `"]`. Met een punt vraag je er iets over: `.max()` is het hoogste getal. De haakjes `()` horen erbij:
zonder haakjes vraag je niets.
"""

# %% [markdown] tags=["en", "full"]
"""
**Example.** You take a column with its name between `["` and `"]`. With a dot you ask it something: `.max()` is the highest number. The brackets `()` belong to it:
without brackets you ask nothing.
"""

# %% [markdown] tags=["nl", "lite"]
"""
**Voorbeeld.** `places` is een lijst van buurten. Met `for` ga je ze langs; `place["..."]` is een vak van een buurt. `max(...)` geeft het hoogste getal.
"""

# %% [markdown] tags=["en", "lite"]
"""
**Example.** `places` is a list of neighbourhoods. With `for` you go past them; `place["..."]` is a cell of one. `max(...)` gives the highest number.
"""

# %% tags=["worked", "full"]
places["income_{{first}}"].max()

# %% tags=["worked", "lite"]
max(place["income_{{first}}"] for place in places)

# %% [markdown] tags=["nl"]
"""
## Opgave 1.1

Dat was {{first}}. Wat is het hoogste gemiddelde inkomen van een buurt in **{{last}}**? In duizenden euro's.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.1

That was {{first}}. What is the highest mean income of a neighbourhood in **{{last}}**? In thousands of euros.
"""

# %% tags=["exercise", "full"]
# [[vul in||fill in]]: answer_1_1 = places["____"].max()
answer_1_1 = places["income_{{last}}"].max()

# %% tags=["exercise", "lite"]
# [[vul in||fill in]]: answer_1_1 = max(place["____"] for place in places)
answer_1_1 = max(place["income_{{last}}"] for place in places)

# %% [markdown] tags=["nl", "hint"]
"""
Welke kolom van de tabel gaat over {{last}}?

---

Neem het voorbeeld over, en verander het jaar in de naam van de kolom.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which column of the table is about {{last}}?

---

Copy the example, and change the year in the name of the column.
"""

# %% tags=["check"]
check("1.1")

# %% [markdown] tags=["nl", "full"]
"""
**Voorbeeld.** Rijen kies je met een vraag tussen de haken. `places["inhabitants"] > 5000` is voor elke buurt waar of niet waar; `places[...]` houdt de rijen waar
het waar is. `len(...)` telt rijen.
"""

# %% [markdown] tags=["en", "full"]
"""
**Example.** You choose rows with a question between the brackets. `places["inhabitants"] > 5000` is true or not true for each neighbourhood; `places[...]` keeps
the rows where it is true. `len(...)` counts rows.
"""

# %% [markdown] tags=["nl", "lite"]
"""
**Voorbeeld.** Buurten kies je met `if` en een vraag, zoals `> 5000`: meer dan 5000. `len(...)` telt.
"""

# %% [markdown] tags=["en", "lite"]
"""
**Example.** You choose neighbourhoods with `if` and a question, such as `> 5000`: more than 5000. `len(...)` counts.
"""

# %% tags=["worked", "full"]
big = places[places["inhabitants"] > 5000]
len(big)

# %% tags=["worked", "lite"]
big = [place for place in places if place["inhabitants"] > 5000]
len(big)

# %% [markdown] tags=["nl"]
"""
## Opgave 1.2

In hoeveel buurten was het gemiddelde inkomen in {{first}} **lager** dan {{line}} duizend euro? Geef een aantal. (Lager dan is `<`.)
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.2

In how many neighbourhoods was the mean income in {{first}} **lower** than {{line}} thousand euros? Give a count. (Lower than is `<`.)
"""

# %% tags=["exercise", "full"]
# [[vul in||fill in]]: answer_1_2 = len(places[places["____"] < {{line}}])
answer_1_2 = len(places[places["income_{{first}}"] < {{line}}])

# %% tags=["exercise", "lite"]
# [[vul in||fill in]]: answer_1_2 = len([place for place in places if place["____"] < {{line}}])
answer_1_2 = len([place for place in places if place["income_{{first}}"] < {{line}}])

# %% [markdown] tags=["nl", "hint"]
"""
Hetzelfde als in het voorbeeld, met een andere kolom en een ander teken.

---

De kolom gaat over inkomen in {{first}}. De tabel is in duizenden euro's, dus {{line}} duizend euro is `{{line}}`.
"""

# %% [markdown] tags=["en", "hint"]
"""
The same as in the example, with another column and another sign.

---

The column is about income in {{first}}. The table is in thousands of euros, so {{line}} thousand euros is `{{line}}`.
"""

# %% tags=["check"]
check("1.2")

# %% [markdown] tags=["nl", "slide"]
"""
## Lijst en rest

De kolom `listed` zegt van elke buurt of ze op de lijst staat. Voor de rest keer je dat om. Dan vragen we een gemiddelde.
"""

# %% [markdown] tags=["en", "slide"]
"""
## List and rest

The column `listed` says of each neighbourhood whether it is on the list. For the rest you turn that round. Then we ask for a mean.
"""

# %% [markdown] tags=["nl", "full"]
"""
**Voorbeeld.** Een golfje `~` keert waar en niet waar om. `.mean()` is het gemiddelde van een kolom.
"""

# %% [markdown] tags=["en", "full"]
"""
**Example.** A tilde `~` turns true and not true round. `.mean()` is the mean of a column.
"""

# %% [markdown] tags=["nl", "lite"]
"""
**Voorbeeld.** Het woord `not` keert waar en niet waar om. Een gemiddelde is `sum(...)` gedeeld door `len(...)`.
"""

# %% [markdown] tags=["en", "lite"]
"""
**Example.** The word `not` turns true and not true round. A mean is `sum(...)` divided by `len(...)`.
"""

# %% tags=["worked", "full"]
listed = places[places["listed"]]
rest = places[~places["listed"]]
listed["income_{{last}}"].mean()

# %% tags=["worked", "lite"]
listed = [place for place in places if place["listed"]]
rest = [place for place in places if not place["listed"]]
sum(place["income_{{last}}"] for place in listed) / len(listed)

# %% [markdown] tags=["nl"]
"""
## Opgave 1.3

Wat is het gewone gemiddelde van de **rest** in {{last}}? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.3

What is the plain mean of the **rest** in {{last}}? In thousands of euros, to one decimal.
"""

# %% tags=["exercise", "full"]
# [[vul in||fill in]]: answer_1_3 = ____["income_{{last}}"].mean()
answer_1_3 = rest["income_{{last}}"].mean()

# %% tags=["exercise", "lite"]
# [[vul in||fill in]]: answer_1_3 = sum(place["income_{{last}}"] for place in ____) / len(____)
answer_1_3 = sum(place["income_{{last}}"] for place in rest) / len(rest)

# %% [markdown] tags=["nl", "hint"]
"""
Welke tabel uit het voorbeeld heeft de buurten die niet op de lijst staan?

---

Het voorbeeld nam `listed`. Neem `rest`.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which table of the example has the neighbourhoods that are not on the list?

---

The example took `listed`. Take `rest`.
"""

# %% tags=["check"]
check("1.3")

# %% [markdown] tags=["nl", "slide"]
"""
## Waarom gewichten?

De kleinste buurt buiten de lijst heeft {{smallest}} inwoners, de grootste {{largest}}. In een gewoon gemiddelde tellen ze even zwaar. In een **gewogen**
gemiddelde telt elke inwoner even zwaar: vermenigvuldig elk inkomen met het aantal inwoners, tel op, en deel door alle inwoners samen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Why weights?

The smallest neighbourhood outside the list has {{smallest}} inhabitants, the largest {{largest}}. In a plain mean they count the same. In a **weighted** mean
every inhabitant counts the same: multiply each income by the number of inhabitants, add up, and divide by all inhabitants together.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Het gewogen gemiddelde van de lijst. Twee kolommen vermenigvuldig je met `*`, rij voor rij; optellen en delen doe je daarna.
"""

# %% [markdown] tags=["en"]
"""
**Example.** The weighted mean of the list. You multiply two columns with `*`, row by row; adding up and dividing come after that.
"""

# %% tags=["worked", "full"]
people = listed["inhabitants"]
listed_mean = (listed["income_{{last}}"] * people).sum() / people.sum()
listed_mean

# %% tags=["worked", "lite"]
people = sum(place["inhabitants"] for place in listed)
listed_mean = sum(place["income_{{last}}"] * place["inhabitants"] for place in listed) / people
listed_mean

# %% [markdown] tags=["nl"]
"""
**Gok eerst.** Bij de lijst scheelde wegen bijna niets. Wordt het gewogen gemiddelde van de rest hoger of lager dan het gewone, van opgave 1.3? Schrijf een getal op de plaats
van de puntjes.
"""

# %% [markdown] tags=["en"]
"""
**Guess first.** For the list, weighting made hardly any difference. Will the weighted mean of the rest be higher or lower than the plain one, of exercise 1.3? Write a number in the
place of the dots.
"""

# %% tags=["predict"]
guess("1.4", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 1.4

Wat is het gewogen gemiddelde van de **rest** in {{last}}? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.4

What is the weighted mean of the **rest** in {{last}}? In thousands of euros, to one decimal.
"""

# %% tags=["exercise", "full"]
people = rest["inhabitants"]  # given
# [[vul in||fill in]]: answer_1_4 = (rest["income_{{last}}"] * ____).sum() / ____.sum()
answer_1_4 = (rest["income_{{last}}"] * people).sum() / people.sum()

# %% tags=["exercise", "lite"]
people = sum(place["inhabitants"] for place in rest)  # given
# [[vul in||fill in]]: answer_1_4 = sum(place["income_{{last}}"] * place["____"] for place in ____) / people
answer_1_4 = sum(place["income_{{last}}"] * place["inhabitants"] for place in rest) / people

# %% [markdown] tags=["nl", "hint"]
"""
Boven de streep staat een som van producten, onder de streep een som van gewichten.

---

Het voorbeeld deed dit met `listed`. Doe hetzelfde met `rest`; `people` is al klaar.
"""

# %% [markdown] tags=["en", "hint"]
"""
Above the line is a sum of products, below the line a sum of weights.

---

The example did this with `listed`. Do the same with `rest`; `people` is ready.
"""

# %% tags=["check"]
check("1.4")

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
## Opgave 1.5

Hoe groot was het absolute verschil in {{last}}? De rest min de lijst, beide gewogen, in duizenden euro's, op één decimaal. Je hebt beide al: `answer_1_4` en
`listed_mean`.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.5

How large was the absolute gap in {{last}}? The rest minus the list, both weighted, in thousands of euros, to one decimal. You have both already: `answer_1_4` and
`listed_mean`.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_1_5 = ____ - ____
answer_1_5 = answer_1_4 - listed_mean

# %% [markdown] tags=["nl", "hint"]
"""
Welk van de twee hoort vooraan te staan?

---

De rest is `answer_1_4`. Trek `listed_mean` daarvan af.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which of the two belongs in front?

---

The rest is `answer_1_4`. Subtract `listed_mean` from it.
"""

# %% tags=["check"]
check("1.5")

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** In een winkel kost iets 40 euro, in een andere 30. Dat scheelt 10 euro: een kwart van 40. In procenten:
"""

# %% [markdown] tags=["en"]
"""
**Example.** In one shop something costs 40 euros, in another 30. The difference is 10 euros: a quarter of 40. In percent:
"""

# %% tags=["worked"]
difference = 40 - 30
100 * difference / 40

# %% [markdown] tags=["nl"]
"""
## Opgave 1.6

Geef het verschil in inkomen van {{last}} als percentage van de rest, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.6

Give the income gap of {{last}} in percent of the rest, to one decimal.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_1_6 = 100 * ____ / ____
answer_1_6 = 100 * answer_1_5 / answer_1_4

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
check("1.6")

# %% [markdown] tags=["nl", "slide"]
"""
## Het plaatje

Het gewogen gemiddelde per jaar, voor de lijst en voor de rest. Wat valt je op? Wordt de ruimte tussen de lijnen groter?
"""

# %% [markdown] tags=["en", "slide"]
"""
## The plot

The weighted mean by year, for the list and for the rest. What do you notice? Does the space between the lines grow?
"""

# %% tags=["full", "slide"]
import seaborn as sns

lines = lesson.two_lines(language)
shown = lines.rename(columns={"listed": "[[op de lijst||on the list]]", "rest": "[[rest van de stad||rest of the city]]"})
shown = shown.set_index("year")[["[[op de lijst||on the list]]", "[[rest van de stad||rest of the city]]"]]
axes = sns.lineplot(shown, markers=True, linewidth=2.5, palette=["#D55E00", "#0072B2"])
axes.set(xlabel="[[jaar||year]]", ylabel="[[inkomen per inwoner (duizend euro)||income per inhabitant (thousand euro)]]", ylim=(0, None));

# %% tags=["lite"]
lines = lesson.two_lines()
sketch.Picture(
    sketch.lines(
        "[[Inkomen per inwoner (duizend euro)||Income per inhabitant (thousand euro)]]",
        [line["year"] for line in lines],
        [
            ("[[rest van de stad||rest of the city]]", [line["rest"] for line in lines]),
            ("[[op de lijst||on the list]]", [line["listed"] for line in lines]),
        ],
    )
)

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** De cijfers achter het plaatje staan in `lines`: een rij per jaar, met `listed`, `rest`, `gap` (de rest min de lijst) en `relative` (in procenten van de
rest). Eén getal kies je met het jaar en de naam van de kolom. Hoeveel kreeg de rest erbij?
"""

# %% [markdown] tags=["en"]
"""
**Example.** The figures behind the plot are in `lines`: a row per year, with `listed`, `rest`, `gap` (the rest minus the list) and `relative` (in percent of the
rest). You choose one number with the year and the name of the column. How much did the rest gain?
"""

# %% tags=["worked", "full"]
by_year = lines.set_index("year")
by_year.loc[{{last}}, "rest"] - by_year.loc[{{first}}, "rest"]

# %% tags=["worked", "lite"]
by_year = {line["year"]: line for line in lines}
by_year[{{last}}]["rest"] - by_year[{{first}}]["rest"]

# %% [markdown] tags=["nl"]
"""
**Gok eerst.** Hoeveel groeide het verschil tussen rest en lijst, in duizenden euro's? Kijk naar het plaatje.
"""

# %% [markdown] tags=["en"]
"""
**Guess first.** By how much did the gap between rest and list grow, in thousands of euros? Look at the plot.
"""

# %% tags=["predict"]
guess("1.7", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 1.7

Hoeveel groeide het absolute verschil, `gap`, van {{first}} tot {{last}}? In duizenden euro's, op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 1.7

By how much did the absolute gap, `gap`, grow from {{first}} to {{last}}? In thousands of euros, to one decimal.
"""

# %% tags=["exercise", "full"]
answer_1_7 = by_year.loc[{{last}}, "gap"] - by_year.loc[{{first}}, "gap"]

# %% tags=["exercise", "lite"]
answer_1_7 = by_year[{{last}}]["gap"] - by_year[{{first}}]["gap"]

# %% [markdown] tags=["nl", "hint"]
"""
Een groei is wat het werd, min wat het was.

---

Neem het voorbeeld over, met een andere kolom.
"""

# %% [markdown] tags=["en", "hint"]
"""
A growth is what it became, minus what it was.

---

Copy the example, with another column.
"""

# %% tags=["check"]
check("1.7")

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 1.8

En in verhouding: hoeveel **procentpunt** veranderde `relative` van {{first}} tot {{last}}? Op één decimaal; een daling is negatief. Gok eerst: stijgt het of daalt het?
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 1.8

And in proportion: by how many **percentage points** did `relative` change from {{first}} to {{last}}? To one decimal; a fall is negative. Guess first: does it rise or fall?
"""

# %% tags=["predict", "stretch"]
guess("1.8", ...)

# %% tags=["exercise", "full", "stretch"]
answer_1_8 = by_year.loc[{{last}}, "relative"] - by_year.loc[{{first}}, "relative"]

# %% tags=["exercise", "lite", "stretch"]
answer_1_8 = by_year[{{last}}]["relative"] - by_year[{{first}}]["relative"]

# %% [markdown] tags=["nl", "hint"]
"""
Van twee percentages is het verschil een aantal procentpunten. Je deelt niet.

---

Doe hetzelfde als in 1.7, met een andere kolom.
"""

# %% [markdown] tags=["en", "hint"]
"""
The difference of two percentages is a number of percentage points. You don't divide.

---

Do the same as in 1.7, with another column.
"""

# %% tags=["check"]
check("1.8")

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"Het gemiddelde van de buurten is het gemiddelde van de mensen."* Alleen als alle buurten even groot zijn.
* *"Het verschil in euro's groeide, dus de lijst blijft achter."* Stijgt alles even hard, dan groeit het verschil in euro's vanzelf.
* *"Van 40 naar 38 procent is 2 procent minder."* Het is 2 procentpunt minder.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"The mean of the neighbourhoods is the mean of the people."* Only when all neighbourhoods are the same size.
* *"The gap in euros grew, so the list is falling behind."* When everything rises at the same rate, the gap in euros grows by itself.
* *"From 40 to 38 percent is 2 percent less."* It is 2 percentage points less.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat je nu mag zeggen

> Het inkomensverschil tussen de {{listed}} buurten en de rest van {{place}} ging van {{gap_first}} naar {{gap_last}} per inwoner; in verhouding ging het van
> {{relative_first}} naar {{relative_last}} van het inkomen van de rest.

Beide zijn waar. Wie er maar één noemt, kiest de uitkomst. Wat prijzen ermee te maken hebben, en toeval, komt in sessie 3.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What you may now say

> The income gap between the {{listed}} neighbourhoods and the rest of {{place}} went from {{gap_first}} to {{gap_last}} per inhabitant; in proportion it went from
> {{relative_first}} to {{relative_last}} of the income of the rest.

Both are true. Whoever mentions only one chooses the outcome. What prices have to do with it, and chance, comes in session 3.
"""
