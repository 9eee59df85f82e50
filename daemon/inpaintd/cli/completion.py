"""`inpaintd completion`: the script that lets a shell complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the lines for SHELL's start-up file that complete inpaintd's commands and options."""
    from inpaintd.cli import group

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(group, {}, "inpaintd", "_INPAINTD_COMPLETE").source())
