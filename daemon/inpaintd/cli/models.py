"""`inpaintd models`: list, install, inspect and remove models."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaintd.launch.background import connect_or_start
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelInfo

from . import model_requests
from .transfer_bar import transfer_bar

if TYPE_CHECKING:
    from inpaintd.models.registry import Entry


_COMMERCIAL = {
    "yes": "allowed",
    "no": "not allowed",
    "limited": "allowed, within the licence's limits",
}


@click.group("models")
def command() -> None:
    """List, install and choose models."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_models(as_json: bool) -> None:
    """List all models and helpers, installed or not."""
    with connect_or_start("inpaintd models") as client:
        answer = client.models()
    from inpaintd.install.card_memory import this_room
    from inpaintd.models.fits import with_fits
    from inpaintd.models.registry import load_registry

    registry = load_registry(home())
    # The daemon may not have heard from the card's driver yet.
    listed = [model for model in answer.models if model.name in registry.entries]
    models = with_fits(listed, registry, this_room(home()))
    for notice in answer.notices:
        click.echo(f"{notice.message} {notice.remedy}\n", err=True)
    if as_json:
        click.echo(json.dumps([asdict(model) for model in models]))
        return
    columns = shutil.get_terminal_size().columns
    click.echo("\n".join(listing(models, registry.helpers(), columns)))
    if not registry.own_default:
        click.echo("To choose another default: inpaintd models use NAME")


def listing(models: Sequence[ModelInfo], helpers: Sequence[ModelInfo], columns: int) -> list[str]:
    """Format a list `columns` wide: installed models, further ones, and helpers."""
    indent = 4 + max(len(model.name) for model in (*models, *helpers))
    present = [model for model in models if model.installed]
    absent = [model for model in models if not model.installed]
    lines = ["Installed:"]
    for model in present:
        lines += _entry(model, model.title + (", the default" * model.default), indent, columns)
        lines += _wrapped(model.fits, " " * indent, indent, columns)
    if absent:
        lines += ["", "Not installed; to fetch one: inpaintd models install NAME"]
    for model in absent:
        lines += _entry(model, model.title, indent, columns)
        lines += _wrapped(model.needs, " " * indent, indent, columns)
        lines += _wrapped(model.fits, " " * indent, indent, columns)
        if model.licence:
            use = _COMMERCIAL.get(model.commercial, "")
            text = f"licence {model.licence}" + (f": commercial use {use}" if use else "")
            lines += _wrapped(text, " " * indent, indent, columns)
    lines += ["", "Helpers, fetched in the same way:"]
    for model in helpers:
        lines += _entry(model, model.title + (", installed" * model.installed), indent, columns)
    lines += ["", "A checkpoint file of your own: inpaintd models install FILE.safetensors"]
    return lines


def _entry(model: ModelInfo, text: str, indent: int, columns: int) -> list[str]:
    return _wrapped(text, f"  {model.name}".ljust(indent), indent, columns)


def _wrapped(text: str, start: str, indent: int, columns: int) -> list[str]:
    width = max(columns - 1, indent + 20)
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * indent)


@command.command("install")
@click.argument("name")
@click.option("--name", "own_name", default="", help="Name for a model that is not listed.")
@click.option("--vae", default="", help="Another VAE for it: a listed name, a folder or a file.")
@click.option(
    "--config",
    default="",
    help="Configuration of a single file of an unknown kind: a folder in the layout of diffusers.",
)
@click.option(
    "--base",
    default="",
    help="For the file of a transformer alone (GGUF, fp8): the installed model whose text encoders "
    "and VAE it is used with; found by itself if left out.",
)
@click.option(
    "--accept-licence", is_flag=True, help="Accept the licence that the model comes under."
)
def install_model(
    name: str, own_name: str, vae: str, config: str, base: str, accept_licence: bool
) -> None:
    """Fetch a listed model, or add another one to the list.

    NAME is a listed model, OWNER/NAME of a repository of the Hugging Face hub, a folder in the
    layout of diffusers, a single .safetensors or .gguf file, or a ControlNet's folder. Models on
    this disk are used in place; nothing is copied.
    """
    from inpaintd.models.install import install
    from inpaintd.models.registry import load_registry
    from inpaintd.models.unlisted import install_unlisted, is_unlisted

    registry = load_registry(home())
    listed = not is_unlisted(registry, name)
    if listed and (own_name or vae or config or base):
        raise click.UsageError(f"{name} is listed: write what you change into models.toml.")
    if listed:
        with model_requests.running_daemon() as client:
            if client is not None:
                model_requests.install(client, name, accept_licence=accept_licence)
                return
    with transfer_bar() as on_transfer:
        if not listed:
            install_unlisted(
                registry,
                name,
                own_name,
                click.echo,
                vae=vae,
                config=config,
                base=base,
                accept_licence=accept_licence,
                on_transfer=on_transfer,
            )
        else:
            entry = registry.find(name)
            install(
                registry,
                entry,
                click.echo,
                accept_licence=accept_licence,
                on_transfer=on_transfer,
            )


@command.command("login")
def log_in() -> None:
    """Store a token of the Hugging Face hub, which gated models need.

    Create a read token at https://huggingface.co/settings/tokens. It is stored in the daemon's
    folder, where only you can read it; an empty one deletes it.
    """
    from inpaintd.models.hub_token import write_token

    token = click.prompt("Token", default="", show_default=False, hide_input=True)
    write_token(home(), token)
    click.echo("Kept." if token.strip() else "No token is kept.")


@command.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Even if installed models need it.")
def remove_model(name: str, force: bool) -> None:
    """Delete a downloaded model, or unlist one that is used in place."""
    from inpaintd.models.registry import load_registry
    from inpaintd.models.remove import remove

    with model_requests.running_daemon() as client:
        if client is not None:
            freed = client.remove_model(name, force=force).freed_bytes
        else:
            registry = load_registry(home())
            freed = remove(registry, registry.find(name), force=force)
    click.echo(
        f"Removed {name}, {freed / 1e9:.1f} GB." if freed else f"{name} is no longer listed."
    )


@command.command("disk")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def disk(as_json: bool) -> None:
    """Show the disk space that models take, and the free space."""
    from inpaintd.models.registry import load_registry
    from inpaintd.models.remove import usage

    registry = load_registry(home())
    found = usage(registry)
    place = home() if home().exists() else Path.home()
    free = shutil.disk_usage(place).free
    if as_json:
        click.echo(json.dumps({"free_bytes": free, "models": [asdict(one) for one in found]}))
        return
    for one in found:
        notes = "" if one.own else ", used where it lies"
        notes += "" if one.whole else ", not whole: models install goes on with it"
        notes += f", a part of {', '.join(one.used_by)}" if one.used_by else ""
        click.echo(f"{one.bytes / 1e9:8.2f} GB  {one.name}{notes}")
    total = sum(one.bytes for one in found if one.own)
    click.echo(f"{total / 1e9:8.2f} GB  in all, fetched by inpaintd; {free / 1e9:.0f} GB are free")


@command.command("scan")
@click.argument("folder", type=click.Path(path_type=Path))
def scan_folder(folder: Path) -> None:
    """List the models that another program keeps below FOLDER, and use them in place.

    For the folders of models of ComfyUI, Automatic1111 and InvokeAI, or any other. Nothing is
    copied or changed; LoRAs and embeddings are linked. It can be run again.
    """
    from inpaintd.models.scan import scan

    found = scan(home(), folder)
    for name in found.listed:
        click.echo(f"Listed {name}")
    for name in found.linked:
        click.echo(f"Linked {name}")
    for reason in found.unusable.values():
        click.echo(f"Not used: {reason}", err=True)
    click.echo(
        f"{len(found.listed)} models and {len(found.linked)} LoRAs and embeddings more, "
        f"{found.known} were known, {len(found.unusable)} cannot be used.",
        err=True,
    )


@command.command("convert")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("target", required=False, type=click.Path(path_type=Path))
def convert_weights(file: Path, target: Path | None) -> None:
    """Copy the weights of a .ckpt, .pt, .pth or .bin FILE into TARGET, a .safetensors file.

    No code in FILE is run. Without TARGET the new file is written next to FILE.
    """
    from inpaintd.models.convert import convert

    target = target or file.with_suffix(".safetensors")
    convert(file, target)
    click.echo(target)


@command.command("verify")
@click.argument("name")
def verify_model(name: str) -> None:
    """Check that all files of an installed model are there and undamaged."""
    from inpaintd.models.registry import load_registry
    from inpaintd.models.transfer import Transfer, bytes_in
    from inpaintd.models.verify import verify

    with model_requests.running_daemon() as client:
        if client is not None:
            model_requests.verify(client, name)
            click.echo(f"{name} is whole.")
            return
    registry = load_registry(home())
    entry = registry.find(name)
    entries = (entry, *(registry.find(part) for part in entry.parts))
    total = sum(bytes_in(registry.folder(each)) for each in entries)
    done = 0
    with transfer_bar() as on_transfer:
        for each in entries:

            def count(more: int) -> None:
                nonlocal done
                done += more
                on_transfer(Transfer(done, total, 0.0))

            verify(registry, each, count)
    click.echo(f"{entry.name} is whole.")


@command.command("use")
@click.argument("name")
def use_model(name: str) -> None:
    """Make a model the default, used when none is named."""
    from inpaintd.models.registry import load_registry
    from inpaintd.models.user_file import set_default

    registry = load_registry(home())
    entry = registry.filling(name)
    registry.folder(entry)
    set_default(registry.home, entry.name)
    click.echo(f"{entry.title} fills from now on.")


@command.command("info")
@click.argument("name")
def model_info(name: str) -> None:
    """Show the details of a model."""
    from inpaintd.install.card_memory import this_room
    from inpaintd.models.fits import fits_in_words
    from inpaintd.models.installed import installation
    from inpaintd.models.registry import load_registry

    registry = load_registry(home())
    entry = registry.find(name)
    click.echo(f"{entry.name}: {entry.title}")
    found = installation(registry.home, entry.name, entry.source) if entry.source else None
    missing = registry.missing(entry)
    rows = {
        "engine": entry.engine,
        "source": entry.source,
        "holds": _in_file(entry) if found else "",
        "VAE": entry.vae,
        "text encoders and VAE": entry.base,
        "configuration": entry.config,
        "revision": found.revision if found else entry.revision,
        "works at": f"{entry.native_side} × {entry.native_side} px" if entry.native_side else "",
        "needs": entry.needs,
        "on this machine": fits_in_words(registry, entry, this_room(home())),
        "licence": entry.licence,
        "commercial use": _COMMERCIAL.get(entry.commercial, ""),
        "settings": ", ".join(
            f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in entry.defaults.items()
        ),
        "installed": f"no. {missing.remedy}" if missing else "yes",
    }
    for label, value in rows.items():
        if value:
            click.echo(f"  {label}: {value}")


def _in_file(entry: Entry) -> str:
    """Describe a single file, or why it cannot be used; nothing for other sources."""
    from inpaintd.models.checkpoint import read_checkpoint
    from inpaintd.models.denoisers import read_denoiser
    from inpaintd.models.installed import is_path, place_of

    file = place_of(entry.source)
    if not is_path(entry.source) or file.is_dir() or entry.engine == "erase":
        return ""
    try:
        if entry.base:
            denoiser = read_denoiser(file)
            return f"{denoiser.title}, {denoiser.stored}" if denoiser else "nothing known"
        holds = read_checkpoint(file, vae=bool(entry.vae), configured=bool(entry.config))
    except InpaintError as error:
        return str(error)
    size = file.stat().st_size / 1e9
    return f"{holds.title}, {holds.channels} channels, {holds.dtype}, {size:.1f} GB"
