"""A shell with a home folder of its own, so that no daemon or setting of the user's is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

_SECONDS = 600


class Shell:
    """Runs commands in `folder`, which is empty at first, with `~` beside it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "pictures"
        self.home = root / "home"
        self.folder.mkdir()
        self.home.mkdir()

    def save(self, picture: Image.Image, name: str) -> None:
        picture.save(self.folder / name)

    def run(self, command: str, columns: int = 88) -> str:
        """The output of `command`, as a terminal of `columns` would show it.

        Raises RuntimeError, with that output, when the command fails.
        """
        programs = str(Path(sys.executable).parent)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={
                "PATH": os.pathsep.join((programs, os.environ["PATH"])),
                "HOME": str(self.home),
                "COLUMNS": str(columns),
                "LANG": "C.UTF-8",
                "FORCE_COLOR": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stdout}")
        shown = done.stdout.replace(f"{self.folder}/", "")
        return shown.replace(str(self.home), "~").replace(sys.prefix, "~/inpaintd")


@contextmanager
def shell() -> Iterator[Shell]:
    """A shell for one run; its daemon is stopped at the end."""
    with tempfile.TemporaryDirectory() as root:
        made = Shell(Path(root))
        try:
            yield made
        finally:
            made.run("inpaintd stop || true")
