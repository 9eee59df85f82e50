"""Errors for damaged documents, whatever their reader raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inpaintd_protocol.errors import InpaintError


@contextmanager
def damaged(name: str, kind: str) -> Iterator[None]:
    """Convert whatever a reader raises to `unreadable`, except for a `MemoryError`.

    Args:
        name: the file's name.
        kind: the expected kind of file, with its article.
    """
    try:
        yield
    except (InpaintError, MemoryError):
        raise
    except Exception as error:  # readers raise a dozen unrelated types on damaged files
        raise InpaintError(
            "unreadable",
            f"{name} cannot be read as {kind}.",
            "It may be damaged or incompletely copied: save or copy it again.",
        ) from error
