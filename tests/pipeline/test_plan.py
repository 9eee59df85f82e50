import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintd.pipeline.plan import WorkSizes, region_for
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settled

extents = st.builds(
    Rectangle,
    st.integers(-500, 500),
    st.integers(-500, 500),
    st.integers(1, 3000),
    st.integers(1, 3000),
)
sizes = st.builds(
    WorkSizes,
    native_side=st.sampled_from([None, 64, 512, 1024]),
    multiple=st.sampled_from([1, 8, 16, 64]),
)
settings = st.builds(
    Settled,
    context_pixels=st.integers(0, 300),
    context_factor=st.floats(0, 8),
    grow_pixels=st.integers(-50, 50),
    feather_pixels=st.integers(0, 50),
)


@st.composite
def extents_with_bounds(draw: st.DrawFn) -> tuple[Rectangle, Rectangle]:
    extent = draw(extents)
    x, y = draw(st.integers(0, extent.width - 1)), draw(st.integers(0, extent.height - 1))
    width, height = draw(st.integers(1, extent.width - x)), draw(st.integers(1, extent.height - y))
    return extent, Rectangle(extent.x + x, extent.y + y, width, height)


@given(extents_with_bounds(), settings, sizes)
def test_the_rectangle_lies_inside_the_layer_and_holds_the_hole(
    places: tuple[Rectangle, Rectangle], settings: Settled, sizes: WorkSizes
) -> None:
    extent, bounds = places
    region = region_for(bounds, extent, settings, sizes)
    margin = max(0, settings.grow_pixels) + settings.feather_pixels
    assert extent.contains(region)
    assert region.contains(bounds.grown(margin).intersection(extent))


@given(extents_with_bounds(), settings, sizes)
def test_what_was_planned_is_what_is_used(
    places: tuple[Rectangle, Rectangle], settings: Settled, sizes: WorkSizes
) -> None:
    extent, bounds = places
    planned = region_for(bounds, extent, settings, sizes)
    assert region_for(bounds, planned, settings, sizes) == planned


@given(extents_with_bounds(), settings, sizes)
def test_sides_are_multiples_with_full_context_where_the_layer_allows(
    places: tuple[Rectangle, Rectangle], settings: Settled, sizes: WorkSizes
) -> None:
    extent, bounds = places
    region = region_for(bounds, extent, settings, sizes)
    margin = max(0, settings.grow_pixels) + settings.feather_pixels
    hole = bounds.grown(margin).intersection(extent)
    longer = max(hole.width, hole.height)
    context = max(settings.context_pixels, settings.context_factor * longer)
    for side, available, length in (
        (region.width, extent.width, hole.width),
        (region.height, extent.height, hole.height),
    ):
        wanted = max(length + 2 * context, (sizes.native_side or 0) // 2)
        if wanted + sizes.multiple <= available:
            assert side % sizes.multiple == 0
            assert wanted <= side
        # Only a hole that leaves no room for a multiple takes a side that is none.
        rounded = available // sizes.multiple * sizes.multiple
        assert side % sizes.multiple == 0 or (side == available and rounded < length)


def test_a_small_hole_needs_the_same_on_every_canvas() -> None:
    hole = Rectangle(200, 150, 200, 200)
    needed = {
        region_for(hole, Rectangle(0, 0, side, side), Settled(), WorkSizes())
        for side in (512, 2048, 8192, 100_000)
    }
    assert needed == {Rectangle(100, 50, 400, 400)}


def test_a_hole_at_the_edge_takes_its_context_from_the_other_side() -> None:
    region = region_for(Rectangle(0, 0, 10, 10), Rectangle(0, 0, 500, 500), Settled(), WorkSizes())
    assert region == Rectangle(0, 0, 138, 138)


@pytest.mark.parametrize(
    "settings", [Settled(area="whole"), Settled(invert=True), Settled(text_mask="cat")]
)
def test_some_settings_need_the_whole_layer(settings: Settled) -> None:
    extent = Rectangle(-3, 7, 999, 501)
    assert region_for(Rectangle(5, 9, 2, 2), extent, settings, WorkSizes(512, 64)) == extent


def test_a_selection_beside_the_layer_is_an_error() -> None:
    with pytest.raises(InpaintError) as caught:
        region_for(Rectangle(50, 0, 5, 5), Rectangle(0, 0, 50, 50), Settled(), WorkSizes())
    assert caught.value.code == "empty_mask"
    assert caught.value.hint
