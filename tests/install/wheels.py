"""Small stand-ins for the libraries of diffusion models, as wheels that uv installs."""

from __future__ import annotations

import zipfile
from pathlib import Path

_TORCH = """
from torch.version import __version__
class Tensor:
    def __init__(self, device):
        if {broken!r}: raise RuntimeError("CUDA error: no kernel image is available")
        self.device = type("Device", (), {{"type": device}})
    def __matmul__(self, other): return self
    def all(self): return True
def rand(*shape, device): return Tensor(device)
def isfinite(tensor): return tensor
"""
_VERSION = "__version__ = {version!r}\ncuda: object = {cuda!r}\n"


def write_wheels(
    folder: Path, *, version: str = "2.13.0", cuda: str | None = None, broken: bool = False
) -> Path:
    """Write stand-ins for torch, diffusers and transformers.

    Args:
        cuda: what torch says it was built for.
        broken: whether a tensor cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch = {
        "torch/__init__.py": _TORCH.format(broken=broken),
        "torch/version.py": _VERSION.format(version=version, cuda=cuda),
    }
    _write(folder, "torch", version, torch)
    _write(folder, "diffusers", "0.42.1", {"diffusers/__init__.py": ""})
    _write(folder, "transformers", "5.23.0", {"transformers/__init__.py": ""})
    return folder


def _write(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    info = f"{name}-{version}.dist-info"
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
