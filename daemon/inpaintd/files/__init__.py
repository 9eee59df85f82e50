"""Picture files: read, cut the planned rectangle out, lay the answer over, write safely."""
