"""The engines that come with the base install, by name."""

from __future__ import annotations

from importlib import import_module

from inpaintd.engine import Engine
from inpaintd_protocol.errors import InpaintError


def load(name: str) -> Engine:
    """The engine of this name, ready to paint; `package.module:factory` is somebody's own.

    Raises:
        InpaintError: `unknown_model`.
    """
    module, colon, factory = name.partition(":")
    if colon:
        made: Engine = getattr(import_module(module), factory)()
        return made
    match name:
        case "patchmatch":
            from inpaintd.engines.patchmatch import PatchMatch

            return PatchMatch()
        case "telea" | "navier-stokes":
            from inpaintd.engines.opencv import Diffused

            return Diffused(name)
    raise InpaintError(
        "unknown_model", f"There is no built-in engine named {name[:80]!r}.", "See: inpaintd models"
    )
