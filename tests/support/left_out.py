"""Indices of the reference tables that kloof does not compute, each with its reason."""

# no notebook, command or report uses these corrections and splits, so kloof has no function for them
LEFT_OUT = {
    "D_modified", "Gini_modified", "D_density_corrected", "decompose_D.c_s", "decompose_D.c_a",
    "change.mrc_mid.unit_entropy", "change.mrc_mid.group_marginal", "change.mrc_mid.invariant",
}  # fmt: skip
