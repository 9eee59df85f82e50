"""A drop that nothing can be done with takes nothing down but itself."""

from __future__ import annotations

import json

import pytest

from tests.hotfolder import pictures
from tests.hotfolder.conftest import HotFolder

SENTENCE = "水" * 16_000


def frozen_xmp() -> bytes:
    """A picture whose metadata made a regular expression backtrack without end."""
    packet = "<rdf:Description" + ' xmlns:inpaintd="a"' * 60
    return pictures.with_itxt(pictures.encoded(pictures.with_hole(1)), "XML:com.adobe.xmp", packet)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"a.toml": f'prompt = "{SENTENCE}"\nnegative_prompt = "{SENTENCE}"'.encode()},
            "header",
        ),
        ({"a.png": pictures.huge_hole()}, "pixels"),
        ({"a.png": pictures.with_recipe('{"settings": {"prompt": "\\ud800"}}')}, "recipe"),
    ],
    ids=["too long a header", "too large a hole", "half a surrogate pair"],
)
def test_what_cannot_be_sent_fails_alone(
    folder: HotFolder, files: dict[str, bytes], reason: str
) -> None:
    folder.drop("a.png", pictures.encoded(pictures.with_hole(1)))
    for name, data in files.items():
        folder.drop(name, data)
    folder.drop("b.png", pictures.encoded(pictures.with_hole(2)))
    events = folder.run()
    assert folder.files("outbox") == {"b.png"}
    assert reason in (folder.failed / "a.error.txt").read_text()
    assert events[-1]["done"] == events[-1]["failed"] == 1


def test_hostile_metadata_is_passed_over(folder: HotFolder) -> None:
    folder.drop("a.png", frozen_xmp())
    assert json.dumps(folder.run()[-1]["done"]) == "1"
