"""Quality of the fills without a model, compared with each other and with the truth.

    python bench/quality.py [--pictures FOLDER] [--only GROUP,...] [--fills NAME,...]
                            [--sheet FILE.png]

For holes over known background the figures of `fills/figures.py` are printed for each fill, in the
mean and by group. With --sheet, a contact sheet is written as well: a row for each case, a column
for each fill. The wallpapers come from two packages of Debian; without them their cases are left
out:

    apt-get download mate-backgrounds plasma-workspace-wallpapers
    for package in *.deb; do dpkg -x "$package" FOLDER; done
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from fills.cases import Case, known, removals
from fills.figures import NAMES, figures_of
from fills.peers import fills
from numpy.typing import NDArray

_TILE = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=Path, help="folder with the unpacked wallpapers")
    parser.add_argument("--only", default="", help="groups or names of cases, separated by commas")
    parser.add_argument("--fills", default="", help="which fills, separated by commas")
    parser.add_argument("--sheet", type=Path, help="PNG to write a contact sheet to")
    given = parser.parse_args()
    chosen, missing = fills()
    if given.fills:
        chosen = {name: chosen[name] for name in given.fills.split(",")}
    for name, how in missing.items():
        print(f"left out: {name} ({how})")
    wanted = set(given.only.split(",")) - {""}
    figures: dict[str, list[tuple[str, tuple[float, ...]]]] = {name: [] for name in chosen}
    rows = []
    for case in [*known(given.pictures), *removals(given.pictures)]:
        if wanted and not wanted & {case.group, case.name}:
            continue
        row = [_tile(case, _shown(case))]
        if case.group != "removal":
            row.append(_tile(case, case.picture))
        for name, fill in chosen.items():
            began = time.perf_counter()
            try:
                filled = fill(case.picture, case.hole)
            except subprocess.SubprocessError as error:
                print(f"{name} gave up on {case.name}: {type(error).__name__}", file=sys.stderr)
                row.append(np.full((_TILE, _TILE, 3), 255, np.uint8))
                continue
            seconds = time.perf_counter() - began
            if case.group != "removal":
                figures[name].append((case.group, (*figures_of(case, filled), seconds)))
            row.append(_tile(case, filled))
        rows.append((case, row))
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    _print_table(figures)
    if given.sheet:
        cv2.imwrite(str(given.sheet), _sheet(rows)[..., ::-1])
    return 0


def _print_table(figures: dict[str, list[tuple[str, tuple[float, ...]]]]) -> None:
    columns = (*NAMES, "s")
    groups = list(dict.fromkeys(group for rows in figures.values() for group, _ in rows))
    for group in ("all", *groups):
        print(f"\n{group:<16}" + "".join(f"{name:>10}" for name in columns))
        for name, rows in figures.items():
            values = np.array([values for g, values in rows if group in ("all", g)])
            if values.size:
                known = np.isfinite(values)
                count = np.maximum(known.sum(axis=0), 1)
                means = np.where(known, values, 0).sum(axis=0) / count
                shown = [
                    f"{mean:>10.3f}" if any_known else f"{'-':>10}"
                    for mean, any_known in zip(means, known.any(axis=0), strict=True)
                ]
                print(f"{name:<16}" + "".join(shown))


def _shown(case: Case) -> NDArray[np.uint8]:
    """The picture with its hole in magenta, or for a removal with its outline."""
    mark = case.hole
    if case.group == "removal":
        mark = cv2.dilate(mark.astype(np.uint8), np.ones((5, 5), np.uint8)) > mark
    return np.where(mark[..., None], np.array([255, 0, 255], np.uint8), case.picture)


def _tile(case: Case, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The surroundings of the hole, as a square tile."""
    rows, columns = np.flatnonzero(case.hole.any(axis=1)), np.flatnonzero(case.hole.any(axis=0))
    margin = max(24, int(0.4 * max(np.ptp(rows), np.ptp(columns))))
    part = picture[
        max(0, rows[0] - margin) : rows[-1] + margin,
        max(0, columns[0] - margin) : columns[-1] + margin,
    ]
    scale = _TILE / max(part.shape)
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    tile = np.full((_TILE, _TILE, 3), 255, np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(part, size, interpolation=method)
    return tile


def _sheet(rows: list[tuple[Case, list[NDArray[np.uint8]]]], gap: int = 6) -> NDArray[np.uint8]:
    widest = max(len(row) for _, row in rows)
    side = _TILE + gap
    sheet = np.full((len(rows) * side, widest * side, 3), 255, np.uint8)
    for i, (case, row) in enumerate(rows):
        for j, tile in enumerate(row):
            sheet[i * side : i * side + _TILE, j * side : j * side + _TILE] = tile
        at = (4, i * side + _TILE - 6)
        cv2.putText(sheet, f"{case.group} {case.name}", at, 0, 0.5, (255, 255, 255), 3)
        cv2.putText(sheet, f"{case.group} {case.name}", at, 0, 0.5, (0, 0, 0), 1)
    return sheet


if __name__ == "__main__":
    sys.exit(main())
