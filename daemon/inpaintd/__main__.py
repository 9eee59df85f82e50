"""The command `inpaintd`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:]
    if arguments == ["serve"]:
        # As editors start it, without the command line's libraries: it must be ready at once.
        from inpaintd.serve import main as serve

        return serve()
    from inpaintd.cli import main as command_line

    return command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
