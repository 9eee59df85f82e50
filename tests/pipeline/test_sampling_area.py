"""A sampling area sent with a request: what the engine gets, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inpaintd.pipeline.layer import plane_of, to_samples
from inpaintd.pipeline.plan import WorkSizes, region_for
from inpaintd.pipeline.run import run
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, Inpaint
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings, Settled
from tests.pipeline.pictures import photo
from tests.synthetic_engines import Synthetic

HONOURED = frozenset({"seed", "sampling_pixels"})


def box(rows: slice, columns: slice) -> Any:
    area = np.zeros((300, 400), np.float32)
    area[rows, columns] = 1
    return area


HOLE = box(slice(20, 40), slice(20, 50))
FAR = box(slice(240, 280), slice(300, 390))


def filled(area: Any, honours: frozenset[str] = HONOURED) -> tuple[Synthetic, Finished]:
    layer, engine = photo(300, 400, "u8"), Synthetic(lambda task: task.colour, honours=honours)
    planes = [plane_of(to_samples(np.float32(mask), layer.dtype)) for mask in (HOLE, area)]
    settings = Settings(seed=1, context_pixels=8)
    request = Inpaint("r", plane_of(layer), settings, mask=planes[0], sampling=planes[1])
    return engine, run(request, engine, lambda _: None)


def test_the_engine_sees_the_whole_area_however_far_it_is() -> None:
    engine, _ = filled(FAR)
    ((task,),) = engine.calls
    assert task.sampling is not None
    assert np.count_nonzero(task.sampling) == np.count_nonzero(FAR)
    assert np.count_nonzero(task.mask) == np.count_nonzero(HOLE)


def test_soft_edges_count_from_one_half() -> None:
    engine, _ = filled(FAR * 0.4 + HOLE * 0.6)
    ((task,),) = engine.calls
    assert (task.sampling == (task.mask > 0)).all()


def test_an_engine_that_ignores_it_sees_nothing_of_it_and_a_notice_says_so() -> None:
    engine, answer = filled(FAR, frozenset({"seed"}))
    ((task,),) = engine.calls
    assert task.sampling is None
    assert task.mask.shape < (240, 300)
    assert ["sampling area" in notice.message for notice in answer.warnings] == [True]


@pytest.mark.parametrize("area", [np.zeros((300, 400)), np.ones((300, 399))])
def test_an_empty_area_and_one_of_another_size_are_refused(area: Any) -> None:
    with pytest.raises(InpaintError) as caught:
        filled(area)
    assert caught.value.code in ("empty_mask", "size_mismatch")


def test_the_planned_rectangle_contains_hole_and_area_and_no_more() -> None:
    extent, sampling = Rectangle(0, 0, 4000, 3000), Rectangle(2000, 100, 50, 60)
    hole, settings = Rectangle(100, 100, 20, 20), Settled(context_pixels=10, context_factor=0)
    planned = region_for(hole, extent, settings, WorkSizes(), sampling)
    assert planned == Rectangle(90, 90, 1960, 70)
    assert region_for(hole, planned, settings, WorkSizes(), sampling) == planned
    beside = Rectangle(-500, 0, 100, 100)
    without = region_for(hole, extent, settings, WorkSizes())
    assert region_for(hole, extent, settings, WorkSizes(), beside) == without
