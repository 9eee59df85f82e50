"""`inpaintd install gimp`: put the editor plug-ins where the editors look for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from inpaintd import install_gimp
from inpaintd_protocol.errors import InpaintError


@click.group("install")
def command() -> None:
    """Install a plug-in into an editor."""


@command.command("gimp")
@click.option("--uninstall", is_flag=True, help="Remove the plug-in instead.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Configuration folder of one GIMP, as shown in its Edit > Preferences > Folders > "
    "Plug-ins, when it is in none of the usual places.",
)
def gimp(uninstall: bool, folder: Path | None) -> None:
    """Install the plug-in into every GIMP 3 of this user. Can be repeated, after an update too."""
    if folder is not None:
        found = [install_gimp.configuration_at(folder)]
    else:
        found = install_gimp.configurations(Path.home(), os.environ, sys.platform)
    if not found:
        raise InpaintError(
            "unreadable",
            "No configuration of GIMP 3 was found for this user.",
            "Start GIMP 3 once, then try again; or name its folder with --dir.",
        )
    for configuration in found:
        if uninstall:
            removed = install_gimp.uninstall(configuration)
            click.echo(f"{'Removed from' if removed else 'Was not in'} {configuration}")
            continue
        install_gimp.install(configuration)
        click.echo(f"Installed into {configuration}")
        if advice := install_gimp.advice(configuration):
            click.echo(f"  {advice}")
    if not uninstall:
        click.echo("Restart GIMP: the commands are in Filters > Enhance and in Edit.")
