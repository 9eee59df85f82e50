"""An errand about a model, in a process of its own: `python -m inpaintd.models.errand`.

The daemon writes one line of JSON, the errand, to its standard input and reads one line of JSON per
report from its standard output. The input stays open as a lifeline: this process ends with the
daemon, and the next daemon resumes the download.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inpaintd.install.machine import Machine
from inpaintd.install.setup import plan, set_up
from inpaintd.models.install import install
from inpaintd.models.offer import libraries, offer_of
from inpaintd.models.registry import Registry, load_registry
from inpaintd.models.remove import remove, usage
from inpaintd.models.transfer import OnTransfer, Transfer, bytes_in
from inpaintd.models.user_file import set_default
from inpaintd.models.verify import verify
from inpaintd_protocol.errors import InpaintError

_ATTEMPTS = 5
_PAUSE_SECONDS = 5.0
"""Wait before the second attempt; doubled before each further one."""

_SAYING = threading.Lock()

_STOPPED = threading.Event()
"""Set once the daemon has hung up, which is also how it cancels an errand that must tidy up."""


def _say(**values: object) -> None:
    with _SAYING:
        print(json.dumps(values), flush=True)


def _install(registry: Registry, errand: Mapping[str, Any]) -> dict[str, object]:
    entry = registry.find(errand["model"])
    on_transfer = _teller(entry.name)
    for attempt in range(_ATTEMPTS):
        try:
            install(
                registry,
                entry,
                lambda _: None,
                accept_licence=bool(errand["accept_licence"]),
                on_transfer=on_transfer,
            )
            break
        except InpaintError as error:
            # A brief loss of the connection is retried without bothering the user.
            if not error.retriable or error.code == "busy" or attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS * 2**attempt)
    return {"state": "installed"}


def _verify(registry: Registry, errand: Mapping[str, Any]) -> dict[str, object]:
    entry = registry.find(errand["model"])
    entries = [entry, *(registry.find(part) for part in entry.parts)]
    total = sum(bytes_in(registry.folder(each)) for each in entries)
    tell, done, told = _teller(entry.name), 0, 0.0

    def count(more: int) -> None:
        nonlocal done, told
        done += more
        if time.monotonic() - told > 0.25:
            told = time.monotonic()
            tell(Transfer(done, total, 0.0))

    for each in entries:
        verify(registry, each, count)
    return {"state": "verified"}


def _remove(registry: Registry, errand: Mapping[str, Any]) -> dict[str, object]:
    freed = remove(registry, registry.find(errand["model"]), force=bool(errand["force"]))
    return {"state": "removed", "freed_bytes": freed}


def _disk(registry: Registry, _: Mapping[str, Any]) -> dict[str, object]:
    free = shutil.disk_usage(registry.home).free
    return {"free_bytes": free, "models": [asdict(one) for one in usage(registry)]}


def _use(registry: Registry, errand: Mapping[str, Any]) -> dict[str, object]:
    entry = registry.filling(errand["model"])
    registry.folder(entry)
    set_default(registry.home, entry.name)
    return {"state": "default"}


def _offer(registry: Registry, errand: Mapping[str, Any]) -> dict[str, object]:
    name = errand["model"]
    return asdict(offer_of(registry, registry.find(name)) if name else libraries(registry.home))


def _set_up(registry: Registry, _: Mapping[str, Any]) -> dict[str, object]:
    wanted = plan(registry.home, Machine())
    total, first = wanted.backend.download_bytes, -1

    def tell(_: str, count: int) -> None:
        nonlocal first
        first = count if first < 0 and count else first
        done = min(total, max(0, count - first)) if count else 0
        _say(model="", done_bytes=done, total_bytes=total, bytes_per_second=0.0)

    made = set_up(registry.home, wanted, tell, should_cancel=_STOPPED.is_set)
    return {"state": "installed", "model": f"torch {made.torch}, {made.device}"}


_VERBS: Mapping[str, Callable[[Registry, Mapping[str, Any]], dict[str, object]]] = {
    "install": _install,
    "verify": _verify,
    "remove": _remove,
    "disk": _disk,
    "use": _use,
    "offer": _offer,
    "setup": _set_up,
}
_TIDIES_UP = frozenset(["setup"])
"""Errands that end by themselves when the daemon hangs up."""


def _teller(name: str) -> OnTransfer:
    def tell(transfer: Transfer) -> None:
        _say(
            model=name,
            done_bytes=transfer.done_bytes,
            total_bytes=transfer.total_bytes,
            bytes_per_second=transfer.rate,
        )

    return tell


def _end_with_the_daemon(verb: str) -> None:
    sys.stdin.read()
    _STOPPED.set()
    if verb not in _TIDIES_UP:
        os._exit(1)


def main() -> int:
    """Run one errand; the exit code is also 0 for a failure that was reported."""
    errand = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_daemon, args=(errand["verb"],), daemon=True).start()
    try:
        _say(done=_VERBS[errand["verb"]](load_registry(Path(errand["home"])), errand))
    except InpaintError as error:
        _say(
            error={
                "code": error.code,
                "message": error.message,
                "hint": error.hint,
                "retriable": error.retriable,
            }
        )
    sys.stdout.flush()
    os._exit(0)  # skips Python's shutdown, which would wait for the reading thread


if __name__ == "__main__":
    main()
