"""`inpaintd fill` with documents of layers."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image
from psd_tools import PSDImage

from inpaintd.files.recipe_file import read_recipe
from tests.cli.run import Run
from tests.files import documents
from tests.files.photographs import HOLE, photograph

pytestmark = pytest.mark.usefixtures("daemon_home")
RGBA = photograph(alpha=True)
KEPT = RGBA[..., 3] == 255


def save(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_document_gets_one_more_layer_for_each_variant(run: Run, tmp_path: Path) -> None:
    source = save(tmp_path / "a.psd", documents.layered("RGB", RGBA))
    ran = run("fill", source, "--model", "noise", "--count", 2, "--seed", 5)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [str(tmp_path / "a.inpainted.psd")]
    layers = [layer.name for layer in PSDImage.open(tmp_path / "a.inpainted.psd")]
    assert layers == ["photograph", "Inpainted (seed 6)", "Inpainted (seed 5)"]
    assert read_recipe(tmp_path / "a.inpainted.psd").seed == 5
    assert run("again", tmp_path / "a.inpainted.psd").code == 0
    first, again = (PSDImage.open(tmp_path / f"a.inpainted{n}.psd") for n in ("", ".1"))
    assert (first[-1].numpy() == again[-1].numpy()).all()


def test_the_layer_alone_of_a_document(run: Run, tmp_path: Path) -> None:
    source = save(tmp_path / "a.psd", documents.layered("RGB", RGBA))
    assert run("fill", source, "--model", "noise", "--layer").code == 0
    layer = np.asarray(Image.open(tmp_path / "a.inpainted.layer.png"))
    assert (layer[..., 3] == np.where(KEPT, 0, 255)).all()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.psd", ("-o", "{folder}/o.png"), "a layered document"),
        ("a.psd", ("-o", "{folder}/o.psb"), "a layered document"),
        ("a.psd", ("--grid",), "--grid is not for documents"),
        ("lab.psd", ("--layer",), "cannot be written in Lab"),
        ("indexed.psd", ("-o", "{folder}/o.psd"), "does not end in a known suffix"),
        ("none.psd", (), "cannot be opened"),
    ],
)
def test_what_documents_cannot_do_is_said(
    run: Run, tmp_path: Path, name: str, options: tuple[str, ...], said: str
) -> None:
    save(tmp_path / "a.psd", documents.layered("RGB", RGBA))
    lab = np.dstack([documents.lab(RGBA[..., :3]), RGBA[..., 3]])
    save(tmp_path / "lab.psd", documents.layered("LAB", lab))
    save(tmp_path / "indexed.psd", documents.indexed(RGBA[..., :3], HOLE)[0])
    before = sorted(tmp_path.iterdir())
    ran = run("fill", tmp_path / name, *(o.format(folder=tmp_path) for o in options))
    assert ran.code in (2, 4)
    assert said in ran.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_mode_without_layers_is_answered_by_a_layer_and_a_warning(
    run: Run, tmp_path: Path
) -> None:
    planes = np.moveaxis(photograph("u16"), 2, 0)
    data = documents.flat(documents.MULTICHANNEL, planes, bits=16)
    source = save(tmp_path / "inks.psd", data)
    mask = np.zeros((240, 320), np.uint8)
    mask[HOLE] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    ran = run("fill", source, "-M", tmp_path / "mask.png", "--model", "noise", "--json")
    assert ran.code == 0, ran.err
    (warning,) = [w for w in ran.json["warnings"] if w["code"] == "layer_only"]
    assert "multichannel" in warning["message"]
    path = tmp_path / "inks.inpainted.layer.png"
    assert ran.json["outputs"][0]["path"] == str(path)
    layer = pyvips.Image.new_from_file(str(path))
    assert (layer.width, layer.height, layer.format, layer.bands) == (320, 240, "ushort", 4)
    assert ((layer.numpy()[..., 3] > 0) == (mask > 0)).all()
    assert source.read_bytes() == data
    text = run("fill", source, "-M", tmp_path / "mask.png", "--model", "noise", "-o", tmp_path)
    assert "Warning: inks.psd is multichannel" in text.err
    assert text.out.strip() == str(tmp_path / "inks.layer.png")


def test_openraster(run: Run, tmp_path: Path) -> None:
    source = save(tmp_path / "a.ora", documents.openraster((RGBA, 0, 0)))
    assert run("fill", source, "--model", "noise", "--no-embed-recipe").code == 0
    assert b"inpainted1.png" in (tmp_path / "a.inpainted.ora").read_bytes()
