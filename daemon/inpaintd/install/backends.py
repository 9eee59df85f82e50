"""The build of torch that suits a card, named as by `uv pip install --torch-backend`."""

from __future__ import annotations

from dataclasses import dataclass

from inpaintd.install.card import AMD, APPLE, INTEL, NVIDIA, Card
from inpaintd.install.machine import Machine
from inpaintd_protocol.errors import InpaintError


@dataclass(frozen=True)
class Backend:
    """A build of torch.

    Attributes:
        name: as uv names it.
        title: for people.
        device: the type of device it supports: cuda (which includes ROCm), xpu, mps or cpu.
        download_bytes: approximate size of the download, with the other libraries.
        disk_bytes: its size on the disk once installed.
    """

    name: str
    title: str
    device: str
    download_bytes: int
    disk_bytes: int


AS_INDEXED = "as-indexed"
"""For private package indexes: no index is added for torch."""

_GB = 1_000_000_000

BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("cpu", "the processor alone", "cpu", _GB // 2, 2 * _GB),
        Backend("cu126", "NVIDIA, CUDA 12.6", "cuda", 3 * _GB, 7 * _GB),
        Backend("cu128", "NVIDIA, CUDA 12.8", "cuda", 3 * _GB, 8 * _GB),
        Backend("cu130", "NVIDIA, CUDA 13.0", "cuda", 2 * _GB, 6 * _GB),
        Backend("rocm7.1", "AMD, ROCm 7.1", "cuda", 5 * _GB, 18 * _GB),
        Backend("xpu", "Intel", "xpu", 2 * _GB, 7 * _GB),
        Backend("mps", "Apple silicon", "mps", _GB // 2, 2 * _GB),
        Backend(AS_INDEXED, "whatever the package index has", "cpu", 3 * _GB, 8 * _GB),
    )
}

_CUDA_13_DRIVER = (580,)
_CUDA_12_DRIVER = {"win32": (528, 33), "": (525, 60, 13)}
"""Oldest supported drivers, by system. Source: the release notes of NVIDIA's CUDA toolkit."""

_TURING = (7, 5)
"""Oldest compute capability that the builds for CUDA 12.8 and later support."""


def backend_for(card: Card, machine: Machine) -> Backend:
    """The build of torch that uses a card.

    Raises:
        InpaintError: `unsupported`, with a remedy, when no build can use it.
    """
    if card.vendor == NVIDIA:
        return BACKENDS[_for_nvidia(card, machine)]
    if card.vendor == APPLE:
        return BACKENDS["mps"]
    if card.vendor == AMD:
        if machine.system != "linux" or machine.processor not in ("x86_64", "AMD64"):
            raise InpaintError(
                "unsupported",
                f"There is no torch for AMD cards on this system ({card}).",
                "On Linux there is one. To use the processor: inpaintd setup --backend cpu",
            )
        return BACKENDS["rocm7.1"]
    if card.vendor == INTEL:
        return BACKENDS["xpu"]
    return BACKENDS["cpu"]


def _for_nvidia(card: Card, machine: Machine) -> str:
    if not card.driver:
        raise InpaintError(
            "unsupported",
            f"There is an NVIDIA card in this machine, but no working driver ({card}).",
            "Install NVIDIA's driver and start again: " + _driver_help(machine),
        )
    oldest = _CUDA_12_DRIVER.get(machine.system, _CUDA_12_DRIVER[""])
    driver = tuple(int(part) for part in card.driver.split(".") if part.isdigit())
    if driver < oldest:
        wanted = ".".join(map(str, oldest))
        raise InpaintError(
            "unsupported",
            f"The driver of the {card.name} is {card.driver}; torch needs {wanted} or newer.",
            "Update it: " + _driver_help(machine),
        )
    if (0, 0) < card.capability < _TURING:
        return "cu126"
    return "cu130" if driver >= _CUDA_13_DRIVER else "cu128"


def _driver_help(machine: Machine) -> str:
    if machine.system == "win32":
        return "https://www.nvidia.com/drivers, or the NVIDIA app"
    return "with your distribution's tool for drivers, such as: sudo ubuntu-drivers install"
