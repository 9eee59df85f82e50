"""Fidelity of a fill's pixels, in figures, on photographs that scikit-image ships.

    python bench/fidelity.py

The seam score is the mean absolute step across the hole's border, less the mean step just inside
and just outside, in 8-bit levels; 0 is a border that cannot be seen. SWD is the sliced Wasserstein
distance of 7×7 patches to those of the truth, lower is better; it does not reward blur, as PSNR
does. The gradient ratio is the fill's sharpness over the truth's, 1 is best.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.pipeline.pictures import filled, laid_over, photo, with_alpha
from tests.synthetic_engines import constant_offset, flat, identity, noise, smooth_bias

from inpaintd.engine import Engine
from inpaintd.engines.opencv import Diffused
from inpaintd.engines.patchmatch import PatchMatch
from inpaintd.pipeline.layer import to_float

FILLS: dict[str, Engine] = {
    "patchmatch": PatchMatch(),
    "telea": Diffused("telea"),
    "navier-stokes": Diffused("navier-stokes"),
}


def say(what: str, value: str, bound: str = "") -> None:
    print(f"{what:<58} {value:>20}   {f'({bound})' if bound else ''}")


def disc(shape: tuple[int, ...], x: int, y: int, width: int, height: int) -> Any:
    """(H, W) float32 mask of an ellipse."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = ((columns - x) / (width / 2)) ** 2 + ((rows - y) / (height / 2)) ** 2 < 1
    return inside.astype(np.float32)


def kept_pixels() -> None:
    mask = disc((240, 260), 120, 110, 90, 70)
    mask[200:230, 10:30] = 0.4
    engines: dict[str, Engine] = {"noise": noise(), **FILLS}
    changed = 0
    for depth in ("u8", "u16", "f32"):
        colour = photo(240, 260, depth)
        for engine in engines.values():
            for layer, plane in ((with_alpha(colour, mask), None), (colour, mask)):
                shown = laid_over(layer, filled(layer, engine, plane).layers[0])
                changed += int((shown != colour)[mask == 0].any(axis=-1).sum())
    say("changed pixels outside the mask, 4 engines, 3 depths", str(changed), "must be 0")


def identity_error() -> None:
    mask = disc((240, 260), 120, 110, 90, 70)
    mask[200:230, 10:30] = 0.4
    worst = 0.0
    for depth in ("u8", "u16", "f32"):
        for soft in (False, True):
            colour = photo(240, 260, depth)
            shown = laid_over(colour, filled(colour, identity(soft=soft), mask).layers[0])
            worst = max(worst, float(np.abs(to_float(shown) - to_float(colour)).max()))
    say("largest error of the identity engine, 3 depths", f"{worst:g}", "must be 0")


def biases() -> None:
    colour = photo(300, 330, "u16")
    for where, mask in (
        ("", disc((300, 330), 160, 150, 150, 120)),
        (", hole at a corner", disc((300, 330), 0, 0, 150, 120)),
    ):
        for name, engine in (("+5/255", constant_offset()), ("smooth ±8/255", smooth_bias())):
            errors = []
            for match in (False, True):
                answer = filled(colour, engine, mask, match_colour=match, context_factor=0.5)
                shown = laid_over(colour, answer.layers[0])
                error = np.abs(to_float(shown) - to_float(colour))[mask > 0] * 255
                errors.append(f"{error.mean():.2f}/{error.max():.2f}")
            say(
                f"error after a bias of {name}{where}, mean/max",
                errors[1],
                f"{errors[0]} without match_colour, of 255",
            )


def sixteen_bits() -> None:
    ramp = np.linspace(20_000, 24_000, 400).astype(np.uint16)
    colour = np.broadcast_to(ramp[None, :, None], (160, 400, 3)).copy()
    mask = np.zeros((160, 400), np.float32)
    mask[50:110, 20:380] = 1
    truth = len(np.unique(ramp[20:380]))
    for name, engine in (("identity", identity()), *FILLS.items()):
        shown = laid_over(colour, filled(colour, engine, mask).layers[0])
        levels = len(np.unique(shown[80, 20:380, 0]))
        say(f"distinct levels of a 16-bit gradient, {name}", str(levels), f"of {truth}; 8 bit: 15")


def soft_ramp() -> None:
    mask = np.linspace(0, 1, 512, dtype=np.float32)[None].repeat(16, axis=0)
    black = np.zeros((16, 512, 3), np.uint16)
    for soft in (False, True):
        answer = filled(black, flat(1, 1, 1, soft=soft), mask, match_colour=False)
        steps = np.diff(laid_over(black, answer.layers[0])[8, :, 0].astype(int))
        kind = "soft engine" if soft else "outright engine"
        say(f"downward steps along a soft ramp, {kind}", str(int((steps < 0).sum())), "must be 0")


def objects() -> dict[str, tuple[Any, Any]]:
    """Photographs with a hole over something that a person would want gone."""
    astronaut, coffee = skimage.data.astronaut(), skimage.data.coffee()
    rocket, cat = skimage.data.rocket(), skimage.data.chelsea()
    return {
        "model rocket": (astronaut, disc(astronaut.shape, 425, 140, 144, 330)),
        "badge": (astronaut, disc(astronaut.shape, 180, 388, 96, 96)),
        "spoon": (coffee, disc(coffee.shape, 405, 262, 116, 104)),
        "rocket": (rocket, disc(rocket.shape, 322, 255, 80, 330)),
        "between a cat's eyes": (cat, disc(cat.shape, 250, 150, 120, 90)),
    }


def textures() -> dict[str, tuple[Any, Any]]:
    """Photographs with a hole where the truth is more of the same."""
    found = {}
    for name in ("gravel", "grass", "brick"):
        picture = np.dstack([getattr(skimage.data, name)()] * 3)
        found[name] = (picture, disc(picture.shape, 256, 256, 150, 150))
    coffee = skimage.data.coffee()
    found["saucer"] = (coffee, disc(coffee.shape, 300, 330, 60, 60))
    cat = skimage.data.chelsea()
    found["fur"] = (cat, disc(cat.shape, 200, 40, 60, 50))
    return found


def quality() -> None:
    for name, engine in FILLS.items():
        seams = []
        for colour, mask in objects().values():
            shown = laid_over(colour, filled(colour, engine, mask, context_factor=1.0).layers[0])
            seams.append(seam(shown, mask > 0))
        scores = []
        for colour, mask in textures().values():
            shown = laid_over(colour, filled(colour, engine, mask, context_factor=1.0).layers[0])
            hole = mask > 0
            scores.append(
                (swd(shown, colour, hole), sharpness(shown, hole) / sharpness(colour, hole))
            )
        distance, ratio = np.mean(scores, axis=0)
        say(f"seam score over {len(seams)} removed objects, {name}", f"{np.mean(seams):.2f}")
        say(
            f"SWD/gradient ratio over {len(scores)} textures, {name}", f"{distance:.1f}/{ratio:.2f}"
        )


def seam(shown: Any, hole: Any) -> float:
    """Visibility of the hole's border, in levels."""
    eroded = cv2.erode(hole.astype(np.uint8), np.ones((3, 3)), iterations=4) > 0
    dilated = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3)), iterations=4) > 0
    inner, outer = hole & ~eroded, dilated & ~hole
    across, beside = [], []
    for axis in (0, 1):
        step = np.abs(np.diff(shown.astype(float), axis=axis)).mean(axis=2)

        def pairs(pixels: Any, axis: int = axis) -> tuple[Any, Any]:
            return (pixels[:-1], pixels[1:]) if axis == 0 else (pixels[:, :-1], pixels[:, 1:])

        first, second = pairs(hole)
        across.append(step[first != second])
        beside += [step[np.logical_and(*pairs(part))] for part in (inner, outer)]
    inside = np.concatenate(beside[::2]).mean()
    outside = np.concatenate(beside[1::2]).mean()
    return float(np.concatenate(across).mean() - (inside + outside) / 2)


def swd(shown: Any, truth: Any, hole: Any) -> float:
    """Sliced Wasserstein distance of 7×7 patches, in levels."""
    rng = np.random.default_rng(0)
    rows, columns = np.nonzero(hole)
    chosen = rng.choice(rows.size, min(2000, rows.size), replace=False)
    offsets = np.arange(7)

    def patches(picture: Any) -> Any:
        padded = np.pad(picture, ((3, 3), (3, 3), (0, 0)), "reflect").astype(np.float32)
        y = rows[chosen, None, None] + offsets[None, :, None]
        x = columns[chosen, None, None] + offsets[None, None, :]
        return padded[y, x].reshape(chosen.size, -1)

    directions = rng.normal(size=(147, 128))
    directions /= np.linalg.norm(directions, axis=0)
    one, two = (np.sort(patches(p) @ directions, axis=0) for p in (shown, truth))
    return float(np.abs(one - two).mean())


def sharpness(picture: Any, hole: Any) -> float:
    grey = picture.astype(np.float32).mean(axis=2)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return float(np.hypot(across, down)[hole].mean())


def seconds() -> None:
    """PatchMatch on a photograph enlarged to 2400 px, with camera noise."""
    large = cv2.resize(skimage.data.coffee(), (2400, 1600), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 4, large.shape)
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    for side in (60, 150, 300, 600):
        mask = disc(large.shape, 1750, 600, side, side)
        whole, own = [], []
        for _ in range(2):
            start = time.perf_counter()
            answer = filled(large, FILLS["patchmatch"], mask, context_factor=1.0)
            whole.append(time.perf_counter() - start)
            own.append(whole[-1] - answer.engine_seconds)
        say(
            f"seconds to fill a hole of {side} px, patchmatch",
            f"{min(whole):.2f}",
            f"of which the pipeline takes {min(own):.3f}",
        )


def main() -> None:
    kept_pixels()
    identity_error()
    biases()
    sixteen_bits()
    soft_ramp()
    quality()
    seconds()


if __name__ == "__main__":
    main()
