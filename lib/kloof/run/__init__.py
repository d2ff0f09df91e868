"""Notebooks executed and published, for one place or for all; what a report rests on, and whether it can be made again.

Others may use: audited, batch, dispatch, ending, execute, in_notebook, notebooks, project, provenance, report,
start, verdicts, verify.
"""
