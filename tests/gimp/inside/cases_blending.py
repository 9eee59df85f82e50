"""The picture looks as if the layer had been whole from the start, however it is blended."""

from gi.repository import Gimp
from scene import (
    SELECTED,
    U16,
    WIDTH,
    add_layer,
    call,
    channel,
    erase,
    floats,
    get,
    inpaint,
    names,
    near,
    new_image,
    noise,
    photo,
    same,
    select,
    visible,
)

MULTIPLY = Gimp.LayerMode.MULTIPLY


def _background(image):
    layer = add_layer(image, noise(seed=5))
    layer.set_name("background")
    image.lower_item_to_bottom(layer)


def _whole_and_filled(prepare, **settings):
    """The visible pixels with the layer painted whole, and with a fill above it."""
    image, layer = photo()
    select(image)
    painted = inpaint(image, layer, placement="active-layer", **settings)
    assert painted == layer
    whole = get(layer)
    image, layer = photo(data=whole)
    _background(image)
    prepare(image, layer)
    expected = visible(image)
    image, layer = photo()
    _background(image)
    prepare(image, layer)
    before = visible(image)
    select(image)
    fill = inpaint(image, layer, **settings)
    near(visible(image), expected, 1, "seen")
    return image, layer, fill, before


def _wrapped(image, layer, fill, before):
    group = layer.get_parent()
    assert group is not None
    assert names(group.get_children()) == ["Inpaint", "photo"], names(group.get_children())
    assert image.get_selected_layers() == [fill]


def case_half_opacity():
    _wrapped(*_whole_and_filled(lambda image, layer: layer.set_opacity(50)))


def case_another_mode():
    _wrapped(*_whole_and_filled(lambda image, layer: layer.set_mode(MULTIPLY)))


def case_a_layer_mask():
    def prepare(image, layer):
        chosen = channel(image, "half", SELECTED._replace(width=25))
        image.select_item(Gimp.ChannelOps.REPLACE, chosen)
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
        image.remove_channel(chosen)

    image, layer, fill, before = _whole_and_filled(prepare)
    _wrapped(image, layer, fill, before)
    assert layer.get_mask() is None
    assert layer.get_parent().get_mask() is not None


def case_everything_at_once_with_feathering():
    def prepare(image, layer):
        layer.set_opacity(70)
        layer.set_mode(MULTIPLY)
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))

    image, layer, fill, before = _whole_and_filled(prepare, feather_pixels=9)
    _wrapped(image, layer, fill, before)


def case_a_second_fill_goes_into_the_same_group():
    image, layer, fill, _ = _whole_and_filled(lambda image, layer: layer.set_opacity(50))
    select(image, SELECTED._replace(x=40))
    second = inpaint(image, fill)
    group = layer.get_parent()
    assert [item.get_id() for item in group.get_children()] == [
        second.get_id(),
        fill.get_id(),
        layer.get_id(),
    ]
    assert group.get_parent() is None


def case_a_plain_layer_is_left_where_it_is():
    _image, layer, _fill, _ = _whole_and_filled(lambda image, layer: None)
    assert layer.get_parent() is None


def case_in_a_group_with_an_opacity():
    def prepare(image, layer):
        group = Gimp.GroupLayer.new(image, "group")
        image.insert_layer(group, None, 0)
        image.reorder_item(layer, group, 0)
        group.set_opacity(40)

    _whole_and_filled(prepare)


def case_into_the_active_layer_only_the_hole_changes():
    for precision, fmt, samples in (
        (Gimp.Precision.U8_NON_LINEAR, None, "u8"),
        (Gimp.Precision.U16_NON_LINEAR, U16, "u16"),
    ):
        image = new_image(precision=precision)
        layer = add_layer(image, noise(samples=samples), *([fmt] if fmt else []))
        erase(layer, SELECTED._replace(x=20, y=20)) if samples == "u8" else None
        before = bytes(get(layer, fmt=fmt or "R'G'B'A u8"))
        select(image)
        Gimp.Selection.feather(image, 10)
        inpaint(image, layer, placement="active-layer")
        after = bytes(get(layer, fmt=fmt or "R'G'B'A u8"))
        grey = image.get_selection()
        chosen = floats(get(grey, fmt="Y float"))
        pixel = len(after) // len(chosen)
        changed = 0
        for i, value in enumerate(chosen):
            differs = after[i * pixel : (i + 1) * pixel] != before[i * pixel : (i + 1) * pixel]
            assert value or not differs, (
                f"{samples}: pixel {i % WIDTH}, {i // WIDTH} outside changed from "
                f"{before[i * pixel : (i + 1) * pixel]} to {after[i * pixel : (i + 1) * pixel]}"
            )
            changed += differs
        assert changed > 1000
        assert len(image.get_layers()) == 1


def case_an_opaque_layer_takes_the_result():
    image, layer = photo(alpha=False)
    select(image)
    before = visible(image)
    inpaint(image, layer, placement="active-layer")
    assert visible(image) != before
    assert not layer.has_alpha()
    assert not Gimp.Selection.is_empty(image), "the selection is gone"


def case_an_empty_layer_takes_what_is_made_from_all_that_is_visible():
    image, layer = photo(alpha=False)
    select(image)
    expected_fill = inpaint(image, layer)
    seen = visible(image)
    image.remove_layer(expected_fill)
    empty = add_layer(image, bytes(320 * 240 * 4))
    empty.set_name("healing")
    made = inpaint(image, empty)
    assert made == empty
    assert names(image.get_layers()) == ["healing", "photo"]
    same(visible(image), seen)
    select(image, SELECTED._replace(x=30))
    inpaint(image, empty)
    assert names(image.get_layers()) == ["healing", "photo"], "the second spot made a layer"
    assert visible(image) != seen


def case_again_in_a_layer_that_was_painted_into():
    for size, retouch in (((320, 240), True), ((20, 20), True), (None, False)):
        image, layer = photo(alpha=False)
        if retouch:
            layer = add_layer(image, bytes(size[0] * size[1] * 4), size=size)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *SELECTED)
        where = {} if retouch else {"placement": "active-layer"}
        inpaint(image, layer, **where)
        first = visible(image)
        Gimp.Selection.none(image)
        call("inpaintd-edit-again", image, [layer])  # with the same seed
        same(visible(image), first, "the same seed, hole and layer")
        call("inpaintd-again", image, [layer])
        assert visible(image) != first, "the same seed"
        assert len(image.get_layers()) == (2 if retouch else 1)
        second = visible(image)
        changed = [i // 4 for i in range(0, len(first), 4) if first[i : i + 4] != second[i : i + 4]]
        box = SELECTED
        assert all(box.x <= i % 320 < box.right and box.y <= i // 320 < box.bottom for i in changed)


def case_a_small_empty_layer_grows():
    image, _layer = photo(alpha=False)
    empty = add_layer(image, bytes(20 * 20 * 4), size=(20, 20))
    select(image)
    before = visible(image)
    inpaint(image, empty)
    assert visible(image) != before
    assert empty.get_width() > 20


def case_sample_merged_leaves_out_what_lies_above():
    image, layer = photo(alpha=False)
    select(image)
    expected = inpaint(image, layer)
    pixels = get(expected)
    image.remove_layer(expected)
    empty = add_layer(image, bytes(320 * 240 * 4))
    add_layer(image, noise(seed=9)).set_opacity(50)
    inpaint(image, empty)
    _, x, y = empty.get_offsets()
    same(get(empty, SELECTED.x - x, SELECTED.y - y, 50, 40), pixels)


def case_a_locked_layer_is_not_painted_into():
    from scene import refusal

    image, layer = photo()
    select(image)
    layer.set_lock_content(True)
    said = refusal(image, [layer], placement="active-layer", model="noise")
    assert "locked" in said, said


def case_filters_are_seen_where_they_are_needed():
    image, layer = photo(alpha=False)
    blur = Gimp.DrawableFilter.new(layer, "gegl:gaussian-blur", "")
    config = blur.get_config()
    config.set_property("std-dev-x", 3.0)
    config.set_property("std-dev-y", 3.0)
    blur.update()
    layer.append_filter(blur)
    seen = visible(image)
    select(image)
    fill = inpaint(image, layer, model="identity")
    now = visible(image)
    near(now, seen, 1, "the identity engine shows what was seen")
    assert fill.get_width() == SELECTED.width
