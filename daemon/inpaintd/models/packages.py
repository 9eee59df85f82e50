"""The libraries that models with quantised weights need, by their configurations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from inpaintd_protocol.errors import InpaintError

_PACKAGES = {"bitsandbytes": "bitsandbytes", "torchao": "torchao", "gguf": "gguf"}
"""Import names of libraries by the method that a configuration names."""


def check_packages(folder: Path, model: str) -> None:
    """Check that what a model's weights were quantised with is installed.

    Args:
        folder: in the layout of diffusers.

    Raises:
        InpaintError: `unsupported`, naming the library.
    """
    for method in sorted(set(_methods(folder))):
        package = _PACKAGES.get(method)
        if package is None:
            raise InpaintError(
                "unsupported",
                f"The weights of {model} were quantised by {method[:40]!r}, which is not offered.",
                f"Usable are weights quantised by {', '.join(_PACKAGES)}.",
            )
        if find_spec(package) is None:
            raise InpaintError(
                "unsupported",
                f"The weights of {model} were quantised by {package}, which is not installed.",
                f"Install {package} where the diffusion libraries are, or take the model as GGUF.",
            )


def _methods(folder: Path) -> Iterator[str]:
    """The methods by which the parts of a model were quantised."""
    for file in folder.glob("*/config.json"):
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            yield str(values["quantization_config"]["quant_method"])
        except (OSError, ValueError, LookupError, TypeError):
            continue  # it has none
