"""The purpose of the hot folder: left alone with anything, killed at any time, nothing is lost."""

from __future__ import annotations

import hashlib
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.hotfolder import pictures
from tests.hotfolder.conftest import SETTINGS, HotFolder

GOOD, PAIRS, COPIES, HALF, GARBAGE = 255, 40, 60, 50, 40
KILLS = 10
FEW = 0.15


@dataclass
class Dropped:
    """The inbox's contents, and the expected outcome."""

    good: dict[int, set[str]] = field(default_factory=dict)
    """Names of the drops that are one and the same, by the number of their photograph."""
    bad: set[str] = field(default_factory=set)
    with_bad: set[str] = field(default_factory=set)
    """Companions of bad pictures."""

    def add_good(self, number: int, name: str) -> None:
        self.good.setdefault(number, set()).add(name)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are made for POSIX systems")
@pytest.mark.parametrize("share", [FEW, pytest.param(1.0, marks=pytest.mark.exhaustive)])
def test_500_files_and_ten_kills(folder: HotFolder, tmp_path: Path, share: float) -> None:
    """All of them and, for every day, fewer files and kills of the same kinds."""
    (folder.root / "inpaintd.toml").write_text(SETTINGS.replace("processes = 1", "processes = 2"))
    chance = random.Random(8)
    outside = tmp_path / "outside"
    outside.mkdir()
    for number, name in enumerate(("secret.png", "linked.png")):
        (outside / name).write_bytes(pictures.encoded(pictures.with_hole(number)))
    before = _state(outside)
    dropped = _drop_all(folder, outside, chance, share)
    files = len(folder.files("inbox"))
    assert files >= 500 * share

    for _ in range(max(2, int(KILLS * share))):
        process = folder.start()
        assert process.stdout is not None
        for _ in range(chance.randrange(5, 60)):
            process.stdout.readline()
        time.sleep(chance.uniform(0, 0.02))
        assert process.poll() is None
        process.kill()
        _, errors = process.communicate()
        assert "Traceback" not in errors, errors
    assert 10 * share < len(folder.files("outbox")) < len(dropped.good), "the kills missed the work"
    folder.run()

    _check_results(folder, dropped)
    _check_failed(folder, dropped)
    assert not folder.files("inbox")
    assert not folder.files("processing")
    assert not list((folder.root / ".inpaintd" / "results").iterdir())
    texts = len(dropped.bad)
    assert len(folder.files("done")) + len(folder.files("failed")) == files + texts
    assert _state(outside) == before
    assert {p.name for p in tmp_path.iterdir()} == {"hot", "outside"}


def _check_results(folder: HotFolder, dropped: Dropped) -> None:
    """Every good one exactly once, with its own kept pixels."""
    results = folder.files("outbox")
    assert len(results) == len(dropped.good)
    kept = np.ones((pictures.SIDE, pictures.SIDE), bool)
    kept[pictures.hole()] = False
    for number, names in dropped.good.items():
        (name,) = results & names
        pixels = pictures.pixels_of(folder.outbox / name)
        original = pictures.photograph(number)
        assert (pixels[..., :3][kept] == original[kept]).all(), name
        assert (pixels[..., 3:] == 255).all(), name


def _check_failed(folder: HotFolder, dropped: Dropped) -> None:
    """Every bad one, each with a reason."""
    failed = folder.files("failed")
    texts = {name for name in failed if name.endswith(".error.txt")}
    assert failed - texts == dropped.bad | dropped.with_bad
    told = set()
    for name in texts:
        which, wrong, remedy = (folder.failed / name).read_text().strip().split("\n\n")
        assert wrong.endswith(".")
        assert remedy
        told.add(which)
    assert told == dropped.bad


def _drop_all(folder: HotFolder, outside: Path, chance: random.Random, share: float) -> Dropped:
    dropped = Dropped()
    files: dict[str, bytes] = {}
    for i in range(int(GOOD * share)):
        name = f"day {i % 3}/good {i}.png" if i % 5 == 0 else f"good {i}.png"
        files[name] = pictures.encoded(pictures.with_hole(i))
        dropped.add_good(i, name)
    for i in range(int(COPIES * share)):
        number = i % 20
        files[f"copy {i}.png"] = pictures.encoded(pictures.with_hole(number))
        dropped.add_good(number, f"copy {i}.png")
    for i in range(int(PAIRS * share)):
        number = 1000 + i
        files[f"pair {i}.png"] = pictures.encoded(pictures.photograph(number))
        dropped.add_good(number, f"pair {i}.png")
        if i % 2:
            files[f"pair {i}.mask.png"] = pictures.encoded(pictures.mask_picture())
        else:
            files[f"pair {i}.masked.png"] = pictures.encoded(pictures.with_hole(number))
    for i, name in enumerate(
        ("-rf.png", "$(touch hacked).png", "[red]x.png", "\x1b[2J.png", "ö.png")
    ):
        files[name] = pictures.encoded(pictures.with_hole(300 + i))
        dropped.add_good(300 + i, name)
    for i in range(int(HALF * share)):
        whole = pictures.encoded(pictures.with_hole(2000 + i))
        files[f"half {i}.png"] = whole[: chance.randrange(20, len(whole) - 20)]
        dropped.bad.add(f"half {i}.png")
    for i in range(int(GARBAGE * share)):
        suffix = chance.choice(("png", "tif", "webp", "jpg", "psd", "ora", "exe"))
        files[f"garbage {i}.{suffix}"] = chance.randbytes(chance.randrange(3000))
        dropped.bad.add(f"garbage {i}.{suffix}")
    bad = {
        "bomb.png": pictures.bomb(),
        "opaque.png": pictures.encoded(pictures.photograph(7)),
        "lonely.mask.png": pictures.encoded(pictures.mask_picture()),
        "nobody.toml": b"steps = 20",
        "wrong size.png": pictures.encoded(pictures.photograph(3)),
        "bad settings.png": pictures.encoded(pictures.with_hole(301)),
    }
    dropped.bad |= set(bad)
    companions = {
        "wrong size.mask.png": pictures.encoded(pictures.mask_picture()[:20]),
        "bad settings.toml": b"strength = 7",
    }
    dropped.with_bad |= set(companions)
    files |= bad | companions
    names = list(files)
    chance.shuffle(names)
    for name in names:
        folder.drop(name, files[name])
    _drop_what_is_no_file(folder, outside, dropped)
    return dropped


def _drop_what_is_no_file(folder: HotFolder, outside: Path, dropped: Dropped) -> None:
    for name, target in {
        "link.png": outside / "secret.png",
        "broken.png": outside / "nothing.png",
        "linked folder": outside,
        "passwords.png": Path("/etc/passwd"),
    }.items():
        (folder.inbox / name).symlink_to(target)
        dropped.bad.add(name)
    os.mkfifo(folder.inbox / "pipe.png")
    dropped.bad.add("pipe.png")
    (folder.inbox / "folder.png").mkdir()
    os.link(outside / "linked.png", folder.inbox / "hard link.png")
    dropped.add_good(1, "hard link.png")


def _state(folder: Path) -> dict[str, tuple[str, int]]:
    """The content of each file, and the time of its last change."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }
