"""Finished reports side by side: a site of plain pages, every number read back."""
