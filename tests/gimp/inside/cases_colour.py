"""Precisions, grey, indexed, colour profiles."""

from gi.repository import Gimp
from scene import (
    FLOAT,
    GRAY,
    HEIGHT,
    RGB,
    SELECTED,
    U16,
    WIDTH,
    add_layer,
    answer,
    floats,
    get,
    get_on_canvas,
    inpaint,
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
)

from inpaintd_protocol.rectangle import Rectangle

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
    image, _layer = photo()
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
