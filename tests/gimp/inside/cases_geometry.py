"""Offsets, sizes, groups, locks."""

from gi.repository import Gimp
from scene import (
    HEIGHT,
    WIDTH,
    add_layer,
    expected_for,
    inpaint,
    is_answer,
    names,
    new_image,
    outside_unchanged,
    photo,
    select,
    visible,
)

from inpaintd_protocol.rectangle import Rectangle


def case_small_layer_with_an_offset():
    image, layer = photo(size=(150, 120), offset=(90, 60))
    select(image, Rectangle(60, 80, 70, 40))  # half of it outside the layer
    before = visible(image)
    expected = expected_for(image, layer, Rectangle(60, 80, 70, 40))
    new = inpaint(image, layer)
    is_answer(new, expected)
    _, x, y = new.get_offsets()
    assert x >= 90
    assert y >= 60
    assert x + new.get_width() <= 240
    assert y + new.get_height() <= 180
    after = visible(image)
    for i in range(WIDTH * HEIGHT):
        x, y = i % WIDTH, i // WIDTH
        if not (90 <= x < 130 and 80 <= y < 120):
            assert before[i * 4 : i * 4 + 4] == after[i * 4 : i * 4 + 4], (x, y)


def case_layer_larger_than_the_canvas():
    image, layer = photo(size=(WIDTH + 200, HEIGHT + 160), offset=(-100, -80))
    select(image, Rectangle(0, 0, 40, 30))
    before = visible(image)
    expected = expected_for(image, layer, Rectangle(0, 0, 40, 30))
    assert expected.offset[0] <= 0, "the context beyond the canvas is not used"
    is_answer(inpaint(image, layer), expected)
    outside_unchanged(before, visible(image), image)


def case_in_a_group_the_layer_stays_in_it():
    image = new_image()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    layer = add_layer(image, parent=group)
    select(image)
    expected = expected_for(image, layer)
    new = inpaint(image, layer)
    is_answer(new, expected)
    assert names(group.get_children()) == ["Inpaint", "photo"]


def case_a_group_is_read_as_it_looks():
    image = new_image()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    layer = add_layer(image, parent=group)
    layer.set_opacity(100)
    select(image)
    expected = expected_for(image, layer)
    new = inpaint(image, group)
    is_answer(new, expected)
    assert names(image.get_layers()) == ["Inpaint", "group"]


def case_locked_layer_and_locked_group():
    image = new_image()
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    layer = add_layer(image, parent=group)
    layer.set_lock_content(True)
    layer.set_lock_position(True)
    group.set_lock_content(True)
    select(image)
    expected = expected_for(image, layer)
    is_answer(inpaint(image, layer), expected)
    is_answer(inpaint(image, layer, output="masked"), answer_masked(image, layer))


def answer_masked(image, layer):
    return expected_for(image, layer, output="masked")
