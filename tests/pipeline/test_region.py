from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from inpaintd.geometry import bounds
from inpaintd.pipeline.plan import WorkSizes, region_for
from inpaintd.pipeline.region import regions_of
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled
from tests.pipeline.pictures import masks

sizes = st.builds(
    WorkSizes, native_side=st.sampled_from([None, 32, 64]), multiple=st.sampled_from([1, 8])
)


@given(
    masks(sides=(1, 300)),
    st.integers(0, 40),
    st.sampled_from([0, 0.5, 2]),
    sizes,
)
def test_regions_hold_all_of_the_hole_and_share_no_pixel(
    mask: Any, context_pixels: int, factor: float, sizes: WorkSizes
) -> None:
    hole = mask > 0
    extent = Rectangle(0, 0, mask.shape[1], mask.shape[0])
    settings = Settled(context_pixels=context_pixels, context_factor=factor)
    regions = regions_of(hole, (0, 0), extent, settings, sizes)
    count = np.zeros(mask.shape, int)
    for region in regions:
        assert extent.contains(region)
        assert hole[region.y : region.bottom, region.x : region.right].any()
        count[region.y : region.bottom, region.x : region.right] += 1
    assert count.max(initial=0) <= 1
    assert (count[hole] == 1).all()


@given(masks(sides=(1, 300)), st.integers(0, 40), sizes)
def test_regions_lie_inside_what_was_planned(
    mask: Any, context_pixels: int, sizes: WorkSizes
) -> None:
    hole = mask > 0
    assume(hole.any())
    settings = Settled(context_pixels=context_pixels)
    canvas = Rectangle(-700, -600, 2000, 2000)
    planned = region_for(bounds(hole), canvas, settings, sizes)
    regions = regions_of(hole, (0, 0), planned, settings, sizes)
    assert all(planned.contains(region) for region in regions)
    if len(regions) == 1:
        assert regions == [planned]


def test_two_spots_in_two_corners_stay_two() -> None:
    hole = np.zeros((3000, 4000), bool)
    hole[:10, :10] = hole[-7:, -9:] = True
    extent = Rectangle(0, 0, 4000, 3000)
    assert regions_of(hole, (0, 0), extent, Settled(), WorkSizes()) == [
        Rectangle(0, 0, 138, 138),
        Rectangle(4000 - 137, 3000 - 135, 137, 135),
    ]


def test_the_whole_area_is_one_region() -> None:
    hole = np.ones((1, 1), bool)
    extent = Rectangle(0, 0, 90, 80)
    assert regions_of(hole, (4, 4), extent, Settled(area="whole"), WorkSizes()) == [extent]


def test_thousands_of_specks_without_context_stay_apart() -> None:
    """Each against each would take minutes."""
    hole = np.zeros((800, 800), bool)
    hole[4::8, 4::8] = True
    extent = Rectangle(0, 0, 800, 800)
    settings = Settled(context_pixels=0, context_factor=0)
    assert len(regions_of(hole, (0, 0), extent, settings, WorkSizes())) == 10_000
    sampled = Settled(context_pixels=0, context_factor=0, sampling_pixels=20)
    assert regions_of(hole, (0, 0), extent, sampled, WorkSizes()) == [extent]


def test_a_thousand_specks_cost_no_more_than_one_hole() -> None:
    rng = np.random.default_rng(0)
    hole = np.zeros((4000, 4000), bool)
    hole[rng.integers(0, 4000, 1000), rng.integers(0, 4000, 1000)] = True
    extent = Rectangle(0, 0, 4000, 4000)
    regions = regions_of(hole, (0, 0), extent, Settled(), WorkSizes())
    assert 1 <= len(regions) < 100
