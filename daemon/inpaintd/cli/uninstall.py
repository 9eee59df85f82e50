"""`inpaintd uninstall`: remove everything, models only on request."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inpaintd.install.removal import MODELS, last_command, remove_home, remove_plug_ins
from inpaintd_protocol.connection import home


@click.command("uninstall")
@click.option("--models", is_flag=True, help="Also models, LoRAs, embeddings and models.toml.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(models: bool, yes: bool) -> None:
    """Remove plug-ins, login items, libraries, and the daemon's folder.

    Models are kept unless --models is given. Pictures and hot folders are always kept. The command
    printed at the end removes the program itself.
    """
    kept = "" if models else f", but for {', '.join(MODELS)} in it"
    if not yes:
        what = f"plug-ins, what starts at login, and {home()}{kept}"
        click.confirm(f"Remove inpaintd's {what}?", abort=True)
    from inpaintd.cli import stop
    from inpaintd.launch import login_item

    for path in login_item.remove():
        click.echo(f"Removed {path}")
    stop.command.callback(force=True)  # type: ignore[misc]
    for path in remove_plug_ins(Path.home()):
        click.echo(f"Removed {path}")
    for path in remove_home(home(), models=models):
        click.echo(f"Removed {path}")
    click.echo("In Photoshop, remove the panel in Creative Cloud: Plugins > Manage plugins.")
    if Path(sys.prefix).exists():  # else it was set up in the daemon's folder, and went with it
        click.echo(f"To remove the program itself: {last_command(Path(sys.prefix))}")
