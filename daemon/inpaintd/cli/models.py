"""`inpaintd models`: what can fill, and what it needs."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from inpaintd.start import connect_or_start
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
