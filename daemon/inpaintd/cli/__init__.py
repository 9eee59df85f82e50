"""The command line. Each command is a file of its own, imported only when called."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from inpaintd import __version__
from inpaintd_protocol.errors import InpaintError

from .examples import epilog
from .failures import USAGE, exit_code, print_error

_COMMANDS = {
    "fill": "Fill the hole of a picture.",
    "mask": "Make a mask, by words for instance, and show what it selects.",
    "outpaint": "Enlarge a picture's canvas and fill what is new.",
    "chain": "Run several models one after the other.",
    "again": "Repeat a result by its recipe.",
    "attach": "Fetch the result of a fill that was detached.",
    "cancel": "Cancel a running or waiting fill.",
    "watch": "Fill whatever is dropped into a folder.",
    "models": "List, install and choose models.",
    "setup": "Install the libraries for diffusion models, for this graphics card.",
    "status": "Show what the daemon is doing.",
    "doctor": "Check the installation, and say what to do.",
    "install": "Install a plug-in into an editor.",
    "uninstall": "Remove what inpaintd has put on this machine.",
    "service": "Start daemon and hot folder at login.",
    "completion": "Make a shell complete these commands.",
    "serve": "Run the daemon in the foreground.",
    "stop": "Stop the daemon.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"inpaintd.cli.{cmd_name}").command
        command.epilog = epilog(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, _COMMANDS, n=1)
            guess = f" Did you mean: inpaintd {near[0]}?" if near else ""
            if Path(name).suffix and Path(name).exists():
                guess = f" To fill a picture: inpaintd fill {name}"
            ctx.fail(f"There is no command {name!r}.{guess}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # From the table, so that no command's file is imported for its line of help.
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""Help for a command: inpaintd COMMAND --help. For example:

\b
  inpaintd fill photo.png                     the transparent part of photo.png
  inpaintd fill photo.jpg -M mask.png -p "grass" --model sdxl-inpainting

Documents: README.md, and in docs/: install, command-line, gimp, photoshop, hot-folder, cluster,
from-the-guides, and guide/ (holes, masks, models, settings, troubleshooting). The wire protocol:
protocol/PROTOCOL.md.

Exit codes: 0 done, 1 the fill failed, 2 wrong usage, 3 no daemon could be reached, 4 a file cannot
be used, 130 cancelled.""",
)
@click.version_option(__version__, "-V", "--version", message="inpaintd %(version)s")
def group() -> None:
    """Fill holes in pictures, with a local daemon that stays resident."""


def main(arguments: Sequence[str]) -> int:
    """Run one command; report errors as a sentence and an exit code, never as a traceback."""
    try:
        result = group.main(list(arguments), prog_name="inpaintd", standalone_mode=False)
    except InpaintError as error:
        print_error(error, as_json="--json" in arguments)
        return exit_code(error)
    except click.UsageError as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        print_error(InpaintError("cancelled", "Cancelled."), as_json="--json" in arguments)
        return exit_code(InpaintError("cancelled", ""))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the output has gone, so nobody would read an error
        return 1
    return result if isinstance(result, int) else 0
