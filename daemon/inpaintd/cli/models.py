"""`inpaintd models`: what can fill, what it needs, and how to get it."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from inpaintd.start import connect_or_start
from inpaintd_protocol.connection import home
from inpaintd_protocol.messages import ModelInfo


@click.group("models")
def command() -> None:
    """The models that can fill."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_models(as_json: bool) -> None:
    """List all models, installed or not."""
    with connect_or_start("inpaintd models") as client:
        models = client.models().models
    if as_json:
        click.echo(json.dumps([asdict(model) for model in models]))
        return
    width = max(len(model.name) for model in models)
    for model in models:
        click.echo(f"{model.name:{width}}  {_in_words(model)}")


def _in_words(model: ModelInfo) -> str:
    state = "installed" if model.installed else f"not installed; {model.install}".rstrip("; ")
    parts = [model.title, state + (", default" if model.default else ""), model.needs]
    return " - ".join(part for part in parts if part)


@command.command("install")
@click.argument("name")
@click.option("--as", "own_name", default="", help="Name to give to a model that is not listed.")
def install_model(name: str, own_name: str) -> None:
    """Fetch a model by its name, or make one known by its repository, folder or file.

    NAME is a listed model, OWNER/NAME of a repository of the Hugging Face hub, a folder in the
    layout of diffusers, a single .safetensors file, or a ControlNet's folder.
    """
    from inpaintd.models.install import install, install_unlisted
    from inpaintd.models.installed import is_path
    from inpaintd.models.registry import load_registry

    registry = load_registry(home())
    if name not in registry.entries and ("/" in name or is_path(name)):
        install_unlisted(registry, name, own_name, click.echo)
    else:
        install(registry, registry.find(name), click.echo)


@command.command("use")
@click.argument("name")
def use_model(name: str) -> None:
    """Make a model the one that fills when none is named."""
    from inpaintd.models.registry import load_registry
    from inpaintd.models.user_file import set_default

    registry = load_registry(home())
    entry = registry.find(name)
    registry.folder(entry)
    set_default(registry.home, entry.name)
    click.echo(f"{entry.title} fills from now on.")


@command.command("info")
@click.argument("name")
def model_info(name: str) -> None:
    """Show what is known of a model."""
    from inpaintd.models.installed import installation
    from inpaintd.models.registry import load_registry

    registry = load_registry(home())
    entry = registry.find(name)
    click.echo(f"{entry.name}: {entry.title}")
    found = installation(registry.home, entry.name, entry.source) if entry.source else None
    rows = {
        "engine": entry.engine,
        "source": entry.source,
        "revision": found.revision if found else entry.revision,
        "works at": f"{entry.native_side} × {entry.native_side} px" if entry.native_side else "",
        "needs": entry.needs,
        "settings": ", ".join(f"{k} {v:g}" for k, v in entry.defaults.items()),
        "installed": "yes" if registry.installed(entry) else f"no; {entry.install_command}",
    }
    for label, value in rows.items():
        if value:
            click.echo(f"  {label}: {value}")
