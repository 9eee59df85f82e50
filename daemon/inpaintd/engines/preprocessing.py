"""Preprocessing of pictures for the models that find masks, as their files configure it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


@dataclass(frozen=True)
class Preprocessing:
    """The side, in pixels, and the channels' mean and deviation that a model was trained with."""

    side: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def of(cls, folder: Path, side: int) -> Preprocessing:
        """The preprocessing of the model in a folder.

        Args:
            side: used where the model's files name none.
        """
        path = folder / "preprocessor_config.json"
        values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        size = values.get("size", side)
        return cls(
            size if isinstance(size, int) else int(size.get("height", side)),
            tuple(values.get("image_mean", _MEAN)),
            tuple(values.get("image_std", _DEVIATION)),
        )

    def normal(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) colours in [0, 1], shifted and scaled as in training."""
        mean, deviation = (
            torch.tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.deviation)
        )
        return (pixels - mean) / deviation
