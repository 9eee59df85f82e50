"""Previews of latents: by a small decoder such as TAESD where one is installed, else as colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch.nn import functional

from inpaintd.engine import Array
from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError

from ..loading.failures import is_device_failure, is_out_of_memory
from ..loading.files import from_files
from ..loading.library import Library, PreviewDecoder
from ..loading.model import Model
from ..prompts.encoding import Notice
from .after_step import LatentColours
from .latents import from_denoiser, unpacked

Result = TypeVar("Result")

LARGEST_CELLS = 64
"""Cells decoded per side at most: larger previews would cost the steps time and memory."""


class UnusableError(Exception):
    """The decoder cannot be used; the message says why."""


@dataclass(frozen=True)
class SmallDecoder:
    """A small network that decodes one kind of latents nearly as well as their VAE."""

    network: Any

    @classmethod
    def load(cls, files: PreviewDecoder, model: Model) -> SmallDecoder:
        """Load a decoder onto the model's device.

        Raises:
            UnusableError: when its files are damaged, or are for other latents.
            torch.OutOfMemoryError, MemoryError, RuntimeError: when memory runs out.
        """
        options = {"dtype": model.dtype, "output_loading_info": True}
        try:
            network, found = from_files("AutoencoderTiny", files.folder, files.name, **options)
        except InpaintError as error:
            raise UnusableError("its files are damaged") from error
        if found["missing_keys"] or found["mismatched_keys"]:
            raise UnusableError("its files are damaged")
        if network.config.latent_channels != model.vae.config.get("latent_channels"):
            raise UnusableError(f"it does not fit the latents of {model.source.name}")
        del network.encoder
        return cls(network.to(model.device).requires_grad_(False))

    @torch.no_grad()
    def picture(self, cells: torch.Tensor) -> Array:
        """Decode (1, C, h, w) latents to (H, W, 3) float32 in [0, 1].

        Raises:
            UnusableError: when the output is no picture.
            torch.OutOfMemoryError, RuntimeError: when memory runs out.
        """
        height, width = cells.shape[-2:]
        shrunk = LARGEST_CELLS / max(height, width)
        if shrunk < 1:
            size = (max(1, round(height * shrunk)), max(1, round(width * shrunk)))
            cells = functional.interpolate(cells, size, mode="area")
        raw = from_denoiser(cells.to(self.network.dtype), self.network)
        pixels = self.network.decode(raw).sample[0].float().permute(1, 2, 0).cpu().numpy()
        if not np.isfinite(pixels).all():
            raise UnusableError("its output is no picture")
        return np.asarray(np.clip(pixels * 0.5 + 0.5, 0.0, 1.0), np.float32)


class Previews:
    """The previews of one loaded model.

    Attributes:
        notices: why the installed decoder is not used, for the current request.
    """

    def __init__(self, model: Model) -> None:
        self.notices: list[Notice] = []
        self._colours = LatentColours(model)
        self._files: PreviewDecoder | None = None
        self._decoder: SmallDecoder | None = None

    def prepare(self, model: Model, library: Library) -> None:
        """Load the decoder installed for the model's family, unless it was tried before."""
        files = library.preview_decoder(model.family)
        if files == self._files:
            return
        self._files, self._decoder, self.notices = files, None, []
        if files is not None:
            self._decoder = self._tried(lambda: SmallDecoder.load(files, model))

    def picture(self, model: Model, latents: torch.Tensor, height: int, width: int) -> Array:
        """(h, w, 3) float32 in [0, 1], of any size.

        Args:
            height, width: of the work area in pixels.
        """
        if self._decoder is not None:
            decoder, cells = self._decoder, unpacked(model, latents[:1], height, width)
            shown = self._tried(lambda: decoder.picture(self._colours.calmed(cells)))
            if shown is not None:
                return shown
            self._decoder = None
        return self._colours.picture(model, latents, height, width)

    def _tried(self, action: Callable[[], Result]) -> Result | None:
        """The result of an action of the decoder, or None and a notice when it failed."""
        try:
            return action()
        except UnusableError as error:
            why, remedy = str(error), _ITS_FILES
        except (MemoryError, RuntimeError) as error:
            if is_device_failure(error):
                raise
            full = is_out_of_memory(error)
            why = "memory ran out" if full else "it failed"
            remedy = "Close other programs that use the GPU." if full else _ITS_FILES
        name = self._files.name if self._files else ""
        self.notices = [_unusable(name, why, remedy)]
        return None


_ITS_FILES = "Install it again, or remove it: {remove}"


def _unusable(name: str, why: str, remedy: str) -> Notice:
    return (
        "preview_decoder_unusable",
        f"Previews are coarse, because {name} could not be used: {why}. The result is unaffected.",
        remedy.format(remove=command("inpaintd", "models", "remove", name)),
    )
