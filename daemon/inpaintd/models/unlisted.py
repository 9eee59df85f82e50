"""Registration of models from elsewhere: a repository, a folder, or a single file.

A model on this disk is listed with its path and used in place: nothing is copied.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from inpaintd.engines.diffusion.families import CONTROLNETS, FAMILY_OF_CLASS
from inpaintd.models.checkpoint import check_vae, read_checkpoint
from inpaintd.models.configurations import KINDS
from inpaintd.models.denoisers import Denoiser, base_for, read_denoiser
from inpaintd.models.described import class_name, described, last_part, sizes
from inpaintd.models.install import Say, install
from inpaintd.models.installed import folder_of, is_path, place_of
from inpaintd.models.parts import CONFIG, check_complete
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.transfer import OnTransfer
from inpaintd.models.user_file import add_entry, name_taken
from inpaintd.shell_words import command, quoted
from inpaintd_protocol.errors import InpaintError

_RESERVED = "default"
"""Reserved as a key of models.toml, so not a valid name of a model."""

_NAME = re.compile(r"(?![-. ])[^/\\:*?\"<>|]+(?<![. ])")
"""A name also serves as a folder name on any system, and as a word on a command line."""

_GET_ALL = "Get all its files from where it came from."

_OF_DENOISERS = (".gguf", ".safetensors")
"""Suffixes of files that may hold a transformer alone."""

_NETWORK_SIDE = 512
"""Working size of a network in an ONNX file that accepts any size."""


def is_unlisted(registry: Registry, name: str) -> bool:
    """Return whether a name is a path or a repository, not a listed model."""
    is_place = "/" in name or is_path(name) or (name != "" and Path(name).exists())
    return is_place and name not in registry.entries


def install_unlisted(
    registry: Registry,
    source: str,
    name: str,
    say: Say,
    *,
    vae: str = "",
    config: str = "",
    base: str = "",
    accept_licence: bool = False,
    on_transfer: OnTransfer | None = None,
) -> None:
    """Fetch a model that is not in the registry, or use it in place, and list it.

    Args:
        source: a repository of the hub, or a folder or a single file of this disk.
        name: its name in the list; empty for the last part of its source.
        vae: name, folder or file of a VAE to use with it; empty for its own.
        config: for a single file, a folder in the layout of diffusers with its configuration;
            empty to detect it from the tensors.
        base: for the file of a transformer alone, the model with its text encoders and VAE;
            empty to find an installed one.

    Raises:
        InpaintError: as `install`, and `unsupported` for anything that is not a model.
    """
    if is_path(source) or Path(source).exists():
        source = _resolved(source)
    title = last_part(source)
    name = _checked_name(name or title.lower())
    listed = registry.entries.get(name)
    if listed is not None and listed.source == source:
        say(f"It is listed as {name} already.")
        # Its files may be gone since.
        install(registry, listed, say, accept_licence=accept_licence, on_transfer=on_transfer)
        return
    if name in registry.entries:
        raise name_taken(name)
    vae = _checked_vae(registry, vae)
    entry = Entry(name, title, "diffusion", source=source, vae=vae)
    place = folder_of(registry.home, name, source)
    values: dict[str, str | int] = {"title": title, "engine": "diffusion", "source": source}
    if config:
        config = _checked_config(place, config)
    denoiser = read_denoiser(place) if place.suffix.lower() in _OF_DENOISERS else None
    if denoiser is None and base:
        raise InpaintError(
            "unsupported",
            f"{source} is not only the transformer of a model, and needs no base.",
            "Leave --base out.",
        )
    if denoiser is not None:
        values |= _about_denoiser(registry, denoiser, base, say)
    elif is_path(source):
        values |= _about(place, source, vae, config, say)
    else:
        alone = replace(entry, vae="")  # its VAE is fetched once the model proves usable
        install(
            registry,
            alone,
            say,
            check=lambda telling: described(telling, source),
            accept_licence=accept_licence,
            on_transfer=on_transfer,
            again=command("inpaintd", "models", "install", source, "--name", name),
        )
        values |= described(place, source)
    for part in entry.parts:
        install(registry, registry.find(part), say, on_transfer=on_transfer)
    given = {"vae": vae, "config": config}
    add_entry(registry.home, name, values | {k: v for k, v in given.items() if v})
    if is_path(source):
        say("It is not copied, so leave it where it is.")
    if values.get("kind") != "controlnet":
        say(f"Use it with: --model {quoted(name, placeholder='NAME')}")


def _about(place: Path, source: str, vae: str, config: str, say: Say) -> dict[str, str | int]:
    """Compose the entry for a folder or a single file on this disk."""
    if not place.exists():
        raise InpaintError("model_missing", f"There is nothing at {place}.")
    if place.is_dir():
        about = described(place, source)
        given = ("vae",) if vae else ()
        check_complete(place, last_part(source), _GET_ALL, given=given, headers=True)
        return about
    if place.suffix.lower() == ".onnx":
        return _network(place, say)
    found = read_checkpoint(place, vae=bool(vae), configured=bool(config))
    size = place.stat().st_size / 1e9
    say(f"{place.name} holds {found.title}, {found.dtype}, {size:.1f} GB.")
    if found.kind is None:
        return described(Path(config), config)
    return sizes(FAMILY_OF_CLASS[KINDS[found.kind].pipeline])


def _about_denoiser(
    registry: Registry, denoiser: Denoiser, named: str, say: Say
) -> dict[str, str | int]:
    """Compose the entry for a file that holds only the transformer of a model."""
    if named and named not in registry.entries:
        named = _resolved(named)
    base = base_for(registry, denoiser, named)
    folder = folder_of(
        registry.home, base, registry.entries[base].source if base in registry.entries else base
    )
    size = denoiser.file.stat().st_size / 1e9
    say(
        f"{denoiser.file.name} holds {denoiser.title}, {denoiser.stored}, {size:.1f} GB; its text "
        f"encoders and VAE are those of {base}."
    )
    return {"base": base, **described(folder, base)}


def _network(place: Path, say: Say) -> dict[str, str | int]:
    """Compose the entry for an ONNX file on this disk."""
    from inpaintd.engines.erase.network import Network  # needs ONNX Runtime

    signature = Network(place).signature
    side = signature.side or _NETWORK_SIDE
    say(f"{place.name} holds an inpainting network that works at {side} × {side} pixels.")
    return {"engine": "erase", "native_side": side, "multiple": 8}


def _checked_name(name: str) -> str:
    if name == _RESERVED or not (name.isprintable() and _NAME.fullmatch(name)):
        raise InpaintError(
            "unsupported",
            f"A model cannot be named {name[:80]!r}.",
            "Choose a name of letters, digits, dots and hyphens: --name NAME",
        )
    return name


def _checked_vae(registry: Registry, vae: str) -> str:
    """A VAE as named in an entry: a listed name, or a path that stays valid."""
    if not vae or vae in registry.entries:
        return vae
    path = Path(_resolved(vae))
    if path.is_dir():
        if class_name(path / CONFIG) != "AutoencoderKL":
            raise InpaintError("unsupported", f"{path} is not the folder of a VAE.")
        check_complete(path, path.name, _GET_ALL, headers=True)
    else:
        check_vae(path)
    return str(path)


def _checked_config(place: Path, config: str) -> str:
    """A configuration as named in an entry."""
    if not place.is_file():
        raise InpaintError(
            "unsupported",
            f"{place} is no single file, and has a configuration of its own.",
            "Leave --config out.",
        )
    path = _resolved(config)
    if class_name(Path(path) / CONFIG) in CONTROLNETS:
        raise InpaintError("unsupported", f"{path} is the configuration of a ControlNet.")
    described(Path(path), path)
    return path


def _resolved(path: str) -> str:
    resolved = str(place_of(path).resolve())
    try:
        resolved.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InpaintError(
            "unsupported",
            f"The name {resolved!r} is not valid text, so it cannot be listed.",
            "Give the file or its folder another name.",
        ) from error
    return resolved
