"""Every step of notebooks 01 to 05 records what it gives back, twice the same, whatever the order."""
