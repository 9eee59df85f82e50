"""The headers of files of weights: their tensors by name, without reading any. No torch needed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaintd.models import gguf, pickles
from inpaintd_protocol.errors import InpaintError

SUFFIX = ".safetensors"

_LARGEST_HEADER_BYTES = 100 << 20
"""Size limit of the header, as in the safetensors library."""


@dataclass(frozen=True)
class Tensor:
    """The header's description of one tensor."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)


def tensors_in(file: Path) -> dict[str, Tensor]:
    """The tensors of a file by name.

    Raises:
        InpaintError: `not_a_model` for a file of another kind, `model_missing` when there is none,
        `model_damaged` when it is incomplete.
    """
    if file.suffix.lower() in pickles.SUFFIXES:
        raise pickles.refusal(file)
    if file.suffix.lower() == gguf.SUFFIX:
        return _in_gguf(file)
    if file.suffix.lower() != SUFFIX:
        raise InpaintError(
            "not_a_model",
            f"{file} is not a .safetensors or .gguf file.",
            "Name one, or the folder of a model in the layout of diffusers.",
        )
    try:
        with _readable(file), file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length if length <= _LARGEST_HEADER_BYTES else 0))
            size = os.fstat(stream.fileno()).st_size
        header.pop("__metadata__", None)
        tensors = {name: _tensor(about) for name, about in header.items()}
        end = max((int(about["data_offsets"][1]) for about in header.values()), default=0)
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise InpaintError(
            "model_damaged",
            f"{file} is damaged, or no .safetensors file in spite of its name.",
            "Download it again.",
        ) from error
    missing = 8 + length + end - size
    if missing > 0:
        raise InpaintError(
            "model_damaged",
            f"{file} is cut off: {missing:,} of its {size + missing:,} bytes are missing.",
            "Download it again.",
        )
    return tensors


def _in_gguf(file: Path) -> dict[str, Tensor]:
    try:
        with _readable(file):
            found = gguf.read_header(file)
    except gguf.BadGgufError as error:
        raise InpaintError("model_damaged", f"{file} is {error}.", "Download it again.") from error
    return {name: Tensor(kind, shape) for name, (kind, shape) in found.items()}


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Say in words that a file is missing or cannot be read."""
    try:
        yield
    except FileNotFoundError as error:
        raise InpaintError("model_missing", f"There is nothing at {file}.") from error
    except OSError as error:
        raise InpaintError(
            "model_damaged", f"{file} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error


def _tensor(about: dict[str, Any]) -> Tensor:
    return Tensor(str(about["dtype"]), tuple(int(side) for side in about["shape"]))
