"""A result can say how it was made, in every format."""

import json
from pathlib import Path

import pytest
import pyvips

from inpaintd.files.reading import read_picture
from inpaintd.files.recipe import embed_recipe, make_recipe
from inpaintd.files.recipe_file import read_recipe
from inpaintd.files.write import write_picture, written_as
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control, Settings
from tests.files.photographs import photograph, save

SETTINGS = Settings(
    prompt='a "quoted" <Katze> & größer',
    count=3,
    controls=(Control(kind="tile", weight=0.5),),
    threshold=0.25,
)


@pytest.mark.parametrize("name", ["o.png", "o.tif", "o.webp", "o.jpg"])
def test_a_recipe_comes_back(tmp_path: Path, name: str) -> None:
    picture = read_picture(save(tmp_path / "a.png", photograph()))
    recipe = make_recipe(SETTINGS, model="patchmatch", seed=77)
    path = tmp_path / name
    write_picture(embed_recipe(picture.image, recipe, written_as(path).name), path, replace=False)
    used = read_recipe(path)
    assert (used.prompt, used.controls, used.threshold) == (
        SETTINGS.prompt,
        SETTINGS.controls,
        SETTINGS.threshold,
    )
    assert (used.model, used.seed, used.count) == ("patchmatch", 77, 1)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_the_newest_recipe_replaces_the_older_one(tmp_path: Path, suffix: str) -> None:
    image = read_picture(save(tmp_path / "a.png", photograph())).image
    for seed in (1, 2, 3):
        recipe = make_recipe(SETTINGS, model="m", seed=seed)
        image = embed_recipe(image, recipe, written_as(Path(f"o{suffix}")).name)
    path = write_picture(image, tmp_path / f"o{suffix}", replace=False)
    assert read_recipe(path).seed == 3
    assert path.read_bytes().count(b"inpaintd:recipe") <= 1


def test_other_xmp_stays(tmp_path: Path) -> None:
    image = read_picture(save(tmp_path / "a.png", photograph())).image.copy()
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/'
        b'22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="d" dc:title="t"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    image.set_type(pyvips.GValue.blob_type, "xmp-data", packet)
    image = embed_recipe(image, make_recipe(SETTINGS, model="m", seed=1), "tiff")
    changed = image.get("xmp-data")
    assert b'dc:title="t"' in changed
    assert changed.count(b"</rdf:RDF>") == 1


def test_a_recipe_tells_what_the_model_wanted(tmp_path: Path) -> None:
    asked, used = Settings(prompt="grass"), Settings(model="z", steps=9, guidance_scale=0.0)
    path = tmp_path / "r.json"
    path.write_text(make_recipe(asked, model="z", seed=1, used=used))
    assert read_recipe(path) == Settings(
        prompt="grass", model="z", steps=9, guidance_scale=0.0, seed=1, count=1
    )
    # Another model is not to get what only that one wanted.
    assert read_recipe(path, model="other") == Settings(prompt="grass", model="z", seed=1, count=1)


def test_an_explicit_default_is_in_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    used = Settings(model="z", steps=30, guidance_scale=0.0)
    path.write_text(make_recipe(Settings(steps=30), model="z", seed=1, used=used))
    assert read_recipe(path, model="other").steps == 30


def test_a_recipe_of_an_older_version_has_its_defaults_unset(tmp_path: Path) -> None:
    old = {
        "prompt": "grass",
        "steps": 30,
        "guidance_scale": 7.5,
        "threshold": None,
        "grow_pixels": 2,
    }
    (tmp_path / "r.json").write_text(json.dumps({"inpaintd": "0.1.0", "settings": old}))
    assert read_recipe(tmp_path / "r.json") == Settings(prompt="grass", grow_pixels=2)


def test_a_recipe_file(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps({"settings": {"prompt": "grass", "steps": 7}}))
    assert read_recipe(tmp_path / "r.json") == Settings(prompt="grass", steps=7)


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"settings": 3}'])
def test_no_recipe(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InpaintError):
        read_recipe(tmp_path / "r.json")


def test_a_picture_without_a_recipe(tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match="contains no recipe"):
        read_recipe(save(tmp_path / "a.png", photograph()))


@pytest.mark.parametrize(
    "text",
    [
        '{"settings": {"prompt": "\\ud800"}}',
        "[" * 100_000,
        '{"settings": {"seed": ' + "9" * 5000 + "}}",
        '{"settings": {"prompt": "' + "a" * (1 << 20) + '"}}',
    ],
    ids=["half a surrogate pair", "deep", "a long number", "long"],
)
def test_hostile_recipes_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InpaintError, match="contains no recipe"):
        read_recipe(tmp_path / "r.json")


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match=r"missing\.json cannot be opened"):
        read_recipe(tmp_path / "missing.json")
