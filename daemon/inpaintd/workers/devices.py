"""The devices that workers compute on, as far as the daemon, which has no torch, can know them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from inpaintd.engines.device import DEVICE_VARIABLE

_DEVICE = re.compile(r"(cuda|xpu)(:\d+)?|mps|cpu")


def checked(device: str) -> str:
    """The name of a device as torch writes it.

    Raises:
        ValueError: it is none.
    """
    if not _DEVICE.fullmatch(device):
        raise ValueError(f"{device!r} is no device: write cuda, cuda:1, xpu, mps or cpu.")
    return device


def local_devices() -> list[str]:
    """One name for each of several NVIDIA GPUs; empty when there are fewer than two, or nobody
    says: then the worker finds out by itself."""
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
    """Have this process, which has not loaded torch yet, compute on one device alone."""
    if not device:
        return
    os.environ[DEVICE_VARIABLE] = device
    kind, _, number = device.partition(":")
    if kind == "cuda" and number:
        # The others stay invisible: each one that a process can see takes memory there.
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        names = [name.strip() for name in visible.split(",") if name.strip()]
        if not names or int(number) < len(names):
            os.environ["CUDA_VISIBLE_DEVICES"] = names[int(number)] if names else number
            os.environ[DEVICE_VARIABLE] = "cuda"
