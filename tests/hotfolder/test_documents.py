"""Photoshop and OpenRaster documents through the folder, all the way."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage

from inpaintd.files.reading import read_file
from inpaintd.files.recipe import parse_recipe, recipe_in
from tests.files import documents
from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder

HOLE = pictures.hole()


def _kept() -> NDArray[np.bool_]:
    kept = np.ones((pictures.SIDE, pictures.SIDE), bool)
    kept[HOLE] = False
    return kept


def _psd(*layers: NDArray[Any], depth: int = 8, mask: NDArray[Any] | None = None) -> bytes:
    document = PSDImage.new("RGB", (pictures.SIDE, pictures.SIDE), depth=depth)
    for number, pixels in enumerate(layers):
        layer = document.create_pixel_layer_from_array(pixels, f"layer {number}")
        if mask is not None and number == len(layers) - 1:
            layer.create_mask(Image.fromarray(mask))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _recipe(path: Path) -> Any:
    return parse_recipe(recipe_in(read_file(path, path.read_bytes())), path.name)


@pytest.mark.parametrize(
    "depth", [16, *(pytest.param(depth, marks=pytest.mark.exhaustive) for depth in (8, 32))]
)
def test_psd_gets_a_new_top_layer_and_keeps_the_others(folder: HotFolder, depth: int) -> None:
    scale = {8: np.uint8(1), 16: np.uint16(257), 32: np.float32(1 / 255)}[depth]
    pixels = (pictures.with_hole(1) * scale).astype(scale.dtype)
    folder.drop("a.psd", _psd(pixels, depth=depth))
    folder.drop("a.toml", b"seed = 4")
    assert folder.run()[-1]["done"] == 1, (folder.failed / "a.error.txt").read_text()
    before = PSDImage.open(folder.done / "a.psd")
    after = PSDImage.open(folder.outbox / "a.psd")
    assert after.depth == depth
    below, top = list(after)
    assert (below.numpy() == before[0].numpy()).all()
    assert "seed 4" in top.name
    assert top.bbox == (HOLE[1].start, HOLE[0].start, HOLE[1].stop, HOLE[0].stop)
    truth = pictures.photograph(1)[HOLE] / 255
    assert np.abs(top.numpy("color") - truth).mean() < 0.1
    merged = after.numpy()[..., :3]
    assert np.allclose(merged[_kept()], pictures.photograph(1)[_kept()] / 255, atol=1 / 400)
    assert np.allclose(merged[HOLE], top.numpy("color"), atol=1 / 400)
    assert _recipe(folder.outbox / "a.psd").seed == 4


def test_a_layer_mask_is_a_hole(folder: HotFolder) -> None:
    data = _psd(pictures.photograph(2), mask=255 - pictures.mask_picture())
    folder.drop("masked.psd", data)
    folder.run()
    top = list(PSDImage.open(folder.outbox / "masked.psd"))[-1]
    assert top.bbox == (HOLE[1].start, HOLE[0].start, HOLE[1].stop, HOLE[0].stop)


@pytest.mark.parametrize(("mode", "stored"), [("CMYK", documents.ink), ("LAB", documents.lab)])
def test_other_modes_with_layers_get_one_more(
    folder: HotFolder, mode: str, stored: Callable[[Any], Any]
) -> None:
    colour = stored(np.full((pictures.SIDE, pictures.SIDE, 3), (180, 120, 90), np.uint8))
    layer = np.dstack([colour, pictures.with_hole()[..., 3]])
    folder.drop("a.psb", documents.layered(mode, layer, version=2))
    assert folder.run()[-1]["done"] == 1, (folder.failed / "a.error.txt").read_text()
    below, top = list(PSDImage.open(folder.outbox / "a.psb"))
    assert (below.numpy() == layer / np.float32(255)).all()
    assert np.abs(top.numpy("color") * 255 - colour[0, 0]).max() <= 8, "a plain colour goes on"


@pytest.mark.parametrize("in_place", [False, True])
def test_a_mode_without_layers_gets_a_layer_to_lay_on_top(
    folder: HotFolder, in_place: bool
) -> None:
    data, _ = documents.indexed(pictures.photograph(), HOLE)
    place = folder.root if in_place else folder.inbox
    (place / "a.psd").write_bytes(data)
    (place / "a.png").write_bytes(pictures.encoded(pictures.with_hole(1)))
    events = folder.run("--in-place") if in_place else folder.run()
    done = {e["name"]: e for e in events if e["event"] == "done"}
    mark, out = (".inpainted", folder.root) if in_place else ("", folder.outbox)
    warning = " ".join(done["a.psd"]["warnings"])
    assert "indexed" in warning
    assert "the new layer alone" in warning
    layer = np.asarray(Image.open(out / f"a{mark}.layer.png"))
    assert (layer[..., 3] == np.where(_kept(), 0, 255)).all()
    assert (out / f"a{mark}.png").exists()
    kept = (folder.root if in_place else folder.done) / "a.psd"
    assert kept.read_bytes() == data
    if in_place:
        assert len(folder.run("--in-place")) == 2, "results are no sources"


def test_half_a_psd_fails(folder: HotFolder) -> None:
    cuts = (10, 30, 300, 3000)
    for cut in cuts:
        folder.drop(f"{cut}.psd", _psd(pictures.with_hole(3))[:cut])
    folder.run()
    assert folder.files("failed") == {f"{c}{end}" for c in cuts for end in (".psd", ".error.txt")}


def test_openraster_gets_a_new_top_layer(folder: HotFolder) -> None:
    below = np.full((pictures.SIDE, pictures.SIDE, 3), 40, np.uint8)
    folder.drop("a.ora", documents.openraster((pictures.with_hole(5), 0, 0), (below, 0, 0)))
    folder.drop("a.toml", b"seed = 8")
    assert folder.run()[-1]["done"] == 1
    with (
        zipfile.ZipFile(folder.done / "a.ora") as before,
        zipfile.ZipFile(folder.outbox / "a.ora") as after,
    ):
        assert after.namelist()[0] == "mimetype"
        assert after.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        for name in ("mimetype", "data/0.png", "data/1.png"):
            assert before.read(name) == after.read(name)
        layers = list(ElementTree.fromstring(after.read("stack.xml")).iter("layer"))
        assert [e.get("src") for e in layers] == ["data/inpainted1.png", "data/0.png", "data/1.png"]
        assert (layers[0].get("x"), layers[0].get("y")) == (
            str(HOLE[1].start),
            str(HOLE[0].start),
        )
        top = np.asarray(Image.open(io.BytesIO(after.read("data/inpainted1.png"))))
        merged = np.asarray(Image.open(io.BytesIO(after.read("mergedimage.png"))))
    assert top.shape == (12, 12, 4)
    assert (top[..., 3] == 255).all()
    assert (merged[_kept()][:, :3] == pictures.photograph(5)[_kept()]).all()
    assert (merged[HOLE][..., :3] == top[..., :3]).all()
    assert _recipe(folder.outbox / "a.ora").seed == 8


HOSTILE_STACKS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaa">]><image w="9" h="9"><stack/></image>',
    b'<image w="99999" h="99999"><stack><layer src="data/0.png"/></stack></image>',
    b'<image w="9" h="9"><stack><layer src="../../../etc/passwd"/></stack></image>',
    b'<image w="-9" h="9"><stack><layer src="data/0.png"/></stack></image>',
    b'<image w="9" h="9"><stack/></image>',
    b"<image",
)


def test_hostile_openraster_fails(folder: HotFolder) -> None:
    for number, stack in enumerate(HOSTILE_STACKS):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("data/0.png", pictures.encoded(pictures.with_hole(1)))
            archive.writestr("stack.xml", stack)
        folder.drop(f"{number}.ora", file.getvalue())
    folder.run()
    for number in range(len(HOSTILE_STACKS)):
        assert f"{number}.ora" in folder.files("failed")
        assert "unexpected" not in (folder.failed / f"{number}.error.txt").read_text()
