"""Find what words name in a picture, with CLIPSeg.

Source: Lüddecke and Ecker, "Image Segmentation Using Text and Image Prompts", CVPR 2022.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPSegForImageSegmentation, CLIPTokenizer

from inpaintd.engine import Array
from inpaintd.engines.device import best_device
from inpaintd.engines.preprocessing import Preprocessing
from inpaintd_protocol.errors import InpaintError

_SIDE = 352


class TextMask:
    """A loaded CLIPSeg model."""

    def __init__(self, folder: Path) -> None:
        """Load the model in this folder, safetensors only and without the network."""
        self._device = best_device()
        self._tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any = CLIPSegForImageSegmentation.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        )
        self._model = model.to(self._device).eval()
        self._preprocessing = Preprocessing.of(folder, _SIDE)

    def find(self, colour: Array, words: str) -> Array:
        """The confidence that each pixel shows one of the words, as a `TextMasker`.

        Args:
            colour: (H, W, 3) float32, sRGB-encoded, 1.0 = white; the whole picture.
            words: separated by commas; the best-fitting word counts for a pixel.

        Returns:
            (H, W) float32 in [0, 1].

        Raises:
            InpaintError: `bad_message` when there are no words.
        """
        names = [word.strip() for word in words.split(",") if word.strip()]
        if not names:
            raise InpaintError(
                "bad_message",
                "There are no words to search for.",
                'Name something, such as "hair".',
            )
        with torch.inference_mode():
            heat = self._heat(colour, names).amax(dim=0)
            whole = functional.interpolate(
                heat[None, None], colour.shape[:2], mode="bilinear", align_corners=False
            )
        found: Array = whole[0, 0].clamp(0, 1).cpu().numpy()
        return found

    def _heat(self, colour: Array, names: list[str]) -> Any:
        """(words, side, side) tensor in [0, 1]."""
        pixels = torch.from_numpy(np.ascontiguousarray(colour)).permute(2, 0, 1)[None]
        size = (self._preprocessing.side, self._preprocessing.side)
        small = functional.interpolate(pixels.clamp(0, 1), size, mode="bicubic", antialias=True)
        normal = self._preprocessing.normal(small.clamp(0, 1)).to(self._device)
        tokens = self._tokenizer(names, padding=True, truncation=True, return_tensors="pt")
        logits = self._model(
            pixel_values=normal.expand(len(names), -1, -1, -1),
            input_ids=tokens["input_ids"].to(self._device),
            attention_mask=tokens["attention_mask"].to(self._device),
        ).logits
        return torch.sigmoid(logits.float()).reshape(len(names), *logits.shape[-2:])
