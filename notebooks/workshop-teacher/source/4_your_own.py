# ---
# jupyter:
#   kloof:
#     number: 4
#     minutes: 50
#     nl: 4_je_eigen_hypothese
#     en: 4_your_own_hypothesis
# ---

# %% [markdown] tags=["nl", "slide"]
"""
# Jouw gemeente, jouw hypothese

**Sessie 4 · {{minutes_4}} minuten · na sessie 3**

Na deze sessie kun je

* een verwachting vastleggen vóór je kijkt;
* die toetsen, en het oordeel lezen zonder het mooier te maken;
* een rapport maken waarin elk getal een bron en een marge heeft;
* zeggen wat je mag verdedigen, en wat niet.
"""

# %% [markdown] tags=["en", "slide"]
"""
# Your municipality, your hypothesis

**Session 4 · {{minutes_4}} minutes · after session 3**

After this session you can

* fix an expectation before you look;
* test it, and read the verdict without making it prettier;
* make a report in which every number has a source and a range;
* say what you may defend, and what not.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Het verhaal

Een wethouder vraagt: "Voelen mensen in de buurten op de lijst zich ook minder gezond, en wordt dat verschil groter?" Je kunt nu gaan zoeken tot je iets vindt. Met
{{lists}} lijsten, twee maten en tien indicatoren vind je altijd iets. Daarom schrijf je eerst op wat je verwacht.
"""

# %% [markdown] tags=["en", "slide"]
"""
## The story

An alderman asks: "Do people in the listed neighbourhoods also feel less healthy, and is that gap growing?" You can now search until you find something. With {{lists}}
lists, two measures and ten indicators you always find something. That is why you first write down what you expect.
"""

# %%
language = "[[nl||en]]"

import kloof
from kloof_workshop import lesson, own
from kloof_workshop.checks import check
from kloof_workshop.guesses import guess

# %% [markdown] tags=["nl", "slide"]
"""
## Eerst opschrijven

Een hypothese heeft vijf delen:

* `indicator`: welk cijfer;
* `measure`: het verschil absoluut (`"absolute"`) of in verhouding (`"relative"`);
* `expected`: wordt het verschil groter (`"HIGHER"`) of kleiner (`"LOWER"`);
* `smallest_effect`: het kleinste verschil dat ertoe doet;
* `because`: waarom je dat denkt.

`own.register` zet het in een bestand en geeft het een vingerafdruk (`sha256`). Veranderen kan daarna niet meer, wel een nieuwe maken.
"""

# %% [markdown] tags=["en", "slide"]
"""
## First write it down

A hypothesis has five parts:

* `indicator`: which figure;
* `measure`: the gap absolute (`"absolute"`) or in proportion (`"relative"`);
* `expected`: does the gap become larger (`"HIGHER"`) or smaller (`"LOWER"`);
* `smallest_effect`: the smallest change that matters;
* `because`: why you think so.

`own.register` puts it in a file and gives it a fingerprint (`sha256`). After that it can't be changed; a new one can be made.
"""

# %% [markdown] tags=["nl"]
"""
## Voorbeeld: een fout lezen

Tussen accolades staan namen en waarden, met een dubbele punt ertussen. Dit voorbeeld gaat expres mis. Fouten van `kloof` zeggen wat er mis is, wat wel kan, en wat je
kunt doen: alle fouten in één keer. (`try` en `except` laten de fout zien zonder te stoppen; die hoef je niet te kunnen schrijven.)
"""

# %% [markdown] tags=["en"]
"""
## Example: reading an error

Between braces stand names and values, with a colon between. This example goes wrong on purpose. Errors of `kloof` say what is wrong, what is possible, and what to do:
all faults at once. (`try` and `except` show the error without stopping; you don't have to be able to write those.)
"""

# %% tags=["worked"]
wrong = {"indicator": "helth", "measure": "abs", "expected": "UP", "smallest_effect": 0}
try:
    own.register("health", wrong, focus="union")
except kloof.KloofError as problem:
    print(problem)

# %% [markdown] tags=["nl"]
"""
## Opgave 4.1

Registreer je hypothese. De cel laat een voorbeeld zien van de vijf delen; maak ze van jou. De naam begint met `my_`. Andere jaren of een andere lijst geef je erbij,
bijvoorbeeld `focus="bredavandaag"` of `year_from=2016`.

Heb je een eigen CBS-bestand *Kerncijfers wijken en buurten*? Geef dan ook `municipality="GM...."`, `source="pad/naar/bestand.csv"` en een lijst, zoals
`focus="lowest:11:mean_income_per_inhabitant:2016"`. Zonder bestand werkt alles met de cijfers van {{place}}, zonder internet.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 4.1

Register your hypothesis. The cell shows an example of the five parts; make them yours. The name begins with `my_`. Other years or another list are passed along,
for instance `focus="bredavandaag"` or `year_from=2016`.

Do you have a CBS file *Kerncijfers wijken en buurten* (Key figures for districts and neighbourhoods) of your own? Then also pass `municipality="GM...."`,
`source="path/to/file.csv"` and a list, such as `focus="lowest:11:mean_income_per_inhabitant:2016"`. Without a file everything works on the figures of {{place}}, offline.
"""

# %% tags=["exercise"]
claim = {  # given
    "indicator": "good_perceived_health_share",
    "measure": "absolute",
    "expected": "HIGHER",
    "smallest_effect": 2,
    "because": "[[wie het kan betalen, verhuist||who can afford it moves away]]",
}  # given
# [[vul in||fill in]]: answer_4_1 = own.register("my_____", claim)
answer_4_1 = own.register("my_health_[[nl||en]]", claim)

# %% [markdown] tags=["nl", "hint"]
"""
Kies zelf de vijf delen, en schrijf ze op vóór je naar een uitkomst kijkt. Welke indicatoren er zijn, zegt `kloof list indicators`.

---

Roep `own.register("my_...", claim)` aan en zet wat terugkomt in je antwoord. Zegt het dat de naam bezet is? Kies een andere: een hypothese verander je niet.
"""

# %% [markdown] tags=["en", "hint"]
"""
Choose the five parts yourself, and write them down before you look at an outcome. `kloof list indicators` says which indicators there are.

---

Call `own.register("my_...", claim)` and put what comes back in your answer. Does it say that the name is taken? Choose another: a hypothesis is not changed.
"""

# %% tags=["check"]
check("4.1")

# %% [markdown] tags=["nl", "slide"]
"""
## Dan pas toetsen

`own.tested` rekent de verandering van het verschil uit onder jouw lijst, en onder de andere lijsten die vooraf zijn geregistreerd. `kloof.judge` geeft het oordeel over
een uitkomst, met de vier regels van sessie 3.
"""

# %% [markdown] tags=["en", "slide"]
"""
## Only then test it

`own.tested` computes the change of the gap under your list, and under the other lists that were registered beforehand. `kloof.judge` gives the judgement on a
finding, with the four lines of session 3.
"""

# %% [markdown] tags=["nl"]
"""
**Gok eerst.** Welk oordeel komt eruit: `"HIGHER"`, `"LOWER"`, `"SAME"` of `"UNCLEAR"`?
"""

# %% [markdown] tags=["en"]
"""
**Guess first.** Which judgement will come out: `"HIGHER"`, `"LOWER"`, `"SAME"` or `"UNCLEAR"`?
"""

# %% tags=["predict"]
guess("4.2", ...)

# %% tags=["exercise"]
import pandas as pd  # given

tested = own.tested(answer_4_1, answer_4_1.study(language)) if answer_4_1 is not ... else {}  # given
findings = list(tested.values())  # given
columns = ["estimate", "low", "high", "smallest_effect"]  # given
pd.DataFrame({name: vars(finding) for name, finding in tested.items()}, index=columns).T  # given

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** In `findings` staan de uitkomsten op een rij: eerst die onder jouw lijst, dan die onder de andere. De eerste van een rij is `[0]`. Met het verschil in
inkomen van sessie 3, op drie schalen:
"""

# %% [markdown] tags=["en"]
"""
**Example.** `findings` holds the findings in a row: first the one under your list, then those under the others. The first of a row is `[0]`. With the gap in
income of session 3, on three scales:
"""

# %% tags=["worked"]
study = lesson.study(language)
three = [kloof.gap_change(study, "mean_income_per_inhabitant", scale) for scale in ("relative", "absolute", "real")]
kloof.judge(three[0])

# %% [markdown] tags=["nl"]
"""
## Opgave 4.2

Welk oordeel krijgt de verandering onder jouw lijst, de eerste rij? Lees het af of laat `kloof.judge` het zeggen. Geef het codewoord.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 4.2

Which judgement does the change get under your list, the first row? Read it off or let `kloof.judge` say it. Give the code word.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_4_2 = kloof.judge(____)
answer_4_2 = kloof.judge(findings[0])

# %% [markdown] tags=["nl", "hint"]
"""
Leg `low` en `high` naast nul en naast `smallest_effect`. De eerste regel die klopt, wint.

---

`findings[0]` is de uitkomst onder jouw lijst. Geef die aan `kloof.judge`.
"""

# %% [markdown] tags=["en", "hint"]
"""
Hold `low` and `high` against zero and against `smallest_effect`. The first line that holds wins.

---

`findings[0]` is the finding under your list. Pass it to `kloof.judge`.
"""

# %% tags=["check"]
check("4.2")

# %% [markdown] tags=["nl", "slide"]
"""
## Van oordeel naar verdict

Leg het oordeel naast je verwachting:

* gevonden wat je verwachtte: `SUPPORTED`, bevestigd;
* het omgekeerde gevonden: `CONTRADICTED`, weerlegd;
* `SAME`: `NEGLIGIBLE`, geen verschil dat ertoe doet;
* `UNCLEAR`: `UNDECIDED`, onbeslist;
* geen getal, of niet vergelijkbaar: `NOT_TESTABLE`, niet te toetsen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## From judgement to verdict

Hold the judgement against your expectation:

* found what you expected: `SUPPORTED`;
* found the opposite: `CONTRADICTED`;
* `SAME`: `NEGLIGIBLE`, no change that matters;
* `UNCLEAR`: `UNDECIDED`;
* no number, or not comparable: `NOT_TESTABLE`.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** `kloof.verdict_of` legt een uitkomst naast wat je verwachtte. Wie verwachtte dat het verschil in verhouding groter werd:
"""

# %% [markdown] tags=["en"]
"""
**Example.** `kloof.verdict_of` holds a finding against what you expected. For whoever expected the gap to become larger in proportion:
"""

# %% tags=["worked"]
example = {"indicator": "mean_income_per_inhabitant", "expected": "HIGHER"}
kloof.verdict_of(three[0], example["expected"])

# %% [markdown] tags=["nl"]
"""
## Opgave 4.3

Wat is het verdict over jouw hypothese? Geef het codewoord. Wat je verwachtte, staat in `claim["expected"]`.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 4.3

What is the verdict on your hypothesis? Give the code word. What you expected is in `claim["expected"]`.
"""

# %% tags=["exercise"]
# [[vul in||fill in]]: answer_4_3 = kloof.verdict_of(____, claim["____"])
answer_4_3 = kloof.verdict_of(findings[0], claim["expected"])

# %% [markdown] tags=["nl", "hint"]
"""
Twee dingen bepalen het verdict: het oordeel van 4.2 en wat je in 4.1 verwachtte.

---

Zoek de regel hierboven die bij je oordeel hoort. Of laat `kloof.verdict_of` het zeggen: eerst de uitkomst, dan wat je verwachtte.
"""

# %% [markdown] tags=["en", "hint"]
"""
Two things make the verdict: the judgement of 4.2 and what you expected in 4.1.

---

Find the line above that belongs to your judgement. Or let `kloof.verdict_of` say it: first the finding, then what you expected.
"""

# %% tags=["check"]
check("4.3")

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** Met `for` tussen rechte haken doe je hetzelfde met elke uitkomst van een rij; `.count(...)` telt hoe vaak iets voorkomt.
"""

# %% [markdown] tags=["en"]
"""
**Example.** With `for` between square brackets you do the same with every finding of a row; `.count(...)` counts how often something occurs.
"""

# %% tags=["worked"]
words = [kloof.judge(finding) for finding in three]
words.count("HIGHER")

# %% tags=["predict"]
guess("4.4", ...)

# %% [markdown] tags=["nl"]
"""
## Opgave 4.4

De officiële lijst van kwetsbare buurten is niet openbaar. Daarom staat elk verdict ook onder andere lijsten. Gok eerst, hierboven. Bij hoeveel lijsten, de jouwe meegeteld, is het verdict
hetzelfde als bij jouw lijst? Geef een aantal.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 4.4

The official list of vulnerable neighbourhoods is not public. That is why every verdict also stands under other lists. First guess, above. Under how many lists, yours included, is the
verdict the same as under your list? Give a count.
"""

# %% tags=["exercise"]
verdicts = [kloof.verdict_of(finding, claim["expected"]) for finding in findings]
answer_4_4 = verdicts.count(answer_4_3)

# %% [markdown] tags=["nl", "hint"]
"""
Geef elke uitkomst in `findings` een verdict, en tel hoe vaak dat van jou voorkomt.

---

Maak een lijst met `kloof.verdict_of(finding, claim["expected"])` voor elke `finding`, en gebruik `.count(answer_4_3)`.
"""

# %% [markdown] tags=["en", "hint"]
"""
Give every finding in `findings` a verdict, and count how often yours occurs.

---

Make a list with `kloof.verdict_of(finding, claim["expected"])` for each `finding`, and use `.count(answer_4_3)`.
"""

# %% tags=["check"]
check("4.4")

# %% [markdown] tags=["nl", "slide"]
"""
## Het rapport

`own.report` doet wat je ook in een terminal kunt typen (het staat in `.command`): het voert alle notebooks van `kloof` uit met jouw parameters en leest daarna elke
pagina terug. Dat duurt een halve tot twee minuten. De bewering in het rapport is die van het onderzoek (het verschil groeide); jouw verwachting kan een andere zijn.
"""

# %% [markdown] tags=["en", "slide"]
"""
## The report

`own.report` does what you can also type in a terminal (it is in `.command`): it runs all notebooks of `kloof` with your parameters and then reads every page back.
That takes half a minute to two minutes. The claim in the report is that of the study (the gap grew); your expectation may be another.
"""

# %% [markdown] tags=["nl"]
"""
**Voorbeeld.** `help(...)` zegt wat een functie doet en wat je erin stopt: tussen de haakjes eerst je hypothese, dan de taal.
"""

# %% [markdown] tags=["en"]
"""
**Example.** `help(...)` says what a function does and what you put into it: between the brackets first your hypothesis, then the language.
"""

# %% tags=["worked"]
help(own.report)

# %% [markdown] tags=["nl"]
"""
## Opgave 4.5

Maak het rapport en geef de map waarin het staat. Open daarna de cijferpagina `data.html` in die map en zoek je getal. Wijs het aan met de muis: er staat waar het vandaan komt.
"""

# %% [markdown] tags=["en"]
"""
## Exercise 4.5

Make the report and give the folder that holds it. Then open the data page `data.html` in that folder and find your number. Point at it with the mouse: it says where it comes from.
"""

# %% tags=["exercise", "report"]
# [[vul in||fill in]]: answer_4_5 = own.report(____, language)
answer_4_5 = own.report(answer_4_1, language)

# %% [markdown] tags=["nl", "hint"]
"""
De functie staat hierboven. Ze geeft de map terug.

---

`own.report` wil twee dingen weten: jouw hypothese van 4.1 en de taal. Wacht tot de cel klaar is.
"""

# %% [markdown] tags=["en", "hint"]
"""
The function is named above. It returns the folder.

---

`own.report` wants to know two things: your hypothesis of 4.1 and the language. Wait until the cell is done.
"""

# %% tags=["check"]
check("4.5")

# %% [markdown] tags=["nl"]
"""
## Opgave 4.6

Je staat voor de gemeenteraad. Welke zin mag je verdedigen, wat het verdict ook is? Geef de letter, tussen aanhalingstekens.

* **A.** "Het beleid van de afgelopen jaren heeft het verschil zo gemaakt."
* **B.** "De mensen die in deze buurten wonen, gingen erop achteruit."
* **C.** "Onder deze lijst en met deze cijfers is dit het verdict; dit is de marge, en dit zou het veranderen."
* **D.** "We vonden geen duidelijke verandering, dus er is niets veranderd."
"""

# %% [markdown] tags=["en"]
"""
## Exercise 4.6

You stand before the municipal council. Which sentence may you defend, whatever the verdict? Give the letter, between quotation marks.

* **A.** "The policy of the past years made the gap what it is."
* **B.** "The people who live in these neighbourhoods became worse off."
* **C.** "Under this list and with these figures this is the verdict; this is the range, and this would change it."
* **D.** "We found no clear change, so nothing has changed."
"""

# %% tags=["exercise"]
answer_4_6 = "C"

# %% [markdown] tags=["nl", "hint"]
"""
Welke zinnen zeggen meer dan cijfers per buurt kunnen weten?

---

Streep weg: een oorzaak, een uitspraak over dezelfde mensen, en "niets gevonden" als bewijs.
"""

# %% [markdown] tags=["en", "hint"]
"""
Which sentences say more than figures by neighbourhood can know?

---

Cross out: a cause, a statement about the same people, and "nothing found" as a proof.
"""

# %% tags=["check"]
check("4.6")

# %% [markdown] tags=["nl", "slide", "pairs"]
"""
## Verdedig het

Vertel je buurman of buurvrouw in drie zinnen: wat je verwachtte, wat eruit kwam met de marge, en wat het zou veranderen. De ander vraagt:

1. Waarom deze lijst?
2. Hoeveel buurten ontbreken?
3. Wat als je een andere maat had gekozen?
"""

# %% [markdown] tags=["en", "slide", "pairs"]
"""
## Defend it

Tell your neighbour in three sentences: what you expected, what came out with its range, and what would change it. The other asks:

1. Why this list?
2. How many neighbourhoods are missing?
3. What if you had chosen another measure?
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat je nu mag zeggen

> Vooraf schreef ik op wat ik verwachtte en welk verschil ertoe doet. Onder deze lijst is dit het verdict; zoveel van de andere lijsten zeggen hetzelfde; en dit
> zou het veranderen.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What you may now say

> Beforehand I wrote down what I expected and which change matters. Under this list this is the verdict; so many of the other lists say the same; and this would
> change it.
"""

# %% [markdown] tags=["nl", "slide"]
"""
## Wat vaak misgaat

* *"Ik kies de lijst waarbij het klopt."* Kies vóór je kijkt, en laat de andere lijsten zien.
* *"Onbeslist is een mislukking."* Het is een antwoord: de cijfers zeggen het niet.
* *"De buurt ging achteruit, dus de bewoners ook."* Mensen verhuizen.
* *"Ik pas mijn hypothese nog even aan."* Dan is het een andere. Geef hem een andere naam.
"""

# %% [markdown] tags=["en", "slide"]
"""
## What often goes wrong

* *"I choose the list under which it fits."* Choose before you look, and show the other lists.
* *"Undecided is a failure."* It is an answer: the figures don't say.
* *"The neighbourhood declined, so its residents did too."* People move.
* *"I'll just adjust my hypothesis."* Then it is another one. Give it another name.
"""

# %% [markdown] tags=["nl", "stretch"]
"""
## Extra: opgave 4.7

Registreer een tweede hypothese die echt anders is: een andere lijst, andere jaren, een andere maat of een andere gemeente. Zet hem in `answer_4_7`.
"""

# %% [markdown] tags=["en", "stretch"]
"""
## Extra: exercise 4.7

Register a second hypothesis that is truly another one: another list, other years, another measure or another municipality. Put it in `answer_4_7`.
"""

# %% [markdown] tags=["nl", "stretch"]
"""
**Voorbeeld.** Met haken en een `=` vervang je één waarde van `claim`, in een kopie. Een andere lijst geef je mee als `focus`.
"""

# %% [markdown] tags=["en", "stretch"]
"""
**Example.** With brackets and an `=` you replace one value of `claim`, in a copy. You pass another list as `focus`.
"""

# %% tags=["worked", "stretch"]
other = claim.copy()
other["indicator"] = "mean_dwelling_value"
other

# %% tags=["exercise", "stretch"]
# [[vul in||fill in]]: answer_4_7 = own.register("my_____", other, focus="____")
answer_4_7 = own.register("my_dwellings_[[nl||en]]", other, focus="bndestem")

# %% [markdown] tags=["nl", "hint"]
"""
Wat zou iemand van een andere partij willen toetsen?

---

Neem `claim` over, verander er iets in, en registreer het onder een nieuwe naam.
"""

# %% [markdown] tags=["en", "hint"]
"""
What would somebody of another party want to test?

---

Copy `claim`, change something in it, and register it under a new name.
"""

# %% tags=["check"]
check("4.7")
