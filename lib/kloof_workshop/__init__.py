"""The workshop: one source per session becomes exercises, solutions, slides and checks, in two languages."""
