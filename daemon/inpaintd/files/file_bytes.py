"""Read files as bytes, with failures as sentences."""

from __future__ import annotations

from pathlib import Path

from inpaintd.shell_words import quoted
from inpaintd_protocol.errors import InpaintError


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The contents of a file, or its first bytes.

    Raises:
        InpaintError: `unreadable`.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        if path.is_dir():
            inside = quoted(str(path), placeholder="FOLDER") + "/*.png"
            raise InpaintError(
                "unreadable", f"{path} is a folder.", f"Name the pictures in it: {inside}"
            ) from error
        raise InpaintError(
            "unreadable",
            f"{path} cannot be opened: {error.strerror}.",
            "Check the name and the permissions.",
        ) from error
