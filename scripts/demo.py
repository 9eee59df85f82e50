"""`make demo`: take an object out of a photograph, as an artist would, and show it.

The photograph is NASA's portrait of Eileen Collins (public domain), which scikit-image carries.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scripts.pictures.panels import on_checkers, side_by_side
from skimage import data

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "demo"

# Around the model of the Space Shuttle in the background, as drawn with a lasso.
OUTLINE = [
    *((382, 0), (438, 0), (442, 40), (456, 42), (462, 100), (462, 200), (468, 212), (472, 262)),
    *((480, 270), (480, 300), (362, 300), (358, 262), (336, 236), (342, 216), (364, 184)),
    *((368, 60), (378, 40)),
]


def main() -> int:
    """Make the pictures; returns the exit code."""
    FOLDER.mkdir(exist_ok=True)
    source, result = FOLDER / "astronaut.png", FOLDER / "astronaut.inpainted.png"
    photograph = Image.fromarray(data.astronaut())
    kept = Image.new("L", photograph.size, 255)
    ImageDraw.Draw(kept).polygon(OUTLINE, fill=0)
    with_hole = photograph.copy()
    with_hole.putalpha(kept)  # the colour under the hole stays in the file
    with_hole.save(source)
    # --context 40: her hair must not be among the patches that are copied.
    try:
        told = json.loads(
            _inpaintd(
                *("fill", _shown(source), "-o", _shown(result)),
                *("--seed", "3", "--context", "40", "--context-factor", "0", "--json"),
            )
        )
    finally:
        _inpaintd("stop")
    filled = Image.open(result)
    _check_kept(np.asarray(with_hole), np.asarray(filled))
    panels = FOLDER / "before-mask-after.png"
    side_by_side(photograph, on_checkers(with_hole), filled).save(panels)
    print(f"\nFilled with {told['model']} in {told['seconds']['total']:.1f} s.")
    print("Every pixel outside the hole is exactly what it was.")
    print(f"\n  the photograph with its hole   {_shown(source)}")
    print(f"  the result                     {_shown(result)}")
    print(f"  before, mask, after            {_shown(panels)}")
    return 0


def _inpaintd(*arguments: str) -> str:
    """Run a command with a home folder of the demo's own, beside which no daemon is touched."""
    print("$ inpaintd", *arguments, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "inpaintd", *arguments],
        env=os.environ | {"INPAINTD_HOME": str(FOLDER / "home")},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"The demo has failed with exit code {done.returncode}. {done.stdout}")
    return done.stdout


def _check_kept(before: np.ndarray, after: np.ndarray) -> None:
    kept = before[..., 3] == 255
    if not (before[kept] == after[kept]).all():
        sys.exit("The demo has failed: pixels outside the hole have changed.")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
