"""Pictures that accompany a fill: references, and the channel that may be copied from."""

from pathlib import Path

from gi.repository import Gimp, Gio
from inpaint_plugin.daemon import connected
from inpaint_plugin.recipe import recipe_of
from inpaint_plugin.reference_pictures import ReferencePicture
from inpaint_plugin.remembered import Choices, remember, remembered
from inpaint_plugin.sampling_area import allowed_area
from inpaint_plugin.target import find_target
from scene import (
    SELECTED,
    add_layer,
    call,
    channel,
    get_on_canvas,
    inpaint,
    new_image,
    photo,
    refusal,
    same,
    select,
)

from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

WORK = Path(__file__).parents[1]
WIDTH, HEIGHT = 320, 240
RED, GREEN, BLUE = (bytes((*rgb, 255)) for rgb in ((220, 0, 0), (0, 200, 0), (0, 0, 220)))


def plain(colour, size=(WIDTH, HEIGHT)):
    return colour * (size[0] * size[1])


def is_filled_with(layer, colour):
    same(get_on_canvas(layer, SELECTED), colour * (SELECTED.width * SELECTED.height))


def saved(colour, name):
    image = new_image(size=(64, 48))
    add_layer(image, plain(colour, (64, 48)), size=(64, 48), alpha=False)
    Gimp.file_save(
        Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(str(WORK / name)), None
    )
    return str(WORK / name)


def case_a_layer_as_reference():
    image, layer = photo(alpha=False)
    other = add_layer(image, plain(GREEN), offset=(500, 0))
    other.set_name("green: 1")
    select(image)
    made = inpaint(image, layer, model="reference", references="layer:green: 1:0.5")
    is_filled_with(made, GREEN)
    (kept,) = recipe_of(made).references
    assert (kept.kind, kept.weight, kept.tattoo) == ("layer", 0.5, other.get_tattoo())
    other.set_name("renamed")
    again = call("inpaintd-edit-again", image, [made])
    is_filled_with(again, GREEN)


def case_a_file_as_reference_and_again():
    image, layer = photo(alpha=False)
    path = saved(BLUE, "blue.png")
    select(image)
    made = inpaint(image, layer, model="reference", references=path)
    is_filled_with(made, BLUE)
    (kept,) = recipe_of(made).references
    assert kept.name == path
    assert len(kept.digest) == 64
    again = call("inpaintd-again", image, [made])
    is_filled_with(again, BLUE)
    assert len(Gimp.get_images()) == 2, "the reference has stayed open"


def case_a_large_reference_is_scaled_down():
    image = new_image(size=(3000, 200))
    layer = add_layer(image, alpha=False)
    add_layer(image, plain(RED, (3000, 10)), size=(3000, 10), offset=(0, 190)).set_name("red")
    select(image)
    is_filled_with(inpaint(image, layer, model="reference", references="layer:red"), RED)


def case_references_that_are_gone():
    image, layer = photo()
    select(image)
    said = refusal(image, [layer], model="reference", references="layer:nowhere")
    assert "nowhere" in said, said
    said = refusal(image, [layer], model="reference", references="/no/such/file.png:0.3")
    assert "/no/such/file.png" in said, said
    assert "does not name a reference" in refusal(image, [layer], references="file.png:7")


def case_what_is_remembered_of_references_and_channels():
    image, _layer = photo()
    pictures = (ReferencePicture("layer", "a", 1.0, 7), ReferencePicture("file", "/b.png", 0.5))
    choices = Choices(Settings(), sampling_channel="grass", references=pictures)
    remember(choices, image)
    assert remembered(Choices, image) == choices
    elsewhere = remembered(Choices, new_image())
    assert elsewhere.references == pictures[1:]
    assert elsewhere.sampling_channel == ""


def case_a_script_writes_references():
    def read(text):
        made = ReferencePicture.from_text(text)
        return made.kind, made.name, made.weight

    assert read("C:\\a.png") == ("file", "C:\\a.png", 1.0)
    assert read("/a:b.png:0.25") == ("file", "/a:b.png", 0.25)
    assert read("layer:sky") == ("layer", "sky", 1.0)


def _between_two_colours():
    image = new_image()
    row = RED * (WIDTH // 2) + BLUE * (WIDTH // 2)
    layer = add_layer(image, row * HEIGHT, alpha=False)
    select(image)  # across the border of the two
    return image, layer


def copied_from(made):
    """Tell which of the two shows in the middle: at its edges, a fill fades out."""
    red, _, blue, _ = get_on_canvas(made, Rectangle(164, 109, 1, 1))
    return RED if red > blue else BLUE


def case_only_the_painted_area_is_copied():
    for name, x, colour in (("left", 0, RED), ("right", 200, BLUE)):
        image, layer = _between_two_colours()
        channel(image, name, Rectangle(x, 40, 120, 150))
        image.set_selected_layers([layer])
        made = inpaint(image, layer, model="patches", sampling_channel=name)
        assert copied_from(made) == colour
        assert recipe_of(made).sampling_channel == name
        assert copied_from(call("inpaintd-again", image, [made])) == colour


def case_a_channel_far_away_is_sent_along():
    image = new_image(size=(1200, 240))
    row = RED * 900 + BLUE * 300
    layer = add_layer(image, row * 240, size=(1200, 240), alpha=False)
    select(image)
    channel(image, "far", Rectangle(1000, 20, 150, 180))
    image.set_selected_layers([layer])
    made = inpaint(image, layer, model="patches", sampling_channel="far")
    assert copied_from(made) == BLUE


def case_a_channel_that_is_gone_or_empty():
    image, layer = photo()
    select(image)
    assert "“grass”" in refusal(image, [layer], sampling_channel="grass")
    channel(image, "grass", Rectangle(0, 0, 0, 0))
    assert "nothing on the layer" in refusal(image, [layer], sampling_channel="grass")


def shown(image, layer, **settings):
    name = settings.pop("channel", "")
    choices = Choices(Settings(model="patches", **settings), sampling_channel=name)
    with connected(lambda: None) as client:
        mask, place = allowed_area(find_target(image, [layer]), choices, client)
    image.set_selected_layers([layer])

    def at(x, y):
        assert place.x <= x < place.right and place.y <= y < place.bottom, "not sent at all"
        return bytes(mask.data)[(y - place.y) * place.width + x - place.x]

    return at


def case_the_area_that_is_shown():
    image, layer = photo()
    select(image)  # 140 to 190, 90 to 130
    at = shown(image, layer, sampling_pixels=12)
    assert (at(165, 110), at(130, 110), at(195, 110), at(165, 84)) == (0, 255, 255, 255)
    assert (at(126, 110), at(205, 110)) == (0, 0), "beyond the distance"
    at = shown(image, layer, sampling_sides="sides")
    assert (at(100, 110), at(240, 110), at(165, 60), at(165, 110)) == (255, 255, 0, 0)
    at = shown(image, layer, sampling_sides="above")
    assert (at(165, 60), at(165, 160), at(100, 110)) == (255, 0, 0)
    channel(image, "part", Rectangle(100, 0, 30, 240))
    at = shown(image, layer, sampling_pixels=40, channel="part")
    assert (at(120, 110), at(135, 110), at(195, 110)) == (255, 0, 0)
