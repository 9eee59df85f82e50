"""Images, calls and looks at pixels, for scripts that run inside GIMP. No numpy there."""

import random

from gi.repository import Gegl, Gimp

from inpaintd_protocol.client import connect
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

Gegl.init(None)

WIDTH, HEIGHT = 320, 240
U8, U16, FLOAT = "R'G'B'A u8", "R'G'B'A u16", "R'G'B'A float"
REPLACE = Gimp.ChannelOps.REPLACE
NON_LINEAR = Gimp.Precision.U8_NON_LINEAR
RGB, GRAY, INDEXED = Gimp.ImageBaseType.RGB, Gimp.ImageBaseType.GRAY, Gimp.ImageBaseType.INDEXED


def noise(width=WIDTH, height=HEIGHT, seed=1, samples="u8"):
    """Opaque random pixels."""
    rng = random.Random(seed)
    if samples == "u8":
        data = bytearray(rng.randbytes(width * height * 4))
        data[3::4] = b"\xff" * (width * height)
    else:
        data = bytearray(rng.randbytes(width * height * 8))
        data[6::8] = data[7::8] = b"\xff" * (width * height)
    return bytes(data)


def new_image(base=RGB, precision=NON_LINEAR, size=(WIDTH, HEIGHT)):
    return Gimp.Image.new_with_precision(*size, base, precision)


def add_layer(
    image, data=None, fmt=U8, size=(WIDTH, HEIGHT), offset=(0, 0), alpha=True, parent=None
):
    grey = image.get_base_type() == GRAY
    kinds = Gimp.ImageType
    kind = (
        (kinds.GRAYA_IMAGE if alpha else kinds.GRAY_IMAGE)
        if grey
        else (kinds.RGBA_IMAGE if alpha else kinds.RGB_IMAGE)
    )
    layer = Gimp.Layer.new(image, "photo", *size, kind, 100, Gimp.LayerMode.NORMAL)
    put(layer, noise(*size) if data is None else data, fmt)
    layer.set_offsets(*offset)
    image.insert_layer(layer, parent, 0)
    return layer


def photo(**layer_options):
    image = new_image()
    return image, add_layer(image, **layer_options)


def put(layer, data, fmt=U8):
    buffer = layer.get_buffer()
    whole = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
    buffer.set(whole, fmt, bytes(data))
    buffer.flush()
    layer.update(0, 0, layer.get_width(), layer.get_height())


def get(drawable, x=0, y=0, width=None, height=None, fmt=U8):
    """Pixels of a drawable, in its own coordinates."""
    width, height = width or drawable.get_width(), height or drawable.get_height()
    rectangle = Gegl.Rectangle.new(x, y, width, height)
    return drawable.get_buffer().get(rectangle, 1.0, fmt, Gegl.AbyssPolicy.NONE)


def get_on_canvas(layer, rectangle, fmt=U8):
    _, x, y = layer.get_offsets()
    return get(layer, rectangle.x - x, rectangle.y - y, rectangle.width, rectangle.height, fmt)


def visible(image, fmt=U8):
    """The picture as the user sees it."""
    copy = image.duplicate()
    shown = Gimp.Layer.new_from_visible(copy, copy, "visible")
    copy.insert_layer(shown, None, 0)
    data = get(shown, fmt=fmt)
    copy.delete()
    return data


def selection(image, rectangle, fmt="Y u8"):
    where = Gegl.Rectangle.new(*rectangle)
    return image.get_selection().get_buffer().get(where, 1.0, fmt, Gegl.AbyssPolicy.NONE)


def call(name, image, drawables, **arguments):
    """Call a procedure as a script does; gives what it has made, or raises with GIMP's message."""
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    for argument, value in arguments.items():
        config.set_property(argument.replace("_", "-"), value)
    result = procedure.run(config)
    if result.index(0) != Gimp.PDBStatusType.SUCCESS:
        raise Refused(result.index(1))
    made = result.index(1)
    assert isinstance(made, Gimp.Drawable), made
    return made


def inpaint(image, layer, **arguments):
    return call("inpaintd-inpaint", image, [layer], **{"model": "noise", "seed": 7, **arguments})


class Refused(Exception):
    """A procedure's error, as the user reads it."""


def refusal(image, drawables, name="inpaintd-inpaint", **arguments):
    """The message that a call fails with."""
    before = len(image.get_layers())
    try:
        call(name, image, drawables, **arguments)
    except Refused as error:
        assert len(image.get_layers()) == before, "a refused call has left a layer behind"
        return str(error)
    raise AssertionError("the call was not refused")


def answer(colour, rectangle, mask=None, fmt=U8, extent=None, **settings):
    """Send a request made by hand; return the first layer of the daemon's answer."""
    depth = {U8: "u8", U16: "u16", FLOAT: "f32"}[fmt]
    plane = Plane(rectangle.width, rectangle.height, 4, depth, colour)
    mask_plane = mask and Plane(rectangle.width, rectangle.height, 1, "u8", mask)
    with connect(name="a test") as client:
        finished = client.inpaint(
            plane,
            Settings(**{"model": "noise", "seed": 7, **settings}),
            offset=(rectangle.x, rectangle.y),
            mask=mask_plane,
        )
    return finished.layers[0]


def planned(extent, bounds, **settings):
    with connect(name="a test") as client:
        return client.plan(extent, bounds, Settings(**{"model": "noise", "seed": 7, **settings}))


def same(left, right, what="pixels"):
    left, right = bytes(left), bytes(right)
    assert len(left) == len(right), f"{what}: {len(left)} and {len(right)} bytes"
    if left != right:
        wrong = [i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
        raise AssertionError(
            f"{what}: {len(wrong)} of {len(left)} bytes differ, first at {wrong[0]}: "
            f"{left[wrong[0]]} and {right[wrong[0]]}"
        )


def near(left, right, tolerance, what="values"):
    worst = max((abs(a - b) for a, b in zip(left, right, strict=True)), default=0)
    assert worst <= tolerance, f"{what}: up to {worst} apart, {tolerance} allowed"


def floats(data):
    return memoryview(bytes(data)).cast("f")


def is_answer(layer, expected):
    """The layer is the daemon's answer, byte for byte, and lies where the daemon says."""
    _, x, y = layer.get_offsets()
    assert (x, y) == tuple(expected.offset), f"at {(x, y)}, expected at {expected.offset}"
    fmt = {"u8": U8, "u16": U16, "f32": FLOAT}[expected.pixels.depth]
    same(get(layer, fmt=fmt), expected.pixels.data, "the new layer and the daemon's answer")


def outside_unchanged(before, after, image):
    """Check that the visible bytes are unchanged wherever nothing was selected."""
    whole = Rectangle(0, 0, image.get_width(), image.get_height())
    grey = selection(image, whole)
    size = len(before) // len(grey)
    changed = inside = 0
    for i, value in enumerate(grey):
        differs = before[i * size : i * size + size] != after[i * size : i * size + size]
        if value == 0:
            assert not differs, f"pixel {i % whole.width}, {i // whole.width} changed outside"
        else:
            inside += 1
            changed += differs
    assert inside and changed > inside // 2, f"only {changed} of {inside} selected pixels changed"


def names(items):
    return [item.get_name() for item in items]


def channel(image, name, rectangle):
    colour = Gegl.Color.new("red")
    made = Gimp.Channel.new(image, name, image.get_width(), image.get_height(), 50, colour)
    image.insert_channel(made, None, 0)
    buffer = made.get_buffer()
    where = Gegl.Rectangle.new(*rectangle)
    buffer.set(where, "Y u8", b"\xff" * (rectangle.width * rectangle.height))
    buffer.flush()
    return made


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
