"""The engines by name, each imported when it is first needed."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from inpaintd.engine import Engine
from inpaintd.install.extras import how_to_install
from inpaintd.models.registry import load_registry
from inpaintd_protocol.errors import InpaintError

if TYPE_CHECKING:
    from inpaintd.engines.object_mask import ObjectMask
    from inpaintd.engines.textmask import TextMask

_NO_PATCHMATCH = (
    "no_patchmatch",
    "Content-aware fill (PyPatchMatch) is not installed here, so the hole was filled smoothly.",
    "Install it where there is a wheel for the system: pip install PyPatchMatch",
)


def load(name: str, home: Path = Path()) -> Engine:
    """The engine of this name, ready to paint; `package.module:factory` is somebody's own.

    Args:
        home: where models are installed; those of the base install need none.

    Raises:
        InpaintError: `unknown_model`, or `unsupported` when the engine's extra is not installed.
    """
    module, colon, factory = name.partition(":")
    if colon:
        made: Engine = getattr(import_module(module), factory)()
        return made
    match name:
        case "patchmatch":
            return _patchmatch()
        case "telea" | "navier-stokes":
            from inpaintd.engines.opencv import Diffused

            return Diffused(name)
        case "diffusion":
            return _diffusion(home)
        case "erase":
            return _erase(home)
    raise InpaintError(
        "unknown_model", f"There is no built-in engine named {name[:80]!r}.", "See: inpaintd models"
    )


def _patchmatch() -> Engine:
    try:
        from patchmatch import patchmatch_available
    except ImportError:
        patchmatch_available = False
    if not patchmatch_available:
        from inpaintd.engines.opencv import Diffused

        return Diffused("telea", notices=(_NO_PATCHMATCH,))
    from inpaintd.engines.patchmatch import PatchMatch

    return PatchMatch()


def _erase(home: Path) -> Engine:
    try:
        from inpaintd.engines.erase.engine import Erase
    except ImportError as error:
        raise InpaintError(
            "unsupported",
            f"This model needs ONNX Runtime, which is not installed here ({error}).",
            "Install it where there is a wheel for the system: pip install onnxruntime",
        ) from error

    def file_of(name: str) -> Path:
        registry = load_registry(home)
        entry = registry.find(name)
        place = registry.folder(entry)
        return place / entry.files[0] if entry.files else place

    return Erase(file_of)


def _diffusion(home: Path) -> Engine:
    # Before the libraries are imported: what is installed is complete, so nobody is to be asked.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from inpaintd.engines.diffusion.engine import DiffusionEngine
        from inpaintd.engines.diffusion.loading.library import Library
    except ImportError as error:
        raise InpaintError(
            "unsupported",
            f"Diffusion models need an extra that is not installed ({error}).",
            f"Install it: {how_to_install('diffusion')}",
        ) from error
    return DiffusionEngine(Library(lambda: load_registry(home)))


def load_text_mask(folder: Path) -> TextMask:
    """The model in this folder that finds words in a picture.

    Raises:
        InpaintError: `unsupported` when the extra is not installed.
    """
    try:
        from inpaintd.engines.textmask import TextMask
    except ImportError as error:
        raise InpaintError(
            "unsupported",
            f"Finding a hole by words needs an extra that is not installed ({error}).",
            f"Install it: {how_to_install('diffusion')}",
        ) from error
    return TextMask(folder)


def load_object_mask(folder: Path) -> ObjectMask:
    """The model in this folder that selects objects.

    Raises:
        InpaintError: `unsupported` when the extra is not installed.
    """
    try:
        from inpaintd.engines.object_mask import ObjectMask
    except ImportError as error:
        raise InpaintError(
            "unsupported",
            f"Selecting objects needs an extra that is not installed ({error}).",
            f"Install it: {how_to_install('diffusion')}",
        ) from error
    return ObjectMask(folder)
