"""Stands in for the model that selects objects where pictures are taken: GrabCut, by clicks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from inpaintd.engine import Array
from inpaintd_protocol.messages import ObjectPrompt

_SURE, _LIKELY, _ROUNDS = 10, 95, 6


class Outliner:
    """Takes what looks like the surroundings of the clicks, as far as `_LIKELY` pixels away."""

    def __init__(self, folder: Path) -> None:
        """Need no files."""

    def find(self, colour: Array, prompt: ObjectPrompt) -> Array:
        height, width = colour.shape[:2]
        labels = np.full((height, width), cv2.GC_BGD, np.uint8)
        for box in prompt.boxes:
            labels[box.y : box.bottom, box.x : box.right] = cv2.GC_PR_FGD
        for reach, inside in ((_LIKELY, cv2.GC_PR_FGD), (_SURE, cv2.GC_FGD)):
            for click in prompt.clicks:
                centre = round(click.x), round(click.y)
                if click.inside:
                    cv2.circle(labels, centre, reach, inside, -1)
                elif reach == _SURE:
                    cv2.circle(labels, centre, 2 * reach, cv2.GC_BGD, -1)
        picture = np.round(colour * 255).astype(np.uint8)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(picture, labels, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
        found = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
        found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((5, 5)))
        soft: Array = cv2.GaussianBlur(found, (0, 0), 1)
        return soft
