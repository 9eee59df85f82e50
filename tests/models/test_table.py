"""The user's models.toml, with the slips that a text editor lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaintd.engines.diffusion.loading.library import Library
from inpaintd.models.installed import is_path
from inpaintd.models.registry import load_registry
from inpaintd.models.user_file import add_entry, set_default
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

TABLE = '[x]\ntitle = "X"\nengine = "diffusion"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("default = 5", "default must be the name of a model"),
        ("x = 5", "'x' is no table"),
        ('[""]\ntitle = "X"', "'' is no table"),
        ('[x]\ntitle = "X"', r"\[x\] lacks engine"),
        (TABLE + "titel = 5", r"\[x\] has no setting 'titel'"),
        (TABLE + "source = 5", r"\[x\] source must be a text"),
        (TABLE + 'native_side = "512"', r"\[x\] native_side must be a whole number above 0"),
        (TABLE + "multiple = 0", r"\[x\] multiple must be a whole number above 0"),
        (TABLE + "multiple = true", r"\[x\] multiple must be a whole number above 0"),
        (TABLE + 'honours = "seed"', r"\[x\] honours must be a list of texts"),
        (
            TABLE + 'kind = "vae"',
            r"\[x\] kind must be model or controlnet or ip-adapter or few-steps"
            " or preview-decoder or part",
        ),
        (TABLE + 'control = "canny"', r"\[x\] control must be inpaint or tile"),
        (TABLE + "defaults = 5", r"\[x\] defaults must be a table"),
        (TABLE + "defaults = { stepz = 3 }", r"\[x\] defaults: stepz is not"),
        (TABLE + "defaults = { steps = -4 }", r"\[x\] defaults: steps is -4"),
        (TABLE + 'vae = "none"', r"\[x\] is made with 'none', and there is no such model"),
        (TABLE + 'vae = "x"', r"\[x\] is a part of itself"),
        (TABLE + 'vae = "y"\n[y]\ntitle = "Y"\nengine = "e"\nvae = "x"', "is a part of itself"),
    ],
)
def test_a_slip_is_told_where_it_was_made(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(text)
    with pytest.raises(InpaintError, match=says) as caught:
        load_registry(tmp_path)
    assert caught.value.code == "unreadable"
    assert str(tmp_path / "models.toml") in caught.value.message


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_bytes("# Modèle".encode("latin-1"))
    with pytest.raises(InpaintError, match="is not saved as UTF-8"):
        load_registry(tmp_path)


def test_the_mark_that_notepad_writes_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text('default = "telea"\n', encoding="utf-8-sig")
    assert load_registry(tmp_path).find("").name == "telea"
    set_default(tmp_path, "navier-stokes")
    add_entry(tmp_path, "x", {"title": "X", "engine": "diffusion"})
    registry = load_registry(tmp_path)
    assert (registry.find("").name, registry.find("x").title) == ("navier-stokes", "X")


def test_a_default_that_has_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text('default = "gone"')
    with pytest.raises(InpaintError, match="no model named 'gone'"):
        load_registry(tmp_path).find("")


def test_defaults_are_settings(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(TABLE + 'defaults = { loras = [{ name = "soft" }] }')
    registry = load_registry(tmp_path)
    settled = registry.settled(registry.find("x"), Settings())
    assert settled.loras[0].name == "soft"


def test_the_home_folder_of_nobody_is_a_place_with_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(TABLE + 'source = "~nobody-of-this-name/x"')
    registry = load_registry(tmp_path)
    with pytest.raises(InpaintError, match="There is nothing at ~nobody-of-this-name/x"):
        registry.folder(registry.find("x"))


@pytest.mark.parametrize(
    "place",
    ["/models/x", "~/x", "./x", "../x", "x.safetensors", r"C:\x", "d:/models/x", r"\\server\x"],
)
def test_places_are_told_from_repositories(place: str) -> None:
    assert is_path(place)
    assert not is_path("owner/name")


def test_a_part_in_nobodys_home_folder_is_said_to_be_missing(tmp_path: Path) -> None:
    place = tmp_path / "model"
    place.mkdir()
    (tmp_path / "models.toml").write_text(
        f'[mine]\ntitle = "Mine"\nengine = "diffusion"\nsource = "{place.as_posix()}"\n'
        'vae = "~nobody-of-that-name/vae.safetensors"\n'
    )
    with pytest.raises(InpaintError, match="nothing at ~nobody-of-that-name") as caught:
        Library(lambda: load_registry(tmp_path)).model("mine")
    assert caught.value.code == "model_missing"
