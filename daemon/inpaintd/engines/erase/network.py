"""An inpainting network in an ONNX file: its signature, its device, and one pass through it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inpaintd.engine import Array
from inpaintd.engines.eight_bit import from_bytes
from inpaintd_protocol.errors import InpaintError

log = logging.getLogger(__name__)

Pixels = NDArray[np.bool_]

_PREFERRED = (
    "CUDAExecutionProvider",
    "CoreMLExecutionProvider",
    "DmlExecutionProvider",
    "CPUExecutionProvider",
)
"""Execution providers, fastest first; TensorRT is omitted, as it compiles for minutes."""

_FLOAT = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_BYTES = "tensor(uint8)"

_FULL_SCALE = np.float32(255)


@dataclass(frozen=True)
class Signature:
    """The inputs of a network, a picture and its hole: (1, 3, H, W) and (1, 1, H, W).

    Attributes:
        image, mask: names of the inputs.
        dtype: of both. Floats are in [0, 1] with a mask of 1 in the hole, as in LaMa; uint8 has
            a mask of 255 where the picture is kept, as in MI-GAN's pipeline.
        side: side of the square that it takes; None for a network that takes any size.
    """

    image: str
    mask: str
    dtype: np.dtype[Any]
    side: int | None


class Network:
    """A loaded network."""

    def __init__(self, file: Path) -> None:
        """Load the network on the fastest device that can run it.

        Raises:
            InpaintError: `model_damaged` when it cannot be loaded, `not_a_model` when it is not an
                inpainting network with a known signature.
        """
        self._session = _session(file)
        self.signature = _signature(self._session, file)
        self._range: np.float32 | None = None
        """The value of white in its answer: 1 or 255; known after the first answer."""

    @property
    def provider(self) -> str:
        """The device it runs on, as named by ONNX Runtime."""
        return str(self._session.get_providers()[0])

    def fill(self, colour: Array, hole: Pixels) -> Array:
        """Run the network once.

        Args:
            colour: (H, W, 3) float32, sRGB-encoded, 1.0 = white; the content of the hole has no
                influence. H and W are the signature's side, if it has one.
            hole: (H, W) bool.

        Returns:
            (H, W, 3) float32 in [0, 1]; only the hole is meant to be used.
        """
        signature = self.signature
        # Some exports blend in the input at the edge, so the old content must be gone.
        blank = np.where(hole[..., None], np.float32(0.5), np.clip(colour, 0, 1))
        if signature.dtype == np.uint8:
            image = np.floor(blank * _FULL_SCALE + np.float32(0.5)).astype(np.uint8)
            mask = np.where(hole, np.uint8(0), np.uint8(255))
        else:
            image, mask = blank.astype(signature.dtype), hole.astype(signature.dtype)
        answer = self._session.run(
            None,
            {
                signature.image: np.ascontiguousarray(image.transpose(2, 0, 1)[None]),
                signature.mask: np.ascontiguousarray(mask[None, None]),
            },
        )[0]
        painted = np.asarray(answer)[0].transpose(1, 2, 0)
        if painted.dtype == np.uint8:
            return from_bytes(painted)
        painted = painted.astype(np.float32)
        if not np.isfinite(painted).all():
            raise InpaintError(
                "engine_failed",
                "The network answered with numbers that are no colours.",
                "Choose another model, or install this one again.",
            )
        if self._range is None:
            self._range = _white(painted, blank, hole)
        return np.asarray(np.clip(painted / self._range, 0, 1), np.float32)


def _session(file: Path) -> Any:
    options = onnxruntime.SessionOptions()
    # The arena would keep the peak working memory; without it an idle worker is small.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3  # errors only: warnings are about operators left on the CPU
    providers = [name for name in _PREFERRED if name in onnxruntime.get_available_providers()]
    for first in range(len(providers)):
        try:
            return onnxruntime.InferenceSession(file, options, providers=providers[first:])
        except Exception as error:  # one undocumented class for each kind of failure
            reason = error
            log.warning("%s does not run on %s: %s", file.name, providers[first], error)
    raise InpaintError(
        "model_damaged",
        f"{file.name} is damaged, or not an ONNX file ({type(reason).__name__}).",
        "See whether it is whole: inpaintd models verify NAME",
    ) from reason


def _signature(session: Any, file: Path) -> Signature:
    """The signature of a session's network, derived from the shapes of its inputs."""
    by_channels = {
        node.shape[1]: node for node in session.get_inputs() if len(node.shape or ()) == 4
    }
    if set(by_channels) != {1, 3} or len(session.get_inputs()) != 2:
        raise _unknown(file)
    image, mask = by_channels[3], by_channels[1]
    dtype = np.uint8 if image.type == _BYTES else _FLOAT.get(image.type)
    sides = {side for side in image.shape[2:] if isinstance(side, int)}
    if dtype is None or mask.type != image.type or len(sides) > 1:
        raise _unknown(file)
    return Signature(image.name, mask.name, np.dtype(dtype), sides.pop() if sides else None)


def _unknown(file: Path) -> InpaintError:
    return InpaintError(
        "not_a_model",
        f"{file.name} is an ONNX file, but not an inpainting network that takes a picture of three "
        "channels and a mask of one.",
        "Usable are LaMa and the pipeline of MI-GAN: inpaintd models install lama, or migan",
    )


def _white(painted: Array, colour: Array, hole: Pixels) -> np.float32:
    """The value of white in a network's answer, derived from its output for the kept pixels.

    Exports of LaMa differ: some answer in [0, 1], some in [0, 255].
    """
    kept = ~hole
    errors = {
        white: float(np.abs(painted[kept] / white - colour[kept]).mean())
        for white in (np.float32(1), _FULL_SCALE)
    }
    return min(errors, key=lambda white: errors[white])
