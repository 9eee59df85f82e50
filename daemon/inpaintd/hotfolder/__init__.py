"""The hot folder: pictures dropped into a folder come out filled.

`watcher.py` decides, in one thread; `prepare.py` and `results.py` open pixels in other threads;
`journal.py` says what has been done, and `recover.py` goes on from there after a crash.
"""
