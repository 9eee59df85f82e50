"""Install the plug-in, with all it needs, into every GIMP 3 of this user."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgpack

import inpaintd_protocol
from inpaintd_protocol.errors import InpaintError

NAME = "inpaint"
"""The plug-in's name: GIMP runs plug-ins/NAME/NAME.py, and no other file."""

_OURS = "inpaint_plugin"
"""Folder whose presence marks a plug-in folder as ours."""

_MSGPACK_PURE = ("__init__.py", "exceptions.py", "ext.py", "fallback.py")

_CARRIED = {".py", ".mo", ".png", ".html", ".xml"}
"""File types of the plug-in: code, translations, icon and help."""
_VERSION = re.compile(r"3\.\d+")
_FLATPAK, _SNAP, _NATIVE = "Flatpak", "Snap", "native"


@dataclass(frozen=True)
class Configuration:
    """One GIMP configuration folder."""

    path: Path
    kind: str
    """native, Flatpak or Snap."""
    plug_ins: Path | None = None
    """The folder of plug-ins, if it is not the one in `path`."""

    @property
    def version(self) -> str:
        return self.path.name

    @property
    def plug_in(self) -> Path:
        return (self.plug_ins or self.path / "plug-ins") / NAME

    def __str__(self) -> str:
        notes = [f"GIMP {self.version}"] if _VERSION.fullmatch(self.version) else []
        notes += [self.kind] if self.kind != _NATIVE else []
        return f"{self.plug_in}" + (f" ({', '.join(notes)})" if notes else "")


def configurations(home: Path, environment: Mapping[str, str], system: str) -> list[Configuration]:
    """Every GIMP 3.x configuration of a user, oldest version first.

    GIMP creates the folder when it is first started.

    Args:
        home: the user's home folder.
        environment: as os.environ.
        system: as sys.platform.
    """
    found = []
    for base, kind in _bases(home, environment, system):
        if not base.is_dir():
            continue
        folders = [p for p in base.iterdir() if p.is_dir() and _VERSION.fullmatch(p.name)]
        found += [Configuration(path, kind) for path in sorted(folders, key=_by_version)]
    return found


def configuration_at(folder: Path) -> Configuration:
    """The plug-in folder, or the configuration folder around one, that the user names.

    Raises:
        InpaintError: `unreadable` when there is no such folder.
    """
    folder = folder.expanduser().absolute()
    in_it = _is_configuration(folder)
    path = folder if in_it else folder.parent
    is_to_be_made = folder.name == "plug-ins" and not folder.exists() and _is_configuration(path)
    if not folder.is_dir() and not is_to_be_made:
        raise InpaintError(
            "unreadable",
            f"{folder} is a file." if folder.exists() else f"There is no folder {folder}.",
            "Name one that GIMP shows in Edit > Preferences > Folders > Plug-ins.",
        )
    parts = path.parts
    kind = _FLATPAK if "org.gimp.GIMP" in parts else _SNAP if "snap" in parts else _NATIVE
    return Configuration(path, kind, None if in_it else folder)


def _is_configuration(folder: Path) -> bool:
    return folder.is_dir() and (
        _VERSION.fullmatch(folder.name) is not None
        or (folder / "plug-ins").is_dir()
        or (folder / "gimprc").is_file()
    )


def install(configuration: Configuration) -> Path:
    """Copy the plug-in and all that it needs, replacing an older one.

    Returns:
        The plug-in's folder.

    Raises:
        InpaintError: `unwritable`, also when a folder of that name is not ours.
    """
    target = configuration.plug_in
    fresh = target.with_name(f".{NAME}-new")
    try:
        _check_ours(target)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        _assemble(fresh, configuration)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise _unwritable(target, error) from error
    return target


def uninstall(configuration: Configuration) -> bool:
    """Remove the plug-in; False when there is none.

    Raises:
        InpaintError: `unwritable`.
    """
    target = configuration.plug_in
    if not target.exists():
        return False
    try:
        _check_ours(target)
        shutil.rmtree(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    return True


def launch_settings(
    configuration: Configuration, environment: Mapping[str, str]
) -> dict[str, object]:
    """The contents of launch.json, which tells the plug-in how to start this daemon."""
    serve = [sys.executable, "-P", "-m", "inpaintd", "serve"]
    settings: dict[str, object] = {}
    if configuration.kind == _FLATPAK:
        settings["command"] = ["flatpak-spawn", "--host", *serve]
    elif configuration.kind == _NATIVE:
        settings["command"] = serve
    if configuration.kind == _SNAP:
        settings["home"] = str(snap_daemon_home(configuration))
    elif environment.get("INPAINTD_HOME"):
        # GIMP started from a desktop menu does not see the variables set in a terminal.
        settings["home"] = str(Path(environment["INPAINTD_HOME"]).expanduser().absolute())
    return settings


def advice(configuration: Configuration) -> str:
    """Further steps for the user of this kind of GIMP; empty for most."""
    if configuration.kind == _FLATPAK:
        return (
            "To let GIMP from Flatpak start the daemon, run once: flatpak override --user "
            "--talk-name=org.freedesktop.Flatpak org.gimp.GIMP"
        )
    if configuration.kind == _SNAP:
        return (
            "GIMP from Snap can start no program outside, and sees no hidden folder in your home. "
            f"Run the daemon for it with: INPAINTD_HOME={snap_daemon_home(configuration)} "
            "inpaintd serve"
        )
    return ""


def snap_daemon_home(configuration: Configuration) -> Path:
    """A daemon home that a snap may read: its `common` folder."""
    for parent in configuration.path.parents:
        if parent.parent.name == "snap":
            return parent / "common" / "inpaintd"
    return configuration.path / "inpaintd"


def _bases(home: Path, environment: Mapping[str, str], system: str) -> Iterator[tuple[Path, str]]:
    if system == "win32":
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        yield roaming / "GIMP", _NATIVE
        local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
        for package in sorted((local / "Packages").glob("*GIMP*")):  # from the Microsoft Store
            yield package / "LocalCache" / "Roaming" / "GIMP", _NATIVE
        return
    if system == "darwin":
        yield home / "Library" / "Application Support" / "GIMP", _NATIVE
        return
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "GIMP", _NATIVE
    yield home / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP", _FLATPAK
    yield home / "snap" / "gimp" / "current" / ".config" / "GIMP", _SNAP


def _by_version(path: Path) -> int:
    return int(path.name.partition(".")[2])


def _assemble(folder: Path, configuration: Configuration) -> None:
    _copy(plug_in_source(), folder)
    _copy(Path(inpaintd_protocol.__file__).parent, folder / "inpaintd_protocol")
    source = Path(msgpack.__file__).parent
    (folder / "msgpack").mkdir()
    for name in _MSGPACK_PURE:
        shutil.copyfile(source / name, folder / "msgpack" / name)
    launch = launch_settings(configuration, os.environ)
    (folder / "launch.json").write_text(json.dumps(launch, indent=2) + "\n", encoding="utf-8")
    # GIMP silently skips a plug-in that is not executable.
    (folder / f"{NAME}.py").chmod(0o755)


def plug_in_source() -> Path:
    """The plug-in's files: inside the installed package, or in the source tree of an editable one.

    Raises:
        InpaintError: `unreadable` when neither exists.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "_plugins" / "gimp", package.parent.parent / "plugins" / "gimp"):
        if (folder / NAME / f"{NAME}.py").is_file():
            return folder / NAME
    raise InpaintError(
        "unreadable",
        "This installation of inpaintd does not contain the GIMP plug-in.",
        "Install it again: pip install --force-reinstall inpaintd",
    )


def _copy(source: Path, target: Path) -> None:
    # Copy contents, not dates: GIMP queries a plug-in again only when its file looks newer.
    for path in sorted(source.rglob("*")):
        if path.suffix not in _CARRIED:
            continue
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _check_ours(target: Path) -> None:
    if target.exists() and not (target / _OURS).is_dir():
        raise InpaintError(
            "unwritable",
            f"{target} is there already, and is not from inpaintd.",
            "Move it away, then try again.",
        )


def _unwritable(target: Path, error: OSError) -> InpaintError:
    return InpaintError(
        "unwritable",
        f"The plug-in folder {target} cannot be changed: {error.strerror or error}.",
        "Close GIMP, and check who owns the folder.",
    )
