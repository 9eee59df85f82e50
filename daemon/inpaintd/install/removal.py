"""Removal of inpaintd from this machine, except for models and the user's own files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from inpaintd.install import gimp_plugin
from inpaintd.install.extras import NAME
from inpaintd.system import kind
from inpaintd_protocol.errors import InpaintError

MODELS = ("models", "models.toml", "loras", "embeddings")
"""Entries to keep: they took long to download, or belong to the user."""


def remove_plug_ins(user_home: Path) -> Iterator[Path]:
    """Remove the plug-in from every GIMP; return the removed folders."""
    for configuration in gimp_plugin.configurations(user_home, os.environ, kind.name()):
        if gimp_plugin.uninstall(configuration):
            yield configuration.plug_in


def remove_home(home: Path, *, models: bool) -> Iterator[Path]:
    """Remove the daemon's folder, except for models and anything else the user put there.

    Args:
        models: whether to remove the models as well.

    Raises:
        InpaintError: `unwritable`.
    """
    program = Path(sys.prefix)
    paths = sorted(home.iterdir()) if home.is_dir() else []
    # The program that runs comes last: Windows deletes none of its files while it does.
    for path in sorted(paths, key=program.is_relative_to):
        if path.name in MODELS and not models:
            continue
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            if program.is_relative_to(path):  # whoever has started it removes the rest
                continue
            raise InpaintError(
                "unwritable",
                f"{path} cannot be removed: {error.strerror}.",
                "Close what uses it, then try again.",
            ) from error
        yield path
    if home.is_dir() and not any(home.iterdir()):
        home.rmdir()
        yield home


def last_command(environment: Path) -> str:
    """The command that removes the program, which cannot remove itself while it runs."""
    if (environment / "pipx_metadata.json").is_file():
        return f"pipx uninstall {NAME}"
    if (environment / "uv-receipt.toml").is_file():
        return f"uv tool uninstall {NAME}"
    return f"{sys.executable} -m pip uninstall {NAME}"
