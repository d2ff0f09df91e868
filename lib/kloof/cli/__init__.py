"""The commands: what is typed, what is printed, what to type next."""
