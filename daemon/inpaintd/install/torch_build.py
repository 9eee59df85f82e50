"""The torch in an environment, identified by its files, as importing it takes seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from inpaintd.install.card import APPLE, Card

_VALUE = re.compile(r"^(__version__|cuda|hip|xpu)\s*(?::[^=]+)?=\s*(None|'[^']*'|\"[^\"]*\")", re.M)


@dataclass(frozen=True)
class TorchBuild:
    """An installed build of torch.

    Attributes:
        version: such as 2.13.0+cpu.
        device: the best type of device it was built for: cuda (which includes ROCm), xpu, mps or
        cpu.
    """

    version: str
    device: str

    def can_use(self, card: Card) -> bool:
        """Return whether it was built for a card of this vendor."""
        if not card.vendor:
            return True
        return self.device != "cpu"


def installed_torch(site_packages: Path | None, card: Card) -> TorchBuild | None:
    """The torch in a folder of packages, or the one that this process would import; or None."""
    if site_packages is None:
        spec = find_spec("torch")
        origin = Path(spec.origin).parent if spec is not None and spec.origin else None
    else:
        origin = site_packages / "torch"
    try:
        text = (origin / "version.py").read_text(encoding="utf-8") if origin is not None else ""
    except OSError:
        return None
    values = {name: value.strip("'\"") for name, value in _VALUE.findall(text)}
    if "__version__" not in values:
        return None
    built_for = {name for name, value in values.items() if value not in ("None", "")}
    if built_for & {"cuda", "hip"}:
        device = "cuda"
    elif "xpu" in built_for:
        device = "xpu"
    else:
        device = "mps" if card.vendor == APPLE else "cpu"
    return TorchBuild(values["__version__"], device)
