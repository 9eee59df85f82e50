"""The folder of a tiny CLIPSeg, built where there is none yet: only then is torch imported.

python -m tests.textmask.clipseg RED GREEN BLUE prints it, for tests in other languages.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from tests.built_once import built_once

NAMES = ("red", "green", "blue")

_HERE = Path(__file__).parent

SIDE = 96
"""Side at which the model looks if not told otherwise, in pixels: 6 patches."""


def clipseg(names: tuple[str, ...] = NAMES, side: int = SIDE) -> Path:
    """Return the folder of a CLIPSeg whose words for red, green and blue are these."""

    def build(folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch and transformers
            from tests.textmask.tiny_clipseg import build

            build(folder, names, side)

    return built_once(
        "-".join(["clipseg", *names, str(side)]),
        build,
        sources=[_HERE / "tiny_clipseg.py", _HERE.parent / "diffusion" / "tiny_text.py"],
        packages=["torch", "transformers"],
    )


if __name__ == "__main__":
    print(clipseg(tuple(sys.argv[1:])))
