"""Run inpaintd's command line, for features missing from the protocol."""

from __future__ import annotations

import subprocess
import sys

from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

from .daemon import command_line, own_environment
from .texts import _

_SECONDS = 120.0


def run_inpaintd(arguments: list[str]) -> None:
    """Run the inpaintd that the daemon is started from, to its end.

    Raises:
        InpaintError: `not_running` when it is not known, `unsupported` with what it said.
    """
    command = command_line()
    if not command:
        raise InpaintError(
            "not_running",
            _("The plug-in does not know which inpaintd it belongs to."),
            _("Unpack its archive for this system again."),
        )
    try:
        done = subprocess.run(
            [*command[:-1], *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=own_environment() | {"INPAINTD_HOME": str(home())},
            timeout=_SECONDS,
            check=False,
            creationflags=0x08000000 if sys.platform == "win32" else 0,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(command, str(error)) from error
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        raise _failed(command, " ".join(lines[-2:]) or str(done.returncode))


def _failed(command: list[str], reason: str) -> InpaintError:
    return InpaintError(
        "unsupported", _("{program} failed: {reason}").format(program=command[0], reason=reason)
    )
