"""Origins of the hole: every mask source, and filters."""

from gi.repository import Gegl, Gimp
from inpaint_plugin.recipe import recipe_of
from scene import (
    HEIGHT,
    SELECTED,
    WIDTH,
    add_layer,
    answer,
    channel,
    erase,
    expected_for,
    get,
    get_on_canvas,
    inpaint,
    is_answer,
    new_image,
    photo,
    planned,
    refusal,
    same,
    select,
    selection,
    visible,
)

from inpaintd_protocol.rectangle import Rectangle


def case_transparency_keeps_the_colour_under_it():
    image, layer = photo()
    original = get(layer)
    select(image)
    layer.edit_clear()
    Gimp.Selection.none(image)
    assert set(get_on_canvas(layer, SELECTED)[3::4]) == {0}
    new = inpaint(image, layer, model="identity")
    assert recipe_of(new).mask_source == "automatic"
    same(visible(image), original, "identity over what was erased")


def case_transparency_is_the_mask_without_a_selection():
    image, layer = photo()
    erase(layer, SELECTED)
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), SELECTED)
    is_answer(inpaint(image, layer), answer(get_on_canvas(layer, rectangle), rectangle))


def case_selection_goes_before_transparency():
    image, layer = photo()
    erase(layer, Rectangle(10, 10, 20, 20))
    select(image)
    expected = expected_for(image, layer)
    is_answer(inpaint(image, layer), expected)


def case_mask_source_overrides():
    image, layer = photo()
    erase(layer, Rectangle(10, 10, 20, 20))
    select(image)
    new = inpaint(image, layer, mask_source="transparency")
    assert set(get_on_canvas(new, Rectangle(10, 10, 20, 20))[3::4]) == {255}
    assert set(get_on_canvas(new, SELECTED)[3::4]) == {0}


def case_layer_mask_is_the_mask():
    image, layer = photo()
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    buffer = mask.get_buffer()
    buffer.set(Gegl.Rectangle.new(*SELECTED), "Y u8", b"\0" * (SELECTED.width * SELECTED.height))
    buffer.flush()
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), SELECTED)
    hidden = get(mask, *rectangle, fmt="Y u8").translate(bytes(range(255, -1, -1)))
    expected = answer(get_on_canvas(layer, rectangle), rectangle, hidden)
    is_answer(inpaint(image, layer), expected)


def case_editing_the_layer_mask_means_its_layer():
    image, layer = photo()
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    select(image)
    expected = expected_for(image, layer)
    is_answer(inpaint(image, mask), expected)


def _float(opacity):
    image, layer = photo()
    original = get(layer)
    select(image)
    floating = Gimp.Selection.float(image, [layer], 0, 0)
    floating.set_opacity(opacity)
    share = 255 if opacity == 100 else int(255 * (1 - opacity / 100) + 0.5)
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), SELECTED)
    rows = []
    for y in range(rectangle.y, rectangle.bottom):
        for x in range(rectangle.x, rectangle.right):
            inside = SELECTED.x <= x < SELECTED.right and SELECTED.y <= y < SELECTED.bottom
            rows.append(share if inside else 0)
    source = add_layer(new_image(), original)
    expected = answer(get_on_canvas(source, rectangle), rectangle, bytes(rows))
    new = inpaint(image, floating)
    is_answer(new, expected)
    assert image.get_floating_sel() is not None, "the floating selection is the user's own"
    return image, new


def case_floating_selection():
    _float(100)


def case_floating_selection_half_transparent():
    _image, new = _float(50)
    assert set(get_on_canvas(new, SELECTED)[3::4]) == {255}


def case_quick_mask_is_taken_as_the_selection():
    image, layer = photo()
    quick = channel(image, "Qmask", SELECTED)
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), SELECTED)
    expected = answer(
        get_on_canvas(layer, rectangle), rectangle, get(quick, *rectangle, fmt="Y u8")
    )
    is_answer(inpaint(image, quick), expected)


def case_quick_mask_keeps_its_greys():
    image, layer = photo()
    quick = channel(image, "Qmask", SELECTED)
    greys = bytes(range(1, 201)) * 10
    buffer = quick.get_buffer()
    buffer.set(Gegl.Rectangle.new(*SELECTED), "Y' u8", greys)
    buffer.flush()
    # what GIMP itself makes of it when the Quick Mask is left
    image.select_item(Gimp.ChannelOps.REPLACE, quick)
    same(selection(image, SELECTED), greys, "the selection")
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), SELECTED)
    expected = answer(get_on_canvas(layer, rectangle), rectangle, selection(image, rectangle))
    Gimp.Selection.none(image)
    is_answer(inpaint(image, quick), expected)


def case_quick_mask_over_several_layers_asks_which():
    image, _layer = photo()
    add_layer(image)
    said = refusal(image, [channel(image, "Qmask", SELECTED)])
    assert "Quick Mask" in said and "Shift+Q" in said, said


def case_filters_are_part_of_what_is_seen():
    image, layer = photo()
    layer.append_filter(Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", ""))
    before = visible(image)
    select(image)
    inpaint(image, layer, model="identity")
    same(visible(image), before, "identity over a filtered layer")
    assert len(Gimp.get_images()) == 1, "the hidden image is still there"
    assert len(layer.get_filters()) == 1


def case_filters_of_a_group():
    image = new_image()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    add_layer(image, parent=group)
    group.append_filter(Gimp.DrawableFilter.new(group, "gegl:invert-gamma", ""))
    before = visible(image)
    select(image)
    inpaint(image, group, model="identity")
    same(visible(image), before, "identity over a filtered group")
