"""`inpaintd serve`, for the list of commands; __main__ runs it without coming through here."""

from __future__ import annotations

import click

from inpaintd.serve import main


@click.command("serve", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Run the daemon in the foreground."""
    return main(arguments)
