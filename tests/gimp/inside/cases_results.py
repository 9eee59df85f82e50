"""Insertions: variants, masks, recipes, and fills made from them again."""

from gi.repository import Gimp, Gio
from inpaint_plugin.recipe import recipe_of
from scene import (
    FLOAT,
    HEIGHT,
    SELECTED,
    U16,
    WIDTH,
    add_layer,
    answer,
    call,
    expected_for,
    floats,
    get,
    get_on_canvas,
    inpaint,
    is_answer,
    names,
    near,
    new_image,
    noise,
    photo,
    planned,
    refusal,
    same,
    select,
    selection,
    visible,
)

from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings


def case_variants_are_a_group_with_the_first_visible():
    image, layer = photo()
    select(image)
    expected = expected_for(image, layer)
    group = inpaint(image, layer, count=3, prompt="a lake")
    assert group.is_group()
    assert names(image.get_layers()) == ["Inpaint: a lake", "photo"]
    variants = group.get_children()
    assert names(variants) == [f"{number} of 3: a lake" for number in (1, 2, 3)]
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
    assert masked.get_mask() is not None
    assert not masked.get_edit_mask()
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


def case_recipe_is_in_the_layer_and_survives_xcf():
    image, layer = photo()
    select(image)
    new = inpaint(image, layer, prompt="Ein Füchslein", guidance_scale=5.0)
    file = Gio.File.new_for_path(f"{Gimp.directory()}/recipe.xcf")
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    top = again.get_layers()[0]
    recipe = recipe_of(top)
    assert recipe.settings.prompt == "Ein Füchslein"
    assert recipe.settings.guidance_scale == 5.0
    assert recipe.settings.seed == 7
    assert recipe.model == "noise"
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


def case_again_replaces_the_fill_with_a_new_seed():
    image, layer = photo(alpha=False)
    select(image)
    first = inpaint(image, layer, prompt="a lake")
    Gimp.Selection.none(image)
    second = call("inpaintd-again", image, [first])
    assert not first.is_valid()
    assert names(image.get_layers()) == ["Inpaint: a lake", "photo"], names(image.get_layers())
    seed = recipe_of(second).settings.seed
    assert seed != 7
    is_answer(second, expected_for(*_selected(image, layer), seed=seed))


def case_a_feathered_hole_is_kept_with_the_recipe():
    image, layer = photo()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 120, 70, 90, 70)
    Gimp.Selection.feather(image, 20)
    first = get(inpaint(image, layer))
    seen = visible(image)
    top = image.get_layers()[0]
    Gimp.Selection.none(image)
    again = call("inpaintd-edit-again", image, [top])
    same(get(again), first, "the same seed and hole")
    same(visible(image), seen)
    assert len(image.get_layers()) == 2


def case_a_kept_hole_moves_with_the_layer():
    image, layer = photo(size=(200, 160), offset=(10, 10))
    select(image)
    first = inpaint(image, layer)
    before = get(first)
    for item in (layer, first):
        item.set_offsets(*(n + 30 for n in item.get_offsets()[1:]))
    Gimp.Selection.none(image)
    again = call("inpaintd-edit-again", image, [first])
    same(get(again), before)
    _, x, y = again.get_offsets()
    assert (x, y) == (SELECTED.x + 30, SELECTED.y + 30)


def case_again_without_a_fill_takes_the_last_settings():
    image, layer = photo(alpha=False)
    select(image)
    from inpaint_plugin.remembered import Choices, remember

    remember(Choices(Settings(model="noise", prompt="remembered", seed=7)), image)
    made = call("inpaintd-again", image, [layer])
    assert recipe_of(made).settings.prompt == "remembered"
    assert recipe_of(made).settings.seed != 7


def _selected(image, layer):
    select(image)
    return image, layer
