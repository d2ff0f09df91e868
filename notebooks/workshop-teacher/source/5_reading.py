# ---
# jupyter:
#   kloof:
#     number: 5
#     minutes: 35
#     nl: 5_een_rapport_lezen
#     en: 5_reading_a_report
# ---

# %% [markdown] tags=["nl", "slide"]
"""
# Een rapport kritisch lezen

**Sessie 5, naar keuze · {{minutes_5}} minuten · na sessie 3**

Na deze sessie kun je

* van een bewering zeggen welke delen kloppen, welke niet, en welke niemand kan toetsen;
* zien of een deel meetelt, en of de uitkomst van de lijst afhangt;
* een kop schrijven die het rapport toelaat.
"""

# %% [markdown] tags=["en", "slide"]
"""
# Reading a report critically

**Session 5, optional · {{minutes_5}} minutes · after session 3**

After this session you can

* say of a claim which parts hold, which don't, and which nobody can test;
* see whether a part has a say, and whether the outcome depends on the list;
* write a headline that the report allows.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

Een bewering uit het debat: *"{{claim}}"* Het rapport over {{place}} legt haar uiteen in {{parts}} delen: elk cijfer op elke schaal. Open, als je het hebt, het rapport
in `reports/example` en zoek de bewering op. Hier lees je dezelfde delen als tabel.
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

A claim from the debate: *"{{claim}}"* The report on {{place}} takes it apart into {{parts}} parts: every figure on every scale. Open, if you have it, the report in
`reports/example` and look the claim up. Here you read the same parts as a table.
"""

# %%
language = "[[nl||en]]"

from kloof_workshop import lesson
from kloof_workshop.checks import check
from kloof_workshop.guesses import guess

parts = lesson.parts()
parts

# %% [markdown] tags=["nl", "slide"]
"""
## Wat in de tabel staat

* `part`: welk cijfer, en op welke schaal;
* `verdict`: `SUPPORTED` bevestigd, `CONTRADICTED` weerlegd, `MIXED` ten dele, `NEGLIGIBLE` geen verschil dat ertoe doet, `UNDECIDED` onbeslist, `NOT_TESTABLE` niet te
  toetsen;
* `counts`: of het deel meetelt. Euro's van elk jaar tellen niet mee, want prijzen alleen al laten die groeien;
* `agree` van `of`: hoeveel van de lijsten hetzelfde zeggen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What is in the table

* `part`: which figure, and on which scale;
* `verdict`: `SUPPORTED`, `CONTRADICTED`, `MIXED` holds in part, `NEGLIGIBLE` no change that matters, `UNDECIDED`, `NOT_TESTABLE` can't be
  tested;
* `counts`: whether the part has a say. Euros of each year have none, since prices alone make those grow;
* `agree` of `of`: how many of the lists say the same.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Hoeveel delen zijn onbeslist? Rijen kiezen en tellen, zoals in sessie 1.
"""

# %% [markdown] tags=["en"]
"""
**Example.** How many parts are undecided? Choosing rows and counting, as in session 1.
"""

# %% tags=["worked"]
len(parts[parts["verdict"] == "UNDECIDED"])

# %% tags=["predict"]
guess("5.1", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 5.1

Gok eerst, hierboven. Hoeveel van de {{parts}} delen zijn bevestigd (`SUPPORTED`)?
"""

# %% [markdown] tags=["en"]
"""
## Exercise 5.1

First guess, above. How many of the {{parts}} parts are supported (`SUPPORTED`)?
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_5_1 = len(parts[parts["verdict"] == "____"])
answer_5_1 = len(parts[parts["verdict"] == "SUPPORTED"])

# %% [markdown] tags=["nl", "hint"]
"""
Het voorbeeld, met een ander woord.

---

Vul `SUPPORTED` in, in hoofdletters.
"""

# %% [markdown] tags=["en", "hint"]
"""
The example, with another word.

---

Fill in `SUPPORTED`, in capitals.
"""

# %% tags=["check"]
check("5.1")

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Kies eerst de delen die meetellen, en tel daarbinnen. Van de delen die meetellen zijn er weerlegd:
"""

# %% [markdown] tags=["en"]
"""
**Example.** First choose the parts that have a say, and count among those. Of the parts that have a say, so many are contradicted:
"""

# %% tags=["worked"]
said = parts[parts["counts"]]
len(said[said["verdict"] == "CONTRADICTED"])

# %% [markdown] tags=["nl"]
"""
## Opgave 5.2

Hoeveel van de delen **die meetellen** zijn bevestigd?
"""

# %% [markdown] tags=["en"]
"""
## Exercise 5.2

How many of the parts **that have a say** are supported?
"""

# %% tags=["exercise"]
answer_5_2 = len(said[said["verdict"] == "SUPPORTED"])

# %% [markdown] tags=["nl", "hint"]
"""
Kijk ook zelf in de tabel: welk deel is bevestigd, en wat staat daar bij `counts`?

---

De tweede regel van het voorbeeld, met een ander woord.
"""

# %% [markdown] tags=["en", "hint"]
"""
Look in the table yourself too: which part is supported, and what does `counts` say there?

---

The second line of the example, with another word.
"""

# %% tags=["check"]
check("5.2")

# %% [markdown] tags=["nl"]
"""
## Opgave 5.3

Over hoeveel procent van de {{parts}} delen kan niemand met open cijfers iets zeggen (`NOT_TESTABLE`)? Op één decimaal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 5.3

Of how many percent of the {{parts}} parts can nobody say anything with open figures (`NOT_TESTABLE`)? To one decimal.
"""

# %% tags=["exercise"]
untested = len(parts[parts["verdict"] == "NOT_TESTABLE"])
answer_5_3 = 100 * untested / len(parts)

# %% [markdown] tags=["nl", "hint"]
"""
Een percentage is een deel van honderd. Van welk geheel?

---

Tel de delen met `NOT_TESTABLE`, deel door `len(parts)`, en vermenigvuldig met honderd.
"""

# %% [markdown] tags=["en", "hint"]
"""
A percentage is a part of a hundred. Of which whole?

---

Count the parts with `NOT_TESTABLE`, divide by `len(parts)`, and multiply by a hundred.
"""

# %% tags=["check"]
check("5.3")

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Twee kolommen kun je ook met elkaar vergelijken, rij voor rij. Bij zoveel delen zeggen alle lijsten hetzelfde (of was er niets te toetsen):
"""

# %% [markdown] tags=["en"]
"""
**Example.** Two columns can be compared with each other too, row by row. In so many parts all lists say the same (or there was nothing to test):
"""

# %% tags=["worked"]
len(parts[parts["agree"] == parts["of"]])

# %% tags=["predict"]
guess("5.4", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 5.4

Gok eerst, hierboven. Bij hoeveel delen zijn er **minder** lijsten eens dan er zijn geprobeerd? Daar hangt de uitkomst van de lijst af.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 5.4

First guess, above. In how many parts do **fewer** lists agree than were tried? There the outcome depends on the list.
"""

# %% tags=["exercise"]
answer_5_4 = len(parts[parts["agree"] < parts["of"]])

# %% [markdown] tags=["nl", "hint"]
"""
Welk teken betekent minder dan?

---

Het voorbeeld, met `<` op de plaats van `==`.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which sign means fewer than?

---

The example, with `<` in the place of `==`.
"""

# %% tags=["check"]
check("5.4")

# %% [markdown] tags=["nl"]
"""
## Opgave 5.5

De bewering zegt: alle verschillen groeiden. Van de delen die meetellen klopt er een ten dele, zijn er weerlegd, en doen andere er niet toe. Welk verdict past op de hele
bewering? Geef het codewoord, tussen aanhalingstekens.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 5.5

The claim says: all gaps grew. Of the parts that have a say one holds in part, some are contradicted, and others don't matter. Which verdict fits the whole
claim? Give the code word, between quotation marks.
"""

# %% tags=["exercise"]
answer_5_5 = "MIXED"

# %% [markdown] tags=["nl", "hint"]
"""
Eén weerlegd deel maakt "alle" onhoudbaar. Maar is er helemaal niets van waar?

---

Zoek in de lijst hierboven het woord voor: ten dele.
"""

# %% [markdown] tags=["en", "hint"]
"""
One contradicted part makes "all" untenable. But is nothing of it true?

---

Find in the list above the word for: holds in part.
"""

# %% tags=["check"]
check("5.5")

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 5.6

Welke kop laat het rapport toe? Geef de letter, tussen aanhalingstekens.

* **A.** "Rapport bevestigt: de kloof groeit."
* **B.** "Rapport: de kloof krimpt."
* **C.** "In euro's groeide het verschil, in verhouding niet; wat met prijzen en met toeval te maken heeft, staat erbij."
* **D.** "Niet bewezen, dus niets aan de hand."
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 5.6

Which headline does the report allow? Give the letter, between quotation marks.

* **A.** "Report confirms: the gap is growing."
* **B.** "Report: the gap is shrinking."
* **C.** "In euros the gap grew, in proportion it did not; what prices and chance have to do with it is told."
* **D.** "Not proven, so nothing is the matter."
"""

# %% tags=["exercise", "stretch"]
answer_5_6 = "C"

# %% [markdown] tags=["nl", "hint"]
"""
Welke koppen noemen maar één deel, of lezen niets gevonden als niets gebeurd?

---

Streep weg wat één deel voor het geheel neemt, en wat geen bewijs als bewijs leest.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which headlines mention one part only, or read nothing found as nothing happened?

---

Cross out what takes one part for the whole, and what reads no proof as a proof.
"""

# %% tags=["check"]
check("5.6")

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"Er staat één keer bevestigd, dus het klopt."* Kijk of dat deel meetelt.
* *"Ten dele is een slap antwoord."* Het zegt precies waar de bewering ophoudt.
* *"Niet te toetsen, dus niet waar."* Er zijn alleen geen open cijfers.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"It says supported once, so it is true."* See whether that part has a say.
* *"In part is a weak answer."* It says exactly where the claim ends.
* *"Not testable, so not true."* There are only no open figures.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat je nu mag zeggen

> Dat alle verschillen groeiden, klopt hooguit ten dele: alleen in euro's van elk jaar groeiden ze allebei, inkomen en woningwaarde; in verhouding niet, en een deel van de
> bewering kan met open cijfers niemand toetsen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What you may now say

> That all gaps grew holds in part at most: only in euros of each year did both grow, income and dwelling value; in proportion they did not, and a part of the
> claim nobody can test with open figures.
"""
