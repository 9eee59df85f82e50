"""Unused file names that are short enough for the file system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import PurePath

_NAME_BYTES = 240  # file systems allow 255; the rest is for a number
_NUMBERED_NAME_BYTES = 255


def with_ending(path: PurePath, ending: str, most: int = _NAME_BYTES) -> str:
    """The path with `ending` as its suffix, and its stem cut so that the name has `most` bytes."""
    stem = path.stem
    while len(os.fsencode(stem + ending)) > most:
        stem = stem[:-1]
    return str(path.with_name(stem + ending))


def numbered_name(path: PurePath, number: int) -> str:
    """The path with a number before its suffix, for a name that is taken."""
    return with_ending(path, f".{number}{path.suffix}", _NUMBERED_NAME_BYTES)


def candidate_names(path: PurePath, *, numbered: bool = False) -> Iterator[str]:
    """The path itself, unless it is `numbered`, then with .1, .2 ... before its suffix."""
    if not numbered:
        yield str(path)
    for number in count(1):
        yield numbered_name(path, number)
