from typing import Any

import numpy as np
import pytest
import skimage.data

from inpaintd.engine import Task
from inpaintd.engines.eight_bit import from_bytes, to_bytes
from inpaintd.engines.opencv import Diffused
from inpaintd_protocol.settings import Settled


def quiet(*_: Any, **__: Any) -> None:
    pass


@pytest.mark.parametrize("name", ["telea", "navier-stokes"])
def test_a_scratch_is_closed(name: str) -> None:
    photo = skimage.data.chelsea().astype(np.float32) / 255
    mask = np.zeros(photo.shape[:2], np.float32)
    mask[100:103, 50:300] = 1
    scratched = np.where(mask[..., None] > 0, np.float32(1), photo)
    filled = Diffused(name).paint([Task(scratched, mask, 0)], Settled(), quiet).colours[0]
    assert (filled == photo)[mask == 0].all()
    assert np.abs(filled - photo)[mask > 0].mean() < 0.04


def test_bytes_come_back_as_they_were() -> None:
    photo = skimage.data.coffee()[:90, :80]
    assert (to_bytes(from_bytes(photo)) == photo).all()


def test_a_banded_gradient_becomes_smooth() -> None:
    ramp = np.linspace(0.2, 0.3, 400, dtype=np.float32)
    colour = np.broadcast_to(ramp[None, :, None], (20, 400, 3)).copy()
    smooth = from_bytes(to_bytes(colour))
    assert np.abs(smooth - colour)[5:15, 20:380].max() < 0.35 / 255
    assert len(np.unique(smooth[10, :, 0])) > 200
