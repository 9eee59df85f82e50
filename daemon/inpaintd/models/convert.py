"""Conversion of a pickle's weights to a .safetensors file, without running its contents.

The pickle is read in a process of its own, by an unpickler that knows tensors and plain containers
and refuses everything else.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from inpaintd.install.environment import holds, worker_python
from inpaintd.install.extras import how_to_install
from inpaintd.models import pickles
from inpaintd.models.weights import SUFFIX
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

if TYPE_CHECKING:
    from torch import Tensor

_MORE_THAN_WEIGHTS, _NO_WEIGHTS = 3, 4
"""Exit codes of the process that reads."""


def convert(file: Path, target: Path) -> None:
    """Write the tensors of a pickle into a new file.

    Raises:
        InpaintError: `model_missing`, `not_a_model` for a file that holds more than weights or
            none, `unwritable`.
    """
    if not file.exists() or pickles.is_program(file):
        raise pickles.refusal(file)
    if file.suffix.lower() == SUFFIX:
        raise InpaintError("not_a_model", f"{file} is a {SUFFIX} file already.")
    if target.suffix.lower() != SUFFIX:
        raise InpaintError("not_a_model", f"{target} would not be a {SUFFIX} file.")
    if target.exists():
        raise InpaintError(
            "unwritable", f"{target} exists already.", "Name another file as the second argument."
        )
    if not holds(home(), "torch"):
        raise InpaintError(
            "not_a_model",
            "Converting needs the libraries for diffusion models.",
            f"Install them: {how_to_install('diffusion')}",
        )
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        done = subprocess.run(
            [worker_python(home()), "-P", "-m", __name__, str(file), str(unfinished)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise _refusal(file, target, done.returncode, done.stderr.decode(errors="replace"))
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _refusal(file: Path, target: Path, code: int, said: str) -> InpaintError:
    if code == _MORE_THAN_WEIGHTS:
        return InpaintError(
            "not_a_model",
            f"{file} holds more than weights, or is damaged. It was not read, because reading the "
            "rest would run programs from it.",
            "Get the model as .safetensors.",
        )
    if code == _NO_WEIGHTS:
        return InpaintError("not_a_model", f"{file} holds no weights.", "Check the file.")
    if code < 0:
        return InpaintError(
            "out_of_memory", f"Converting {file} was ended, probably for lack of memory."
        )
    last = (said.strip().splitlines() or [f"exit code {code}"])[-1]
    return InpaintError(
        "unwritable",
        f"{target} cannot be written: {last[:200]}.",
        "Check the folder's permissions, and whether the disk is full.",
    )


def _weights(file: str) -> dict[str, Tensor]:
    """The tensors of a pickle by name, no two of them sharing memory."""
    import torch

    found = torch.load(file, map_location="cpu", weights_only=True)
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, value in found.items() if isinstance(found, dict) else ():
        if isinstance(value, torch.Tensor) and value.layout == torch.strided:
            storage = value.untyped_storage().data_ptr()
            whole = value.contiguous()
            tensors[str(name)] = whole.clone() if storage in seen else whole
            seen.add(storage)
    return tensors


def main() -> int:
    """Read one file and write the other; return an exit code that says what went wrong."""
    import safetensors.torch

    try:
        weights = _weights(sys.argv[1])
    except Exception as error:  # whatever a hostile file makes the reader raise
        print(type(error).__name__, file=sys.stderr)
        return _MORE_THAN_WEIGHTS
    if not weights:
        return _NO_WEIGHTS
    try:
        safetensors.torch.save_file(weights, sys.argv[2], metadata={"format": "pt"})
    except Exception as error:  # safetensors has an error class of its own in Rust
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
