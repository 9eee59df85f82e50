"""The hot folder: pictures dropped into it are filled.

`watcher.py` runs in one thread and makes the decisions; other processes open the pixels.
`journal.py` records what has been done, and `recover.py` continues from there after a crash.
"""
