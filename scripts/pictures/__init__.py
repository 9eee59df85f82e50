"""`make pictures`: the guide's pictures, taken from the running program."""
