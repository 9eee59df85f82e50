"""The bounds of a mask's non-empty part. Plain bytes methods, since GIMP ships no numpy."""

from __future__ import annotations

from collections.abc import Iterable

from inpaintd_protocol.rectangle import Rectangle


def bounds_of_other_values(rows: Iterable[bytes], nothing: int) -> Rectangle:
    """The smallest rectangle that holds all samples other than `nothing`.

    Args:
        rows: rows of u8 samples from the top, all of one length.
        nothing: the sample value that stands for "not in the mask".

    Returns:
        The rectangle in rows and columns; its width is 0 if it is empty.
    """
    blank = bytes([nothing])
    left = right = top = bottom = -1
    for y, row in enumerate(rows):
        # bytes.strip runs at memory speed, a loop over samples does not
        tail = row.lstrip(blank)
        if not tail:
            continue
        first = len(row) - len(tail)
        last = first + len(tail.rstrip(blank))
        if top < 0:
            top, left, right = y, first, last
        bottom = y + 1
        left, right = min(left, first), max(right, last)
    if top < 0:
        return Rectangle(0, 0, 0, 0)
    return Rectangle(left, top, right - left, bottom - top)


def rows_of(data: bytes, width: int) -> Iterable[bytes]:
    """Cut u8 samples into rows."""
    return (data[start : start + width] for start in range(0, len(data), width))
