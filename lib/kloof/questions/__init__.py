"""What the notebooks ask: a module for each question, from a study to findings, tables and verdicts.

Others may use: all_questions, all_tests, before_or_since, carried, coverage, dilution, explanations, gap_changes,
gap_tables, groups, groups_over_time, ladder, liveability, other_places, policy, runner, spending, tenures, verdict.
"""
