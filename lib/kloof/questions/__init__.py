"""What the notebooks ask: a module for each question, from a study to findings, tables and verdicts.

Others may use: all_tests, carried, coverage, dilution, events, follows, gap_tables, gaps, groups, groups_over_time,
ladder, other_places, policy, runner, spending, tenures, verdict.
"""
