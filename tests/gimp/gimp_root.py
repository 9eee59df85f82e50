"""Real GIMPs for tests: the system's own, or those in Debian roots that are made once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MAKE_ROOT = Path(__file__).parent / "make_root.sh"
_ENTER_ROOT = Path(__file__).parent / "enter_root.sh"
_MAKING_SECONDS = 1200
_GUI_PROGRAMS = ("Xvfb", "xdotool", "wmctrl", "openbox", "import")


@dataclass(frozen=True)
class Gimp:
    """A GIMP that can be run, in this system or in a root of its own.

    Both see the same folders under different names: `work` here is `inside(work)` there.
    """

    root: Path | None
    work: Path
    """A fresh folder that GIMP and the test share; GIMP's home is in it."""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.work / "home"

    @property
    def configuration(self) -> Path:
        """GIMP's own folder for this user."""
        return self.home / ".config" / "GIMP" / "3.0"

    def inside(self, path: Path) -> str:
        """The name of a path as GIMP sees it."""
        return str(path) if self.root is None else f"/{path.relative_to(self.root)}"

    def command(self, *words: str) -> list[str]:
        """The command line that runs these words where GIMP is."""
        environment = {
            "HOME": self.inside(self.home),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "GIMP3_DIRECTORY": self.inside(self.configuration),
            **self.environment,
        }
        settings = [f"{name}={value}" for name, value in environment.items()]
        return [*_entering(self.root), "env", "-i", *settings, *words]

    def script_command(self, script: Path, program: str = "gimp-console") -> list[str]:
        """The command line that runs a Python script in a GIMP without windows, then ends."""
        run = f'exec(compile(open("{self.inside(script)}").read(), "{script.name}", "exec"))'
        return self.command(
            program, "-i", "--no-data", "--batch-interpreter=python-fu-eval", "-b", run, "--quit"
        )

    def run_script(self, script: Path, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.script_command(script),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def _entering(root: Path | None) -> list[str]:
    if root is None:
        return []
    if can_mount():
        return ["unshare", "--mount", "sh", str(_ENTER_ROOT), str(root)]
    return ["chroot", str(root)]


@cache
def can_mount() -> bool:
    """Test whether a root can be entered with /proc, which the windows of GIMP 3.2 need."""
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "--mount", "mount", "-t", "proc", "proc", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


SUITES = {"trixie": "3.0", "forky": "3.2"}
"""Releases of Debian, and the GIMP that each brings."""


@cache
def root(suite: str = "trixie") -> Path | None:
    """The Debian root with GIMP in it; None where the system's own GIMP will do instead.

    Raises:
        NoGimp: when neither is to be had; its text says why.
    """
    if _own_version() == SUITES[suite]:
        return None
    cache_folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache_folder / "inpaintd" / f"gimp-{suite}"
    wanted = f"no GIMP {SUITES[suite]} here, and a Debian {suite} root for one"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise NoGimp(f"{wanted} can only be made as root")
    if shutil.which("chroot") is None or shutil.which("apt-get") is None:
        raise NoGimp(f"{wanted} needs chroot and apt-get")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["sh", str(MAKE_ROOT), suite, str(folder)],
        capture_output=True,
        text=True,
        timeout=_MAKING_SECONDS,
        check=False,
    )
    if made.returncode != 0:
        last = (made.stderr.strip().splitlines() or made.stdout.strip().splitlines() or ["?"])[-1]
        raise NoGimp(f"{wanted} could not be made: {last}")
    return folder


class NoGimp(Exception):
    """No GIMP 3 can be had on this machine."""


@cache
def _own_version() -> str:
    """Major and minor version of the system's own GIMP; empty where it cannot run the tests."""
    if not all(shutil.which(name) for name in ("gimp-console", *_GUI_PROGRAMS)):
        return ""
    said = subprocess.run(
        ["gimp-console", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    version = re.search(r"(\d+\.\d+)\.\d+", said.stdout)
    return version.group(1) if version else ""
