"""However files come into the inbox, and whether or not the system reports it, they are found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hotfolder import pictures
from tests.hotfolder.conftest import SETTINGS, HotFolder
from tests.running import eventually

NEVER = "scan_seconds = 500000"
DEAF = """
from inpaintd.hotfolder import observing
observing._Handler.on_any_event = lambda self, event: None
"""
NO_WATCHES_LEFT = """
from watchdog.observers import Observer
def start(self):
    raise OSError(28, "inotify watch limit reached")
Observer.start = start
"""


@contextmanager
def watching(folder: HotFolder, before: str = "") -> Iterator[None]:
    """Watch from before the first of two pictures is done, so that the second one is news."""
    folder.drop("early.png", pictures.encoded(pictures.with_hole(1)))
    with folder.watching(before):
        eventually(lambda: "early.png" in folder.files("done"), "what was there is filled")
        yield
    assert not folder.files("failed")


def written(folder: HotFolder, data: bytes) -> str:
    folder.drop("late.png", data)
    return "late.png"


def renamed(folder: HotFolder, data: bytes) -> str:
    """With the times of an old file."""
    outside = folder.root / "outside.png"
    outside.write_bytes(data)
    os.utime(outside, (1e9, 1e9))
    outside.rename(folder.inbox / "late.png")
    return "late.png"


def linked(folder: HotFolder, data: bytes) -> str:
    (folder.root / "outside.png").write_bytes(data)
    os.link(folder.root / "outside.png", folder.inbox / "late.png")
    return "late.png"


def with_its_folder(folder: HotFolder, data: bytes) -> str:
    (folder.root / "roll/two").mkdir(parents=True)
    (folder.root / "roll/two/late.png").write_bytes(data)
    (folder.root / "roll").rename(folder.inbox / "roll")
    return "roll/two/late.png"


ARRIVALS: list[Callable[[HotFolder, bytes], str]] = [written, renamed, linked, with_its_folder]


@pytest.mark.parametrize("arrive", ARRIVALS)
@pytest.mark.parametrize(
    "before",
    [DEAF, pytest.param(NO_WATCHES_LEFT, marks=pytest.mark.exhaustive)],
    ids=["deaf", "no watches"],
)
def test_the_regular_scan_finds_what_the_system_did_not_report(
    folder: HotFolder, before: str, arrive: Callable[[HotFolder, bytes], str]
) -> None:
    with watching(folder, before):
        name = arrive(folder, pictures.encoded(pictures.with_hole(2)))
        eventually(lambda: name in folder.files("done"), "it is found and filled")


@pytest.mark.parametrize("arrive", ARRIVALS)
def test_the_systems_reports_are_heard_between_scans(
    folder: HotFolder, arrive: Callable[[HotFolder, bytes], str]
) -> None:
    settings = SETTINGS.replace("scan_seconds = 0.5", NEVER)
    (folder.root / "inpaintd.toml").write_text(settings)
    with watching(folder):
        name = arrive(folder, pictures.encoded(pictures.with_hole(2)))
        eventually(lambda: name in folder.files("done"), "it is found and filled")


@pytest.mark.parametrize(
    "before", [pytest.param(DEAF, marks=pytest.mark.exhaustive), ""], ids=["deaf", "hearing"]
)
@pytest.mark.parametrize("order", [("late.jpg", "late.mask.png"), ("late.mask.png", "late.jpg")])
def test_the_halves_of_a_pair_may_come_in_any_order(
    folder: HotFolder, order: tuple[str, str], before: str
) -> None:
    settings = SETTINGS.replace("patience_seconds = 1.0", "patience_seconds = 60")
    (folder.root / "inpaintd.toml").write_text(settings)
    halves = {
        "late.jpg": pictures.encoded(pictures.photograph(2), "JPEG"),
        "late.mask.png": pictures.encoded(pictures.mask_picture()),
    }
    with folder.watching(before) as process:
        assert process.stdout is not None
        folder.drop(order[0], halves[order[0]])
        if order[0] == "late.jpg":
            # Looked at by itself, and found to lack its hole.
            assert any('"waiting"' in line for line in iter(process.stdout.readline, ""))
        else:
            folder.drop("other.png", pictures.encoded(pictures.with_hole(3)))
            eventually(lambda: "other.png" in folder.files("done"), "the scan has seen the mask")
        folder.drop(order[1], halves[order[1]])
        eventually(lambda: set(order) <= folder.files("done"), "both halves are put away")
        assert "late.png" in folder.files("outbox")
    assert not folder.files("failed")


def test_files_that_are_there_already_are_filled_at_the_start(folder: HotFolder) -> None:
    (folder.root / "inpaintd.toml").write_text(SETTINGS.replace("scan_seconds = 0.5", NEVER))
    names = {f"day {i}/{i}.png" for i in range(4)}
    for i, name in enumerate(sorted(names)):
        path = folder.drop(name, pictures.encoded(pictures.with_hole(i)))
        os.utime(path, (1e9, 1e9))
    with folder.watching(DEAF):
        eventually(lambda: folder.files("done") == names, "all are filled")
    assert folder.files("outbox") == names
    assert not [p for p in Path(folder.inbox).rglob("*") if p.is_file()]
