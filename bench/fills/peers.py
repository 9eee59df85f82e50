"""The fills to compare: each takes a picture and its hole and gives a picture; those present."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaintd.engine import Engine, Task
from inpaintd.engines.load import load
from inpaintd.models.registry import load_registry
from inpaintd.pipeline.layer import to_float
from inpaintd.pipeline.mask import bounds
from inpaintd.pipeline.paste import colour_shift
from inpaintd.pipeline.plan import WorkSizes
from inpaintd.pipeline.region import regions_of
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

Pixels = NDArray[np.bool_]
Picture = NDArray[np.uint8]
Fill = Callable[[Picture, Pixels], Picture]


def fills() -> tuple[dict[str, Fill], dict[str, str]]:
    """Fills by name, and by name why others are left out."""
    found: dict[str, Fill] = {name: _ours(name) for name in ("patches", "patchmatch", "telea")}
    missing: dict[str, str] = {}
    if find_spec("patchmatch"):
        found["PyPatchMatch"] = _pypatchmatch
    else:
        missing["PyPatchMatch"] = "pip install PyPatchMatch"
    if find_spec("skimage"):
        found["biharmonic"] = _biharmonic
    else:
        missing["biharmonic"] = "pip install scikit-image"
    if find_spec("resynthesizer"):
        found["Resynthesizer"] = _resynthesizer
    else:
        missing["Resynthesizer"] = "pip install resynthesizer"
    if hasattr(cv2, "xphoto"):
        found["shift map"] = _shift_map
    else:
        missing["shift map"] = "pip install opencv-contrib-python-headless"
    if shutil.which("gmic"):
        found["G'MIC"] = _gmic
    else:
        missing["G'MIC"] = "apt install gmic"
    return found, missing


def _ours(name: str) -> Fill:
    """Run as a request does: divided into regions, with the model's own defaults."""

    def fill(picture: Picture, hole: Pixels) -> Picture:
        registry = load_registry(Path())
        settings = registry.settled(registry.find(name), Settings(seed=1))
        engine: Engine = load(name)
        box = bounds(hole)
        cropped = hole[box.y : box.bottom, box.x : box.right]
        extent = Rectangle(0, 0, hole.shape[1], hole.shape[0])
        result = picture.copy()
        for region in regions_of(cropped, (box.x, box.y), extent, settings, WorkSizes()):
            part = (slice(region.y, region.bottom), slice(region.x, region.right))
            colour, inside = to_float(picture[part]), hole[part]
            task = Task(colour, inside.astype(np.float32), 1)
            painted = engine.paint([task], settings, lambda *_, **__: None).colours[0]
            if settings.match_colour:
                painted = painted - colour_shift(painted, colour, ~inside)
            rounded = np.floor(np.clip(painted, 0, 1) * 255 + 0.5).astype(np.uint8)
            result[part][inside] = rounded[inside]
        return result

    return fill


def _pypatchmatch(picture: Picture, hole: Pixels) -> Picture:
    from patchmatch import patch_match

    patch_match.set_random_seed(1)
    return np.asarray(patch_match.inpaint(picture, hole, patch_size=3), np.uint8)


def _resynthesizer(picture: Picture, hole: Pixels) -> Picture:
    """Run as GIMP's "Heal selection" does: with its parameters, on a band of 50 pixels."""
    import resynthesizer
    from PIL import Image

    given = resynthesizer.TImageSynthParameters()
    given.isMakeSeamlesslyTileableHorizontally = given.isMakeSeamlesslyTileableVertically = 0
    given.matchContextType = 1
    given.mapWeight, given.sensitivityToOutliers = 0.5, 0.117
    given.patchSize, given.maxProbeCount = 16, 500
    box = bounds(hole).grown(50).intersection(Rectangle(0, 0, hole.shape[1], hole.shape[0]))
    part = (slice(box.y, box.bottom), slice(box.x, box.right))
    mask = Image.fromarray(hole[part].astype(np.uint8) * 255)
    source = Image.fromarray(np.ascontiguousarray(picture[part]))
    filled = np.asarray(resynthesizer.resynthesize(source, mask, parameters=given), np.uint8)
    result = picture.copy()
    result[part][hole[part]] = filled[hole[part]]
    return result


def _biharmonic(picture: Picture, hole: Pixels) -> Picture:
    from skimage.restoration import inpaint_biharmonic

    box = bounds(hole).grown(16).intersection(Rectangle(0, 0, hole.shape[1], hole.shape[0]))
    part = (slice(box.y, box.bottom), slice(box.x, box.right))
    filled = inpaint_biharmonic(picture[part], hole[part], channel_axis=-1)
    result = picture.copy()
    result[part][hole[part]] = np.clip(filled * 255 + 0.5, 0, 255).astype(np.uint8)[hole[part]]
    return result


def _shift_map(picture: Picture, hole: Pixels) -> Picture:
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)
    filled = np.zeros_like(lab)
    known = (~hole * 255).astype(np.uint8)
    cv2.xphoto.inpaint(lab, known, filled, cv2.xphoto.INPAINT_SHIFTMAP)
    result = np.asarray(cv2.cvtColor(filled, cv2.COLOR_Lab2RGB), np.uint8)
    return np.where(hole[..., None], result, picture)


def _gmic(picture: Picture, hole: Pixels) -> Picture:
    with tempfile.TemporaryDirectory() as folder:
        source, mask, out = (str(Path(folder, f"{n}.png")) for n in ("source", "mask", "out"))
        cv2.imwrite(source, picture[..., ::-1])
        cv2.imwrite(mask, hole.astype(np.uint8) * 255)
        command = ["gmic", source, mask, "-inpaint_matchpatch[0]", "[1]", "-o[0]", out]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        result = np.asarray(cv2.imread(out), np.uint8)[..., ::-1]
    return np.where(hole[..., None], result, picture)
