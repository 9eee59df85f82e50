"""`inpaintd install gimp|photoshop`: install the plug-ins into the editors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from inpaintd.install import gimp_plugin, photoshop_launcher, photoshop_plugin
from inpaintd.launch import login_item
from inpaintd.launch.compiling import compile_ahead
from inpaintd.system import kind
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError


@click.group("install")
def command() -> None:
    """Install a plug-in into an editor."""


@command.command("gimp")
@click.option("--uninstall", is_flag=True, help="Remove the plug-in instead.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="A folder of plug-ins, as GIMP shows them in Edit > Preferences > Folders > Plug-ins, "
    "or GIMP's configuration folder, if it is in an unusual place.",
)
def gimp(uninstall: bool, folder: Path | None) -> None:
    """Install the plug-in into every GIMP 3 of this user. Repeat it after an update."""
    if folder is not None:
        found = [gimp_plugin.configuration_at(folder)]
    else:
        found = gimp_plugin.configurations(Path.home(), os.environ, kind.name())
    if not found:
        raise InpaintError(
            "unreadable",
            "No configuration of GIMP 3 was found for this user.",
            "Start GIMP 3 once, then try again; or name its folder with --dir.",
        )
    for configuration in found:
        if uninstall:
            removed = gimp_plugin.uninstall(configuration)
            click.echo(f"{'Removed from' if removed else 'Was not in'} {configuration}")
            continue
        gimp_plugin.install(configuration)
        click.echo(f"Installed into {configuration}")
        if advice := gimp_plugin.advice(configuration):
            click.echo(f"  {advice}")
    if not uninstall:
        compile_ahead(home())
        click.echo("Restart GIMP: the commands are in Filters > Enhance and in Edit.")


@command.command("photoshop")
@click.option("--uninstall", is_flag=True, help="Remove the plug-in instead.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Only write the packed plug-in to this folder, for a double-click.",
)
@click.option(
    "at_login",
    "--login/--no-login",
    default=None,
    help="Start the daemon at each login, so that the panel finds it; asked for if not given.",
)
def photoshop(uninstall: bool, folder: Path | None, at_login: bool | None) -> None:
    """Install the plug-in into Photoshop 25.0 (2024) or newer. Repeat it after an update."""
    agent = photoshop_plugin.find_agent(os.environ, kind.name())
    if uninstall:
        photoshop_launcher.remove(kind.name(), Path.home())
        if agent is None:
            raise InpaintError(
                "unreadable",
                "Adobe's installer was not found on this machine.",
                "Remove the plug-in in Creative Cloud: Stock & Marketplace > Plugins > Manage.",
            )
        photoshop_plugin.uninstall(agent, kind.name())
        click.echo("Removed from Photoshop.")
        return
    compile_ahead(home())
    launcher = photoshop_launcher.write(kind.name(), Path.home())
    if agent is not None and folder is None:
        photoshop_plugin.install(agent, kind.name())
        click.echo("Installed. Start Photoshop: the panel is in Plugins > Inpaint.")
        _see_to_its_start(launcher, at_login)
        return
    if kind.name() not in ("darwin", "win32"):
        target = photoshop_plugin.hand_over(folder or Path())
        click.echo(target.absolute())
        click.echo(
            "Photoshop runs only on Windows and macOS: copy this file there and double-click it."
        )
        return
    downloads = Path.home() / "Downloads"
    target = photoshop_plugin.hand_over(folder or (downloads if downloads.is_dir() else Path()))
    click.echo(f"Double-click {target.absolute()}")
    click.echo("  Creative Cloud says that it was not verified by Adobe: choose Install locally.")
    click.echo("  Then start Photoshop: the panel is in Plugins > Inpaint.")
    _see_to_its_start(launcher, at_login)


def _see_to_its_start(launcher: Path | None, at_login: bool | None) -> None:
    """Say how the panel finds a daemon, and have it started at login if that is wanted."""
    if launcher is not None:
        click.echo(f"The panel's Start button opens {launcher}.")
    if login_item.installed_units(Path.home()):
        return
    if at_login is None and sys.stdin.isatty() and sys.stdout.isatty():
        at_login = click.confirm("Start the daemon at each login, too?", default=True)
    if at_login:
        for path in login_item.install([], start=True):
            click.echo(f"Starts at each login: {path}")
    else:
        click.echo("To have the daemon started at each login: inpaintd service install")
