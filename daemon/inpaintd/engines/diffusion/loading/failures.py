"""Classification of torch errors: out of memory, or a device that can no longer be used."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")

_OUT_OF_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "alloc_failed",  # cuBLAS and cuDNN, which allocate by themselves
    "unable to find an engine to execute",  # cuDNN, when none fits into the remaining memory
)
_DEVICE_FAILED = ("cuda error", "cudnn error", "hip error")


def is_out_of_memory(error: BaseException) -> bool:
    """Test whether an error means that memory ran out, however it was raised."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY)


def is_device_failure(error: BaseException) -> bool:
    """Test whether the device failed in a way that makes it unusable for this process."""
    if is_out_of_memory(error):
        return False
    # cuBLAS and cuDNN raise a plain RuntimeError.
    return isinstance(error, torch.AcceleratorError) or (
        isinstance(error, RuntimeError) and str(error).lower().startswith(_DEVICE_FAILED)
    )


def fitting(attempt: Callable[[], Result]) -> tuple[Result] | None:
    """The result of an attempt, or None when memory ran out.

    The traceback is dropped here: while it lives it holds the very tensors that are in the way.
    """
    try:
        return (attempt(),)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
    return None


def give_back_memory() -> None:
    """Free unreferenced objects, on the device too.

    Models and their hooks refer to each other, so only the garbage collector frees them.
    """
    gc.collect()
    if torch.accelerator.is_available():
        torch.accelerator.empty_cache()
