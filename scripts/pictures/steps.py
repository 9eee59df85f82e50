"""Pictures of what happens between the mask and the fill, by the pipeline's own functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import skimage.data
from PIL import Image, ImageDraw
from scripts.pictures.fills import filled
from scripts.pictures.panels import on_checkers, side_by_side, with_hole
from scripts.pictures.shell import Shell

from inpaintd.engine import Array
from inpaintd.pipeline.infill import infilled
from inpaintd.pipeline.plan import WorkSizes, region_for
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled

BADGE = Rectangle(124, 342, 94, 94)
"""Round the mission's badge."""


def infills(shell: Shell) -> Image.Image:
    """The pictures that `original`, `fill`, `average` and `patchmatch` put under a hole."""
    photograph = Image.fromarray(skimage.data.astronaut())
    mask = _ellipse(photograph.size, BADGE)
    colour = np.asarray(photograph, np.float32) / 255
    weights = np.asarray(mask, np.float32) / 255
    panels = [
        _picture(infilled(colour, weights, weights == 0, kind, _not_asked))
        for kind in ("original", "fill", "average")
    ]
    panels.append(filled(shell, photograph, mask))
    view = (90, 300, 260, 470)
    return side_by_side(*(panel.crop(view).resize((300, 300)) for panel in panels))


def context(shell: Shell) -> Image.Image:
    """The rectangle that is worked on with the usual context, and with more of it."""
    photograph = Image.fromarray(skimage.data.astronaut())
    hollow = on_checkers(with_hole(photograph, _ellipse(photograph.size, BADGE)))
    extent = Rectangle(0, 0, *photograph.size)
    panels = []
    for factor in (0.5, 1.5):
        settings = Settled(context_factor=factor)
        region = region_for(BADGE, extent, settings, WorkSizes())
        panels.append(_framed(hollow, region))
    return side_by_side(*panels)


def _framed(picture: Image.Image, region: Rectangle) -> Image.Image:
    """`picture` with everything outside `region` dimmed."""
    box = (region.x, region.y, region.x + region.width, region.y + region.height)
    dimmed = picture.point(lambda value: value // 3)
    dimmed.paste(picture.crop(box), box)
    ImageDraw.Draw(dimmed).rectangle(box, outline="white", width=2)
    return dimmed


def _ellipse(size: tuple[int, int], box: Rectangle) -> Image.Image:
    mask = Image.new("L", size, 0)
    corners = (box.x, box.y, box.x + box.width, box.y + box.height)
    ImageDraw.Draw(mask).ellipse(corners, fill=255)
    return mask


def _picture(colour: Array) -> Image.Image:
    return Image.fromarray((colour * 255).round().astype(np.uint8))


def _not_asked(*_: object) -> Array:
    raise AssertionError("only `patchmatch` asks for a fill")


MAKERS: dict[str, Callable[[Shell], Image.Image]] = {"infills": infills, "context": context}
