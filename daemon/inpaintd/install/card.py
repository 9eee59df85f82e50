"""Detection of this machine's graphics card without torch: by its driver or its PCI ID."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from inpaintd.install.machine import Machine

NVIDIA, AMD, INTEL, APPLE, NONE = "NVIDIA", "AMD", "Intel", "Apple", ""

_NVIDIA_QUERY = (
    "nvidia-smi",
    "--query-gpu=name,driver_version,compute_cap,memory.total",
    "--format=csv,noheader,nounits",
)
_WINDOWS_QUERY = (
    "powershell",
    "-NoProfile",
    "-Command",
    "ConvertTo-Json @(Get-CimInstance Win32_VideoController | Select-Object Name, DriverVersion)",
)
_VENDORS = {"0x10de": NVIDIA, "0x1002": AMD, "0x8086": INTEL}
_IS_DISPLAY = "0x03"

_INTEL_WITH_XPU = re.compile(r"0x(56|4f8|e2|64a|7d|b0)", re.IGNORECASE)
"""Arc A and B, and the graphics of Meteor, Lunar, Arrow and Panther Lake. Source: Linux's list of
Intel PCI IDs."""
_INTEL_NAMES_WITH_XPU = re.compile(r"\bArc\b", re.IGNORECASE)


@dataclass(frozen=True)
class Card:
    """A graphics card.

    Attributes:
        vendor: NVIDIA, AMD, Intel or Apple; empty when there is none that torch can use.
        name: as reported by its driver; empty without a driver.
        driver: version of its driver; empty when there is none.
        capability: NVIDIA's compute capability, such as (8, 9); (0, 0) when unknown.
        memory_bytes: its dedicated memory; 0 when unknown.
    """

    vendor: str
    name: str = ""
    driver: str = ""
    capability: tuple[int, int] = (0, 0)
    memory_bytes: int = 0

    def __str__(self) -> str:
        if not self.vendor:
            return "no graphics card that torch could use"
        name = self.name or f"{self.vendor} graphics card"
        memory = f", {self.memory_bytes / 2**30:.0f} GB" if self.memory_bytes else ""
        driver = f", driver {self.driver}" if self.driver else ""
        return f"{name}{memory}{driver}"


@lru_cache(maxsize=1)
def this_card() -> Card:
    """The best card of this machine; detected once per process."""
    return find_card(Machine())


def find_card(machine: Machine) -> Card:
    """The card that torch supports best: NVIDIA before AMD before Intel.

    Of several cards from one vendor, the one with the most memory.
    """
    if machine.system == "darwin":
        if machine.processor == "arm64":
            return Card(APPLE, "Apple silicon")
        return Card(NONE)
    cards = _nvidia(machine)
    if not cards:
        cards = _on_windows(machine) if machine.system == "win32" else _on_linux(machine)
    order = (NVIDIA, AMD, INTEL)
    return min(
        cards, key=lambda card: (order.index(card.vendor), -card.memory_bytes), default=Card(NONE)
    )


def _nvidia(machine: Machine) -> list[Card]:
    cards = []
    for line in (machine.output_of(_NVIDIA_QUERY) or "").splitlines():
        words = [word.strip() for word in line.split(",")]
        if len(words) == 4 and re.fullmatch(r"[\d.]+", words[1]):
            cards.append(Card(NVIDIA, words[0], words[1], _pair(words[2]), _mebibytes(words[3])))
    return cards


def _on_windows(machine: Machine) -> list[Card]:
    try:
        found = json.loads(machine.output_of(_WINDOWS_QUERY) or "[]")
    except ValueError:
        return []
    cards = []
    for controller in found if isinstance(found, list) else [found]:
        name = str(controller.get("Name") or "") if isinstance(controller, dict) else ""
        if "NVIDIA" in name:
            cards.append(Card(NVIDIA, name))  # its own tool did not answer, so no driver works
        elif "AMD" in name or "Radeon" in name:
            cards.append(Card(AMD, name, str(controller.get("DriverVersion") or "")))
        elif _INTEL_NAMES_WITH_XPU.search(name):
            cards.append(Card(INTEL, name, str(controller.get("DriverVersion") or "")))
    return cards


def _on_linux(machine: Machine) -> list[Card]:
    cards = []
    for device in machine.glob("/sys/bus/pci/devices", "*"):
        vendor = _VENDORS.get(machine.text_of(f"{device}/vendor"), "")
        if not vendor or not machine.text_of(f"{device}/class").startswith(_IS_DISPLAY):
            continue
        identity = machine.text_of(f"{device}/device")
        if vendor == INTEL and not _INTEL_WITH_XPU.match(identity):
            continue
        memory = machine.text_of(f"{device}/mem_info_vram_total")
        cards.append(Card(vendor, memory_bytes=int(memory) if memory.isdigit() else 0))
    return cards


def _pair(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _mebibytes(text: str) -> int:
    return int(text) << 20 if text.isdigit() else 0
