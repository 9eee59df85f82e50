"""The invariants of the paste-back, on real pixels, against engines with a known fault."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inpaintd.engine import Task
from inpaintd.pipeline.layer import samples_of, to_float, to_samples
from tests.pipeline.pictures import depths, filled, laid_over, masks, photo, with_alpha
from tests.synthetic_engines import constant_offset, flat, identity, noise, smooth_bias


@given(masks(), depths, st.booleans(), st.booleans(), st.sampled_from(["layer", "masked"]))
def test_kept_pixels_are_bit_exact(
    mask: Any, depth: str, as_alpha: bool, soft: bool, output: str
) -> None:
    assume((mask > 0.002).any())
    colour = photo(*mask.shape, depth)
    layer = with_alpha(colour, mask) if as_alpha else colour
    answer = filled(layer, noise(soft=soft), None if as_alpha else mask, output=output)
    used = 1 - to_float(layer[..., 3]) if as_alpha else to_samples(mask, colour.dtype)
    unchanged = used == 0
    (result,) = answer.layers
    if output == "layer":
        shown = laid_over(layer, result)
        assert (shown == colour)[unchanged].all()
        assert (samples_of(result.pixels)[..., 3] > 0).sum() == (~unchanged).sum()
    else:
        assert result.mask is not None
        weight = samples_of(result.mask)[..., 0]
        x, y = result.offset[0] - 30, result.offset[1] - 40
        window = unchanged[y : y + weight.shape[0], x : x + weight.shape[1]]
        assert (weight[window] == 0).all()


@given(masks(), depths, st.booleans(), st.booleans())
def test_the_identity_gives_back_the_input(
    mask: Any, depth: str, soft: bool, match_colour: bool
) -> None:
    assume((mask > 0.002).any())
    colour = photo(*mask.shape, depth)
    engine = identity(soft=soft)
    answer = filled(colour, engine, mask, match_colour=match_colour)
    assert (laid_over(colour, answer.layers[0]) == colour).all()


@given(masks(), depths, st.booleans())
def test_nothing_shines_through_a_hard_selection(mask: Any, depth: str, soft: bool) -> None:
    mask = np.where(mask > 0, np.float32(1), np.float32(0))
    colour = photo(*mask.shape, depth)
    other = np.roll(colour[::-1], 3, axis=2)[..., ::-1].copy()
    engines = [noise(soft=soft) for _ in range(2)]
    one = filled(colour, engines[0], mask, match_colour=False)
    # Only under the hole do the two sources differ.
    two = filled(np.where(mask[..., None] > 0, other, colour), engines[1], mask, match_colour=False)
    a, b = samples_of(one.layers[0].pixels), samples_of(two.layers[0].pixels)
    assert (a == b)[a[..., 3] > 0].all()


@given(depths, st.booleans())
@settings(max_examples=12)
def test_between_the_new_colour_grows_with_the_mask(depth: str, soft: bool) -> None:
    mask = np.linspace(0, 1, 97, dtype=np.float32)[None].repeat(5, axis=0)
    black = np.zeros((5, 97, 3), photo(1, 1, depth).dtype)
    answer = filled(black, flat(1, 1, 1, soft=soft), mask, match_colour=False)
    weight = to_float(laid_over(black, answer.layers[0]))[2, :, 0]
    assert (np.diff(weight) >= 0).all()
    if soft:
        assert weight[0] == 0
        assert (weight[mask[2] >= 0.26] == 1).all()
    else:
        assert np.abs(weight - mask[2]).max() < 1.5 / 255


@pytest.mark.parametrize("depth", ["u8", "u16", "f32"])
@pytest.mark.parametrize("offset", [5 / 255, -20 / 255, 0.2])
def test_a_constant_shift_is_taken_off(depth: str, offset: float) -> None:
    colour = photo(200, 220, depth)
    mask = np.zeros((200, 220), np.float32)
    mask[70:130, 60:150] = 1
    shown = laid_over(colour, filled(colour, constant_offset(offset), mask).layers[0])
    assert _error(shown, colour, depth) < 0.51 / 255
    raw = filled(colour, constant_offset(offset), mask, match_colour=False)
    assert _error(laid_over(colour, raw.layers[0]), colour, depth) > abs(offset) / 2


@pytest.mark.parametrize("place", [(70, 60), (0, 0), (140, 130), (0, 60)])
def test_a_smooth_bias_is_taken_off(place: tuple[int, int]) -> None:
    colour = photo(200, 220, "u16")
    y, x = place
    mask = np.zeros((200, 220), np.float32)
    mask[y : y + 60, x : x + 90] = 1
    shown = laid_over(colour, filled(colour, smooth_bias(), mask).layers[0])
    error = np.abs(to_float(shown) - to_float(colour))
    # At a corner the bias is not enclosed but has to be continued outwards.
    assert error.max() < 2 / 255
    assert error[mask > 0].mean() < 0.5 / 255


def test_a_slanted_bias_is_continued_into_a_corner() -> None:
    colour = photo(200, 220, "f32")
    mask = np.zeros((200, 220), np.float32)
    mask[:60, :90] = 1
    engine = identity()

    def slanted(task: Task) -> Any:
        slope = np.linspace(-8 / 255, 8 / 255, task.mask.shape[1], dtype=np.float32)
        return task.colour + slope[None, :, None]

    engine.change = slanted
    shown = laid_over(colour, filled(colour, engine, mask).layers[0])
    assert np.abs(shown - colour).max() < 0.6 / 255


def test_nothing_of_a_lost_colour_shines_through() -> None:
    mask = np.zeros((60, 60), np.float32)
    mask[20:40, 20:40] = 1
    layer = with_alpha(photo(60, 60, "u8"), mask)
    layer[mask > 0] = (0, 0, 0, 1)
    shown = laid_over(layer, filled(layer, flat(1, 1, 1), match_colour=False).layers[0])
    assert (shown[mask > 0] == 255).all()


def test_texture_is_no_colour_shift() -> None:
    colour = photo(200, 220, "f32")
    mask = np.zeros((200, 220), np.float32)
    mask[70:130, 60:150] = 1
    grain = np.random.default_rng(3).normal(0, 8 / 255, colour.shape).astype(np.float32)
    engine = identity()
    engine.change = lambda task: task.colour + grain[: task.mask.shape[0], : task.mask.shape[1]]
    shown = laid_over(colour, filled(colour, engine, mask, area="whole").layers[0])
    left = (shown - colour)[mask > 0] - grain[mask > 0]
    assert np.sqrt((left**2).mean()) < 1 / 255


def test_a_gradient_in_16_bits_keeps_all_its_levels() -> None:
    ramp = np.linspace(10_000, 14_000, 400).astype(np.uint16)
    colour = np.broadcast_to(ramp[None, :, None], (40, 400, 3)).copy()
    mask = np.zeros((40, 400), np.float32)
    mask[5:35, 5:395] = 1
    shown = laid_over(colour, filled(colour, smooth_bias(0.0), mask).layers[0])
    assert len(np.unique(shown[20])) == len(np.unique(ramp))
    assert (shown == colour).all()


def _error(shown: Any, colour: Any, depth: str) -> float:
    return float(np.abs(to_float(shown) - to_float(colour)).max())
