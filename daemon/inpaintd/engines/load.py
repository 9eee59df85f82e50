"""The engines by name, each imported on first use."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaintd.engine import Engine
from inpaintd.engines.catalogue import ENGINES, MASK_ENGINES, About
from inpaintd.install.extras import how_to_install
from inpaintd.models.registry import load_registry
from inpaintd_protocol.errors import InpaintError

if TYPE_CHECKING:
    from inpaintd.engines.object_mask import ObjectMask
    from inpaintd.engines.textmask import TextMask


def load(name: str, home: Path = Path()) -> Engine:
    """The engine of this name, ready to paint; `package.module:factory` is a custom one.

    Args:
        home: the folder with the installed models; base engines need none.

    Raises:
        InpaintError: `unknown_model`, or `not_installed` when its requirements are missing.
    """
    made: Engine
    if ":" in name:
        made = _function(name)()
        return made
    about = ENGINES.get(name)
    if about is None:
        raise InpaintError(
            "unknown_model",
            f"There is no built-in engine named {name[:80]!r}.",
            "See: inpaintd models",
        )
    for variable, value in about.environment:
        os.environ.setdefault(variable, value)
    try:
        factory = _function(about.factory)
    except ImportError as error:
        raise _lacks(about, error) from error
    _leave_libraries_out_of_collection()
    made = factory(name, lambda: load_registry(home))
    return made


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


@cache
def _leave_libraries_out_of_collection() -> None:
    """Exempt what has been imported from garbage collection, once and before any model is loaded.

    An engine collects garbage whenever it drops a model: a quarter of a second with torch imported,
    nothing without it. Only once: a model that is frozen itself would never be freed.
    """
    gc.collect()
    gc.freeze()


def _lacks(about: About, error: ImportError) -> InpaintError:
    if about.extra:
        remedy = f"Install it: {how_to_install(about.extra)}"
    else:
        remedy = f"Install it where there is a wheel for the system: pip install {about.package}"
    return InpaintError(
        "not_installed",
        f"{about.what} need {about.package}, which is not installed here ({error}).",
        remedy,
    )


def load_text_mask(engine: str, folder: Path) -> TextMask:
    """The model in this folder that finds words in a picture.

    Args:
        engine: as in models.toml; `package.module:factory` is a custom one, given the folder.
        folder: the model's files.

    Raises:
        InpaintError: `not_installed` when the extra is not installed.
    """
    if ":" in engine:
        custom: TextMask = _function(engine)(folder)
        return custom
    try:
        from inpaintd.engines.textmask import TextMask
    except ImportError as error:
        raise _lacks(MASK_ENGINES["textmask"], error) from error
    return TextMask(folder)


def load_object_mask(engine: str, folder: Path) -> ObjectMask:
    """The model in this folder that selects objects.

    Args and errors as of `load_text_mask`.
    """
    if ":" in engine:
        custom: ObjectMask = _function(engine)(folder)
        return custom
    try:
        from inpaintd.engines.object_mask import ObjectMask
    except ImportError as error:
        raise _lacks(MASK_ENGINES["objectmask"], error) from error
    return ObjectMask(folder)
