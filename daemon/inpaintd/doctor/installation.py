"""Checks of Python, of inpaintd's own libraries, and of torch and the graphics card."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from inpaintd import __version__
from inpaintd.doctor.finding import Finding, fault, note, ok
from inpaintd.install import environment as environments
from inpaintd.install.card import Card
from inpaintd.install.extras import NAME, command_for
from inpaintd.install.notices import notices
from inpaintd.install.torch_build import installed_torch

_LIBRARIES = ("zmq", "msgpack", "numpy", "cv2", "PIL", "pyvips", "psd_tools", "onnxruntime")


def check_python() -> Iterator[Finding]:
    """Describe the inpaintd, the Python and the system that this runs on."""
    yield ok(
        "installation",
        f"inpaintd {__version__} on Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, in {sys.prefix}.",
    )


def check_libraries() -> Iterator[Finding]:
    """Import every library of the base installation; one that is broken fails each fill."""
    broken = []
    for name in _LIBRARIES:
        try:
            import_module(name)
        except Exception as error:  # a broken library raises what it likes
            broken.append(f"{name} ({type(error).__name__}: {str(error)[:120]})")
    if broken:
        again = command_for("", None, Path(sys.prefix), sys.executable).replace("[]", "")
        yield fault(
            "libraries",
            f"These libraries cannot be imported: {', '.join(broken)}.",
            f"Install {NAME} again: {again} --force-reinstall",
        )
    else:
        yield ok("libraries", "All libraries of the base installation can be imported.")
    if find_spec("patchmatch") is None:
        yield note(
            "libraries",
            "PyPatchMatch is not installed, so holes are filled smoothly instead of with texture.",
            "Install it where there is a wheel for the system: pip install PyPatchMatch",
        )


def check_card(home: Path, card: Card) -> Iterator[Finding]:
    """The graphics card, and whether the installed torch can use it."""
    yield ok("graphics card", f"{str(card)[:1].upper()}{str(card)[1:]}.")
    torch = installed_torch(environments.site_packages_of(home), card)
    found = environments.in_use(home)
    where = f"in the environment {found.folder}" if found else "beside inpaintd"
    if torch is not None:
        yield ok("torch", f"torch {torch.version}, {where}, built for {torch.device}.")
    elif not card.vendor:
        yield note(
            "torch",
            "The libraries for diffusion models are not installed.",
            "Fills without a prompt work. For models with a prompt: inpaintd setup",
        )
    for notice in notices(home, card):
        level = note if notice.code == "no_torch" else fault
        yield level("torch", notice.message, notice.remedy)
