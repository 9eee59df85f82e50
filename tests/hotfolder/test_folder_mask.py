"""One mask for all pictures of a folder; what settings in an inbox may do, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaintd.files.recipe_file import recipe_text
from tests.hotfolder import pictures
from tests.hotfolder.conftest import SETTINGS, HotFolder

MASK = pictures.encoded(pictures.mask_picture())


def opaque(number: int) -> bytes:
    return pictures.encoded(pictures.photograph(number))


def test_one_mask_for_all(folder: HotFolder) -> None:
    (folder.root / "inpaintd.toml").write_text('mask = "mask.png"\n' + SETTINGS)
    (folder.root / "mask.png").write_bytes(MASK)
    other = pictures.encoded(np.rot90(pictures.mask_picture(), 2).copy())
    folder.drop("own.png", opaque(1))
    folder.drop("own.mask.png", other)
    folder.drop("a.png", opaque(2))
    folder.drop("sub/b.png", opaque(3))
    folder.drop("sub/deep/inpaintd.toml", b'mask = "stencil.png"')
    folder.drop("sub/deep/stencil.png", other)
    folder.drop("sub/deep/c.png", opaque(4))
    folder.drop("none/inpaintd.toml", b'mask = ""')
    folder.drop("none/d.png", pictures.encoded(pictures.with_hole(5)))
    events = folder.run()
    assert events[-1]["failed"] == 0, events
    assert folder.files("outbox") == {
        "own.png",
        "a.png",
        "sub/b.png",
        "sub/deep/c.png",
        "none/d.png",
    }
    assert "sub/deep/stencil.png" in folder.files("inbox"), "it stays where it is"
    kept = pictures.mask_picture() == 0
    for name, number in (("a.png", 2), ("sub/b.png", 3)):
        result = pictures.pixels_of(folder.outbox / name)
        assert (result[kept] == pictures.photograph(number)[kept]).all()
        assert (result[~kept] != pictures.photograph(number)[~kept]).any()
        assert '"mask.png"' in recipe_text(folder.outbox / name)


def test_another_mask_is_another_fill(folder: HotFolder) -> None:
    (folder.root / "inpaintd.toml").write_text('mask = "mask.png"\n' + SETTINGS)
    for end in (10, 20):
        mask = pictures.mask_picture()
        mask[:, end:] = 0
        mask[0, 0] = 255
        (folder.root / "mask.png").write_bytes(pictures.encoded(mask))
        folder.drop("a.png", opaque(1))
        assert folder.run()[-1]["done"] == 1


NAME_OF_A_PICTURE = "must be the name of a picture in the same folder"
TRIED = {
    'mask = "/etc/passwd"': NAME_OF_A_PICTURE,
    'mask = "../secret.png"': NAME_OF_A_PICTURE,
    'mask = "..\\\\secret.png"': NAME_OF_A_PICTURE,
    "mask = 7": NAME_OF_A_PICTURE,
    'mask = "secret.txt"': NAME_OF_A_PICTURE,
    'mask = "link.png"': "link.png cannot be opened",
    'mask = "gone.png"': "which does not exist",
    'out = "/tmp/x.png"': "out is unknown",
    "overwrite = true": "overwrite is unknown",
    'engine = "os:system"': "engine is unknown",
    'model = "../../secret.png"': "secret.png",
    'model = "os:system"': "os:system",
    "[watch]\nsettle_seconds = 0": "",
}
"""Mistaken settings, and the complaints about them."""


def test_settings_in_an_inbox_change_how_a_picture_is_filled_and_nothing_else(
    folder: HotFolder, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(MASK)
    before = {path: path.stat() for path in tmp_path.iterdir() if path.is_file()}
    for number, text in enumerate(TRIED):
        folder.drop(f"{number}/inpaintd.toml", text.encode())
        folder.drop(f"{number}/a.png", pictures.encoded(pictures.with_hole(number)))
        if "link.png" in text:
            (folder.inbox / f"{number}/link.png").symlink_to(secret)
    events = folder.run()
    ends = {e["name"]: e for e in events if e["event"] in ("done", "failed")}
    for number, (text, said) in enumerate(TRIED.items()):
        end = ends[f"{number}/a.png"]
        assert (end["event"] == "done") == (not said), (text, end)
        assert said in end.get("message", ""), (text, end)
    assert {path: path.stat() for path in before} == before
    assert {path.name for path in tmp_path.iterdir()} == {"secret.png", "hot"}
