"""A reference picture beside a dropped picture, or for all pictures of a folder."""

from __future__ import annotations

import json

import numpy as np

from inpaintd.files.recipe_file import recipe_text
from tests.hotfolder import pictures
from tests.hotfolder.conftest import SETTINGS, HotFolder

RED, BLUE = (200, 20, 20), (20, 20, 200)
PAINTED = SETTINGS.replace("telea", "reference")
"""An engine that paints the mean colour of its reference."""


def plain(colour: tuple[int, int, int], side: int = 30) -> bytes:
    return pictures.encoded(np.full((side, side + 3, 3), colour, np.uint8))


def holed(number: int) -> bytes:
    return pictures.encoded(pictures.with_hole(number))


def painted(folder: HotFolder, name: str) -> tuple[int, ...]:
    """The colour in the middle of a result's hole."""
    return tuple(pictures.pixels_of(folder.outbox / name)[22, 20, :3])


def test_a_reference_of_its_own_before_that_of_the_folder(folder: HotFolder) -> None:
    top = 'reference = "style.png"\nreference_weight = 0.5\n'
    (folder.root / "inpaintd.toml").write_text(top + PAINTED)
    (folder.root / "style.png").write_bytes(plain(BLUE))
    folder.drop("a.png", holed(1))
    folder.drop("b.png", holed(2))
    folder.drop("b.reference.jpg", plain(RED))
    folder.drop("b.toml", b"reference_weight = 1.5")
    folder.drop("none/inpaintd.toml", b'reference = ""')
    folder.drop("none/c.png", holed(3))
    events = folder.run()
    assert events[-1]["failed"] == 0, events
    assert painted(folder, "a.png") == BLUE
    assert np.abs(np.subtract(painted(folder, "b.png"), RED)).max() <= 3, "as JPEG stores it"
    assert painted(folder, "none/c.png") == (0, 0, 0)
    assert "b.reference.jpg" in folder.files("done")
    a, b = (json.loads(recipe_text(folder.outbox / name)) for name in ("a.png", "b.png"))
    assert a["settings"]["references"] == [{"weight": 0.5}]
    assert b["settings"]["references"] == [{"weight": 1.5}]
    for recipe, name in ((a, "style.png"), (b, "b.reference.jpg")):
        (entry,) = recipe["files"]["references"]
        assert entry["name"] == name
        assert len(entry["sha256"]) == 64, "found again even by another name"


def test_another_reference_is_another_fill_and_a_result_takes_none_along(
    folder: HotFolder,
) -> None:
    (folder.root / "inpaintd.toml").write_text(PAINTED)
    for number, colour in enumerate((RED, BLUE)):
        folder.drop("a.png", holed(1))
        folder.drop("a.reference.png", plain(colour))
        assert folder.run()[-1]["done"] == 1
        assert painted(folder, ("a.png", "a.1.png")[number]) == colour
    result = pictures.pixels_of(folder.outbox / "a.png")
    folder.drop("again.png", (folder.outbox / "a.png").read_bytes())
    folder.drop("again.mask.png", pictures.encoded(pictures.mask_picture()))
    assert folder.run()[-1]["done"] == 1, "its recipe's reference is another picture"
    assert (pictures.pixels_of(folder.outbox / "again.png") != result).any()


WRONG: list[tuple[dict[str, bytes], str]] = [
    ({"a.reference.png": plain(RED)}, "a reference without its picture"),
    ({"a.png": holed(1), "a.reference.png": b"no picture"}, "a.reference.png"),
    (
        {"a.png": holed(2), "a.reference.png": plain(RED), "a.toml": b"reference_weight = 9"},
        "weight",
    ),
    ({"a.png": holed(3), "inpaintd.toml": b'reference = "../x.png"'}, "in the same folder"),
    ({"a.png": holed(4), "inpaintd.toml": b'reference = "gone.png"'}, "which does not exist"),
]


def test_what_is_wrong_with_a_reference_is_said(folder: HotFolder) -> None:
    for number, (files, _) in enumerate(WRONG):
        for name, data in files.items():
            folder.drop(f"{number}/{name}", data)
    events = folder.run()
    failed = {e["name"].partition("/")[0]: e["message"] for e in events if e["event"] == "failed"}
    for number, (_, said) in enumerate(WRONG):
        assert said in failed[str(number)]
