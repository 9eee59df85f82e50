"""What libzmq has received, as buffers of our own. Only for whoever has pyzmq."""

from __future__ import annotations

from collections.abc import Sequence

import zmq

from .plane import Buffer

_COPIED_BYTES = 64 * 1024


def contents(frames: Sequence[zmq.Frame]) -> list[Buffer]:
    """The frames of a message: short ones as bytes, long ones as views of libzmq's memory."""
    return [_contents(frame.buffer) for frame in frames]


def _contents(view: memoryview) -> Buffer:
    # A view of a short frame holds all of the buffer that libzmq read it into, with what else came
    # in the same read: where answers are kept, that is several times as much as their copies.
    return bytes(view) if len(view) <= _COPIED_BYTES else view
