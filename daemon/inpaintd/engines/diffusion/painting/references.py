"""Reference pictures: the models that support them, and their form as pipeline arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from inpaintd.engine import Array
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Reference

from ..families import FAMILY_OF_CLASS, Family
from ..prompts.encoding import Notice
from .work_area import WorkSize, scale_colour

_PIXELS = 1024 * 1024
"""Larger references are scaled down to this; the pipelines would use a coarser filter."""


def check_references(references: Sequence[Reference], family: Family) -> None:
    """Check that a family supports this many references.

    Raises:
        InpaintError: `unsupported`, naming the families that support any.
    """
    most = most_references(family)
    if len(references) <= most:
        return
    takers = sorted({f.name for f in FAMILY_OF_CLASS.values() if most_references(f) > most})
    raise InpaintError(
        "unsupported",
        f"{family.name} takes {most or 'no'} reference"
        f"{'' if most == 1 else 's'}; there are {len(references)}.",
        f"Leave out what is too much, or choose a model of {', '.join(takers)}.",
    )


def most_references(family: Family) -> int:
    """Number of reference pictures that a family accepts, by itself or by IP-Adapters."""
    return family.references or family.adapted_references


def without_effect(
    references: Sequence[Reference], family: Family, *, limited: bool
) -> list[Notice]:
    """Notices when a weight or a region was set and the family does not support it.

    Args:
        limited: whether a reference is limited to a region.
    """
    notices = _unweighted(references, family)
    if limited and not family.regions:
        takers = sorted({f.name for f in FAMILY_OF_CLASS.values() if f.regions})
        notices.append(
            (
                "not_honoured",
                f"{family.name} knows no regions of references; each counts everywhere.",
                f"Choose a model of {' or '.join(takers)}, which do.",
            )
        )
    return notices


def _unweighted(references: Sequence[Reference], family: Family) -> list[Notice]:
    weighted = any(reference.weight != 1 for reference in references)
    if not weighted or family.adapted_references:
        return []
    return [
        (
            "not_honoured",
            f"{family.name} ignores the weights of references; each counts in full.",
            "Describe in the prompt what to take from the picture.",
        )
    ]


def reference_arguments(pictures: Sequence[Array], family: Family) -> dict[str, Any]:
    """The pipeline's argument for references, for families that have one.

    Args:
        pictures: (H, W, 3) float32 of any size.
    """
    if not pictures or family.edits or not family.references:
        return {}
    fitted = _fitted(pictures[0], family.multiple)
    tensor = torch.from_numpy(np.ascontiguousarray(fitted.transpose(2, 0, 1)))[None]
    return {"image_reference": tensor}


def as_images(pictures: Sequence[Array], family: Family) -> list[Image.Image]:
    """The references as additional 8-bit input pictures for editing."""
    fitted = (_fitted(picture, family.multiple) for picture in pictures)
    return [Image.fromarray(np.floor(one * 255 + 0.5).astype(np.uint8)) for one in fitted]


def _fitted(picture: Array, multiple: int) -> Array:
    """The picture with sides that are multiples, scaled down if it is too large."""
    height, width = picture.shape[:2]
    factor = min(1.0, math.sqrt(_PIXELS / (height * width)))
    # Down, so that the area stays within the limit; FLUX.2's minimum is 64.
    height, width = (max(64, int(side * factor) // multiple * multiple) for side in (height, width))
    return np.clip(scale_colour(picture, WorkSize(height, width)), 0.0, 1.0)
