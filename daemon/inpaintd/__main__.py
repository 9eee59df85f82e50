"""The command `inpaintd`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"]:
        # Before the command line's libraries are imported: a daemon must be ready at once.
        from inpaintd.serve import main as serve

        return serve(arguments[1:])
    from inpaintd.cli import main as command_line

    return command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
