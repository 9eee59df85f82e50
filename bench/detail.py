"""Detail added to coarse fills of large holes, compared with the truth.

    python bench/detail.py [--sheet FILE.png]

The coarse fill is the truth at the resolution of a network, softened: the best that a network of
that size could give. A row shows it, the same with detail, and the built-in fill alone, with the
figures of `fills/figures.py`. Below, the cost and the memory for canvases of several sizes, with a
stand-in network that takes no time.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from fills.cases import Case, _hole, _picture
from fills.figures import NAMES, figures_of
from numpy.typing import NDArray

from inpaintd.engine import Array, Task
from inpaintd.engines.patches.filler import Patches
from inpaintd_protocol.settings import Settings, Settled

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.engines import tiny_networks

_SETTLED = Settled.of(Settings())
_CASES = {
    "gravel": (0.5, 0.5, 0.33),
    "grass": (0.45, 0.5, 0.33),
    "brick": (0.5, 0.5, 0.33),
    "rocket": (0.4, 0.5, 0.2),
    "chelsea": (0.5, 0.5, 0.22),
    "astronaut": (0.3, 0.3, 0.3),
    "coffee": (0.5, 0.6, 0.2),
}
"""Centre and radius of the hole, as shares of the width and height."""

_SCALES = (0.5, 0.3)
_TILE = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sheet", type=Path, help="PNG to write a contact sheet to")
    given = parser.parse_args()
    rows = []
    print(f"{'':<30}" + "".join(f"{name:>10}" for name in (*NAMES, "s")))
    for name, (x, y, radius) in _CASES.items():
        picture = _picture(name, None)
        assert picture is not None
        hole = _hole(picture.shape, "disc", [str(x), str(y), str(radius)])
        case = Case(name, "large", picture, hole)
        for scale in _SCALES:
            rows.append(_row(case, scale))
    if given.sheet:
        cv2.imwrite(str(given.sheet), np.vstack(rows)[..., ::-1])
    _print_cost()
    return 0


def _row(case: Case, scale: float) -> NDArray[np.uint8]:
    truth, mask = case.picture.astype(np.float32) / 255, case.hole.astype(np.float32)
    coarse, engine = _coarse(truth, case.hole, scale), Patches()
    fills = {
        "network": lambda: coarse,
        "network, detailed": lambda: engine.detailed(
            Task(coarse, mask, 1), scale, _SETTLED, _quiet
        ),
        "built-in fill": lambda: engine.paint([Task(truth, mask, 1)], _SETTLED, _quiet).colours[0],
    }
    tiles = [_tile(case.picture)]
    for name, fill in fills.items():
        began = time.perf_counter()
        filled = np.floor(np.clip(fill(), 0, 1) * 255 + 0.5).astype(np.uint8)
        seconds = time.perf_counter() - began
        values = (*figures_of(case, filled), seconds)
        title = f"{case.name} {scale:g} {name}"
        print(f"{title:<30}" + "".join(f"{value:>10.2f}" for value in values))
        tiles.append(_tile(filled))
    return np.hstack(tiles)


def _coarse(truth: Array, hole: NDArray[np.bool_], scale: float) -> Array:
    height, width = hole.shape
    size = (round(width * scale), round(height * scale))
    small = cv2.GaussianBlur(cv2.resize(truth, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.where(hole[..., None], np.clip(large, 0, 1), truth).astype(np.float32)


def _print_cost() -> None:
    """Time for one hole in the region that a request sends, whatever the canvas."""
    import tempfile

    from inpaintd.engines.erase.eraser import Erase
    from inpaintd.models.registry import load_registry
    from inpaintd.pipeline.run import run
    from inpaintd_protocol.messages import Inpaint
    from inpaintd_protocol.plane import Plane

    registry = load_registry(Path())
    entry = registry.find("lama")
    settings = registry.settled(entry, Settings(model="lama"))
    print("\ncanvas        seconds   resident MB")
    with tempfile.TemporaryDirectory() as folder:
        file = tiny_networks.lama(Path(folder) / "lama.onnx")
        engine, detailer = Erase(lambda _: file), Patches()
        for side in (1024, 2048, 4096):
            pixels = np.full((side, side, 4), 255, np.uint8)
            texture = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)
            pixels[..., :3] = np.tile(texture, (side // 256, side // 256, 1))
            y, x = np.ogrid[:side, :side]
            pixels[(y - side // 2) ** 2 + (x - side // 2) ** 2 < 200**2, 3] = 0
            request = Inpaint("1", Plane(side, side, 4, "u8", pixels.tobytes()), Settings())
            began = time.perf_counter()
            run(
                request,
                engine,
                lambda _: None,
                settings=settings,
                sizes=entry.sizes,
                detailer=detailer,
            )
            resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            seconds = time.perf_counter() - began
            print(f"{side:>5} x {side:<5}{seconds:>8.2f}{resident:>14.0f}")


def _tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, (_TILE, _TILE), interpolation=cv2.INTER_AREA), np.uint8)


def _quiet(*_: object, **__: object) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
