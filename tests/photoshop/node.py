"""Node and the plug-in's packages, installed from its lock file when they are not there yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from filelock import FileLock

PLUGIN = Path(__file__).parent.parent.parent / "plugins" / "photoshop_uxp"
_INSTALL_SECONDS = 240
_MARK = PLUGIN / "node_modules" / ".package-lock.json"


@cache
def _why_not() -> str:
    """Reason why JavaScript cannot be run here; empty when it can."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if tuple(map(int, version.stdout.strip().lstrip("v").split(".")[:2])) < (20, 15):
        return f"Node {version.stdout.strip()} is too old"
    with FileLock(PLUGIN / "node_modules.lock"):  # the tests run in several processes
        if _is_current():
            return ""
        try:
            done = subprocess.run(
                ["npm", "ci"], cwd=PLUGIN, capture_output=True, text=True, timeout=_INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            return "npm ci took too long"
    return "" if done.returncode == 0 else f"npm ci failed: {done.stderr.strip()[-200:]}"


def _is_current() -> bool:
    lock = PLUGIN / "package-lock.json"
    return _MARK.exists() and _MARK.stat().st_mtime >= lock.stat().st_mtime


def require_node() -> None:
    """Skip the test, with the reason in one line, where there is no Node."""
    if why := _why_not():
        pytest.skip(why.replace("\n", " "))


def npm(*arguments: str) -> None:
    """Run one of the plug-in's scripts; what it says is the failure when it fails."""
    _run(["npm", "run", "--silent", *arguments])


def node_test(name: str, exhaustive: str = "") -> None:
    """Run one file of the plug-in's own tests, with this Python for the daemon.

    `exhaustive` matches the names of those to run alone that are left out otherwise.
    """
    command = ["node", "--no-warnings", "--test", "--test-reporter=spec"]
    if exhaustive:
        command.append(f"--test-name-pattern={exhaustive}")
    _run([*command, f"test/{name}"], INPAINT_EXHAUSTIVE=exhaustive)


def _run(command: list[str], **more: str) -> None:
    require_node()
    environment = os.environ | {"INPAINT_PYTHON": sys.executable} | more
    environment.pop("NODE_OPTIONS", None)
    done = subprocess.run(command, cwd=PLUGIN, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(
            f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}", pytrace=False
        )
