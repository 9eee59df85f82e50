"""Select the object at some points or in some boxes, with SAM 2.

Source: Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024. A picture's embedding is
computed once and cached, so that a second click costs only the small mask decoder.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import Sam2Model

from inpaintd.engine import Array
from inpaintd.engines.device import best_device
from inpaintd.engines.edges import snapped_to_edges
from inpaintd.engines.preprocessing import Preprocessing
from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.rectangle import Rectangle

_SIDE = 1024
_KEPT_PICTURES = 4
"""Number of cached picture embeddings, about 20 MB each."""


class ObjectMask:
    """A loaded SAM 2 model."""

    def __init__(self, folder: Path) -> None:
        """Load the model in this folder, safetensors only and without the network."""
        self._device = best_device()
        model: Any = Sam2Model.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self._model = model.to(self._device).eval()
        self._preprocessing = Preprocessing.of(folder, _SIDE)
        self._embeddings: OrderedDict[bytes, list[torch.Tensor]] = OrderedDict()

    def find(self, colour: Array, prompt: ObjectPrompt) -> Array:
        """The object that a prompt means.

        Args:
            colour: (H, W, 3) float32, sRGB-encoded, 1.0 = white; the whole picture.
            prompt: in pixels of the picture, with at least one click inside or one box.

        Returns:
            (H, W) float32 in [0, 1], soft along the object's edge.
        """
        height, width = colour.shape[:2]
        with torch.inference_mode():
            embedding = self._embedding(colour)
            logits = [self._logits(embedding, one, width, height) for one in _objects(prompt)]
            together = torch.stack(logits).amax(dim=0)
            large = functional.interpolate(
                together[None, None], (height, width), mode="bilinear", align_corners=False
            )
        coarse: Array = torch.sigmoid(large[0, 0].float()).cpu().numpy()
        # Size of one pixel of the model's answer in pixels of the picture.
        blur = max(height / logits[0].shape[0], width / logits[0].shape[1])
        return snapped_to_edges(coarse, colour, blur)

    def _embedding(self, colour: Array) -> list[torch.Tensor]:
        pixels = torch.from_numpy(np.ascontiguousarray(colour)).permute(2, 0, 1)[None]
        size = (self._preprocessing.side, self._preprocessing.side)
        small = functional.interpolate(
            pixels.clamp(0, 1), size, mode="bilinear", antialias=True, align_corners=False
        )
        # Of the scaled-down picture, which is all that the model sees and fast to read.
        key = hashlib.sha256(np.ascontiguousarray(small).data).digest()
        if key in self._embeddings:
            self._embeddings.move_to_end(key)
            return self._embeddings[key]
        normal = self._preprocessing.normal(small).to(self._device)
        self._embeddings[key] = self._model.get_image_embeddings(normal)
        while len(self._embeddings) > _KEPT_PICTURES:
            self._embeddings.popitem(last=False)
        return self._embeddings[key]

    def _logits(
        self, embedding: list[torch.Tensor], prompt: ObjectPrompt, width: int, height: int
    ) -> torch.Tensor:
        """(h, w) logits of one object at the model's own resolution."""
        scale = torch.tensor([self._preprocessing.side / width, self._preprocessing.side / height])
        arguments: dict[str, Any] = {}
        if prompt.clicks:
            points = torch.tensor([[click.x, click.y] for click in prompt.clicks]) * scale
            labels = torch.tensor([int(click.inside) for click in prompt.clicks])
            arguments["input_points"] = points[None, None].to(self._device)
            arguments["input_labels"] = labels[None, None].to(self._device)
        if prompt.boxes:
            (box,) = prompt.boxes
            corners = torch.tensor([[box.x, box.y], [box.right, box.bottom]]) * scale
            arguments["input_boxes"] = corners.reshape(1, 1, 4).to(self._device)
        # A box or several clicks are unambiguous, so a single answer is better.
        several = prompt.choice is not None or (len(prompt.clicks) == 1 and not prompt.boxes)
        answer = self._model(image_embeddings=embedding, multimask_output=several, **arguments)
        masks, scores = answer.pred_masks[0, 0], answer.iou_scores[0, 0]
        if prompt.choice is None:
            chosen = int(scores.argmax())
        else:
            by_size = sorted(range(len(masks)), key=lambda index: int((masks[index] > 0).sum()))
            chosen = by_size[min(prompt.choice, len(by_size) - 1)]
        logits: torch.Tensor = masks[chosen]
        return logits


def _objects(prompt: ObjectPrompt) -> list[ObjectPrompt]:
    """Prompts for single objects: clicks belong to the box that contains them."""
    if len(prompt.boxes) <= 1:
        return [prompt]
    return [
        replace(
            prompt,
            boxes=(box,),
            clicks=tuple(click for click in prompt.clicks if _within(click, box)),
        )
        for box in prompt.boxes
    ]


def _within(click: Click, box: Rectangle) -> bool:
    return box.x <= click.x < box.right and box.y <= click.y < box.bottom
