from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inpaintd.engine import CancelledError, Engine, Task
from inpaintd.engines.load import load
from inpaintd.engines.opencv import Diffused
from inpaintd.engines.patchmatch import PatchMatch, completed, sources_near
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settled
from tests.engines.photographs import ellipse, quiet, sharpness, task

BUILT_IN: dict[str, Callable[[], Engine]] = {
    "patchmatch": PatchMatch,
    "telea": lambda: Diffused("telea"),
    "navier-stokes": lambda: Diffused("navier-stokes"),
}


def test_texture_continues_as_sharp_as_it_is_around() -> None:
    photo = np.dstack([skimage.data.gravel()] * 3)
    mask = ellipse(photo.shape, 256, 256, 50, 50)
    filled = completed(task(photo, mask))
    inside = (slice(226, 286), slice(226, 286))
    assert sharpness(filled[inside]) == pytest.approx(sharpness(photo[inside] / 255), rel=0.25)
    smooth = Diffused("telea").paint([task(photo, mask)], Settled(), quiet).colours[0]
    assert sharpness(smooth[inside]) < 0.6 * sharpness(photo[inside] / 255)


def test_an_object_is_gone_and_nothing_foreign_takes_its_place() -> None:
    photo = skimage.data.astronaut()
    mask = ellipse(photo.shape, 425, 140, 72, 165)
    filled = completed(task(photo, mask))
    wall = photo[20:220, 345:352].reshape(-1, 3).mean(axis=0) / 255
    # Her face is in the region's context too; a fill once copied it to where the rocket was.
    assert np.abs(filled[30:220, 390:460].mean(axis=(0, 1)) - wall).max() < 0.06


def test_kept_pixels_and_the_seed_decide_the_fill_and_nothing_else() -> None:
    photo = skimage.data.chelsea()[:150, :200]
    mask = ellipse(photo.shape, 90, 70, 30, 20)
    first = completed(task(photo, mask))
    assert (first[~mask] == photo[~mask].astype(np.float32) / 255).all()
    assert (completed(task(photo, mask)) == first).all()
    other = photo.copy()
    other[mask] = 255
    assert (completed(task(other, mask)) == first).all()
    assert (completed(task(photo, mask, seed=2)) != first).any()


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_all_sizes_of_pictures_and_holes(
    height: int, width: int, hole_height: int, hole_width: int, seed: int
) -> None:
    photo = skimage.data.coffee()[100 : 100 + height, 200 : 200 + width]
    mask = np.zeros((height, width), bool)
    mask[height // 3 :, width // 4 :][:hole_height, :hole_width] = True
    assume(not mask.all())
    filled = completed(task(photo, mask, seed))
    assert filled.dtype == np.float32
    assert filled.shape == photo.shape
    assert np.isfinite(filled).all()
    assert (filled[~mask] == photo[~mask].astype(np.float32) / 255).all()
    low, high = photo[~mask].min(axis=0) / 255, photo[~mask].max(axis=0) / 255
    assert (filled >= low - 0.5 / 255).all()
    assert (filled <= high + 0.5 / 255).all()


def test_pictures_thinner_than_a_patch_are_continued() -> None:
    photo = skimage.data.coffee()[100:101, 200:260]
    mask = np.zeros((1, 60), bool)
    mask[:, 28:32] = True
    filled = completed(task(photo, mask))
    assert np.abs(filled - photo / 255)[mask].mean() < 0.02


@pytest.mark.parametrize("model", ["patchmatch", "telea"])
def test_a_hole_that_covers_everything_has_nothing_to_continue(model: str) -> None:
    photo = skimage.data.coffee()[:20, :30]
    with pytest.raises(InpaintError) as caught:
        BUILT_IN[model]().paint([task(photo, np.ones((20, 30)))], Settled(), quiet)
    assert caught.value.code == "nothing_kept"
    assert caught.value.hint


def test_what_is_not_shown_is_not_copied() -> None:
    photo = skimage.data.coffee()[100:200, 200:330].copy()
    photo[:, :40] = (0, 255, 0)
    mask = np.zeros((100, 130), bool)
    mask[40:60, 35:70] = True
    shown = ~mask
    shown[:, :40] = False
    filled = completed(task(photo, mask, source=shown))
    red, green, _ = filled[mask].T
    assert (green <= red + 0.05).all()


def test_only_surroundings_that_are_all_alike_are_searched_far() -> None:
    mask = ellipse((512, 512), 256, 256, 60, 60)
    gravel = np.dstack([skimage.data.gravel()] * 3)
    assert sources_near(gravel, mask, ~mask, 60)[256, 256 + 170]
    photo = skimage.data.astronaut()
    near = sources_near(photo, mask, ~mask, 60)
    assert not near[256, 256 + 170]
    assert near[256, 256 + 110]


def test_gradients_in_16_bits_get_no_bands() -> None:
    ramp = np.linspace(0.30, 0.34, 200, dtype=np.float32)
    colour = np.broadcast_to(ramp[None, :, None], (80, 200, 3)).copy()
    mask = np.zeros((80, 200), np.float32)
    mask[30:50, 20:180] = 1
    filled = completed(Task(colour, mask, 1))
    row = np.round(filled[40, 20:180, 0] * 65535)
    assert len(np.unique(row)) > 60
    assert np.abs(filled - colour).max() < 2 / 255


def test_a_sky_gets_no_spots_where_the_hole_meets_an_object() -> None:
    photo = skimage.data.rocket()
    mask = ellipse(photo.shape, 315, 185, 31, 151)
    filled = completed(task(photo, mask))
    rows = slice(60, 260)
    beside = np.concatenate([photo[rows, 262:280], photo[rows, 350:368]], axis=1).mean(axis=1)
    assert np.abs(filled[rows, 305:325].mean(axis=1) - beside / 255).max() < 0.02


def test_cancelling_comes_through() -> None:
    def cancel(*_: Any, **__: Any) -> None:
        raise CancelledError

    photo = skimage.data.coffee()[:50, :50]
    with pytest.raises(CancelledError):
        PatchMatch().paint([task(photo, ellipse(photo.shape, 25, 25, 9, 9))], Settled(), cancel)


def test_without_pypatchmatch_the_fill_is_smooth_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("patchmatch.patchmatch_available", False)
    photo = skimage.data.coffee()[:50, :50]
    painted = load("patchmatch", tmp_path).paint(
        [task(photo, ellipse(photo.shape, 25, 25, 9, 9))], Settled(), quiet
    )
    ((code, message, remedy),) = painted.notices
    assert code == "no_patchmatch"
    assert message
    assert remedy


def test_an_unknown_engine_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InpaintError) as caught:
        load("photoshop", tmp_path)
    assert caught.value.code == "unknown_model"
