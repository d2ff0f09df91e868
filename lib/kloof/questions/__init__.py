"""What the notebooks ask: a module for each question, from a study to findings, tables and verdicts.

Others may use: all_tests, answers, carried, country_shares, coverage, dilution, events, gap_tables, gaps, groups,
groups_over_time, ladder, liveability, other_places, policy, runner, spending, tenures, verdict.
"""
