"""The command that adds an extra to this installation of inpaintd. Standard library only."""

from __future__ import annotations

import json
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from inpaintd.shell_words import quoted

NAME = "inpaintd"


SET_UP = ("diffusion",)
"""Extras left to `inpaintd setup`, which alone finds the torch that suits the graphics card."""


def how_to_install(extra: str) -> str:
    """The command that adds an extra, such as diffusion, to the running inpaintd."""
    if extra in SET_UP:
        return f"{NAME} setup"
    try:
        installed: Distribution | None = distribution(NAME)
    except PackageNotFoundError:
        installed = None
    return command_for(extra, installed, Path(sys.prefix), sys.executable)


def command_for(extra: str, installed: Distribution | None, environment: Path, python: str) -> str:
    """The command of `how_to_install` for any installation.

    Args:
        installed: inpaintd's distribution in the environment, with its origin.
        environment: its folder.
        python: its interpreter.
    """
    what, editable = _requirement(extra, _origin(installed))
    if (environment / "pipx_metadata.json").is_file():
        return f"pipx install --force {'--editable ' if editable else ''}{what}"
    if (environment / "uv-receipt.toml").is_file():
        return f"uv tool install --force {'--editable ' if editable else ''}{what}"
    return f"{quoted(python)} -m pip install {'-e ' if editable else ''}{what}"


def _origin(installed: Distribution | None) -> dict[str, Any]:
    """The contents of direct_url.json; empty when installed from an index. Source: PEP 610."""
    text = installed.read_text("direct_url.json") if installed is not None else None
    origin: dict[str, Any] = json.loads(text) if text else {}
    return origin


def _requirement(extra: str, origin: dict[str, Any]) -> tuple[str, bool]:
    """The requirement to install, quoted, and whether the installation is editable."""
    url = origin.get("url", "")
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        revision = vcs.get("requested_revision") or vcs.get("commit_id", "")
        return f'"{NAME}[{extra}] @ {vcs["vcs"]}+{url}{"@" if revision else ""}{revision}"', False
    if url.startswith("file:") and "dir_info" in origin:
        folder = url2pathname(urlparse(url).path)
        return f'"{folder}[{extra}]"', bool(origin["dir_info"].get("editable"))
    if url:
        return f'"{NAME}[{extra}] @ {url}"', False
    return f'"{NAME}[{extra}]"', False
