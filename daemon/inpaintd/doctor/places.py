"""Checks of folders and their permissions, disk, ports and the daemon."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from inpaintd import __version__
from inpaintd.doctor.finding import Finding, fault, note, ok
from inpaintd.system.files import open_to_others
from inpaintd_protocol.client import connect
from inpaintd_protocol.connection import DEFAULT_PORT, DEFAULT_WEBSOCKET_PORT, read_connection
from inpaintd_protocol.errors import InpaintError

_LITTLE_BYTES, _FEW_BYTES = 1 << 30, 10 << 30


def check_folders(home: Path) -> Iterator[Finding]:
    """Check that the daemon's folder and the one for temporary files are writable and private."""
    for what, folder in (("home", home), ("temporary files", Path(tempfile.gettempdir()))):
        place = folder
        while not place.exists():
            place = place.parent
        try:
            with tempfile.NamedTemporaryFile(dir=place, prefix=".inpaintd-doctor-"):
                pass
        except OSError as error:
            yield fault(
                what, f"{folder} cannot be written: {error.strerror}.", "Check its permissions."
            )
            continue
        yield ok(what, f"{folder} can be written.")
        free = shutil.disk_usage(place).free
        text = f"{free / 1e9:.1f} GB free on the disk that holds {folder}."
        if free < _LITTLE_BYTES:
            yield fault("disk", text, "Free some space: fills and downloads fail on a full disk.")
        elif free < _FEW_BYTES:
            yield note("disk", text, "Most models take 2 to 35 GB. See: inpaintd models disk")
        else:
            yield ok("disk", text)
    yield from _permissions(home)


def _permissions(home: Path) -> Iterator[Finding]:
    for path in (home, home / "connection.json", home / "token"):
        try:
            is_open = open_to_others(path)
            mode = path.stat().st_mode & 0o777
        except OSError:
            continue
        if is_open:
            yield fault(
                "permissions",
                f"Other users can look into {path} (mode {mode:03o}), which holds secrets.",
                f"Make it yours alone: chmod go-rwx {path}",
            )


def check_daemon(home: Path) -> Iterator[Finding]:
    """Check that a daemon answers, and that it is of this version."""
    try:
        connection = read_connection(home)
    except InpaintError as error:
        if error.code != "not_running":
            yield fault("daemon", error.message, error.hint or "Stop the daemon: inpaintd stop")
            return
        yield ok("daemon", "None runs; one starts by itself when it is needed.")
        yield from _ports()
        return
    try:
        with connect(home, name="inpaintd doctor") as client:
            status = client.status()
    except InpaintError as error:
        yield fault(
            "daemon",
            f"A daemon (process {connection.pid}) is on record, and does not answer: "
            f"{error.message}",
            "End it, and the next fill starts another one: inpaintd stop --force",
        )
        return
    if status.daemon != __version__:
        yield fault(
            "daemon",
            f"The daemon that runs is inpaintd {status.daemon}, and this is {__version__}.",
            "Stop the old one; the next fill starts the new one: inpaintd stop",
        )
    else:
        yield ok("daemon", f"Runs at {status.endpoint}, process {status.pid}.")


def _ports() -> Iterator[Finding]:
    for port, whose, effect in (
        (DEFAULT_PORT, "the daemon", "it takes another one by itself"),
        (DEFAULT_WEBSOCKET_PORT, "Photoshop's panel", "Photoshop cannot reach the daemon"),
    ):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                level = note if port == DEFAULT_PORT else fault
                yield level(
                    "ports",
                    f"Port {port}, which {whose} uses, is taken by another program: {effect}.",
                    "Close that program, or name another port: inpaintd serve --help",
                )
