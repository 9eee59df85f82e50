"""Checks of the plug-ins in the editors, and of what starts at login."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from inpaintd.doctor.finding import Finding, fault, note, ok
from inpaintd.install import gimp_plugin
from inpaintd.launch.login_item import installed_units
from inpaintd.system import kind
from inpaintd.system.files import is_executable

_AGAIN = "Install it again: inpaintd install gimp"


def check_gimp(user_home: Path) -> Iterator[Finding]:
    """Check that each GIMP has the plug-in of this version, and that it finds this inpaintd."""
    found = gimp_plugin.configurations(user_home, os.environ, kind.name())
    if not found:
        yield ok("GIMP", "No GIMP 3 has been started by this user.")
    for configuration in found:
        folder = configuration.plug_in
        if not folder.exists():
            yield note("GIMP", f"No plug-in in {configuration}.", "inpaintd install gimp")
        elif reason := _outdated(folder):
            yield fault("GIMP", f"The plug-in in {configuration} {reason}.", _AGAIN)
        else:
            yield ok("GIMP", f"The plug-in of this version is in {configuration}.")


def _outdated(folder: Path) -> str:
    source = gimp_plugin.plug_in_source()
    for file in sorted(source.rglob("*.py")):
        copy = folder / file.relative_to(source)
        if not copy.is_file():
            return f"lacks {copy.name}"
        if copy.read_bytes() != file.read_bytes():
            return f"is of another version ({copy.name} differs)"
    if not is_executable(folder / f"{folder.name}.py"):
        return f"cannot be run, so GIMP passes over it ({folder.name}.py is not executable)"
    try:
        launch = json.loads((folder / "launch.json").read_text(encoding="utf-8"))
        command = launch.get("command") or []
    except (OSError, ValueError, AttributeError):
        return "has no valid launch.json"
    program = Path(command[0]) if command else None
    if program is not None and program.is_absolute() and not program.exists():
        return f"starts {program}, which is gone"
    return ""


def check_login(user_home: Path) -> Iterator[Finding]:
    """Check that the service started at login still finds its Python."""
    for path in installed_units(user_home):
        text = path.read_bytes().decode("utf-16" if path.suffix == ".vbs" else "utf-8", "replace")
        if sys.executable in text or str(Path(sys.executable).resolve()) in text:
            yield ok("login", f"{path} starts this inpaintd.")
        else:
            yield fault(
                "login",
                f"{path} starts another inpaintd than this one.",
                "Write it anew: inpaintd service install, with your hot folders",
            )
