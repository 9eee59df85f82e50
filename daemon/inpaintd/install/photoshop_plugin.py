"""Hand the packed plug-in to Adobe's installer agent, or to the user for a double-click."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from inpaintd.install.photoshop_package import PACKAGE, pack
from inpaintd_protocol.errors import InpaintError

NAME = "Inpaint"
"""The plug-in's name in its manifest, which the agent removes it by."""

_AGENT = "UnifiedPluginInstallerAgent"
_UPI = Path("Adobe", "Adobe Desktop Common", "RemoteComponents", "UPI", _AGENT)
_AGENT_SECONDS = 180.0


def hand_over(folder: Path) -> Path:
    """Put the packed plug-in where the user can double-click it; return its path.

    A wheel contains it; in a checkout it is packed from the sources.

    Raises:
        InpaintError: `unwritable`, or `unreadable` when this installation lacks the plug-in.
    """
    here = Path(__file__).parent.parent
    packed = here / "_plugins" / "photoshop" / PACKAGE
    sources = here.parent.parent / "plugins" / "photoshop_uxp"
    if not packed.is_file() and not sources.is_dir():
        raise InpaintError(
            "unreadable",
            "The Photoshop plug-in is missing from this installation.",
            "Install inpaintd again.",
        )
    target = folder / PACKAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if packed.is_file():
            shutil.copyfile(packed, target)
        else:
            pack(sources, target)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"{target} cannot be written: {error.strerror}.",
            "Name another folder with --to.",
        ) from error
    return target


def find_agent(environment: Mapping[str, str], system: str, root: Path = Path("/")) -> Path | None:
    """Adobe's installer agent, which comes with Creative Cloud; None where there is none.

    Args:
        environment: as os.environ.
        system: as sys.platform.
        root: folder that macOS paths start from.
    """
    if system == "darwin":
        contents = Path(f"{_AGENT}.app", "Contents")
        library = root / "Library" / "Application Support" / _UPI
        places = [library / contents / folder / _AGENT for folder in ("MacOS", "macOS")]
    elif system == "win32":
        variables = ("CommonProgramW6432", "CommonProgramFiles", "CommonProgramFiles(x86)")
        bases = [environment[name] for name in variables if environment.get(name)]
        places = [Path(base) / _UPI / f"{_AGENT}.exe" for base in bases]
    else:
        places = []
    return next((place for place in places if place.is_file()), None)


def install(agent: Path, system: str) -> None:
    """Have the agent install the plug-in, replacing an older version.

    Raises:
        InpaintError: `unwritable` with what the agent said.
    """
    with tempfile.TemporaryDirectory() as folder:
        _run(agent, system, "install", str(hand_over(Path(folder))))


def uninstall(agent: Path, system: str) -> None:
    """Have the agent remove the plug-in.

    Raises:
        InpaintError: `unwritable` with what the agent said.
    """
    _run(agent, system, "remove", NAME)


def _run(agent: Path, system: str, verb: str, argument: str) -> None:
    flag = f"/{verb}" if system == "win32" else f"--{verb}"
    try:
        done = subprocess.run(
            [agent, flag, argument],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_AGENT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error
    said = f"{done.stdout}\n{done.stderr}".strip()
    # It has been seen to exit with 0 after "Failed to install".
    if done.returncode != 0 or "fail" in said.lower():
        raise _failed(said.splitlines()[-1] if said else f"exit code {done.returncode}")


def _failed(said: str) -> InpaintError:
    return InpaintError(
        "unwritable",
        f"Adobe's installer did not do it: {said[:300]}.",
        "Close Photoshop and try again, or do it by hand with: inpaintd install photoshop --to .",
    )
