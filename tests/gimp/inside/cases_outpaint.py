"""Outpaint: the canvas grows, the layer stays, and what is new is filled as one undo step."""

from gi.repository import Gimp
from inpaint_plugin.recipe import recipe_of
from scene import (
    U8,
    U16,
    add_layer,
    call,
    get,
    get_on_canvas,
    names,
    new_image,
    noise,
    photo,
    refusal,
    same,
    visible,
)

from inpaintd_protocol.rectangle import Rectangle

COMMAND = "inpaintd-outpaint"
WIDTH, HEIGHT = 320, 240
WHOLE = Rectangle(0, 0, WIDTH, HEIGHT)


def outpaint(image, layer, **arguments):
    return call(COMMAND, image, [layer], **{"model": "noise", "seed": 7, **arguments})


def size_of(image):
    return image.get_width(), image.get_height()


def case_each_side_grows_by_itself():
    image, layer = photo(alpha=False)
    before = get(layer)
    made = outpaint(image, layer, left=40, right=8, top=24, bottom=16)
    assert size_of(image) == (WIDTH + 48, HEIGHT + 40)
    _, x, y = layer.get_offsets()
    assert (x, y) == (40, 24)
    same(get(layer), before, "the layer")
    place = WHOLE.moved(40, 24)
    alpha = get_on_canvas(made, place)[3::4]
    assert not any(alpha), "the new layer covers the old one"
    assert min(visible(image)[3::4]) == 255, "something of the new canvas is not filled"
    same(get(layer), before)


def case_the_present_canvas_beyond_the_layer():
    image = new_image(size=(400, 300))
    layer = add_layer(image, noise(WIDTH, HEIGHT), size=(WIDTH, HEIGHT), offset=(30, 20))
    before = get(layer)
    made = outpaint(image, layer)
    assert size_of(image) == (400, 300)
    same(get(layer), before)
    assert min(visible(image)[3::4]) == 255
    assert names(image.get_layers()) == ["Inpaint", "photo"]
    assert recipe_of(made).settings.seed == 7


def case_a_deep_picture_stays_deep():
    image = new_image(precision=Gimp.Precision.U16_NON_LINEAR)
    data = noise(WIDTH, HEIGHT, samples="u16")
    layer = add_layer(image, data, U16, alpha=False)
    made = outpaint(image, layer, bottom=20)
    same(get(layer, fmt=U16), data, "the layer")
    low = get(made, fmt=U16)[:2000:2]
    assert len(set(low)) > 100, "the new part has 8 bits only"


def case_several_variants_cover_the_same():
    image, layer = photo(alpha=False)
    group = outpaint(image, layer, left=25, count=3)
    assert group.is_group()
    assert len(group.get_children()) == 3
    places = {tuple(item.get_offsets()[1:]) for item in group.get_children()}
    assert len(places) == 1
    assert size_of(image) == (WIDTH + 25, HEIGHT)


def case_the_border_is_carried_outwards_for_engines_that_look():
    image = new_image()
    colour = bytes((10, 200, 30, 255))
    layer = add_layer(image, colour * (WIDTH * HEIGHT), alpha=False)
    made = outpaint(image, layer, right=16, model="identity")
    part = Rectangle(WIDTH, 0, 16, HEIGHT)
    same(get_on_canvas(made, part), colour * (16 * HEIGHT), "the new part")


def case_again_fills_the_same_part_anew():
    image, layer = photo(alpha=False)
    made = outpaint(image, layer, left=40)
    shape = get(made, fmt=U8)[3::4]
    seen = visible(image)
    again = call("inpaintd-again", image, [made])
    assert size_of(image) == (WIDTH + 40, HEIGHT), "the canvas has grown again"
    assert names(image.get_layers()) == ["Inpaint", "photo"]
    same(get(again, fmt=U8)[3::4], shape, "the hole")
    assert visible(image) != seen, "the same seed"


def case_nothing_outside_is_said():
    image, layer = photo()
    said = refusal(image, [layer], COMMAND)
    assert "nothing to fill" in said, said
    assert size_of(image) == (WIDTH, HEIGHT)


def case_a_failed_fill_leaves_the_canvas_alone():
    image, layer = photo()
    before = visible(image)
    refusal(image, [layer], COMMAND, left=30, model="no such model")
    assert size_of(image) == (WIDTH, HEIGHT)
    same(visible(image), before)
