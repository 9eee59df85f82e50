"""The size and the terms of what can be fetched, told before anything is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from inpaintd.install.machine import Machine
from inpaintd.install.setup import plan
from inpaintd.models.hub import Repository, in_words, look_up
from inpaintd.models.hub_token import read_token
from inpaintd.models.install import SPARE_BYTES, licence_must_be_accepted
from inpaintd.models.installed import folder_of, is_path
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.transfer import bytes_in
from inpaintd_protocol.errors import InpaintError


@dataclass(frozen=True)
class Offer:
    """As the protocol's message of this name, whose fields these are."""

    title: str
    total_bytes: int
    missing_bytes: int
    needed_bytes: int
    free_bytes: int
    licence: str = ""
    commercial: str = ""
    page: str = ""
    must_accept: bool = False
    needs_token: bool = False
    suits: str = ""


def offer_of(registry: Registry, entry: Entry) -> Offer:
    """Describe a model, together with the parts of it that are not installed.

    Raises:
        InpaintError: `not_a_model` when there is nothing to fetch, else as `install`.
    """
    needed = [registry.find(part) for part in entry.parts] + [entry]
    found = {
        each.name: _repository(registry, each) for each in needed if not registry.installed(each)
    }
    if not found:
        raise InpaintError("not_a_model", f"{entry.name} is installed.")
    folders = {each.name: folder_of(registry.home, each.name, each.source) for each in needed}
    total = sum(repository.size for repository in found.values())
    arrived = sum(bytes_in(folders[name]) for name in found if folders[name].exists())
    missing = max(0, total - arrived)
    asked = [
        each
        for each in needed
        if each.name in found and licence_must_be_accepted(each, found[each.name])
    ]
    about = asked[-1] if asked else entry
    gated = any(repository.gated for repository in found.values())
    return Offer(
        title=entry.title,
        total_bytes=total,
        missing_bytes=missing,
        needed_bytes=missing + SPARE_BYTES,
        free_bytes=_free_bytes(registry.home),
        licence=found[about.name].licence if about.name in found else about.licence,
        commercial=about.commercial,
        page=f"https://huggingface.co/{about.source}",
        must_accept=bool(asked),
        needs_token=gated and not read_token(registry.home),
    )


def libraries(home: Path) -> Offer:
    """Describe the libraries that diffusion models need.

    Raises:
        InpaintError: `unsupported` for a card or a driver that no torch can use.
    """
    wanted = plan(home, Machine())
    return Offer(
        title=f"PyTorch for {wanted.backend.title}",
        total_bytes=wanted.backend.download_bytes,
        missing_bytes=wanted.backend.download_bytes,
        needed_bytes=wanted.needed_bytes,
        free_bytes=wanted.free_bytes,
        licence="BSD-3-Clause (torch), Apache-2.0 (diffusers, transformers)"
        + (", NVIDIA's own (CUDA)" if wanted.backend.name.startswith("cu") else ""),
        commercial="yes",
        suits=str(wanted.card) if wanted.card.vendor else "the processor; there is no usable card",
    )


def _repository(registry: Registry, entry: Entry) -> Repository:
    if not entry.source or is_path(entry.source):
        raise InpaintError("not_a_model", f"There is nothing to fetch for {entry.name}.")
    try:
        return look_up(entry, registry.home)
    except InpaintError:
        raise
    except Exception as error:  # the HTTP library differs between versions of the client
        folder = folder_of(registry.home, entry.name, entry.source)
        raise in_words(entry, folder, error, entry.install_command) from error


def _free_bytes(home: Path) -> int:
    return shutil.disk_usage(home).free
