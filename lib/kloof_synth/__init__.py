"""Synthetic municipalities with a known truth: how often a claim's test is wrong, and sees an effect."""
