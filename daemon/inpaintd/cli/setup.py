"""`inpaintd setup`: install the libraries for diffusion models, with the torch for this card."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from inpaintd.install.backends import BACKENDS
from inpaintd_protocol.connection import home

if TYPE_CHECKING:
    from inpaintd.install.setup import Plan

_STEPS = {
    "make": "Making a new environment",
    "fetch": "Fetching and installing",
    "try": "Trying it on this machine",
    "switch": "Switching to it",
}


@click.command("setup")
@click.option(
    "--backend",
    type=click.Choice(list(BACKENDS)),
    help="The build of torch, instead of the one that suits the graphics card.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each step.")
def command(backend: str | None, dry_run: bool, as_json: bool) -> None:
    """Install the libraries for diffusion models, with the torch that uses this graphics card.

    A new environment is created beside the one in use and tested before switching to it: if
    anything goes wrong, the old one stays in use. Run it again to resume after an interruption,
    after a change of graphics card, or to update the libraries.
    """
    from inpaintd.install.machine import Machine
    from inpaintd.install.setup import plan, set_up

    wanted = plan(home(), Machine(), backend=backend or "")
    if as_json:
        click.echo(json.dumps(_as_map(wanted)))
    else:
        click.echo("\n".join(_in_words(wanted)))
    if dry_run:
        return
    progress = _Progress(wanted.backend.download_bytes, as_json)
    made = set_up(home(), wanted, progress)
    progress.end()
    if as_json:
        click.echo(json.dumps({"step": "done", "device": made.device, "torch": made.torch}))
    else:
        click.echo(f"Done: torch {made.torch} on {made.device}.")
        click.echo("To see the models: inpaintd models list")


class _Progress:
    """Prints steps as lines and bytes on a line that is overwritten, or everything as JSON."""

    def __init__(self, total: int, as_json: bool) -> None:
        self._total, self._json = total, as_json
        self._step = ""
        self._first = 0

    def __call__(self, step: str, count: int) -> None:
        if step != self._step:
            self.end()
            self._first = count
            if not self._json:
                click.echo(f"{_STEPS[step]} ...", err=True)
        self._step, done = step, count - self._first
        if self._json:
            values = {"step": step, "bytes": done, "of": self._total if step == "fetch" else 0}
            click.echo(json.dumps(values))
        elif step == "fetch" and done and sys.stderr.isatty():
            text = f"{done / 1e9:.2f} GB of about {self._total / 1e9:.0f} GB"
            click.echo(f"\r  {text}", nl=False, err=True)

    def end(self) -> None:
        if self._step == "fetch" and not self._json and sys.stderr.isatty():
            click.echo(err=True)


def _in_words(wanted: Plan) -> list[str]:
    return [
        f"Graphics card: {wanted.card}",
        f"Will install: torch for {wanted.backend.title} ({wanted.backend.name})",
        f"              {', '.join(wanted.requirements)}",
        f"Into:         {wanted.folder}",
        f"To fetch:     about {wanted.backend.download_bytes / 1e9:.1f} GB",
        f"On disk:      about {wanted.backend.disk_bytes / 1e9:.0f} GB, "
        f"{wanted.needed_bytes / 1e9:.1f} GB during installation; "
        f"{wanted.free_bytes / 1e9:.0f} GB free",
    ]


def _as_map(wanted: Plan) -> dict[str, object]:
    return {
        "step": "plan",
        "card": str(wanted.card),
        "backend": wanted.backend.name,
        "requirements": list(wanted.requirements),
        "folder": str(wanted.folder),
        "download_bytes": wanted.backend.download_bytes,
        "needed_bytes": wanted.needed_bytes,
        "free_bytes": wanted.free_bytes,
        "commands": [["uv", *command] for command in wanted.commands],
    }
