"""Pictures a minute: the hot folder, one worker, and a batch that handles whole frames.

    python bench/hotfolder.py [PICTURES]

The same PNGs of 4096 x 4096 with a 200 px hole, and PatchMatch for all three, in turn:

- hot folder: `inpaintd watch --once`; decoding, filling and encoding of different pictures overlap.
- one worker: the same code, one picture after the other, nothing at the same time.
- whole frames: what `iopaint run` does for each picture with a mask, less the time that its HTTP
  server and its start cost: Pillow decodes to RGB, the engine gets a crop with its margin of
  128 px, the whole frame is composited in floating point, and Pillow writes a PNG.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.running import running_daemon

from inpaintd.engine import Task
from inpaintd.engines.load import load
from inpaintd.files.fill import open_order, write_answer
from inpaintd.files.order import Order
from inpaintd_protocol.client import connect
from inpaintd_protocol.settings import Settings

SIDE, HOLE, MARGIN = 4096, 200, 128
START = (SIDE - HOLE) // 2
SETTINGS = Settings(seed=1)
ROUNDS = 3  # the best counts: other programs can only make it slower


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        os.environ["INPAINTD_HOME"] = str(top / "home")
        sources = _pictures(top / "sources", count)
        with running_daemon(top / "home", workers=2):
            ways: dict[str, Callable[[Path, list[Path]], None]] = {
                "hot folder": _hot_folder,
                "one worker": _one_worker,
                "whole frames": _whole_frames,
            }
            _one_worker(top, sources[:1])  # the files are in the page cache, a worker has started
            rates = dict.fromkeys(ways, 0.0)
            for turn in range(ROUNDS):
                for way, run in ways.items():
                    # Whole frames take long, and do not depend on how many there are.
                    some = sources if run is not _whole_frames else sources[:2]
                    started = time.perf_counter()
                    run(top / f"{turn}", some)
                    rate = 60 * len(some) / (time.perf_counter() - started)
                    rates[way] = max(rates[way], rate)
            for way, rate in rates.items():
                print(f"{way:<14} {rate:7.1f} pictures a minute, the best of {ROUNDS}")
    print(f"two busy loops at once / one  {parallel_gain():5.2f}   (2: both cores are free)")
    print(f"hot folder / one worker    {rates['hot folder'] / rates['one worker']:5.2f}   (>= 1.8)")
    print(f"hot folder / whole frames  {rates['hot folder'] / rates['whole frames']:5.2f}   (>= 5)")


def parallel_gain() -> float:
    """Largest possible gain on this machine at the moment; a busy one allows none."""
    loop = [sys.executable, "-c", "for i in range(2 * 10**7): pass"]
    seconds = []
    for count in (1, 2):
        started = time.perf_counter()
        for process in [subprocess.Popen(loop) for _ in range(count)]:
            process.wait()
        seconds.append(time.perf_counter() - started)
    return 2 * seconds[0] / seconds[1]


def _pictures(folder: Path, count: int) -> list[Path]:
    """Photographs, enlarged, with fine noise as a sensor's, so that they compress like ones."""
    folder.mkdir()
    random = np.random.default_rng(1)
    photographs = (data.astronaut(), data.coffee(), data.chelsea())
    paths = []
    for number in range(count):
        small = Image.fromarray(photographs[number % len(photographs)])
        large = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.int16)
        noise = random.integers(-2, 3, (SIDE, SIDE, 1), np.int16)
        rgba = np.full((SIDE, SIDE, 4), 255, np.uint8)
        rgba[..., :3] = np.clip(large + noise, 0, 255)
        rgba[START : START + HOLE, START : START + HOLE, 3] = 0
        path = folder / f"{number}.png"
        Image.fromarray(rgba).save(path, compress_level=3)
        paths.append(path)
    return paths


def _hot_folder(top: Path, sources: list[Path]) -> None:
    folder = top / "hot"
    (folder / "inbox").mkdir(parents=True)
    (folder / "inpaintd.toml").write_text("seed = 1\n[watch]\nsettle_seconds = 0.05\n")
    for path in sources:
        os.link(path, folder / "inbox" / path.name)
    command = [sys.executable, "-m", "inpaintd", "watch", str(folder), "--once", "--json"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert json.loads(lines.splitlines()[-1])["done"] == len(sources)


def _one_worker(top: Path, sources: list[Path]) -> None:
    top.mkdir(exist_ok=True)
    with connect(name="bench", transport="zmq") as client:
        for path in sources:
            opened = open_order(Order(path, SETTINGS, out=top / "one.png"))
            sent = opened.send(client)
            offset = (sent.rectangle.x, sent.rectangle.y)
            answer = client.inpaint(sent.layer, SETTINGS, offset=offset)
            write_answer(opened, sent, answer)


def _whole_frames(top: Path, sources: list[Path]) -> None:
    top.mkdir(exist_ok=True)
    engine = load("patchmatch")
    for path in sources:
        with Image.open(path) as file:
            mask = 255 - np.asarray(file.getchannel("A"))
            frame = np.asarray(file.convert("RGB"))
        low, high = START - MARGIN, START + HOLE + MARGIN
        crop = frame[low:high, low:high].astype(np.float32) / 255
        hole = mask[low:high, low:high].astype(np.float32) / 255
        painted = engine.paint([Task(crop, hole, 1)], SETTINGS, lambda *_, **__: None).colours[0]
        filled = frame.copy()
        filled[low:high, low:high] = np.clip(painted * 255, 0, 255).astype(np.uint8)
        weight = mask[..., np.newaxis] / 255
        result = (filled * weight + frame * (1 - weight)).astype(np.uint8)
        Image.fromarray(result).save(top / "whole.png")


if __name__ == "__main__":
    main()
