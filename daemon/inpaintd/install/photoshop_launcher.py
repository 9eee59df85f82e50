"""The file that Photoshop opens to start the daemon, as plug-ins may not run commands.

It is kept where the panel looks for it, in the daemon's default folder, and does one thing only.
Photoshop asks the user before it opens it.
"""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
from pathlib import Path

from inpaintd.launch import login_item
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

NAME = "Start inpaintd"
_FOLDER = ".inpaintd"


def path_for(system: str, user_home: Path) -> Path | None:
    """Return the launcher's path; None on systems without Photoshop.

    Args:
        system: as sys.platform.
    """
    suffix = {"darwin": ".app", "win32": ".vbs"}.get(system)
    return user_home / _FOLDER / f"{NAME}{suffix}" if suffix else None


def write(system: str, user_home: Path) -> Path | None:
    """Write the launcher, replacing an older one; return its path.

    Raises:
        InpaintError: `unwritable`.
    """
    path = path_for(system, user_home)
    if path is None:
        return None
    try:
        remove(system, user_home)
        for file, content in _files(path, system, user_home).items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            if file.parent.name == "MacOS":
                file.chmod(0o755)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"{path} cannot be written: {error.strerror}.",
            "Check who owns that folder.",
        ) from error
    return path


def remove(system: str, user_home: Path) -> bool:
    """Remove the launcher; return whether there was one."""
    path = path_for(system, user_home)
    if path is None or not path.exists():
        return False
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return True


def _files(path: Path, system: str, user_home: Path) -> dict[Path, bytes]:
    [unit] = login_item.units([])
    if system == "win32":
        # The same as at each login: it shows no window.
        [content] = login_item.files_of(unit, system, user_home).values()
        return {path: content}
    contents = path / "Contents"
    folder = shlex.quote(str(home().absolute()))
    script = f"#!/bin/sh\nINPAINTD_HOME={folder} exec {shlex.join(unit.command)}\n"
    about = {
        "CFBundleExecutable": "start",
        "CFBundleIdentifier": "org.inpaintd.start",
        "CFBundleName": NAME,
        "CFBundlePackageType": "APPL",
        "LSBackgroundOnly": True,
    }
    return {
        contents / "Info.plist": plistlib.dumps(about),
        contents / "MacOS" / "start": os.fsencode(script),
    }
