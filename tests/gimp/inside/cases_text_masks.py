"""Masks by text: place, polarity, depth, results, combinations, and what the dialog makes itself.

The daemon has a CLIPSeg that finds red, green and blue, patch by patch: a layer has 6 × 6 of them.
"""

from functools import partial
from pathlib import Path

from gi.repository import Gegl, Gimp, Gio, GLib
from inpaint_plugin import mask_results, text_mask
from inpaint_plugin.finder import Finder
from inpaint_plugin.selection_preview import SelectionPreview
from inpaint_plugin.target import find_target
from scene import (
    FLOAT,
    GRAY,
    INDEXED,
    REPLACE,
    RGB,
    U16,
    add_layer,
    call,
    get,
    inpaint,
    names,
    new_image,
    put,
    refusal,
    same,
    selection,
)

from inpaintd_protocol.client import connect
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

WORK = Path(__file__).parents[1]
COMMAND = "inpaintd-mask-by-text"
SIZE = WIDTH, HEIGHT = 300, 240
RED = Rectangle(50, 80, 100, 40)
GREY, COLOUR = bytes((128, 128, 128, 255)), bytes((217, 38, 26, 255))
PRESENT = Rectangle(0, 90, 100, 150)


def picture(red=RED):
    """Grey, with a rectangle of two patches in red."""
    rows = bytearray(GREY * (WIDTH * HEIGHT))
    for y in range(red.y, red.bottom):
        start = (y * WIDTH + red.x) * 4
        rows[start : start + red.width * 4] = COLOUR * red.width
    return bytes(rows)


def scene(offset=(0, 0), canvas=SIZE, **options):
    image = new_image(size=canvas)
    return image, add_layer(image, picture(), size=SIZE, offset=offset, **options)


def by_text(image, layer, words="red", **options):
    return call(COMMAND, image, [layer], text_mask=words, **options)


def whole(image):
    return Rectangle(0, 0, image.get_width(), image.get_height())


def daemons(layer, **settings):
    """The daemon's mask of a layer as it is, u8."""
    plane = Plane(WIDTH, HEIGHT, 4, "u8", get(layer))
    with connect(name="a test") as client:
        return bytes(client.mask(plane, Settings(**{"text_mask": "red", **settings})).mask.data)


def placed(mask, offset, image):
    """The part on the canvas of a mask of a layer at `offset`."""
    x0, y0 = offset
    rows = bytearray()
    for y in range(image.get_height()):
        for x in range(image.get_width()):
            inside = 0 <= x - x0 < WIDTH and 0 <= y - y0 < HEIGHT
            rows.append(mask[(y - y0) * WIDTH + x - x0] if inside else 0)
    return bytes(rows)


def case_what_is_found_is_selected():
    image, layer = scene()
    made = by_text(image, layer)
    assert isinstance(made, Gimp.Selection), made
    found = selection(image, whole(image))
    same(found, daemons(layer), "the selection")
    assert set(found) == {0, 255}
    inside = sum(found[y * WIDTH + x] for y in range(90, 110) for x in range(60, 140))
    assert inside == 255 * 20 * 80, "the red is not selected"
    assert len(found) - found.count(0) < 2.5 * RED.width * RED.height, "the grey is selected"
    assert names(image.get_selected_layers()) == ["photo"]


def case_of_the_command_line():
    """test_masks.py compares the file with what `inpaintd mask` says."""
    file = Gio.File.new_for_path(f"{WORK}/red.png")
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    by_text(image, image.get_layers()[0], text_mask_threshold=0.3, grow_pixels=5)
    Path(f"{WORK}/selected").write_bytes(selection(image, whole(image)))


def case_layers_smaller_and_larger_than_the_canvas():
    for offset, canvas in (((40, 30), (400, 320)), ((-70, -50), (200, 160))):
        image, layer = scene(offset, canvas)
        by_text(image, layer)
        expected = placed(daemons(layer), offset, image)
        assert 255 in expected
        same(selection(image, whole(image)), expected, f"the selection, layer at {offset}")
        mask = by_text(image, layer, result="layer-mask")
        same(get(mask, fmt="Y u8"), daemons(layer), f"the layer mask, layer at {offset}")


def case_settings_are_the_daemons():
    image, layer = scene()
    for settings in (
        {"text_mask_threshold": 0.05},
        {"text_mask_threshold": 0.0, "grow_pixels": -3},
        {"invert": True, "feather_pixels": 9},
    ):
        passed = {k: -1 if v is None else v for k, v in settings.items()}
        by_text(image, layer, **passed)
        same(selection(image, whole(image)), daemons(layer, **settings), f"{settings}")


def case_what_the_dialog_makes_itself_is_the_daemons():
    file = Gio.File.new_for_path(f"{WORK}/red.png")
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    (layer,) = image.get_layers()
    target = find_target(image, [layer])
    heat = _heat(target)
    sizes = set()
    for threshold in (0.0, 0.02, 0.25, 0.3, 0.5, 0.513, 0.6):
        for invert in (False, True):
            settings = Settings(text_mask="red", text_mask_threshold=threshold, invert=invert)
            expected = _mask_of_file(layer, settings)
            mask = text_mask.unshaped(target, text_mask.found_in(heat, threshold), settings)
            if threshold == 0 and invert:  # rounded before or after it is turned round
                assert max(abs(a - b) for a, b in zip(mask.data, expected, strict=True)) <= 1
            else:
                same(mask.data, expected, f"threshold {threshold}, invert {invert}")
            sizes.add(len(expected) - expected.count(0))
    assert len(sizes) > 9, f"the thresholds find much the same: {sizes}"
    for threshold, invert in ((0.3, False), (0.3, True), (0.0, True)):
        settings = Settings(
            text_mask="red",
            text_mask_threshold=threshold,
            invert=invert,
            grow_pixels=4,
            feather_pixels=6,
        )
        found = text_mask.found_in(heat, threshold)
        answer = _ask(text_mask.shaping_request(target, found, settings))
        same(answer.mask.data, _mask_of_file(layer, settings), f"{settings}")


def _heat(target):
    request = text_mask.heat_request(target, "red")
    return text_mask.heat_of(request, _ask(request))


def _ask(request):
    with connect(name="a test") as client:
        return client.mask(
            request.layer, request.settings, offset=request.offset, mask=request.mask
        )


def _mask_of_file(layer, settings):
    """As the command line asks; nothing found is an empty mask here."""
    from inpaintd_protocol.errors import InpaintError

    plane = Plane(WIDTH, HEIGHT, 3, "u8", get(layer, fmt="R'G'B' u8"))
    with connect(name="a test") as client:
        try:
            return bytes(client.mask(plane, settings).mask.data)
        except InpaintError as error:
            assert error.code == "empty_mask", error
            return bytes(WIDTH * HEIGHT)


def case_layer_mask():
    image, layer = scene(alpha=False)
    kept = get(layer)
    layer.set_lock_content(True)
    image.select_rectangle(REPLACE, *PRESENT)
    mask = by_text(image, layer, result="layer-mask")
    assert isinstance(mask, Gimp.LayerMask), mask
    same(get(layer.get_mask(), fmt="Y u8"), daemons(layer), "the layer mask")
    assert not layer.get_edit_mask()
    again = by_text(image, layer, result="layer-mask", invert=True)
    assert layer.get_mask().get_id() == again.get_id(), "the mask takes the place of the old one"
    same(get(again, fmt="Y u8"), daemons(layer, invert=True), "the second layer mask")
    same(get(layer), kept, "the layer")
    assert Gimp.Selection.bounds(image)[2:] == (0, 90, 100, 240), "the selection is the user's own"


def case_channel():
    image, layer = scene()
    layer.set_lock_content(True)
    channel = by_text(image, layer, words="red, blue", result="channel")
    assert names(image.get_channels()) == ["Mask: red, blue"]
    same(get(channel, fmt="Y u8"), daemons(layer), "the channel")
    assert not channel.get_visible()
    assert Gimp.Selection.is_empty(image)
    assert names(image.get_selected_layers()) == ["photo"], "the layer is still active"


def case_combinations():
    rules = {
        "replace": lambda present, found: found,
        "add": lambda present, found: min(255, present + found),
        "subtract": lambda present, found: max(0, present - found),
        "intersect": min,
    }
    image, layer = scene((20, -10), (260, 240))
    by_text(image, layer, combination="subtract")
    found = placed(daemons(layer), (20, -10), image)
    same(selection(image, whole(image)), found, "with nothing selected")
    target = find_target(image, [layer])
    mask = Plane(WIDTH, HEIGHT, 1, "u8", daemons(layer))
    for feather in (0, 10):
        image.select_rectangle(REPLACE, *PRESENT)
        if feather:
            Gimp.Selection.feather(image, feather)
        kept, present = Gimp.Selection.save(image), selection(image, whole(image))
        for combination, rule in rules.items():
            image.select_item(REPLACE, kept)
            made = mask_results.combined(target, mask, "selection", combination)
            mask_results.put(target, made, "selection", "red")
            expected = bytes(map(rule, present, found))
            same(selection(image, whole(image)), expected, f"{combination}, feather {feather}")
    image.select_rectangle(REPLACE, *PRESENT)
    present = selection(image, whole(image))
    by_text(image, layer, combination="subtract")
    expected = bytes(map(rules["subtract"], present, found))
    same(selection(image, whole(image)), expected, "subtracted by a script")


def case_combined_for_a_layer_mask():
    image, layer = scene((20, -10), (260, 240))
    image.select_rectangle(REPLACE, *PRESENT)
    mask = by_text(image, layer, result="layer-mask", combination="intersect")
    present = Rectangle(PRESENT.x - 20, PRESENT.y + 10, PRESENT.width, PRESENT.height)
    found = daemons(layer)
    expected = bytearray(WIDTH * HEIGHT)
    for y in range(present.y, min(present.bottom, HEIGHT)):
        for x in range(max(0, present.x), present.right):
            expected[y * WIDTH + x] = found[y * WIDTH + x]
    assert 255 in expected
    same(get(mask, fmt="Y u8"), expected, "the layer mask")


def case_every_precision_and_grey():
    precision = Gimp.Precision
    for base, kind, fmt, words in (
        (RGB, precision.U16_NON_LINEAR, U16, "red"),
        (RGB, precision.FLOAT_LINEAR, FLOAT, "red"),
        (RGB, precision.U8_LINEAR, U16, "red"),
        (GRAY, precision.U8_NON_LINEAR, U16, "green"),
    ):
        image = new_image(base, kind, SIZE)
        layer = add_layer(image, picture(), size=SIZE)
        depth, samples = (
            ("u16", get(layer, fmt=fmt)) if fmt == U16 else ("f32", get(layer, fmt=fmt))
        )
        threshold = 0.3 if base == RGB else 0.001
        settings = Settings(text_mask=words, text_mask_threshold=threshold)
        with connect(name="a test") as client:
            answer = client.mask(Plane(WIDTH, HEIGHT, 4, depth, samples), settings).mask
        by_text(image, layer, words, text_mask_threshold=threshold)
        encoding = "Y u16" if fmt == U16 else "Y float"
        same(selection(image, whole(image), encoding), answer.data, f"{base}, {kind}")
    image = new_image(INDEXED, precision.U8_NON_LINEAR, SIZE)
    layer = Gimp.Layer.new(image, "photo", *SIZE, Gimp.ImageType.INDEXED_IMAGE, 100, 0)
    image.insert_layer(layer, None, 0)
    assert "indexed" in refusal(image, [layer], COMMAND, text_mask="red")


def case_fills_above_are_seen():
    image, layer = scene(alpha=False)
    image.select_rectangle(REPLACE, *RED)
    fill = inpaint(image, layer, model="identity")
    put(fill, GREY * (fill.get_width() * fill.get_height()))
    Gimp.Selection.none(image)
    assert by_text(image, layer), "the layer alone is red"
    Gimp.Selection.none(image)
    said = refusal(image, [fill], COMMAND, text_mask="red")
    assert "Nothing in the picture" in said, said
    assert Gimp.Selection.is_empty(image)


def case_what_cannot_be():
    image, layer = scene()
    assert "no words" in refusal(image, [layer], COMMAND, text_mask="  ")
    said = refusal(image, [layer], COMMAND, text_mask="green", text_mask_threshold=0.9)
    assert "Nothing in the picture looks like “green”" in said, said
    image.select_rectangle(REPLACE, 200, 0, 20, 20)
    options = {"text_mask": "red", "combination": "intersect"}
    said = refusal(image, [layer], COMMAND, **options)
    assert "leaves nothing" in said, said
    assert Gimp.Selection.bounds(image)[2:] == (200, 0, 220, 20), "the selection has gone"
    floating = Gimp.Selection.float(image, [layer], 0, 0)
    assert "floating" in refusal(image, [floating], COMMAND, text_mask="red")
    image, layer = scene()
    red = Gegl.Color.new("red")
    quick = Gimp.Channel.new(image, "Qmask", WIDTH, HEIGHT, 50, red)
    image.insert_channel(quick, None, 0)
    assert "Quick Mask" in refusal(image, [quick], COMMAND, text_mask="red")


def _soft_selection(precision):
    image = new_image(precision=precision, size=SIZE)
    layer = add_layer(image, picture(), size=SIZE)
    image.select_rectangle(REPLACE, *PRESENT)
    Gimp.Selection.feather(image, 25)
    image.clean_all()
    return image, layer, selection(image, whole(image), "Y float")


def case_a_preview_leaves_no_trace():
    for precision in (
        Gimp.Precision.U8_NON_LINEAR,
        Gimp.Precision.U16_NON_LINEAR,
        Gimp.Precision.FLOAT_LINEAR,
    ):
        image, _layer, before = _soft_selection(precision)
        preview = SelectionPreview(image)
        for rectangle in (RED, Rectangle(0, 0, 7, 9)):
            preview.show(partial(_channel, image, rectangle))
            left, top, right, bottom = Gimp.Selection.bounds(image)[2:]
            assert Rectangle(left, top, right - left, bottom - top) == rectangle
        preview.restore()
        same(selection(image, whole(image), "Y float"), before, f"the selection, {precision}")
        assert not image.is_dirty(), "a saved image has to be saved again"
        preview.restore()
        same(selection(image, whole(image), "Y float"), before, "restored twice")


def case_what_is_selected_during_a_preview_stays():
    image, _layer, _before = _soft_selection(Gimp.Precision.U8_NON_LINEAR)
    preview = SelectionPreview(image)
    preview.show(lambda: _channel(image, RED))
    image.select_rectangle(REPLACE, 3, 4, 50, 60)
    preview.restore()
    assert Gimp.Selection.bounds(image)[2:] == (3, 4, 53, 64)


def _channel(image, rectangle):
    channel = Gimp.Channel.new(image, "mask", WIDTH, HEIGHT, 50, Gegl.Color.new("red"))
    buffer = channel.get_buffer()
    size = rectangle.width * rectangle.height
    buffer.set(Gegl.Rectangle.new(*rectangle), "Y u8", b"\xff" * size)
    buffer.flush()
    return channel


class _Wishes:
    """A finder, what it says, and what it asks the daemon for."""

    def __init__(self, image, layer):
        self.loop = GLib.MainLoop()
        self.found, self.errors, self.asked = [], [], []
        self.finder = Finder(
            find_target(image, [layer]), self._on_found, self._on_progress, self._on_error
        )
        ask = self.finder._ask

        def counted(request, settings, take):
            self.asked.append(request.settings)
            ask(request, settings, take)

        self.finder._ask = counted

    def wait(self):
        while self.finder.busy:
            self.loop.get_context().iteration(True)

    def _on_found(self, mask, heat, settings):
        self.found.append((settings, bytes(mask.data)))

    def _on_progress(self, fraction, words):
        pass

    def _on_error(self, error):
        self.errors.append(error)


def case_the_daemon_looks_at_the_picture_once():
    image, layer = scene()
    wishes = _Wishes(image, layer)
    red = Settings(text_mask="red")
    wishes.finder.want(red)
    wishes.wait()
    for threshold in (0.2, 0.4, 0.0):
        wishes.finder.want(Settings(text_mask="red", text_mask_threshold=threshold))
    assert len(wishes.found) == 4
    assert len(wishes.asked) == 1
    # of these only the last is answered, and the picture is not looked at again
    for pixels in (1, 2, 3, 4):
        wishes.finder.want(Settings(text_mask="red", grow_pixels=pixels))
    wishes.wait()
    assert [settings.text_mask for settings in wishes.asked] == ["red", None, None]
    settings, mask = wishes.found[-1]
    assert len(wishes.found) == 5
    assert settings.grow_pixels == 4
    same(mask, daemons(layer, grow_pixels=4), "the grown mask")
    wishes.finder.want(Settings(text_mask="green"))
    wishes.finder.want(red)
    wishes.wait()
    assert wishes.found[-1][0] == red
    assert not wishes.errors


def case_a_wish_that_is_taken_back_is_not_answered():
    image, layer = scene()
    wishes = _Wishes(image, layer)
    red = Settings(text_mask="red")
    wishes.finder.want(red)
    assert wishes.finder.busy
    wishes.finder.want_nothing()
    wishes.wait()
    assert not wishes.found
    wishes.finder.want(red)
    assert len(wishes.found) == 1, "what was looked for is not kept"
    nothing = Settings(text_mask=" , ")
    wishes.finder.want(nothing)
    wishes.finder.want_nothing()
    wishes.wait()
    assert not wishes.errors
    wishes.finder.want(nothing)
    wishes.finder.want(red)
    wishes.wait()
    assert len(wishes.found) == 2 and not wishes.errors, "an error of words that are gone"
    wishes.finder.want(nothing)
    wishes.wait()
    assert "no words" in str(wishes.errors[0]), wishes.errors
    assert len(wishes.found) == 2
