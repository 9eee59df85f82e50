"""Qwen's processor for pictures and text, as far as its image editing needs it.

The library's own also reads videos, and for these requires torchvision, which nothing else here
needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import transformers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from inpaintd_protocol.errors import InpaintError


class PictureProcessor(transformers.Qwen2VLProcessor):
    """Reads pictures and words; never videos."""

    def __init__(self, image_processor: Any, tokenizer: Any) -> None:
        # Not the library's own, which needs a video processor.
        self.image_processor = image_processor
        self.tokenizer = tokenizer

    def __call__(self, images: Any = None, text: Sequence[str] = (), **options: Any) -> Any:
        """Tokens of the texts, with placeholders for each picture as long as its patches."""
        texts = list(text)
        read: dict[str, Any] = {}
        if images is not None:
            read = dict(self.image_processor(images=images, return_tensors="pt"))
            patches = self.image_processor.merge_size**2
            lengths = iter([int(grid.prod()) // patches for grid in read["image_grid_thw"]])
            texts = [self._with_places(one, lengths) for one in texts]
        options = {"return_tensors": "pt", **options}
        return transformers.BatchFeature({**self.tokenizer(texts, **options), **read})

    @staticmethod
    def _with_places(text: str, lengths: Any) -> str:
        first, *rest = text.split(_PICTURE)
        return first + "".join(_PICTURE * next(lengths) + part for part in rest)


_PICTURE = "<|image_pad|>"


def qwen_processor(folder: Path, model: str) -> PictureProcessor:
    """The processor of a Qwen-Image-Edit model.

    Raises:
        InpaintError: `model_damaged` when its files cannot be read.
    """
    place = folder / "processor"
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, local_files_only=True)
        pictures = Qwen2VLImageProcessorPil.from_pretrained(place, local_files_only=True)
    except Exception as error:  # loaders raise many types on damaged files
        raise InpaintError(
            "model_damaged",
            f"The files of the model {model} cannot be loaded: {place.name} cannot be read.",
            f"Fetch the files in {folder} again.",
        ) from error
    return PictureProcessor(pictures, tokenizer)
