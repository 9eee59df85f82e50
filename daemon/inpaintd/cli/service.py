"""`inpaintd service`: start the daemon and hot folders at login."""

from __future__ import annotations

from pathlib import Path

import click

from inpaintd.launch import login_item


@click.group("service")
def command() -> None:
    """Start the daemon, and the watching of hot folders, at login."""


@command.command("install")
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("no_start", "--no-start", is_flag=True, help="Only at the next login, not now.")
def install(folders: tuple[Path, ...], no_start: bool) -> None:
    """Start the daemon at login, and watch each FOLDER.

    A systemd user unit on Linux, a launchd agent on macOS, a start-up entry on Windows.
    """
    for path in login_item.install(folders, start=not no_start):
        click.echo(str(path))


@command.command("remove")
def remove() -> None:
    """Undo install; pictures and folders are kept."""
    for path in login_item.remove():
        click.echo(str(path))
