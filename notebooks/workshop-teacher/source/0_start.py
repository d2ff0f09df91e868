# ---
# jupyter:
#   kloof:
#     number: 0
#     minutes: 0
#     nl: index
#     en: index
# ---

# %% [markdown] tags=["nl"]
"""
# De workshop

Vier sessies, een middag, en een vijfde voor wie meer wil. Je hoeft niet te kunnen programmeren: elke handeling wordt eerst voorgedaan. Alles werkt zonder
internet. Klik op een sessie om te beginnen:

| sessie | titel | minuten |
| --- | --- | --- |
{{contents}}

Werkt je laptop? Typ in een terminal `kloof workshop doctor`. Een sessie opnieuw beginnen: `kloof workshop reset 2`; wat je had, wordt bewaard onder een andere naam.
"""

# %% [markdown] tags=["en"]
"""
# The workshop

Four sessions, one afternoon, and a fifth for those who want more. You need not know how to program: every operation is shown first. Everything works
offline. Click on a session to begin:

| session | title | minutes |
| --- | --- | --- |
{{contents}}

Does your laptop work? Type `kloof workshop doctor` in a terminal. To start a session again: `kloof workshop reset 2`; what you had is kept under another name.
"""
