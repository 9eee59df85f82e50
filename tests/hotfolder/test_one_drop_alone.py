"""A drop that nothing can be done with takes nothing down but itself."""

from __future__ import annotations

from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder

SENTENCE = "水" * 16_000


def frozen_xmp() -> bytes:
    """A picture whose metadata made a regular expression backtrack without end."""
    packet = "<rdf:Description" + ' xmlns:inpaintd="a"' * 60
    return pictures.with_itxt(pictures.encoded(pictures.with_hole(1)), "XML:com.adobe.xmp", packet)


def test_what_cannot_be_sent_fails_alone(folder: HotFolder) -> None:
    for name in ("long.png", "good.png"):
        folder.drop(name, pictures.encoded(pictures.with_hole(len(name))))
    folder.drop("long.toml", f'prompt = "{SENTENCE}"\nnegative_prompt = "{SENTENCE}"'.encode())
    folder.drop("huge.png", pictures.huge_hole())
    folder.drop("odd.png", pictures.with_recipe('{"settings": {"prompt": "\\ud800"}}'))
    events = folder.run()
    assert folder.files("outbox") == {"good.png"}
    assert events[-1]["done"] == 1
    reasons = {"long": "header", "huge": "pixels", "odd": "recipe"}
    for name, reason in reasons.items():
        assert reason in (folder.failed / f"{name}.error.txt").read_text()
    assert events[-1]["failed"] == len(reasons)


def test_hostile_metadata_is_passed_over(folder: HotFolder) -> None:
    folder.drop("a.png", frozen_xmp())
    assert folder.run()[-1]["done"] == 1
