"""Selecting objects: what is sent, what becomes of the answer, and what is refused.

The daemon has a SAM 2 with random weights, so that only the way to it and back is looked at.
"""

from gi.repository import Gimp
from inpaint_plugin.object_marks import Marks, clicks_of
from scene import (
    GRAY,
    U16,
    add_layer,
    call,
    get,
    new_image,
    noise,
    refusal,
    same,
    select,
    selection,
)

from inpaintd_protocol.client import connect
from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

SELECT, SNAP = "inpaintd-select-object", "inpaintd-snap-selection"
SIZE = WIDTH, HEIGHT = 120, 90
ROUGH = Rectangle(40, 20, 50, 40)
PICTURE = noise(*SIZE)


def scene(offset=(0, 0), canvas=SIZE, **options):
    image = new_image(size=canvas)
    return image, add_layer(image, PICTURE, size=SIZE, offset=offset, **options)


def found(prompt, offset=(0, 0), rough=None, **settings):
    """The mask that the daemon finds in the picture."""
    mask = rough and Plane(WIDTH, HEIGHT, 1, "u8", bytes(rough))
    with connect(name="a test") as client:
        answer = client.mask(
            Plane(WIDTH, HEIGHT, 4, "u8", PICTURE),
            Settings(**settings),
            offset=offset,
            mask=mask,
            object_prompt=prompt,
        )
    assert any(answer.mask.data), "the test picks a place where nothing is found"
    return bytes(answer.mask.data)


def case_clicks_of_a_script():
    image, layer = scene()
    made = call(SELECT, image, [layer], clicks="60,40", not_clicks="5,5 110,80.5")
    assert made.get_id() == image.get_selection().get_id()
    clicks = (Click(60, 40), Click(5, 5, inside=False), Click(110, 80.5, inside=False))
    same(selection(image, Rectangle(0, 0, *SIZE)), found(ObjectPrompt(clicks)))


def case_the_place_of_a_layer_counts():
    image, layer = scene(offset=(30, 20), canvas=(200, 150))
    call(SELECT, image, [layer], clicks="90,60", part="whole")
    expected = found(ObjectPrompt((Click(60, 40),), choice=2))
    same(selection(image, Rectangle(30, 20, *SIZE)), expected)
    assert not any(selection(image, Rectangle(0, 0, 200, 20))), "outside the layer"


def case_a_rough_selection_in_one_call():
    image, layer = scene()
    select(image, ROUGH)
    rough = selection(image, Rectangle(0, 0, *SIZE))
    call(SNAP, image, [layer])
    same(selection(image, Rectangle(0, 0, *SIZE)), found(ObjectPrompt(rough=True), rough=rough))


def case_without_clicks_the_selection_counts():
    image, layer = scene()
    select(image, ROUGH)
    rough = selection(image, Rectangle(0, 0, *SIZE))
    call(SELECT, image, [layer])
    same(selection(image, Rectangle(0, 0, *SIZE)), found(ObjectPrompt(rough=True), rough=rough))


def case_the_edge_is_shaped():
    image, layer = scene()
    call(SELECT, image, [layer], clicks="60,40", grow_pixels=3, feather_pixels=4)
    expected = found(ObjectPrompt((Click(60, 40),)), grow_pixels=3, feather_pixels=4)
    same(selection(image, Rectangle(0, 0, *SIZE)), expected)


def case_a_layer_mask_and_a_channel():
    expected = found(ObjectPrompt((Click(60, 40),)))
    image, layer = scene()
    mask = call(SELECT, image, [layer], clicks="60,40", result="layer-mask")
    assert mask.get_id() == layer.get_mask().get_id()
    same(get(mask, fmt="Y u8"), expected)
    assert Gimp.Selection.is_empty(image)
    made = call(SELECT, image, [layer], clicks="60,40", result="channel")
    assert made.get_name() == "Mask: Object"
    assert [layer.get_id()] == [item.get_id() for item in image.get_selected_layers()]


def case_combined_with_the_selection():
    image, layer = scene()
    select(image, ROUGH)
    before = selection(image, Rectangle(0, 0, *SIZE))
    call(SELECT, image, [layer], clicks="60,40", combination="subtract")
    mask = found(ObjectPrompt((Click(60, 40),)))
    expected = bytes(max(0, a - b) for a, b in zip(before, mask, strict=True))
    same(selection(image, Rectangle(0, 0, *SIZE)), expected)


def case_other_precisions_and_grey():
    for base, precision, data, fmt in (
        (Gimp.ImageBaseType.RGB, Gimp.Precision.U16_NON_LINEAR, noise(*SIZE, samples="u16"), U16),
        (Gimp.ImageBaseType.RGB, Gimp.Precision.FLOAT_LINEAR, PICTURE, "R'G'B'A u8"),
        (GRAY, Gimp.Precision.U8_NON_LINEAR, PICTURE, "R'G'B'A u8"),
    ):
        image = new_image(base, precision, SIZE)
        layer = add_layer(image, data, fmt, size=SIZE)
        call(SELECT, image, [layer], clicks="60,40")
        assert any(selection(image, Rectangle(0, 0, *SIZE)))


def case_nothing_indicates_an_object():
    image, layer = scene()
    assert "not clear which object" in refusal(image, [layer], SNAP)
    assert "not clear which object" in refusal(image, [layer], SELECT)
    said = refusal(image, [layer], SELECT, clicks="60;40")
    assert "120,80 200,95" in said, said


def case_marks_are_taken_back_one_by_one():
    click = Click(3, 4)
    marks = Marks(rough=True).with_mark(click).with_mark(Rectangle(1, 2, 3, 4))
    assert marks.mean_something
    assert marks.prompt("smallest") == ObjectPrompt((click,), (Rectangle(1, 2, 3, 4),), True, 0)
    marks = marks.without_last()
    assert marks == Marks((click,), True)
    assert marks.without_last() == Marks(rough=True)
    assert marks.without_last().without_last() == Marks()
    assert not Marks((Click(1, 1, inside=False),)).mean_something
    assert clicks_of("1,2 3.5,4", inside=True) == (Click(1, 2), Click(3.5, 4))
