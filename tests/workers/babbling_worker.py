"""A worker process that prints nonsense and answers with nonsense, for tests."""

from __future__ import annotations

import sys
import time

from inpaintd.workers import wire
from inpaintd.workers.link import link_from_standard_input

if __name__ == "__main__":
    link, _ = link_from_standard_input()
    sys.stdout.buffer.write(bytes(range(256)))
    sys.stderr.buffer.write(bytes(range(256)))
    link.ready()
    link.next()
    link.pass_on([b"a word that nobody knows", b"\xff"])
    link.pass_on([wire.ANSWER, b"no msgpack"])
    time.sleep(60)
