"""Set-up of the diffusion libraries, with the build of torch that suits the graphics card.

A new environment is built beside the one in use, tested with a real tensor on the device, and only
then switched to. A failure before that leaves the environment in use untouched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from filelock import FileLock, Timeout

from inpaintd.install import environment as environments
from inpaintd.install import uv
from inpaintd.install.backends import BACKENDS, Backend, backend_for
from inpaintd.install.card import Card, find_card
from inpaintd.install.environment import Environment
from inpaintd.install.extras import NAME
from inpaintd.install.machine import Machine
from inpaintd.system.places import interpreter
from inpaintd.system.processes import windowless
from inpaintd_protocol.errors import InpaintError

EXTRA = "diffusion"

_CACHE = ".cache"
_TRIAL_SECONDS = 300.0
_TRIAL = """
import json, sys, torch
device = sys.argv[1]
tensor = torch.rand(128, 128, device=device)
assert bool(torch.isfinite(tensor @ tensor).all())
import diffusers, transformers, inpaintd.workers.main
from inpaintd.engines.load import load
from inpaintd.models.registry import BUILT_IN_DEFAULT
load(BUILT_IN_DEFAULT)
print(json.dumps({"torch": torch.__version__, "device": str(tensor.device.type)}))
"""

OnProgress = Callable[[str, int], None]
"""Told which step is under way - make, fetch, try, switch - and how many bytes it has fetched."""


@dataclass(frozen=True)
class Plan:
    """The actions that set-up is going to take.

    Attributes:
        requirements: packages to install, in pip's syntax.
        folder: the new environment.
        needed_bytes: space needed on the disk of `folder`, at most, during set-up.
        free_bytes: free space on that disk.
    """

    card: Card
    backend: Backend
    requirements: tuple[str, ...]
    folder: Path
    needed_bytes: int
    free_bytes: int

    @property
    def commands(self) -> list[list[str]]:
        """The arguments of each run of uv, in order."""
        return [
            uv.new_environment(self.folder, sys.executable),
            uv.installation(self.folder, self.backend, self.requirements),
        ]


def plan(
    home: Path,
    machine: Machine,
    *,
    backend: str = "",
    requirements: Sequence[str] | None = None,
) -> Plan:
    """Plan set-up for this machine.

    Args:
        backend: one of `BACKENDS`; empty for $INPAINTD_TORCH_BACKEND, else the one that suits the
            card.
        requirements: packages to install instead of this version's diffusion libraries.

    Raises:
        InpaintError: `unsupported` for a card or driver that no torch can use, or an unknown build.
    """
    card = find_card(machine)
    backend = backend or os.environ.get("INPAINTD_TORCH_BACKEND", "")
    if backend and backend not in BACKENDS:
        raise InpaintError(
            "unsupported", f"There is no build named {backend}.", f"Known: {', '.join(BACKENDS)}."
        )
    chosen = BACKENDS[backend] if backend else backend_for(card, machine)
    folder = home / environments.FOLDER
    number = 1
    while (folder / f"{chosen.name}-{number}").exists():
        number += 1
    return Plan(
        card=card,
        backend=chosen,
        requirements=tuple(requirements or diffusion_requirements()),
        folder=folder / f"{chosen.name}-{number}",
        needed_bytes=chosen.download_bytes + chosen.disk_bytes,
        free_bytes=machine.free_bytes(folder),
    )


def diffusion_requirements() -> list[str]:
    """The requirements of this version of inpaintd for diffusion models."""
    try:
        stated = requires(NAME) or []
    except PackageNotFoundError:
        stated = []
    mark = f'extra == "{EXTRA}"'
    parts = (line.partition(";") for line in stated)
    wanted = [
        requirement.strip() for requirement, _, marker in parts if mark in marker.replace("'", '"')
    ]
    # The workers also import the daemon's own packages, some of which are compiled.
    return [*wanted, f"numpy=={version('numpy')}"]


def set_up(
    home: Path,
    wanted: Plan,
    on_progress: OnProgress,
    *,
    should_cancel: Callable[[], bool] = lambda: False,
) -> Environment:
    """Carry out a plan; return the environment that workers run in from now on.

    Raises:
        InpaintError: `unwritable` when the disk is full, `unreachable`, `unsupported` when the new
            environment does not work here, `busy` when another set-up runs, `cancelled`.
    """
    if wanted.free_bytes < wanted.needed_bytes:
        raise InpaintError(
            "unwritable",
            f"Set-up needs {_gigabytes(wanted.needed_bytes)} in {wanted.folder.parent}, and "
            f"{_gigabytes(wanted.free_bytes)} are free.",
            "Free some space, or give inpaintd a folder on another disk with INPAINTD_HOME.",
        )
    folder = wanted.folder.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise InpaintError(
            "busy", "Another set-up is under way.", "Wait until it has finished."
        ) from error
    except OSError as error:
        raise InpaintError(
            "unwritable", f"{folder} cannot be written: {error.strerror}.", "Check its permissions."
        ) from error
    try:
        return _set_up(home, wanted, on_progress, should_cancel)
    finally:
        lock.release()


def _set_up(
    home: Path, wanted: Plan, on_progress: OnProgress, should_cancel: Callable[[], bool]
) -> Environment:
    cache = wanted.folder.parent / _CACHE
    made = False
    try:
        before = uv.bytes_in(cache)
        on_progress("make", 0)
        uv.run_uv(wanted.commands[0], cache, should_cancel=should_cancel)
        on_progress("fetch", before)
        uv.run_uv(
            wanted.commands[1],
            cache,
            on_bytes=lambda count: on_progress("fetch", count),
            should_cancel=should_cancel,
        )
        environments.add_bridge(wanted.folder)
        on_progress("try", 0)
        found = try_out(wanted.folder, wanted.backend.device)
        on_progress("switch", 0)
        environment = Environment(
            folder=wanted.folder.name,
            backend=wanted.backend.name,
            device=found["device"],
            torch=found["torch"],
            python=environments.python_version(),
        )
        environments.use(home, environment)
        made = True
    finally:
        if not made:
            shutil.rmtree(wanted.folder, ignore_errors=True)
    _remove_others(wanted.folder)
    shutil.rmtree(cache, ignore_errors=True)
    return environment


def try_out(environment: Path, device: str) -> dict[str, str]:
    """Test an environment: compute a tensor on a device, and import what workers import.

    Raises:
        InpaintError: `unsupported` with the reason.
    """
    try:
        done = subprocess.run(
            [interpreter(environment), "-P", "-c", _TRIAL, device],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TRIAL_SECONDS,
            check=False,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
            **windowless(),
        )
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        if done.returncode == 0:
            found: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
            return found
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        reason = str(error)
    raise InpaintError(
        "unsupported",
        f"The new libraries were installed, but do not work on this machine ({reason[:300]}). "
        "They were removed again; what worked before still does.",
        "Try another build with --backend, such as: inpaintd setup --backend cpu",
    )


def _remove_others(kept: Path) -> None:
    """Remove environments no longer in use; one that still runs is removed the next time."""
    for folder in kept.parent.iterdir():
        if folder.is_dir() and folder != kept and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
