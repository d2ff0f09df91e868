"""Notebooks executed and published, for one place or for all; what a report rests on, and whether it can be made again.

Others may use: answer, audited, batch, dispatch, ending, execute, notebooks, project, provenance, report,
start, verdicts, verify.
"""
