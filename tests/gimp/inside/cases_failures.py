"""Failures, and changes made during a run."""

from pathlib import Path

from gi.repository import Gegl, Gimp
from scene import (
    SELECTED,
    WIDTH,
    add_layer,
    channel,
    erase,
    expected_for,
    get,
    inpaint,
    is_answer,
    names,
    photo,
    refusal,
    same,
    select,
    selection,
    visible,
)

from inpaintd_protocol.client import connect
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings


def case_nothing_selected_and_no_alpha():
    image, layer = photo(alpha=False)
    said = refusal(image, [layer])
    assert "Add Alpha Channel" in said and "Delete" in said, said


def case_nothing_selected_and_opaque():
    image, layer = photo()
    said = refusal(image, [layer])
    assert "Nothing is selected" in said and "Select" in said, said


def case_selection_outside_the_layer():
    image, layer = photo(size=(60, 50))
    select(image)
    assert "does not touch" in refusal(image, [layer])


def case_layer_outside_the_canvas():
    image, layer = photo(size=(60, 50), offset=(900, 900))
    assert "outside the canvas" in refusal(image, [layer])


def case_every_mask_source_that_is_not_there():
    image, layer = photo(alpha=False)
    for source, words in (
        ("selection", "Nothing is selected"),
        ("transparency", "no transparent pixels"),
        ("floating", "no floating selection"),
        ("layer-mask", "no layer mask"),
    ):
        said = refusal(image, [layer], mask_source=source)
        assert words in said, (source, said)


def case_no_layer_and_several_layers():
    image, layer = photo()
    other = add_layer(image)
    assert "No layer" in refusal(image, [])
    assert "2 layers" in refusal(image, [layer, other])


def case_a_channel():
    image, _layer = photo()
    said = refusal(image, [channel(image, "saved", SELECTED)])
    assert "A channel is active" in said, said


def case_unknown_model():
    image, layer = photo()
    select(image)
    said = refusal(image, [layer], model="no-such-model")
    assert "no-such-model" in said, said


def case_model_that_is_not_installed():
    image, layer = photo()
    select(image)
    with connect(name="a test") as client:
        missing = [m for m in client.models().models if not m.installed]
    assert missing, "every model of the registry is installed"
    said = refusal(image, [layer], model=missing[0].name)
    assert "install" in said.lower(), said


def case_text_mask_without_its_model():
    image, layer = photo()
    select(image)
    said = refusal(image, [layer], "inpaintd-mask-by-text", text_mask="hair")
    assert "Filters > Inpaint > Models" in said, said
    same(selection(image, SELECTED), b"\xff" * SELECTED.width * SELECTED.height, "the selection")


def case_worker_dies():
    image, layer = photo()
    select(image)
    said = refusal(image, [layer], model="crash")
    assert said and "Traceback" not in said, said
    assert inpaint(image, layer, model="identity")


def case_out_of_range_argument():
    image, layer = photo()
    select(image)
    # GIMP itself brings the number back into its range, with a warning
    inpaint(image, layer, steps=100000)


def case_painted_over_is_explained():
    """The notice goes to the console; test_matrix.py looks for it there."""
    image, layer = photo(alpha=False)
    Gimp.context_set_background(Gegl.Color.new("white"))
    select(image)
    layer.edit_clear()
    inpaint(image, layer, model="identity", strength=0.5)


def case_colour_lost_is_explained():
    """As above: what a PNG export with default settings leaves under transparency."""
    image, layer = photo()
    erase(layer, SELECTED, colour=(0, 0, 0))
    inpaint(image, layer, model="identity", strength=0.5)


def case_the_dialog_tells_of_lost_colour():
    from inpaint_plugin.filling import colour_lost_before
    from inpaint_plugin.target import find_target

    image, layer = photo()
    erase(layer, SELECTED)
    assert colour_lost_before(find_target(image, [layer]), "automatic") is None
    erase(layer, SELECTED, colour=(0, 0, 0))
    notice = colour_lost_before(find_target(image, [layer]), "automatic")
    assert "XCF" in notice.remedy, notice
    image, layer = photo(alpha=False)
    select(image)
    assert colour_lost_before(find_target(image, [layer]), "automatic") is None
    layer.edit_clear()
    notice = colour_lost_before(find_target(image, [layer]), "automatic")
    assert "Add Alpha Channel" in notice.remedy, notice


def case_an_error_that_nobody_foresaw_is_shown_and_written_down():
    from inpaint_plugin import messages

    image, layer = photo()
    select(image)
    folder = Path(Gimp.directory())
    try:
        layer.no_such_thing()
    except AttributeError as error:
        shown = messages.unexpected(error, folder)
    assert "no_such_thing" in str(shown), shown
    assert messages.LOG_NAME in str(shown), shown
    written = (folder / messages.LOG_NAME).read_text()
    assert "Traceback" in written and "cases_failures.py" in written, written


class _Meddling:
    """Waits as usual, and does something to the image before the answer is inserted."""

    previews = False

    def __init__(self, meddle):
        self._meddle = meddle

    def starting_daemon(self):
        pass

    def until_finished(self, client, request, sketch):
        from inpaint_plugin.waiting import Quiet

        finished = Quiet().until_finished(client, request, sketch)
        self._meddle()
        return finished


def _fill_while(image, layer, meddle):
    from inpaint_plugin.filling import fill
    from inpaint_plugin.remembered import Choices
    from inpaint_plugin.target import find_target

    target = find_target(image, [layer])
    return fill(target, Choices(Settings(model="noise", seed=7)), _Meddling(meddle))


def case_image_closed_meanwhile():
    from inpaintd_protocol.errors import InpaintError

    image, layer = photo()
    select(image)
    try:
        _fill_while(image, layer, image.delete)
    except InpaintError as error:
        assert "closed" in str(error), error
    else:
        raise AssertionError("nobody was told")


def case_layer_deleted_meanwhile():
    image, layer = photo()
    other = add_layer(image)
    select(image)
    expected = expected_for(image, layer)
    new = _fill_while(image, layer, lambda: image.remove_layer(layer))
    is_answer(new, expected)
    assert image.get_layers()[0].get_id() == new.get_id()
    assert other.is_valid()


def case_layer_moved_meanwhile():
    image, layer = photo()
    select(image)
    expected = expected_for(image, layer)
    new = _fill_while(image, layer, lambda: layer.set_offsets(15, -10))
    _, x, y = new.get_offsets()
    assert (x, y) == (expected.offset[0] + 15, expected.offset[1] - 10)


def case_sketches_leave_nothing_behind():
    from inpaint_plugin.inserting import Place
    from inpaint_plugin.sketch import Sketch
    from inpaint_plugin.target import find_target

    from inpaintd_protocol.messages import Preview

    image, layer = photo()
    select(image)
    before = visible(image)
    hole = Plane(50, 40, 1, "u8", b"\xff" * 1000 + b"\0" * 1000)
    sketch = Sketch(Place(find_target(image, [layer])), hole, (140, 90))
    pixels = Plane(2, 2, 3, "u8", bytes((255, 0, 0)) * 4)
    sketch.show(Preview("r", 0, (140, 90), (50, 40), pixels))
    assert names(image.get_layers()) == ["Inpaint preview", "photo"]
    assert image.get_selected_layers() == [layer], "the sketch has become the active layer"
    said = refusal(image, [image.get_layers()[0]])
    assert "preview" in said, said
    same(get(image.get_layers()[0]), bytes((255, 0, 0, 255)) * 2000, "the sketch, scaled")
    sketch.show(Preview("r", 1, (140, 90), (50, 40), pixels))
    assert len(image.get_layers()) == 2
    assert visible(image)[(100 * WIDTH + 150) * 4] == 255, "the sketch shows in the hole"
    kept = (125 * WIDTH + 150) * 4
    same(visible(image)[kept : kept + 4], before[kept : kept + 4], "a kept pixel")
    sketch.remove()
    assert names(image.get_layers()) == ["photo"]
    same(visible(image), before)
