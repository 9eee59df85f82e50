"""Selection of the device an engine computes on. Imports torch only when asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inpaintd_protocol.errors import InpaintError

if TYPE_CHECKING:
    import torch

DEVICE_VARIABLE = "INPAINTD_DEVICE"
"""Environment variable that names the device, such as cuda:1; if unset, the fastest is used."""


def best_device() -> torch.device:
    """The requested device, else the fastest of this machine.

    Raises:
        InpaintError: `unsupported` when torch cannot use the requested device.
    """
    import torch

    available = {
        "cuda": torch.cuda.is_available(),  # includes ROCm cards
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    asked = os.environ.get(DEVICE_VARIABLE, "")
    if asked:
        if not available.get(asked.partition(":")[0]):
            raise InpaintError(
                "unsupported",
                f"torch cannot use the device {asked}.",
                "Start the daemon with another --device, or install the torch that suits your "
                "graphics card: inpaintd setup",
            )
        return torch.device(asked)
    return torch.device(next(name for name, there in available.items() if there))
