from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inpaintd.engine import CancelledError, Task
from inpaintd.engines.load import load
from inpaintd.engines.opencv import Diffused
from inpaintd.engines.patches import level as levels
from inpaintd.engines.patches.filler import Patches, completed
from inpaintd.engines.patches.sampling import sampling_area
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settled
from tests.engines.photographs import ellipse, quiet, sharpness, task


def test_texture_is_as_sharp_as_its_surroundings() -> None:
    photo = np.dstack([skimage.data.gravel()] * 3)
    mask = ellipse(photo.shape, 256, 256, 50, 50)
    filled = completed(task(photo, mask), Settled(), quiet)
    inside = (slice(226, 286), slice(226, 286))
    assert sharpness(filled[inside]) == pytest.approx(sharpness(photo[inside] / 255), rel=0.2)
    smooth = Diffused("telea").paint([task(photo, mask)], Settled(), quiet).colours[0]
    assert sharpness(smooth[inside]) < 0.6 * sharpness(photo[inside] / 255)


@pytest.mark.parametrize("slope", [0.0, 0.4, 3.0])
def test_a_straight_edge_goes_on_through_the_hole(slope: float) -> None:
    rows, columns = np.mgrid[:200, :200]
    above = rows - 100 > slope * (columns - 100)
    colour = np.where(above[..., None], 60, 200) + np.zeros(3)
    mask = ellipse(colour.shape, 100, 100, 30, 30)
    filled = completed(task(colour, mask), Settled(), quiet)
    wrong = np.abs(filled - colour / 255).max(axis=2) > 0.15
    # A jagged pixel along an edge of some 60 is no break in it.
    assert np.count_nonzero(wrong) < 100


def test_an_object_is_gone_and_nothing_foreign_takes_its_place() -> None:
    photo = skimage.data.astronaut()
    mask = ellipse(photo.shape, 425, 140, 72, 165)
    filled = completed(task(photo, mask), Settled(), quiet)
    wall = photo[20:220, 345:352].reshape(-1, 3).mean(axis=0) / 255
    # Her face lies in the surroundings too.
    assert np.abs(filled[30:220, 390:460].mean(axis=(0, 1)) - wall).max() < 0.08


def test_kept_pixels_and_the_seed_alone_decide_the_fill() -> None:
    photo = skimage.data.chelsea()[:150, :200]
    mask = ellipse(photo.shape, 90, 70, 30, 20)
    first = completed(task(photo, mask), Settled(), quiet)
    assert (first[~mask] == photo[~mask].astype(np.float32) / 255).all()
    assert (completed(task(photo, mask), Settled(), quiet) == first).all()
    other = photo.copy()
    other[mask] = 255
    assert (completed(task(other, mask), Settled(), quiet) == first).all()
    assert (completed(task(photo, mask, seed=2), Settled(), quiet) != first).any()


def test_the_number_of_cores_does_not_change_the_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = skimage.data.coffee()[:260, :300]
    mask = ellipse(photo.shape, 150, 130, 50, 50)
    threaded = completed(task(photo, mask), Settled(), quiet)

    class InTurn:
        def submit(self, work: Any, *arguments: Any) -> "InTurn":
            work(*arguments)
            return self

        def result(self) -> None:
            pass

    monkeypatch.setattr(levels, "_threads", InTurn)
    assert (completed(task(photo, mask), Settled(), quiet) == threaded).all()


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=25, deadline=None)
def test_all_sizes_of_pictures_and_holes(
    height: int, width: int, hole_height: int, hole_width: int, seed: int
) -> None:
    photo = skimage.data.coffee()[100 : 100 + height, 200 : 200 + width]
    mask = np.zeros((height, width), bool)
    mask[height // 3 :, width // 4 :][:hole_height, :hole_width] = True
    assume(not mask.all())
    filled = completed(task(photo, mask, seed), Settled(), quiet)
    assert filled.dtype == np.float32
    assert filled.shape == photo.shape
    assert np.isfinite(filled).all()
    assert (filled[~mask] == photo[~mask].astype(np.float32) / 255).all()


def test_pictures_thinner_than_a_patch_are_continued() -> None:
    photo = skimage.data.coffee()[100:101, 200:260]
    mask = np.zeros((1, 60), bool)
    mask[:, 28:32] = True
    filled = completed(task(photo, mask), Settled(), quiet)
    assert np.abs(filled - photo / 255)[mask].mean() < 0.02


def test_a_hole_that_covers_everything_has_nothing_to_continue() -> None:
    photo = skimage.data.coffee()[:20, :30]
    with pytest.raises(InpaintError) as caught:
        Patches().paint([task(photo, np.ones((20, 30)))], Settled(), quiet)
    assert caught.value.code == "nothing_kept"
    assert caught.value.hint


def test_what_is_not_shown_is_not_copied() -> None:
    photo = skimage.data.coffee()[100:200, 200:330].copy()
    photo[:, :40] = (0, 255, 0)
    mask = np.zeros((100, 130), bool)
    mask[40:60, 45:80] = True
    shown = ~mask
    shown[:, :40] = False
    filled = completed(task(photo, mask, source=shown), Settled(), quiet)
    red, green, _ = filled[mask].T
    assert (green <= red + 0.05).all()


def test_gradients_in_16_bits_have_no_bands() -> None:
    ramp = np.linspace(0.30, 0.34, 200, dtype=np.float32)
    colour = np.broadcast_to(ramp[None, :, None], (80, 200, 3)).copy()
    mask = np.zeros((80, 200), np.float32)
    mask[30:50, 20:180] = 1
    filled = completed(Task(colour, mask, 1), Settled(), quiet)
    row = np.round(filled[40, 20:180, 0] * 65535)
    assert len(np.unique(row)) > 60
    assert np.abs(filled - colour).max() < 2 / 255


def test_values_beyond_white_are_continued_in_float_pictures() -> None:
    rng = np.random.default_rng(0)
    colour = rng.uniform(2.0, 3.0, (80, 80, 3)).astype(np.float32)
    mask = ellipse(colour.shape, 40, 40, 10, 10).astype(np.float32)
    filled = completed(Task(colour, mask, 1), Settled(), quiet)
    assert filled[mask > 0].min() > 1.5


def test_hundreds_of_specks_are_filled_each_from_its_own_surroundings() -> None:
    photo = np.tile(skimage.data.chelsea(), (2, 2, 1))
    mask = np.zeros(photo.shape[:2], bool)
    rng = np.random.default_rng(1)
    for _ in range(30):
        y, x = rng.integers(10, 580), rng.integers(10, 880)
        mask[y - 2 : y + 3, x - 2 : x + 3] = True
    spoilt = photo.copy()
    spoilt[mask] = 255
    filled = completed(task(spoilt, mask), Settled(), quiet)
    assert np.abs(filled - photo / 255)[mask].mean() < 0.06
    assert (filled[~mask] == photo[~mask].astype(np.float32) / 255).all()


def test_progress_rises_and_previews_are_of_the_whole_region() -> None:
    photo = skimage.data.coffee()[:200, :240]
    told: list[tuple[int, int]] = []
    sketches = []

    def report(phase: str, step: int, steps: int, *, task: int, preview: Any = None) -> None:
        told.append((step, steps))
        if preview is not None:
            sketches.append(preview)

    tasks = [task(photo, ellipse(photo.shape, 120, 100, 40, 40), seed) for seed in (1, 2)]
    Patches().paint(tasks, Settled(preview=True), report)
    assert told == sorted(told)
    assert told[-1] == (2000, 2000)
    assert len(told) > 10
    assert all(abs(s.shape[1] / s.shape[0] - 240 / 200) < 0.05 for s in sketches)
    assert np.isfinite(sketches[0]).all()
    assert sketches[0].shape[0] < 100


def test_cancelling_ends_a_fill_between_its_rounds() -> None:
    calls = 0

    def cancel(*_: Any, **__: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CancelledError

    photo = skimage.data.coffee()[:200, :200]
    with pytest.raises(CancelledError):
        Patches().paint([task(photo, ellipse(photo.shape, 99, 99, 40, 40))], Settled(), cancel)


def test_without_numba_another_engine_fills_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "inpaintd.engines.patches.filler", None)
    photo = skimage.data.coffee()[:50, :50]
    engine = load("patches", tmp_path)
    painted = engine.paint([task(photo, ellipse(photo.shape, 25, 25, 9, 9))], Settled(), quiet)
    ((code, message, remedy),) = painted.notices
    assert code == "no_numba"
    assert message
    assert remedy


def red_left_green_right() -> tuple[Any, Any]:
    colour = np.zeros((120, 160, 3))
    colour[:, :80, 0], colour[:, 80:, 1] = 200, 200
    return colour, ellipse(colour.shape, 80, 60, 12, 12)


@pytest.mark.parametrize(
    ("sides", "left", "right", "above", "below"),
    [
        ("around", True, True, True, True),
        ("sides", True, True, False, False),
        ("above-below", False, False, True, True),
        ("left", True, False, False, False),
        ("below", False, False, False, True),
    ],
)
def test_only_the_sides_that_were_chosen_may_be_copied(
    sides: str, left: bool, right: bool, above: bool, below: bool
) -> None:
    _, mask = red_left_green_right()
    area = sampling_area(~mask, mask, Settled(sampling_sides=sides))
    found = (area[60, 20], area[60, 140], area[10, 80], area[110, 80])
    assert found == (left, right, above, below)
    assert not area[mask].any()


def test_nothing_is_copied_from_beyond_the_sampling_distance() -> None:
    colour, mask = red_left_green_right()
    away = np.hypot(*(np.mgrid[:120, :160] - np.array([60, 80])[:, None, None]))
    colour[away > 45] = (0, 0, 255)
    shown = sampling_area(~mask, mask, Settled(sampling_pixels=30))
    assert not (shown & (away > 45)).any()
    assert (shown & (away > 30)).any()
    filled = completed(task(colour, mask), Settled(sampling_pixels=30), quiet)
    assert filled[mask][:, 2].max() < 0.1


def test_an_empty_sampling_area_is_an_error_that_says_so() -> None:
    colour, mask = red_left_green_right()
    mask[:, :80] = True
    with pytest.raises(InpaintError, match="sampling area") as caught:
        completed(task(colour, mask), Settled(sampling_sides="left"), quiet)
    assert caught.value.hint


def test_a_fill_stays_in_the_range_of_colours() -> None:
    small = skimage.data.astronaut()[60:111, 180:225].astype(np.float32) / 255
    colour = np.pad(small, ((0, 13), (19, 0), (0, 0)), mode="edge")
    mask = np.ones((64, 64), np.float32)
    mask[:51, 19:] = 0
    painted = Patches().paint([task(colour, mask, 7)], Settled(), quiet).colours[0]
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_only_the_area_that_was_sent_is_copied_also_for_distant_specks() -> None:
    colour, _ = red_left_green_right()
    colour = np.tile(colour, (3, 3, 1))
    mask = np.zeros(colour.shape[:2], bool)
    mask[20:24, 20:24] = mask[300:304, 400:404] = True
    area = np.zeros_like(mask)
    area[160:200, 300:315] = True
    colour[area] = (0, 0, 255)
    work = replace(task(colour, mask), sampling=area)
    filled = completed(work, Settled(), quiet)
    # Around both holes there is no blue at all.
    assert filled[mask][:, 2].min() > 0.5
    with pytest.raises(InpaintError, match="sampling area"):
        completed(replace(work, sampling=mask), Settled(), quiet)
