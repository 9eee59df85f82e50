"""Worker output as lines of the daemon's log, which rotates and is limited in size."""

from __future__ import annotations

import logging
from typing import IO

log = logging.getLogger(__name__)

_LINE_BYTES = 1000
"""Longest line, as progress bars and binary garbage contain no line ends."""


def pass_on(worker: int, output: IO[bytes]) -> None:
    """Log everything a worker prints until it ends. Runs in a thread of its own."""
    with output:
        while line := output.readline(_LINE_BYTES):
            text = line.decode("utf-8", errors="replace").rstrip()
            # Control characters could rewrite a terminal that shows the log.
            printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
            if printable:
                log.info("worker %d: %s", worker, printable)
