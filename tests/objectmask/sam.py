"""The folder of a tiny SAM 2, built where there is none yet: only then is torch imported."""

from __future__ import annotations

import warnings
from pathlib import Path

from tests.built_once import built_once

_HERE = Path(__file__).parent


def sam() -> Path:
    """Return the folder of a SAM 2 with random weights."""

    def build(folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch and transformers
            from tests.objectmask.tiny_sam import build

            build(folder)

    return built_once(
        "sam", build, sources=[_HERE / "tiny_sam.py"], packages=["torch", "transformers"]
    )
