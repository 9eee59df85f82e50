"""Queries about this machine (system, programs, files), in one place that tests substitute."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inpaintd.system import kind
from inpaintd.system.processes import windowless

_PROGRAM_SECONDS = 15.0


@dataclass(frozen=True)
class Machine:
    """This machine, as detection sees it.

    Attributes:
        system: as sys.platform.
        processor: as platform.machine().
        root: folder that absolute paths start from.
    """

    system: str = field(default_factory=kind.name)
    processor: str = field(default_factory=platform.machine)
    root: Path = Path("/")

    def output_of(self, command: Sequence[str]) -> str | None:
        """The output of a program; None when it is missing, fails or hangs."""
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                timeout=_PROGRAM_SECONDS,
                check=True,
                **windowless(),
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return str(done.stdout)

    def text_of(self, path: str) -> str:
        """A small file of the system; empty when it cannot be read."""
        try:
            return self._at(path).read_text(errors="replace").strip()
        except OSError:
            return ""

    def glob(self, path: str, pattern: str) -> list[str]:
        """Absolute paths below `path` that match."""
        base = self._at(path)
        found = sorted(base.glob(pattern)) if base.is_dir() else []
        return ["/" + p.relative_to(self.root).as_posix() for p in found]

    def free_bytes(self, folder: Path) -> int:
        """Free bytes on the disk of a folder that need not exist yet."""
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def _at(self, path: str) -> Path:
        return self.root / path.lstrip("/")
