"""Settings in files go by the names that people know, and a typo is told with the file's name."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from inpaintd.hotfolder.layout import Layout
from inpaintd.hotfolder.options import folder_layers, merged_settings, sidecar_layer
from inpaintd.setting_names import option_name
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings, settings_fields
from tests.hotfolder.conftest import HotFolder
from tests.hotfolder.pictures import encoded, photograph


@pytest.mark.parametrize("line", ["grow = 4", "grow_pixels = 4", "grow-pixels = 4"])
def test_an_option_and_its_field_are_the_same(line: str) -> None:
    layer = sidecar_layer("a.toml", line.encode())
    assert merged_settings([layer]) == Settings(grow_pixels=4)


def test_every_option_has_its_name() -> None:
    for field in settings_fields():
        default = field.metadata["fallback"]
        default = field.metadata["maximum"] if default is None else default
        value = json.dumps(default)  # of these kinds, TOML writes the same
        line = f"{option_name(field.name).removeprefix('--')} = {value}"
        assert list(sidecar_layer("a.toml", line.encode())) == [field.name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grow_pixel = 4", "In bad.toml: grow_pixel is unknown; did you mean grow?"),
        ("fether = 4", "In bad.toml: fether is unknown; did you mean feather?"),
        ("qqq = 4", "In bad.toml: qqq is unknown; no setting is called so."),
        ("count = 20", "In bad.toml: count is 20; it must lie between 1 and"),
        ("grow = 1\ngrow_pixels = 2", "In bad.toml: grow_pixels is said twice."),
    ],
)
def test_a_typo_is_told_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InpaintError) as caught:
        sidecar_layer("bad.toml", text.encode())
    assert str(caught.value).startswith(said)
    assert "plug-in" not in str(caught.value)
    (tmp_path / "inpaintd.toml").write_text(text)
    with pytest.raises(InpaintError, match=said.replace("bad", "inpaintd").split("(")[0]):
        folder_layers(Layout(tmp_path), PurePosixPath("a.png"))


def test_a_picture_without_a_hole_is_told_what_to_drop(folder: HotFolder) -> None:
    folder.drop("a.png", encoded(photograph()))
    folder.run()
    said = (folder.failed / "a.error.txt").read_text()
    assert "a.mask.png" in said
    assert "-M" not in said
