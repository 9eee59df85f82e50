"""Pictures with holes: over known background, and round objects that are to go.

The pictures are those that scikit-image carries, synthetic structures, and, when they are there,
the wallpapers of the Debian packages mate-backgrounds and plasma-workspace-wallpapers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

Pixels = NDArray[np.bool_]

_LONGEST_SIDE = 1280
"""Wallpapers are scaled down to this, in pixels."""


@dataclass(frozen=True)
class Case:
    """A hole in a picture.

    Attributes:
        group: the kind of hole; "removal" where the picture under it is no truth.
        picture: (H, W, 3) uint8.
        hole: (H, W) bool.
    """

    name: str
    group: str
    picture: NDArray[np.uint8]
    hole: Pixels


_CARRIED = {
    "astronaut": skimage.data.astronaut,
    "brick": skimage.data.brick,
    "camera": skimage.data.camera,
    "chelsea": skimage.data.chelsea,
    "coffee": skimage.data.coffee,
    "grass": skimage.data.grass,
    "gravel": skimage.data.gravel,
    "hubble": skimage.data.hubble_deep_field,
    "ihc": skimage.data.immunohistochemistry,
    "motorcycle": lambda: skimage.data.stereo_motorcycle()[0],
    "rocket": skimage.data.rocket,
}

# Group, picture, then the hole: shape and its centre and sizes as shares of width and height.
_KNOWN = """
wire astronaut line .10 .15 .95 .30 3
wire rocket line .00 .40 1.0 .25 4
wire Kite line .05 .60 .95 .35 5
wire coffee line .05 .90 .95 .55 3
wire motorcycle line .02 .30 .98 .10 4
dust chelsea spots 60 2 4
dust Storm spots 120 2 6
dust astronaut spots 40 2 5
dust gravel spots 60 2 5
person Path figure .55 .60 .06 .30
person EveningGlow figure .30 .62 .05 .30
person Dune figure .72 .60 .06 .34
person BytheWater figure .55 .50 .06 .36
person ColdRipple figure .50 .72 .06 .30
person Storm figure .60 .62 .05 .30
person grass figure .50 .50 .10 .36
person motorcycle figure .12 .80 .07 .18
corner coffee box .00 .82 .16 .18
corner Dune box .00 .82 .14 .18
corner FallenLeaf box .86 .84 .14 .16
corner brick box .78 .78 .22 .22
border GreenMeadow box .90 .20 .10 .50
border Storm box .00 .40 .08 .40
border OneStandsOut box .30 .90 .40 .10
border BytheWater box .90 .30 .10 .60
text coffee words
text chelsea words
text EveningGlow words
text grass words
blob gravel disc .50 .50 .12
blob grass disc .45 .55 .14
blob brick disc .55 .50 .12
blob astronaut disc .20 .30 .08
blob Wood disc .45 .35 .08
blob Blinds disc .40 .50 .08
blob ColorfulCups disc .52 .52 .07
blob Grey disc .50 .35 .06
blob Kite disc .40 .60 .08
blob FreshFlower disc .55 .65 .08
blob ihc disc .35 .40 .09
blob camera disc .75 .80 .08
blob hubble disc .50 .50 .10
blob LadyBird disc .42 .22 .06
"""

_REMOVALS = """
astronaut-rocket astronaut disc .83 .27 .14 .33
chelsea-eye chelsea disc .62 .40 .09 .11
coffee-spoon coffee disc .80 .58 .09 .15
rocket rocket disc .49 .55 .05 .36
ladybird LadyBird disc .705 .52 .055 .09
leaf FallenLeaf disc .72 .57 .20 .27
kite Kite disc .663 .375 .05 .08
girl Autumn disc .31 .83 .04 .10
star OneStandsOut disc .66 .53 .07 .10
boat EveningGlow disc .36 .63 .06 .16
splash Aqua disc .71 .53 .19 .26
pole ColdRipple disc .50 .49 .07 .06
cup ColorfulCups disc .30 .52 .13 .16
bike-wheel motorcycle disc .26 .72 .14 .22
flower Garden disc .70 .50 .36 .46
"""


def known(folder: Path | None) -> Iterator[Case]:
    """Holes over a background that was photographed, or computed.

    Args:
        folder: where the wallpapers were unpacked; without it those cases are left out.
    """
    for line in _KNOWN.strip().splitlines():
        group, name, shape, *numbers = line.split()
        picture = _picture(name, folder)
        if picture is not None:
            yield Case(name, group, picture, _hole(picture.shape, shape, numbers))
    for name, picture in _structures():
        yield Case(name, "structure", picture, _hole(picture.shape, "disc", [".5", ".5", ".14"]))


def removals(folder: Path | None) -> Iterator[Case]:
    """Holes round objects, to be judged by eye."""
    for line in _REMOVALS.strip().splitlines():
        name, source, shape, *numbers = line.split()
        picture = _picture(source, folder)
        if picture is not None:
            yield Case(name, "removal", picture, _hole(picture.shape, shape, numbers))


@lru_cache(maxsize=4)
def _picture(name: str, folder: Path | None) -> NDArray[np.uint8] | None:
    if name in _CARRIED:
        picture = np.asarray(_CARRIED[name](), np.uint8)
        return np.dstack([picture] * 3) if picture.ndim == 2 else picture[..., :3].copy()
    if folder is None:
        return None
    files = [*folder.rglob(f"{name}.jpg"), *folder.rglob(f"{name}/contents/images/2560x1600.jpg")]
    if not files:
        return None
    read = np.asarray(cv2.imread(str(files[0])), np.uint8)[..., ::-1]
    scale = _LONGEST_SIDE / max(read.shape)
    size = (round(read.shape[1] * scale), round(read.shape[0] * scale))
    return np.ascontiguousarray(cv2.resize(read, size, interpolation=cv2.INTER_AREA))


def _hole(shape: tuple[int, ...], kind: str, numbers: list[str]) -> Pixels:
    height, width = shape[:2]
    drawn = np.zeros((height, width), np.uint8)
    n = [float(number) for number in numbers]
    match kind:
        case "line":
            ends = [(round(n[i] * width), round(n[i + 1] * height)) for i in (0, 2)]
            cv2.line(drawn, *ends, 1, int(n[4]))
        case "spots":
            rng = np.random.default_rng(7)
            for _ in range(int(n[0])):
                at = (int(rng.integers(width)), int(rng.integers(height)))
                cv2.circle(drawn, at, int(rng.integers(int(n[1]), int(n[2]) + 1)), 1, -1)
        case "figure":
            x, y, a, b = n[0] * width, n[1] * height, n[2] * width / 2, n[3] * height / 2
            cv2.ellipse(drawn, ((x, y + 0.15 * b), (2 * a, 1.7 * b), 0.0), 1, -1)
            cv2.circle(drawn, (round(x), round(y - 0.8 * b)), round(0.6 * a), 1, -1)
        case "box":
            x, y = round(n[0] * width), round(n[1] * height)
            drawn[y : y + round(n[2 + 1] * height) + 1, x : x + round(n[2] * width) + 1] = 1
        case "words":
            for k in range(3):
                at = (round(0.06 * width), round((0.3 + 0.25 * k) * height))
                cv2.putText(drawn, "Sample 2026", at, cv2.FONT_HERSHEY_DUPLEX, width / 330, 1, 3)
        case _:
            a = n[2] * width
            b = n[3] * height if len(n) > 3 else a
            cv2.ellipse(drawn, ((n[0] * width, n[1] * height), (2 * a, 2 * b), 0.0), 1, -1)
    return drawn > 0


def _structures(side: int = 400) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Edges, stripes, a grid, a curve and a horizon with grain, each known under the hole."""
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    rng = np.random.default_rng(3)

    def drawn(tone: Any, grain: float = 3.0) -> NDArray[np.uint8]:
        colour = np.stack([tone, 0.9 * tone + 10, 0.7 * tone + 30], axis=-1)
        noisy = colour + rng.normal(0, grain, (side, side, 1))
        return np.asarray(np.clip(cv2.GaussianBlur(noisy, (0, 0), 0.7), 0, 255), np.uint8)

    yield "edge", drawn(np.where(rows > 0.35 * columns + 120, 70, 190))
    yield "stripes", drawn(np.where((0.8 * rows + 0.6 * columns) % 36 < 14, 60, 170))
    yield "grid", drawn(np.where((rows % 40 < 5) | (columns % 52 < 5), 210, 90))
    yield "arc", drawn(np.where(np.abs(np.hypot(rows - 420, columns - 200) - 220) < 9, 40, 160))
    yield "horizon", drawn(np.where(rows < 200, 200 - rows / 5, 60 + rows / 6), 6.0)
    yield "falling light", drawn(230 - 0.35 * columns + 8 * np.sin(rows / 5), 2.0)
