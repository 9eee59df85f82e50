"""Working memory of models besides their weights: measured here, and stored.

Until a model has run once, typical figures are used; measurements replace them. Standard library
only, since the daemon tells from it beforehand what fits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .plan import Working

_TYPICAL_BYTES = 3500
"""Bytes per pixel of the work area in 16 bits, with an untiled VAE: its decoder takes most."""

_TYPICAL_TILED_BYTES = 2200
"""The same with a tiled VAE: the denoiser then takes most."""

_TYPICAL_BASE = 150 << 20
"""The part that does not depend on the size, such as the libraries' workspaces."""

_GROWTH = 1.15
"""Reserve for a larger area than the measured one: attention grows faster than the area."""

_KEPT = "working-memory.json"

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}
"""Sizes of the types that models run in."""


@dataclass(frozen=True)
class _Measured:
    pixels: int
    bytes: int


class WorkingMemory:
    """The figures of this machine's models, in a file beside models.toml."""

    def __init__(self, home: Path) -> None:
        self._file = home / _KEPT
        self._measured: dict[str, _Measured] = {}
        try:
            for key, (pixels, size) in json.loads(self._file.read_text(encoding="utf-8")).items():
                self._measured[key] = _Measured(int(pixels), int(size))
        except (OSError, ValueError, TypeError, AttributeError):
            self._measured = {}  # it is measured again

    def expected(self, model: str, dtype: str, pixels: int) -> Working:
        """The working memory of a model for a work area of this many pixels.

        Args:
            dtype: the type that it runs in, one of `BYTES`.
        """
        whole, tiled = (self._of(model, dtype, pixels, tiled=tiled) for tiled in (False, True))
        return Working(whole, min(whole, tiled))

    def learn(self, model: str, dtype: str, pixels: int, *, tiled: bool, taken: int) -> None:
        """Record the memory used by a run; the maximum of several runs of one size counts."""
        key = _key(model, dtype, tiled=tiled)
        known = self._measured.get(key)
        if known is not None and known.pixels == pixels and known.bytes >= taken:
            return
        self._measured[key] = _Measured(pixels, taken)
        values = {name: (one.pixels, one.bytes) for name, one in self._measured.items()}
        try:
            temporary = self._file.with_suffix(".new")
            temporary.write_text(json.dumps(values), encoding="utf-8")
            temporary.replace(self._file)
        except OSError:
            pass  # known for as long as this process lives

    def _of(self, model: str, dtype: str, pixels: int, *, tiled: bool) -> int:
        known = self._measured.get(_key(model, dtype, tiled=tiled))
        if known is not None:
            # The fixed share of a smaller area is unknown: text encoders do not depend on it.
            growth = pixels / known.pixels * _GROWTH if pixels > known.pixels else 1
            return round(known.bytes * growth)
        each = (_TYPICAL_TILED_BYTES if tiled else _TYPICAL_BYTES) * BYTES[dtype] / 2
        return _TYPICAL_BASE + round(each * pixels)


def _key(model: str, dtype: str, *, tiled: bool) -> str:
    return f"{model} {dtype}{' tiled' if tiled else ''}"
