"""A smooth fill of the hole, so that hidden colour cannot leak. A pure function."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaintd.smooth import extended

Array = NDArray[np.float32]


def smooth_fill(colour: Array, keep: Array) -> Array:
    """Fill what is not kept from its surroundings.

    At full strength the model should not see what is under the hole; it does all the same, since
    the VAE's context reaches from there into the kept cells.

    Args:
        colour: (H, W, 3) float32.
        keep: (H, W) float32, 1 = known; where it is 0 the colour is never read.

    Returns:
        (H, W, 3) float32, unchanged where `keep` is 1. Mid-grey when nothing is kept.
    """
    if not keep.any():
        return np.full_like(colour, 0.5)
    return np.where(keep[..., None] == 1, colour, extended(colour, keep))
