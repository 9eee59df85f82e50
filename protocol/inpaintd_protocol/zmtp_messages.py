"""Messages as ZMTP frames: written into few buffers, and put together from frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import limits, zmtp_frames
from .plane import Buffer
from .zmtp_frames import ZmtpError

COALESCED_BYTES = 64 * 1024
"""Frames up to this size are copied into one write; a longer one is worth a write of its own."""


def buffers_of(frames: Sequence[Buffer]) -> Iterator[memoryview]:
    """Write a message of these frames, as buffers to be sent one after the other."""
    small = bytearray()
    for index, frame in enumerate(frames):
        view = memoryview(frame).cast("B")
        small += zmtp_frames.head(len(view), more=index + 1 < len(frames))
        if len(view) <= COALESCED_BYTES:
            small += view
        else:
            yield memoryview(small)
            yield view
            small = bytearray()
    if small:
        yield memoryview(small)


class Assembler:
    """Puts frames together into messages, within the protocol's limits.

    Args:
        short_frames: number of frames of a message besides those of planes.
    """

    def __init__(self, short_frames: int) -> None:
        self._most = short_frames + limits.PLANES
        self._most_bytes = limits.MESSAGE_BYTES + short_frames * limits.HEADER_BYTES
        self._frames: list[Buffer] = []
        self._bytes = 0

    def add(self, frame: zmtp_frames.Frame) -> list[Buffer] | None:
        """Return the message that the frame completes, or None while more belongs to it.

        Raises:
            ZmtpError: the message exceeds the limits.
        """
        self._frames.append(frame.body)
        self._bytes += len(frame.body)
        if len(self._frames) > self._most or self._bytes > self._most_bytes:
            raise ZmtpError("it sent a message over the limits")
        if frame.more:
            return None
        message, self._frames, self._bytes = self._frames, [], 0
        return message
