"""A selection becomes a layer."""

from gi.repository import Gimp
from inpaint_plugin.recipe import recipe_of
from scene import (
    HEIGHT,
    REPLACE,
    WIDTH,
    add_layer,
    call,
    expected_for,
    get,
    inpaint,
    is_answer,
    names,
    new_image,
    outside_unchanged,
    photo,
    put,
    same,
    select,
    selection,
    visible,
)

from inpaintd_protocol.rectangle import Rectangle


def case_selection_becomes_a_layer():
    image, layer = photo(alpha=False)
    select(image)
    before, kept = visible(image), get(layer)
    expected = expected_for(image, layer)
    new = inpaint(image, layer, prompt="a meadow")
    is_answer(new, expected)
    same(get(layer), kept, "the source layer")
    outside_unchanged(before, visible(image), image)
    assert names(image.get_layers()) == ["Inpaint: a meadow", "photo"]
    assert names(image.get_selected_layers()) == ["Inpaint: a meadow"]
    assert not Gimp.Selection.is_empty(image), "the selection is the user's own"


def case_feathered_selection_keeps_its_greys():
    image, layer = photo()
    select(image)
    Gimp.Selection.feather(image, 12)
    greys = set(selection(image, Rectangle(0, 0, WIDTH, HEIGHT)))
    assert len(greys) > 20, "the selection is not soft"
    _, _, left, top, right, bottom = Gimp.Selection.bounds(image)
    before = visible(image)
    expected = expected_for(image, layer, Rectangle(left, top, right - left, bottom - top))
    is_answer(inpaint(image, layer), expected)
    outside_unchanged(before, visible(image), image)


def case_whole_layer_without_context_settings():
    image, layer = photo()
    select(image)
    expected = expected_for(image, layer, area="whole")
    is_answer(inpaint(image, layer, area="whole"), expected)


def case_content_aware_fill():
    size = (200, 160)
    rows = b"".join(
        bytes((40 + x // 2, 200 - x // 2, 60, 255)) * 1 for _ in range(160) for x in range(200)
    )
    image = new_image(size=size)
    layer = add_layer(image, rows, size=size)
    put_square = bytearray(rows)
    for y in range(70, 90):
        put_square[(y * 200 + 90) * 4 : (y * 200 + 110) * 4] = bytes((255, 0, 255, 255)) * 20
    put(layer, put_square)
    image.select_rectangle(REPLACE, 85, 65, 30, 30)
    new = call("inpaintd-fill", image, [layer])
    assert recipe_of(new).model == "patches"
    seen = visible(image)
    for y in range(66, 94):
        for x in range(86, 114):
            red, green, blue, _ = seen[(y * 200 + x) * 4 : (y * 200 + x) * 4 + 4]
            assert blue < 120 and abs(red - 40 - x // 2) < 40, (x, y, red, green, blue)
