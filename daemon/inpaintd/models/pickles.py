"""Detection of weights that can run programs when opened, and so never are."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError

SUFFIXES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle", ".jit", ".torchscript")


def is_program(file: Path) -> bool:
    """Return whether a file is a TorchScript program, by the names in its archive."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [PurePosixPath(name) for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile, ValueError):
        return False
    return any("code" in name.parts[1:-1] or name.name == "constants.pkl" for name in names)


def refusal(file: Path) -> InpaintError:
    """The error for a file that is never opened, with a safe alternative."""
    if not file.exists():
        return InpaintError("model_missing", f"There is nothing at {file}.")
    if is_program(file):
        return InpaintError(
            "unsupported",
            f"{file} is a program (TorchScript) rather than weights, so inpaintd never opens it.",
            "Choose a model that comes as .safetensors, or one from: inpaintd models list",
        )
    return InpaintError(
        "unsupported",
        f"{file} can run programs when it is opened, so inpaintd does not open it.",
        "Most models come as .safetensors, too. To copy the weights out of this one, without "
        f"running anything in it: {command('inpaintd', 'models', 'convert', str(file))}",
    )
