"""Stages with masks of their own: what may change, and what the engine gets to see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inpaintd.engine import Task
from inpaintd.pipeline.layer import plane_of, samples_of, to_samples
from inpaintd.pipeline.run import run
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, Inpaint
from inpaintd_protocol.settings import Settings, Stage
from tests.pipeline.pictures import laid_over, photo
from tests.synthetic_engines import Synthetic

STAGES = (Stage("inpaint"), Stage(), Stage("inpaint"))


def box(rows: slice, columns: slice, value: float = 1.0) -> Any:
    mask = np.zeros((90, 101), np.float32)
    mask[rows, columns] = value
    return mask


OWN = box(slice(30, 50), slice(40, 70))
SECOND = box(slice(45, 80), slice(60, 90), 0.6)
THIRD = box(slice(3, 6), slice(2, 7))


def engine(*, honours: frozenset[str] = frozenset({"seed", "stages", "infill"})) -> Synthetic:
    """White noise everywhere."""

    def change(task: Task) -> Any:
        return np.random.default_rng(task.seed).random(task.colour.shape, np.float32)

    return Synthetic(change, honours=honours)


def filled(layer: Any, one: Synthetic, *masks: Any, **changes: Any) -> Finished:
    def plane(mask: Any) -> Any:
        return None if mask is None else plane_of(to_samples(mask, layer.dtype))

    settings = Settings(seed=1, stages=STAGES, **changes)
    request = Inpaint(
        "r", plane_of(layer), settings, (30, 40), plane(OWN), stage_masks=tuple(map(plane, masks))
    )
    return run(request, one, lambda _: None)


@pytest.mark.parametrize("depth", ["u8", "u16", "f32"])
@pytest.mark.parametrize("area", ["masked", "whole"])
def test_what_any_mask_shows_may_change_and_nothing_else(depth: str, area: str) -> None:
    layer = photo(90, 101, depth)
    answer = filled(layer, engine(), SECOND, None, THIRD, area=area)
    together = np.maximum(np.maximum(OWN, SECOND), THIRD)
    changed = (laid_over(layer, answer.layers[0]) != layer).any(axis=2)
    assert not changed[together == 0].any()
    assert changed[together > 0].mean() > 0.99
    x, y = answer.mask_offset[0] - 30, answer.mask_offset[1] - 40
    used = samples_of(answer.mask)[..., 0]
    expected = to_samples(together, layer.dtype)
    assert (used == expected[y : y + used.shape[0], x : x + used.shape[1]]).all()


def test_the_engine_gets_each_mask_as_it_is() -> None:
    one = engine()
    filled(photo(90, 101, "f32"), one, SECOND, None, THIRD, area="whole")
    ((task,),) = one.calls
    assert (task.mask == OWN).all()
    second, without, third = task.stage_masks
    assert without is None
    assert (second == SECOND).all()
    assert (third == THIRD).all()
    assert task.source is not None
    assert not task.source[(OWN > 0) | (SECOND > 0) | (THIRD > 0)].any()


def test_infill_and_grow_concern_the_requests_own_mask() -> None:
    layer, one = photo(90, 101, "f32"), engine()
    filled(layer, one, SECOND, None, THIRD, area="whole", infill="average", grow_pixels=2)
    ((task,),) = one.calls
    grown = task.mask > 0
    assert grown.sum() > (OWN > 0).sum()
    assert (task.colour == layer)[~grown].all()
    assert (task.colour != layer)[grown].any(axis=1).all()
    assert (task.stage_masks[0] == SECOND).all()


def test_an_engine_without_stages_drops_none_of_them() -> None:
    with pytest.raises(InpaintError, match="cannot do the further passes"):
        filled(photo(90, 101, "u8"), engine(honours=frozenset({"seed"})), SECOND, None, THIRD)


def test_masks_that_do_not_fit_are_refused() -> None:
    layer = photo(90, 101, "u8")
    with pytest.raises(InpaintError, match="2 masks for 3 stages"):
        filled(layer, engine(), SECOND, None)
    with pytest.raises(InpaintError, match="The mask has 50 × 90 pixels"):
        filled(layer, engine(), SECOND[:, :50], None, None)
