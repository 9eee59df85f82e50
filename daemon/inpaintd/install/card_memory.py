"""The memory that models can have on this machine's card now. Standard library only."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inpaintd.install import environment as environments
from inpaintd.install.card import AMD, APPLE, NONE, NVIDIA, Card, this_card
from inpaintd.install.machine import Machine
from inpaintd.install.torch_build import installed_torch

_FREE_QUERY = ("nvidia-smi", "--query-gpu=uuid,memory.total,memory.free")
_USERS_QUERY = ("nvidia-smi", "--query-compute-apps=gpu_uuid,pid,process_name,used_memory")
_AS_CSV = "--format=csv,noheader,nounits"

_LEFT_BY_DESKTOP = 0.9
"""Share of a card's memory that is taken to be free where its driver does not tell."""

_LEFT_BY_MACOS = 2 / 3
"""Share of the main memory that macOS recommends to give to the graphics part of its processor."""

_STALE_SECONDS = 5.0


@dataclass(frozen=True)
class Room:
    """The memory for models.

    Attributes:
        card: where it is; one without a vendor for the processor.
        free_bytes: what is free, including what this product's workers hold and can release; 0
            when unknown.
    """

    card: Card
    free_bytes: int


def find_room(machine: Machine, card: Card) -> Room:
    """The memory of this card that is free now, as far as its driver tells."""
    if card.vendor == NVIDIA:
        return Room(card, _nvidia(machine) or round(card.memory_bytes * _LEFT_BY_DESKTOP))
    if card.vendor == APPLE:
        size = (machine.output_of(("sysctl", "-n", "hw.memsize")) or "").strip()
        return Room(card, round(int(size) * _LEFT_BY_MACOS) if size.isdigit() else 0)
    if card.vendor == AMD:
        # Linux tells what is used, and not by whom: it may be by a worker of this product.
        return Room(card, round(card.memory_bytes * _LEFT_BY_DESKTOP))
    return Room(card, 0 if card.vendor else _main_memory(machine))


def _nvidia(machine: Machine) -> int:
    """Free bytes of the card with the most memory, which is the one that `find_card` chooses."""
    free: dict[str, tuple[int, int]] = {}
    for uuid, total, left in _rows(machine, _FREE_QUERY, 3):
        if total.isdigit() and left.isdigit():
            free[uuid] = (int(total) << 20, int(left) << 20)
    if not free:
        return 0
    best = max(free, key=lambda uuid: free[uuid][0])
    total_bytes, free_bytes = free[best]
    for uuid, pid, program, used in _rows(machine, _USERS_QUERY, 4):
        if uuid == best and _is_ours(machine, pid, program):
            if not used.isdigit():  # Windows keeps it to itself
                return round(total_bytes * _LEFT_BY_DESKTOP)
            free_bytes += int(used) << 20
    return min(free_bytes, total_bytes)


def _rows(machine: Machine, query: tuple[str, ...], columns: int) -> Iterator[list[str]]:
    for line in (machine.output_of((*query, _AS_CSV)) or "").splitlines():
        words = [word.strip() for word in line.split(",")]
        if len(words) == columns:
            yield words


def _is_ours(machine: Machine, pid: str, program: str) -> bool:
    return "inpaintd" in program or "inpaintd" in machine.text_of(f"/proc/{pid}/cmdline")


def _main_memory(machine: Machine) -> int:
    """Bytes of main memory that can be had; 0 when unknown."""
    for line in machine.text_of("/proc/meminfo").splitlines():
        name, _, size = line.partition(":")
        if name == "MemTotal":
            return round(int(size.split()[0]) * 1024 * _LEFT_BY_DESKTOP)
    return 0


_known: Room | None = None
_known_at = 0.0
_asking = threading.Lock()


def this_room(home: Path) -> Room:
    """The memory for models on this machine. May take seconds, while the driver is queried."""
    global _known, _known_at
    card = this_card()
    torch = installed_torch(environments.site_packages_of(home), card)
    usable = torch is None or torch.can_use(card)  # without any, the right one can be installed
    _known = find_room(Machine(), card if usable else Card(NONE))
    _known_at = time.monotonic()
    return _known


def known_room(home: Path) -> Room | None:
    """The latest answer of `this_room` without waiting; a newer one is asked for meanwhile."""
    if _known is None or time.monotonic() - _known_at > _STALE_SECONDS:
        threading.Thread(target=_ask_once, args=(home,), daemon=True).start()
    return _known


def _ask_once(home: Path) -> None:
    if _asking.acquire(blocking=False):
        try:
            this_room(home)
        finally:
            _asking.release()
