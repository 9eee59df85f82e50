"""Frames received by libzmq, as buffers of our own. Requires pyzmq."""

from __future__ import annotations

from collections.abc import Sequence

import zmq

from .plane import Buffer

_COPIED_BYTES = 64 * 1024


def contents(frames: Sequence[zmq.Frame]) -> list[Buffer]:
    """The frames of a message: short ones as bytes, long ones as views of libzmq's memory."""
    return [_contents(frame.buffer) for frame in frames]


def _contents(view: memoryview) -> Buffer:
    # A view of a short frame keeps alive the whole buffer that libzmq read it into, with everything
    # else from that read. For stored answers that is several times the size of their copies.
    return bytes(view) if len(view) <= _COPIED_BYTES else view
