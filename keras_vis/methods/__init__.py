"""What to compute: one file for each idea."""
