"""Measures of a fill's quality when the truth is known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fills.cases import Case

Picture = NDArray[np.float32]
"""(H, W, 3), 0 to 255."""

Pixels = NDArray[np.bool_]

NAMES = ("texture", "tsim", "edges", "gradient", "PSNR", "seam", "copied")
"""The figures, in the order of `figures_of`."""

_SAMPLES = 3000
_DIRECTIONS = 96


def figures_of(case: Case, filled: NDArray[np.uint8]) -> tuple[float, ...]:
    """All figures of a fill; NaN where one says nothing, such as edges where there are none.

    - texture: sliced Wasserstein distance of 7 × 7 patches to those of the truth, mean of three
      scales, 8-bit levels; 0 is best.
    - tsim: likeness of local means and deviations of colour and gradient over four scales, as the
      texture term of Ding et al., DISTS (2020), without learned features; 1 is best.
    - edges: share of the truth's straight edges in the hole that the fill has too.
    - gradient: sharpness over the truth's; 1 is best.
    - seam: step across the hole's border less the truth's, 8-bit levels; 0 is best.
    - copied: share of the fill's structured 15 × 15 patches that lie elsewhere pixel by pixel.
    """
    part = _around(case.hole, 40)
    truth, made = (p[part].astype(np.float32) for p in (case.picture, filled))
    hole = case.hole[part]
    return (
        _texture_distance(truth, made, hole),
        _texture_likeness(truth, made, hole),
        _edges_continued(truth, made, hole),
        _sharpness(made, hole) / max(_sharpness(truth, hole), 1e-6),
        float(10 * np.log10(255**2 / max(np.mean((truth - made)[hole] ** 2), 1e-6))),
        _step(made, hole) - _step(truth, hole),
        _copied(made, hole),
    )


def _around(hole: Pixels, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )


def _texture_distance(truth: Picture, made: Picture, hole: Pixels) -> float:
    """Source: Rabin et al., Wasserstein barycenter and its application to texture mixing (2011)."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(3):
        rows, columns = np.nonzero(hole)
        pick = rng.permutation(rows.size)[:_SAMPLES]
        sets = []
        for picture in (truth, made):
            padded = np.pad(picture, ((3, 3), (3, 3), (0, 0)), "reflect")
            windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7), axis=(0, 1))
            sets.append(windows[rows[pick], columns[pick]].reshape(pick.size, -1))
        axes = rng.normal(size=(sets[0].shape[1], _DIRECTIONS))
        axes /= np.linalg.norm(axes, axis=0)
        projected = [np.sort(values @ axes, axis=0) for values in sets]
        found.append(float(np.abs(projected[0] - projected[1]).mean()))
        if min(hole.shape) < 16:
            break
        size = (hole.shape[1] // 2, hole.shape[0] // 2)
        truth, made = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (truth, made))
        share = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        if not (share > 0.5).any():
            break
        hole = share > 0.5
    return float(np.mean(found))


def _texture_likeness(truth: Picture, made: Picture, hole: Pixels) -> float:
    weight = hole.astype(np.float32)
    scores = []
    for _ in range(4):
        channels = []
        for picture in (truth, made):
            grey = picture.mean(axis=2)
            steps = [cv2.Sobel(grey, cv2.CV_32F, *d, scale=0.125) for d in ((1, 0), (0, 1), (1, 1))]
            channels.append(np.dstack([picture, *steps]))
        blurred = [
            (cv2.GaussianBlur(c, (0, 0), 4), cv2.GaussianBlur(c * c, (0, 0), 4)) for c in channels
        ]
        (mean_a, square_a), (mean_b, square_b) = blurred
        dev_a, dev_b = (
            np.sqrt(np.maximum(s - m * m, 0)) for m, s in ((mean_a, square_a), (mean_b, square_b))
        )
        for a, b, floor in ((mean_a, mean_b, 20.0), (dev_a, dev_b, 6.0)):
            likeness = (2 * a * b + floor) / (a * a + b * b + floor)
            scores.append(float(np.average(likeness.mean(axis=2), weights=weight)))
        if min(weight.shape) < 24:
            break
        size = (weight.shape[1] // 2, weight.shape[0] // 2)
        truth, made = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (truth, made))
        weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    return float(np.mean(scores))


def _edges_continued(truth: Picture, made: Picture, hole: Pixels) -> float:
    """Straight edges: the structure tensor has one strong direction over some 9 pixels."""
    dx, dy, coherence, strength = _tensor(truth)
    edge = hole & (strength > 18) & (coherence > 0.8)
    if np.count_nonzero(edge) < 30:
        return float("nan")
    mx, my, _, strong = _tensor(made)
    aligned = np.zeros_like(hole)
    for y in range(-2, 3):
        for x in range(-2, 3):
            sx, sy, s = (np.roll(v, (y, x), (0, 1)) for v in (mx, my, strong))
            same = np.abs(dx * sx + dy * sy) > 0.94 * np.hypot(dx, dy) * np.hypot(sx, sy)
            aligned |= same & (s > 0.5 * strength) & (s < 2 * strength)
    return float(aligned[edge].mean())


def _tensor(picture: Picture) -> tuple[Picture, ...]:
    """Dominant gradient as a double angle, its coherence, and the gradient's strength."""
    grey = cv2.GaussianBlur(picture.mean(axis=2), (0, 0), 1)
    gx, gy = (cv2.Sobel(grey, cv2.CV_32F, *d, scale=0.25) for d in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), 3) for v in (gx * gx, gy * gy, gx * gy))
    double = (xx - yy, 2 * xy)
    return *double, np.hypot(*double) / (xx + yy + 1e-6), np.hypot(gx, gy)


def _sharpness(picture: Picture, hole: Pixels) -> float:
    across = np.abs(np.diff(picture, axis=1)).mean(axis=2)[hole[:, 1:] & hole[:, :-1]]
    down = np.abs(np.diff(picture, axis=0)).mean(axis=2)[hole[1:] & hole[:-1]]
    return float(np.concatenate([across, down]).mean()) if across.size + down.size else 0.0


def _step(picture: Picture, hole: Pixels) -> float:
    across = np.abs(np.diff(picture, axis=1)).mean(axis=2)[hole[:, 1:] ^ hole[:, :-1]]
    down = np.abs(np.diff(picture, axis=0)).mean(axis=2)[hole[1:] ^ hole[:-1]]
    return float(np.concatenate([across, down]).mean())


def _copied(made: Picture, hole: Pixels) -> float:
    inner = cv2.erode(hole.astype(np.uint8), np.ones((15, 15), np.uint8), borderValue=0)
    rows, columns = np.nonzero(inner)
    if rows.size < 20:
        return float("nan")
    grey, copied, seen = made.mean(axis=2), 0, 0
    for k in np.random.default_rng(0).permutation(rows.size)[:40]:
        y, x = rows[k], columns[k]
        patch = grey[y - 7 : y + 8, x - 7 : x + 8]
        if patch.std() < 4:
            continue
        difference = cv2.matchTemplate(grey, patch, cv2.TM_SQDIFF)
        difference[max(0, y - 17) : y + 4, max(0, x - 17) : x + 4] = np.inf
        seen += 1
        copied += difference.min() < patch.size * 1.5**2
    return copied / seen if seen >= 5 else float("nan")
