"""The folder that says how a model is configured; a single file gets one for the moment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inpaintd.models.checkpoint import kind_of
from inpaintd.models.configurations import lay_out
from inpaintd_protocol.errors import InpaintError

from .source import Source


@contextmanager
def configured(source: Source) -> Iterator[Path]:
    """The folder whose files configure a model, in the layout of diffusers, until the block ends.

    Raises:
        InpaintError: as `kind_of`, and `unwritable` when there is no room for a temporary folder.
    """
    if not source.single_file:
        yield source.folder
        return
    if source.config is not None:
        yield source.config
        return
    kind = kind_of(source.folder, vae=source.vae is not None)
    with tempfile.TemporaryDirectory(prefix="inpaintd-") as name:
        try:
            lay_out(kind, Path(name))
        except OSError as error:
            raise InpaintError(
                "unwritable",
                f"The folder for temporary files cannot be written: {error.strerror}.",
                f"Make room there: {tempfile.gettempdir()}",
            ) from error
        yield Path(name)
