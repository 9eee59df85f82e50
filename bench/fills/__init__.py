"""Parts of `bench/quality.py`: its cases, its figures, and the fills it compares."""
