"""The matrix: one function a case, each with pixels that it looks at."""

from inpaint_plugin.recipe import recipe_of
from scene import *  # noqa: F403

SELECTED = Rectangle(140, 90, 50, 40)


def select(image, rectangle=SELECTED):
    image.select_rectangle(REPLACE, *rectangle)


def expected_for(image, layer, bounds=SELECTED, **settings):
    """The daemon's answer to the request that the plug-in ought to have sent."""
    _, x, y = layer.get_offsets()
    extent = Rectangle(x, y, layer.get_width(), layer.get_height())
    rectangle = planned(extent, bounds.intersection(extent), **settings)
    colour = get_on_canvas(layer, rectangle)
    return answer(colour, rectangle, selection(image, rectangle), **settings)


# ------------------------------------------------------------------------- the plain thing


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
    assert recipe_of(new).model == "patchmatch"
    seen = visible(image)
    for y in range(66, 94):
        for x in range(86, 114):
            red, green, blue, _ = seen[(y * 200 + x) * 4 : (y * 200 + x) * 4 + 4]
            assert blue < 120 and abs(red - 40 - x // 2) < 40, (x, y, red, green, blue)


# ------------------------------------------------------------------------- precision, colour


_EIGHT_BIT = (
    Gimp.Precision.U8_NON_LINEAR,
    Gimp.Precision.U8_LINEAR,
    Gimp.Precision.U8_PERCEPTUAL,
)


def _precision(precision, tolerance, base=RGB):
    """The identity gives back a fine gradient, in the image's own precision."""
    image = new_image(base, precision)
    data = bytearray(WIDTH * HEIGHT * 8)
    samples = memoryview(data).cast("H")
    for i in range(WIDTH * HEIGHT):
        value = (i * 5 + 9000) % 56000
        green, blue = (value, value) if base == GRAY else (value // 2, 65535 - value)
        samples[i * 4 : i * 4 + 4] = memoryview(
            b"".join(v.to_bytes(2, "little") for v in (value, green, blue, 65535))
        ).cast("H")
    layer = add_layer(image, data, U16)
    select(image)
    new = inpaint(image, layer, model="identity")
    assert new.get_format() == layer.get_format(), (new.get_format(), layer.get_format())
    near(
        floats(get_on_canvas(new, SELECTED, FLOAT)),
        floats(get_on_canvas(layer, SELECTED, FLOAT)),
        tolerance,
    )
    if precision not in _EIGHT_BIT:
        levels = set(floats(get_on_canvas(new, SELECTED, FLOAT))[0::4])
        assert len(levels) > 300, f"only {len(levels)} levels have survived"


def case_precision_u8():
    _precision(Gimp.Precision.U8_NON_LINEAR, 0)


def case_precision_u8_linear():
    _precision(Gimp.Precision.U8_LINEAR, 0)


def case_precision_u8_perceptual():
    _precision(Gimp.Precision.U8_PERCEPTUAL, 0)


def case_precision_u16():
    _precision(Gimp.Precision.U16_NON_LINEAR, 0)


def case_precision_u16_linear():
    _precision(Gimp.Precision.U16_LINEAR, 1e-5)


def case_precision_u32():
    _precision(Gimp.Precision.U32_NON_LINEAR, 1e-6)


def case_precision_half():
    _precision(Gimp.Precision.HALF_NON_LINEAR, 1e-3)


def case_precision_half_linear():
    _precision(Gimp.Precision.HALF_LINEAR, 1e-3)


def case_precision_float():
    _precision(Gimp.Precision.FLOAT_NON_LINEAR, 1e-6)


def case_precision_float_linear():
    _precision(Gimp.Precision.FLOAT_LINEAR, 1e-5)


def case_precision_double():
    _precision(Gimp.Precision.DOUBLE_NON_LINEAR, 1e-6)


def case_grey_u8():
    _precision(Gimp.Precision.U8_NON_LINEAR, 0, GRAY)


def case_grey_u16():
    _precision(Gimp.Precision.U16_NON_LINEAR, 1e-5, GRAY)


def case_grey_float_linear():
    _precision(Gimp.Precision.FLOAT_LINEAR, 1e-5, GRAY)


def case_indexed_says_what_to_do():
    image, layer = photo()
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, 0, 0, "")
    select(image)
    said = refusal(image, image.get_layers())
    assert "indexed" in said and "Image > Mode > RGB" in said, said


def _own_numbers(layer, rectangle):
    """Pixels as they are stored, in the image's own colour space."""
    same_numbers = layer.get_image().duplicate()
    same_numbers.set_color_profile(Gimp.ColorProfile.new_rgb_srgb())
    names_above = names(layer.get_image().get_layers())
    copy = same_numbers.get_layers()[names_above.index(layer.get_name())]
    data = get_on_canvas(copy, rectangle)
    same_numbers.delete()
    return data


def case_adobe_rgb_keeps_its_own_numbers():
    data = bytearray(noise())
    data[0::4] = bytes(30 + i % 20 for i in range(WIDTH * HEIGHT))  # a green that no sRGB has
    data[1::4] = bytes(235 + i % 20 for i in range(WIDTH * HEIGHT))
    image, layer = photo(data=data)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    select(image)
    same(_own_numbers(layer, Rectangle(0, 0, WIDTH, HEIGHT)), data, "what was put in")
    assert min(floats(get(layer, fmt=FLOAT))) < -0.01, "all of it fits into sRGB"
    new = inpaint(image, layer, model="identity")
    same(_own_numbers(new, SELECTED), _own_numbers(layer, SELECTED), "AdobeRGB numbers")


def case_adobe_rgb_answer_has_the_daemons_colours():
    # 16 bits: in 8, dark saturated sRGB colours fall between the steps of AdobeRGB
    image = new_image(precision=Gimp.Precision.U16_NON_LINEAR)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    layer = add_layer(image)
    select(image)
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), SELECTED)
    colour = get_on_canvas(layer, rectangle, FLOAT)
    expected = answer(colour, rectangle, selection(image, rectangle), FLOAT, match_colour=False)
    new = inpaint(image, layer, match_colour=False)
    inner = SELECTED.moved(-expected.offset[0], -expected.offset[1])
    got = floats(get_on_canvas(new, SELECTED, FLOAT))
    wide = floats(expected.pixels.data)
    want = []
    for y in range(inner.y, inner.bottom):
        start = (y * expected.pixels.width + inner.x) * 4
        want += wide[start : start + inner.width * 4]
    near(got, want, 1e-3, "colours in sRGB")


# ------------------------------------------------------------------------- geometry


def case_small_layer_with_an_offset():
    image, layer = photo(size=(150, 120), offset=(90, 60))
    select(image, Rectangle(60, 80, 70, 40))  # half of it outside the layer
    before = visible(image)
    expected = expected_for(image, layer, Rectangle(60, 80, 70, 40))
    new = inpaint(image, layer)
    is_answer(new, expected)
    _, x, y = new.get_offsets()
    assert x >= 90 and y >= 60 and x + new.get_width() <= 240 and y + new.get_height() <= 180
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


# ------------------------------------------------------------------------- where the hole is


def erase(layer, rectangle, colour=None):
    """Make a rectangle transparent; its colour stays, or becomes the given one."""
    data = bytearray(get(layer))
    width = layer.get_width()
    for y in range(rectangle.y, rectangle.bottom):
        for x in range(rectangle.x, rectangle.right):
            i = (y * width + x) * 4
            data[i + 3] = 0
            if colour:
                data[i : i + 3] = bytes(colour)
    put(layer, data)


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


# ------------------------------------------------------------------------- variants, masks


def case_variants_are_a_group_with_the_first_visible():
    image, layer = photo()
    select(image)
    expected = expected_for(image, layer)
    group = inpaint(image, layer, count=3, prompt="a lake")
    assert group.is_group() and names(image.get_layers()) == ["Inpaint: a lake", "photo"]
    variants = group.get_children()
    assert [v.get_visible() for v in variants] == [True, False, False]
    assert [recipe_of(v).settings.seed for v in variants] == [7, 8, 9]
    is_answer(variants[0], expected)
    assert get(variants[0]) != get(variants[1]) != get(variants[2])


def case_layer_with_mask_looks_like_the_plain_one():
    image, layer = photo(alpha=False)
    select(image)
    Gimp.Selection.feather(image, 12)
    plain = inpaint(image, layer)
    seen = visible(image)
    image.remove_layer(plain)
    masked = inpaint(image, layer, output="masked")
    assert masked.get_mask() is not None and not masked.get_edit_mask()
    assert 0 in get(masked.get_mask(), fmt="Y u8"), "nothing is hidden"
    near(visible(image), seen, 1, "seen through the mask")


def case_masked_output_in_sixteen_bit():
    image = new_image(precision=Gimp.Precision.U16_NON_LINEAR)
    layer = add_layer(image, noise(samples="u16"), U16)
    select(image)
    Gimp.Selection.feather(image, 12)
    plain = inpaint(image, layer)
    seen = visible(image, FLOAT)
    image.remove_layer(plain)
    inpaint(image, layer, output="masked")
    near(floats(visible(image, FLOAT)), floats(seen), 4 / 65535, "seen through the mask")


# ------------------------------------------------------------------------- recipes, again


def case_recipe_is_in_the_layer_and_survives_xcf():
    from gi.repository import Gio

    image, layer = photo()
    select(image)
    new = inpaint(image, layer, prompt="Ein Füchslein", guidance_scale=5.0)
    file = Gio.File.new_for_path(f"{Gimp.directory()}/recipe.xcf")
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    top = again.get_layers()[0]
    recipe = recipe_of(top)
    assert recipe.settings.prompt == "Ein Füchslein" and recipe.settings.guidance_scale == 5.0
    assert recipe.settings.seed == 7 and recipe.model == "noise"
    Gimp.Selection.none(again)
    repeated = call("inpaintd-edit-again", again, [top])
    same(get(repeated), get(new), "the same recipe gives the same layer")
    assert names(again.get_layers())[0].startswith("Inpaint")


def case_edit_again_needs_a_recipe():
    image, layer = photo()
    said = refusal(image, [layer], "inpaintd-edit-again")
    assert "not made by Inpaint" in said, said


def case_a_new_hole_next_to_a_fill_sees_the_fill():
    image, layer = photo(alpha=False)
    select(image)
    first = inpaint(image, layer)
    beside = Rectangle(192, 90, 30, 40)
    select(image, beside)
    seen = visible(image)
    second = inpaint(image, first)
    copy = add_layer(new_image(), seen)
    rectangle = planned(Rectangle(0, 0, WIDTH, HEIGHT), beside)
    expected = answer(get_on_canvas(copy, rectangle), rectangle, selection(image, rectangle))
    is_answer(second, expected)
    assert [item.get_id() for item in image.get_layers()][:2] == [second.get_id(), first.get_id()]


def case_again_takes_a_new_seed_and_the_same_source():
    image, layer = photo(alpha=False)
    select(image)
    first = inpaint(image, layer)
    from inpaint_plugin.remembered import Choices, remember

    remember(Choices(Settings(model="noise", prompt="remembered", seed=7)))
    Gimp.Selection.none(image)
    second = call("inpaintd-again", image, [first])
    recipe = recipe_of(second)
    assert recipe.settings.prompt == "remembered" and recipe.settings.seed != 7
    expected = expected_for(*_selected(image, layer), seed=recipe.settings.seed)
    is_answer(second, expected)


def _selected(image, layer):
    select(image)
    return image, layer


# ------------------------------------------------------------------------- what goes wrong


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
    inpaint(image, layer, strength=0.5)


def case_colour_lost_is_explained():
    """As above: what a PNG export with default settings leaves under transparency."""
    image, layer = photo()
    erase(layer, SELECTED, colour=(0, 0, 0))
    inpaint(image, layer, strength=0.5)


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
    assert image.get_layers()[0].get_id() == new.get_id() and other.is_valid()


def case_layer_moved_meanwhile():
    image, layer = photo()
    select(image)
    expected = expected_for(image, layer)
    new = _fill_while(image, layer, lambda: layer.set_offsets(15, -10))
    _, x, y = new.get_offsets()
    assert (x, y) == (expected.offset[0] + 15, expected.offset[1] - 10)


def case_sketches_leave_nothing_behind():
    from inpaint_plugin.inserting import Place, Sketch
    from inpaint_plugin.target import find_target
    from inpaintd_protocol.messages import Preview

    image, layer = photo()
    select(image)
    before = visible(image)
    hole = Plane(50, 40, 1, "u8", b"\xff" * 1000 + b"\0" * 1000)
    sketch = Sketch(Place(find_target(image, [layer])), lambda rectangle: hole)
    pixels = Plane(2, 2, 3, "u8", bytes((255, 0, 0)) * 4)
    sketch.show(Preview("r", 0, (140, 90), (50, 40), pixels))
    assert names(image.get_layers()) == ["Inpaint preview", "photo"]
    same(get(image.get_layers()[0]), bytes((255, 0, 0, 255)) * 2000, "the sketch, scaled")
    sketch.show(Preview("r", 1, (140, 90), (50, 40), pixels))
    assert len(image.get_layers()) == 2
    assert visible(image)[(100 * WIDTH + 150) * 4] == 255, "the sketch shows in the hole"
    kept = (125 * WIDTH + 150) * 4
    same(visible(image)[kept : kept + 4], before[kept : kept + 4], "a kept pixel")
    sketch.remove()
    assert names(image.get_layers()) == ["photo"]
    same(visible(image), before)
