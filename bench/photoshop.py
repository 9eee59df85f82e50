"""A 768 x 768 crop from the Photoshop plug-in in Node, and the same request at the ZMTP door.

Prints milliseconds (median) from the button to putPixels without the engine's own time, and the
ratio to the ZMTP door, in turns against the same daemon. Needs Node, and `npm ci` in the plug-in.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inpaintd_protocol.client import Client, connect
from inpaintd_protocol.connection import read_connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

ROOT = Path(__file__).parent.parent
MODEL = "telea"
ROUNDS = 25
WARM_UP = 3
CANVAS = Rectangle(0, 0, 4000, 3000)
HOLE = Rectangle(1800, 1300, 384, 384)


def main() -> int:
    if not shutil.which("node") or not (ROOT / "plugins/photoshop_uxp/node_modules/ws").exists():
        print("skipped: needs Node, and npm ci in plugins/photoshop_uxp")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "inpaintd", "serve", "--port=0", "--websocket-port=0"],
            env=os.environ | {"INPAINTD_HOME": folder},
            stderr=subprocess.DEVNULL,
        )
        try:
            compare(Path(folder))
        finally:
            daemon.terminate()
            daemon.wait()
    return 0


def compare(home: Path) -> None:
    wait_for(home)
    node = subprocess.Popen(
        ["node", "--no-warnings", "bench/photoshop.js", str(home / "connection.json"), MODEL],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert node.stdin is not None
    assert node.stdout is not None
    with connect(home, name="bench", transport="zmq") as client:
        websocket, zmtp = [], []
        for _ in range(WARM_UP + ROUNDS):
            # In turns, so that both see the same machine.
            node.stdin.write("\n")
            node.stdin.flush()
            websocket.append(float(node.stdout.readline()))
            zmtp.append(fill_ms(client))
    node.stdin.close()
    node.wait()
    plug_in = statistics.median(websocket[WARM_UP:])
    other = statistics.median(zmtp[WARM_UP:])
    print(
        f"768 x 768 crop, engine excluded: plug-in over WebSocket {plug_in:.1f} ms, "
        f"ZMTP {other:.1f} ms, ratio {plug_in / other:.2f}"
    )


def fill_ms(client: Client) -> float:
    started = time.perf_counter()
    settings = Settings(model=MODEL)
    rectangle = client.plan(CANVAS, HOLE, settings)
    assert (rectangle.width, rectangle.height) == (768, 768)
    inside = HOLE.moved(-rectangle.x, -rectangle.y)
    mask = bytearray(768 * 768)
    for row in range(inside.y, inside.bottom):
        mask[row * 768 + inside.x : row * 768 + inside.right] = b"\xff" * inside.width
    finished = client.inpaint(
        Plane(768, 768, 4, "u8", PIXELS),
        settings,
        offset=(rectangle.x, rectangle.y),
        mask=Plane(768, 768, 1, "u8", bytes(mask)),
    )
    return (time.perf_counter() - started - finished.engine_seconds) * 1000


def wait_for(home: Path) -> None:
    for _ in range(1000):
        try:
            read_connection(home)
        except InpaintError:
            time.sleep(0.01)
        else:
            return
    raise SystemExit("the daemon did not start")


PIXELS = bytes(i * 31 & 255 for i in range(768 * 768 * 4))

if __name__ == "__main__":
    sys.exit(main())
