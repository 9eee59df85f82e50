"""Photoshop documents of every colour mode: what is seen of them, and what a new layer leaves."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import Resource

from inpaintd.files.colour import ColourSpace, convert_depth
from inpaintd.files.document import NewLayer
from inpaintd.files.exchange import cut, lay_over, layer_alone, plane_of, samples_of
from inpaintd.files.formats.psd_layer import add_to_psd
from inpaintd.files.picture import Picture
from inpaintd.files.reading import read_file
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ResultLayer
from tests.files import documents, profiles
from tests.files.photographs import HOLE, photograph

PATH = Path("a.psd")
RGB = photograph()
KEPT = np.ones(RGB.shape[:2], bool)
KEPT[HOLE] = False


def with_hole(colour: Any) -> Any:
    """The colours with an alpha that is 0 in the hole."""
    full = 1 if colour.dtype == np.float32 else np.iinfo(colour.dtype).max
    return np.dstack([colour, (KEPT * full).astype(colour.dtype)])


def deep(colour: Any, dtype: Any) -> Any:
    return colour if dtype == np.uint8 else colour.astype(dtype) * 257


def stored(mode: str) -> Any:
    return {
        "RGB": lambda: RGB,
        "L": lambda: RGB[..., :1],
        "CMYK": lambda: documents.ink(RGB),
        "LAB": lambda: documents.lab(RGB),
    }[mode]()


def seen(picture: Picture) -> Any:
    """(H, W, 3) as it would be sent, in levels of 8 bits."""
    srgb = ColourSpace(picture).to_srgb(picture.cut(picture.extent)[..., : picture.colours])
    return convert_depth(srgb, "f32") * 255


def painted(picture: Picture, colour: tuple[float, ...]) -> NewLayer:
    sent = cut(picture, None, picture.extent)
    under = samples_of(sent.layer)
    full = np.iinfo(under.dtype).max
    layer = np.zeros_like(under)
    layer[HOLE] = (*(np.array(colour) * full).astype(under.dtype), full)
    result = ResultLayer(plane_of(layer), (0, 0), seed=1)
    return NewLayer(layer_alone(sent, result), lay_over(sent, result), "new", "{}")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "LAB"])
@pytest.mark.parametrize("version", [1, 2])
def test_the_colours_are_the_ones_of_the_document(mode: str, dtype: Any, version: int) -> None:
    data = documents.layered(mode, with_hole(deep(stored(mode), dtype)), version=version)
    picture = read_file(PATH, data)
    assert picture.depth == {np.uint8: "u8", np.uint16: "u16"}[dtype]
    assert (convert_depth(picture.alpha(), "u8") == KEPT * 255).all()
    expected = RGB if mode != "L" else np.repeat(RGB[..., :1], 3, axis=2)
    apart = np.abs(seen(picture) - expected)
    # Ink has a smaller gamut, and eight bits of Lab are coarse.
    assert apart.mean() < {"L": 1e-3, "RGB": 1e-3, "CMYK": 8, "LAB": 0.6}[mode]
    assert picture.document == data
    assert {notice.code for notice in picture.notices} <= {"assumed_profile"}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "LAB"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_new_layer_changes_nothing_below(mode: str, dtype: Any, version: int) -> None:
    data = documents.layered(mode, with_hole(deep(stored(mode), dtype)), version=version)
    picture = read_file(PATH, data)
    colour = (0.7, 0.5, 0.3)
    result = add_to_psd(data, [painted(picture, colour)])
    before, after = (PSDImage.open(io.BytesIO(d)) for d in (data, result))
    assert (after.version, after.color_mode, after.depth) == (
        version,
        before.color_mode,
        before.depth,
    )
    below, top = list(after)
    assert [c.data for c in below._channels] == [c.data for c in before[0]._channels]
    assert top.bbox == (HOLE[1].start, HOLE[0].start, HOLE[1].stop, HOLE[0].stop)
    merged = after.numpy("color")
    assert (merged[KEPT] == before[0].numpy("color")[KEPT]).all()
    assert (merged[HOLE] == top.numpy("color")).all()
    levels = np.floor(top.numpy("color") * np.iinfo(dtype).max + 0.5).astype(dtype)
    again = seen(read_file(PATH, documents.layered(mode, levels)))
    wanted = (
        np.array(colour) * 255
        if mode != "L"
        else np.full(3, np.dot(colour, [0.2126, 0.7152, 0.0722]) * 255)
    )
    assert np.abs(again - wanted).max() < 2.5


def test_other_channels_stay(tmp_path: Path) -> None:
    document = PSDImage.open(io.BytesIO(documents.layered("RGB", with_hole(RGB))))
    spot = np.tile(np.arange(320, dtype=np.uint8), (240, 1))
    header = document._record.header
    colour = document._record.image_data.get_data(header)
    header.channels = 4
    document._record.image_data.set_data([*colour, spot.tobytes()], header)
    document.image_resources[Resource.ALPHA_IDENTIFIERS] = _identifiers(7)
    file = io.BytesIO()
    document.save(file)
    data = file.getvalue()
    result = add_to_psd(data, [painted(read_file(PATH, data), (1, 0, 0))])
    after = PSDImage.open(io.BytesIO(result))._record
    assert after.image_data.get_data(after.header)[3] == spot.tobytes()


def _identifiers(*values: int) -> Any:
    from psd_tools.psd.image_resources import AlphaIdentifiers, ImageResource

    return ImageResource(
        key=Resource.ALPHA_IDENTIFIERS, data=AlphaIdentifiers(list(values)).tobytes()
    )


def test_a_duotone_is_filled_in_its_greys() -> None:
    data = documents.duotone(RGB[..., 0], with_hole(RGB)[..., 3], profiles.adobe_rgb())
    picture = read_file(PATH, data)
    assert (picture.colours, picture.profile) == (1, None)
    assert (seen(picture)[..., 1] == RGB[..., 0]).all()
    result = add_to_psd(data, [painted(picture, (0.5, 0.5, 0.5))])
    after = PSDImage.open(io.BytesIO(result))
    before = PSDImage.open(io.BytesIO(data))
    assert after._record.header.color_mode == documents.DUOTONE
    assert after._record.color_mode_data == before._record.color_mode_data
    assert (after[1].numpy("color") == 127 / 255).all()


def test_an_indexed_document_is_answered_by_a_layer() -> None:
    data, colours = documents.indexed(RGB, HOLE)
    picture = answered_by_a_layer(data, "indexed")
    assert (picture.cut(picture.extent)[KEPT][:, :3] == colours[KEPT]).all()
    assert (picture.alpha() == KEPT * 255).all()
    opaque, _ = documents.indexed(RGB, None)
    assert (answered_by_a_layer(opaque, "indexed").alpha() == 255).all()


def test_a_bitmap_is_answered_by_a_layer() -> None:
    black = RGB[..., 0] < 128
    picture = answered_by_a_layer(
        documents.flat(documents.BITMAP, black[np.newaxis], bits=1), "bitmap"
    )
    assert (picture.cut(picture.extent)[..., 0] == np.where(black, 0, 255)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_multichannel_is_answered_by_a_layer(channels: int, dtype: Any) -> None:
    pixels = {1: RGB[..., :1], 3: RGB, 4: documents.ink(RGB)}[channels]
    planes = np.moveaxis(deep(pixels, dtype), 2, 0)
    data = documents.flat(documents.MULTICHANNEL, planes, bits=8 * planes.itemsize)
    picture = answered_by_a_layer(data, "multichannel")
    assert picture.image.interpretation != "cmyk"
    expected = RGB if channels > 1 else np.repeat(RGB[..., :1], 3, axis=2)
    assert np.abs(seen(picture) - expected).mean() < {1: 1e-3, 3: 1e-3, 4: 8}[channels]


def test_inks_of_unknown_colours_are_refused() -> None:
    planes = np.zeros((5, 8, 8), np.uint8)
    with pytest.raises(InpaintError, match="5 ink channels") as caught:
        read_file(PATH, documents.flat(documents.MULTICHANNEL, planes))
    assert caught.value.code == "unreadable"


def test_the_hole_is_of_the_topmost_layer_with_pixels() -> None:
    document = PSDImage.open(io.BytesIO(documents.layered("RGB", RGB, with_hole(RGB))))
    group = document.create_group(name="a group")
    group.append(document[1])
    document.create_group(name="an empty group")
    file = io.BytesIO()
    document.save(file)
    picture = read_file(PATH, file.getvalue())
    assert (picture.alpha() == KEPT * 255).all()


def answered_by_a_layer(data: bytes, mode: str) -> Picture:
    picture = read_file(PATH, data)
    (notice,) = picture.notices
    assert (notice.code, picture.document, picture.takes_only_layers) == ("layer_only", None, True)
    assert mode in notice.message
    return picture
