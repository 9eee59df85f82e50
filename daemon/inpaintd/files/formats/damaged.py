"""Damaged documents, whatever their reader makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inpaintd_protocol.errors import InpaintError


@contextmanager
def damaged(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a reader raises into `unreadable`; a lack of memory stays what it is.

    Args:
        name: of the file.
        kind: what it should be, with its article.
    """
    try:
        yield
    except (InpaintError, MemoryError):
        raise
    except Exception as error:  # readers raise a dozen unrelated types on damaged files
        raise InpaintError(
            "unreadable",
            f"{name} cannot be read as {kind}.",
            "It may be damaged or only partly copied: save or copy it again.",
        ) from error
