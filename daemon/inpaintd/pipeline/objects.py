"""Masks of objects, from clicks, boxes or a rough selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from inpaintd.engine import Array
from inpaintd.geometry import bounds, distance_to
from inpaintd.install.extras import how_to_install
from inpaintd.pipeline.layer import Samples, to_float
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.rectangle import Rectangle

ObjectMasker = Callable[[Array, ObjectPrompt], Array]
"""Maps (H, W, 3) float32 colours and a prompt in their pixels to an (H, W) float32 mask."""

_HALF = np.float32(0.5)


def found_by_prompt(
    layer: Samples,
    plane: Samples | None,
    prompt: ObjectPrompt,
    offset: tuple[int, int],
    masker: ObjectMasker | None,
) -> Samples:
    """Make the mask plane, (H, W, 1) float32, of the object that a prompt indicates.

    Args:
        layer: (H, W, 3 or 4) samples.
        plane: (H, W, 1) samples; a rough selection if the prompt says so.
        offset: canvas coordinates of the layer's first pixel.

    Raises:
        InpaintError: `not_installed` without a masker, `bad_message` for a prompt that lies outside
            the layer, `empty_mask` when no object was found.
    """
    if masker is None:
        raise InpaintError(
            "not_installed",
            "This daemon cannot select objects.",
            f"Select it in the editor, or install the extra: {how_to_install('diffusion')}",
        )
    here = _of_layer(prompt, offset, layer.shape[1], layer.shape[0])
    if prompt.rough:
        here = _with_rough(here, plane)
    if not here.boxes and not any(click.inside for click in here.clicks):
        raise InpaintError(
            "bad_message",
            "Nothing on the layer was clicked or selected.",
            "Click the object, drag a box around it, or select it roughly.",
        )
    found = masker(to_float(layer[..., :3]), here)
    if not (found >= _HALF).any():
        raise InpaintError(
            "empty_mask",
            "No object was found there.",
            "Click its centre, or drag a box around it.",
        )
    return found[..., None]


def _of_layer(
    prompt: ObjectPrompt, offset: tuple[int, int], width: int, height: int
) -> ObjectPrompt:
    """Convert the prompt to pixels of the layer, dropping anything outside it."""
    x, y = offset
    clicks = (replace(click, x=click.x - x, y=click.y - y) for click in prompt.clicks)
    extent = Rectangle(0, 0, width, height)
    boxes = (box.moved(-x, -y).intersection(extent) for box in prompt.boxes)
    return replace(
        prompt,
        clicks=tuple(c for c in clicks if 0 <= c.x < width and 0 <= c.y < height),
        boxes=tuple(box for box in boxes if not box.empty),
    )


def _with_rough(prompt: ObjectPrompt, plane: Samples | None) -> ObjectPrompt:
    """Add the box of a rough selection, and a click at its deepest point, the surest one."""
    selected = None if plane is None else to_float(plane[..., 0]) >= _HALF
    if selected is None or not selected.any():
        return prompt
    padded = np.pad(selected, 1)  # gives a selection of everything an edge
    depth = distance_to(~padded, exact=False)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), selected.shape)
    middle = Click(float(column) + 0.5, float(row) + 0.5)
    return replace(prompt, clicks=(*prompt.clicks, middle), boxes=(*prompt.boxes, bounds(selected)))
