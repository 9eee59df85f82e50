"""The command `inpaintd`."""

from __future__ import annotations

import io
import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    _make_any_name_printable()
    arguments = sys.argv[1:]
    if arguments == ["serve"]:
        # As editors start it, without the command line's libraries: it must be ready at once.
        from inpaintd.launch.daemon import main as serve

        return serve()
    from inpaintd.cli import main as command_line

    return command_line(arguments)


def _make_any_name_printable() -> None:
    """Redirected output on Windows is in a code page, which lacks most of what files are called."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            # UTF-8 lacks only the bytes in a POSIX name that are no text: scripts get these back.
            is_utf8 = stream.encoding.lower() in ("utf-8", "utf8")
            stream.reconfigure(errors="surrogateescape" if is_utf8 else "backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
