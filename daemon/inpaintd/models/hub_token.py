"""The hub's access token, which gated models need: entered once, kept for this user alone."""

from __future__ import annotations

import os
from pathlib import Path

from inpaintd_protocol.errors import InpaintError

_FILE_NAME = "hub-token"


def read_token(home: Path) -> str | None:
    """The token to present to the hub; None lets the hub's own client look for one."""
    try:
        return (home / _FILE_NAME).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def write_token(home: Path, token: str) -> None:
    """Store a token, with mode 0600; an empty one removes the stored one.

    Raises:
        InpaintError: `unwritable`, or `unsupported` for what cannot be a token.
    """
    path = home / _FILE_NAME
    token = token.strip()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise InpaintError(
            "unsupported",
            "That is not a token of the hub.",
            "Make one that may read at https://huggingface.co/settings/tokens",
        )
    try:
        if not token:
            path.unlink(missing_ok=True)
            return
        home.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        # Created with its final mode, so that others can never read it.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(token + "\n")
        temporary.replace(path)
    except OSError as error:
        raise InpaintError(
            "unwritable", f"{path} cannot be written: {error.strerror}.", "Check its permissions."
        ) from error
