"""Changes to an image as one undo step, or as none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gimp


@contextmanager
def one_undo_step(image: Gimp.Image) -> Iterator[None]:
    """Have all changes undone by one Ctrl+Z."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()


@contextmanager
def no_undo(image: Gimp.Image) -> Iterator[None]:
    """Keep changes out of the undo history; they must be taken back again."""
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()
