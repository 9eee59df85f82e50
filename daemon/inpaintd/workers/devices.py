"""The devices that workers compute on, as far as a daemon without torch can know them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from inpaintd.engines.device import DEVICE_VARIABLE

_DEVICE = re.compile(r"(cuda|xpu)(:\d+)?|mps|cpu")


def checked(device: str) -> str:
    """The name of a device as torch writes it.

    Raises:
        ValueError: for anything else.
    """
    if not _DEVICE.fullmatch(device):
        raise ValueError(f"{device!r} is no device: write cuda, cuda:1, xpu, mps or cpu.")
    return device


def local_devices() -> list[str]:
    """One name for each of several NVIDIA GPUs.

    Empty with fewer than two, or when the driver does not answer: then the worker decides.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        count = len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    else:
        try:
            count = len(list(Path("/proc/driver/nvidia/gpus").iterdir()))
        except OSError:
            count = 0
    return [f"cuda:{number}" for number in range(count)] if count > 1 else []


def settle_on(device: str) -> None:
    """Restrict this process to one device. Call it before torch is imported."""
    if not device:
        return
    os.environ[DEVICE_VARIABLE] = device
    kind, _, number = device.partition(":")
    if kind == "cuda" and number:
        # Hide the others: a process takes memory on every device that it can see.
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        names = [name.strip() for name in visible.split(",") if name.strip()]
        if not names or int(number) < len(names):
            os.environ["CUDA_VISIBLE_DEVICES"] = names[int(number)] if names else number
            os.environ[DEVICE_VARIABLE] = "cuda"
