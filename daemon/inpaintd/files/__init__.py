"""Picture files: read them, cut out the planned rectangle, composite the answer, write safely."""
