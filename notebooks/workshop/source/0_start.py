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

Vier sessies, een middag. Alles werkt zonder internet. Klik op een sessie om te beginnen:

| sessie | titel | minuten |
| --- | --- | --- |
{{contents}}

Werkt je laptop? Typ in een terminal `kloof workshop doctor`. Een sessie opnieuw beginnen: `kloof workshop reset 2`; wat je had, wordt bewaard onder een andere naam.
"""

# %% [markdown] tags=["en"]
"""
# The workshop

Four sessions, one afternoon. Everything works offline. Click on a session to begin:

| session | title | minutes |
| --- | --- | --- |
{{contents}}

Does your laptop work? Type `kloof workshop doctor` in a terminal. To start a session again: `kloof workshop reset 2`; what you had is kept under another name.
"""
