"""ZMTP as bytes, and what only the standard-library transport promises."""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintd_protocol import limits, zmtp, zmtp_frames
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.zmtp import ZmtpTransport
from inpaintd_protocol.zmtp_frames import Command, Frame, FrameDecoder, ZmtpError

from .peers import PATIENCE_SECONDS, Router, raw_peer, shake_hands, until_closed


def fed(decoder: FrameDecoder, data: bytes, chunk_bytes: int) -> list[Frame]:
    """The frames that come out when the bytes come in chunks of at most this size."""
    frames = []
    source = io.BytesIO(data)
    while True:
        while (frame := decoder.next_frame()) is not None:
            frames.append(frame)
        with decoder.space() as space:
            assert len(space) > 0
            with space[:chunk_bytes] as room:
                count = source.readinto(room)
        if not count:
            return frames
        decoder.filled(count)


def wire(frame: Frame) -> bytes:
    if frame.command:
        flags = 4 | (2 if len(frame.body) > 255 else 0)
        size = struct.pack(">Q" if flags & 2 else ">B", len(frame.body))
        return bytes([flags]) + size + frame.body
    return zmtp_frames.head(len(frame.body), more=frame.more) + frame.body


BODIES = st.binary(max_size=300) | st.builds(
    lambda size, fill: bytes([fill]) * size, st.integers(65_000, 140_000), st.integers(0, 255)
)
KINDS = st.sampled_from([(False, False), (True, False), (False, True)])  # a command has no more
FRAMES = st.lists(st.builds(lambda body, kind: Frame(body, *kind), BODIES, KINDS), max_size=8)


@given(FRAMES, st.integers(1, 200_000))
def test_frames_come_out_however_the_bytes_come_in(frames: list[Frame], chunk: int) -> None:
    decoder = FrameDecoder(limits.MESSAGE_BYTES)
    chunk = max(chunk, sum(len(frame.body) for frame in frames) // 2000)  # or it takes minutes
    assert fed(decoder, b"".join(map(wire, frames)), chunk) == frames


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65526, 65527, 65528, 65536, 1 << 20])
@pytest.mark.parametrize("lead", [0, 1, 65530])
def test_a_frame_of_any_size_at_any_place_of_the_buffer(size: int, lead: int) -> None:
    frames = [Frame(os.urandom(n), more=False, command=False) for n in (lead, size, 3)]
    for chunk in (1 << 20, 60_000):
        assert fed(FrameDecoder(1 << 21), b"".join(map(wire, frames)), chunk) == frames


@given(st.binary(max_size=2000), st.integers(1, 300))
def test_random_bytes_raise_nothing_else(data: bytes, chunk: int) -> None:
    try:
        frames = fed(FrameDecoder(10_000), data, chunk)
        for frame in frames:
            zmtp_frames.error_reason(zmtp_frames.parse_command(frame.body))
    except ZmtpError:
        pass


def test_bodies_are_bytes_and_long_ones_are_not_copied() -> None:
    """GIMP takes 48 MB from bytes in a tenth of the time that it takes from anything else."""
    decoder = FrameDecoder(limits.MESSAGE_BYTES)
    (short,) = fed(decoder, wire(Frame(b"x" * 200, False, False)), 1 << 20)
    (long,) = fed(decoder, wire(Frame(b"x" * 200_000, False, False)), 1 << 20)
    assert (type(short.body), type(long.body)) == (bytes, bytes)


HALF_A_FRAME = """
import gc
from inpaintd_protocol.zmtp_frames import FrameDecoder
decoder = FrameDecoder(1 << 20)
with decoder.space() as space:
    space[:9] = b"\\x02" + (200_000).to_bytes(8, "big")
decoder.filled(9)
assert decoder.next_frame() is None
decoder.itself = decoder
del decoder
gc.collect()
"""


def test_half_a_frame_is_collected_in_silence() -> None:
    """The decoder of a connection that broke is in a cycle with its error's traceback."""
    # -X dev: before Python 3.13 only that tells of what goes wrong while something is collected.
    command = [sys.executable, "-X", "dev", "-c", HALF_A_FRAME]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("flags", [0x08, 0x10, 0x20, 0x40, 0x80, 0xFF])
def test_reserved_flags_are_refused(flags: int) -> None:
    with pytest.raises(ZmtpError, match="reserved"):
        fed(FrameDecoder(100), bytes([flags, 0]), 2)


@pytest.mark.parametrize("size", [101, 1 << 31, (1 << 64) - 1])
def test_a_frame_over_the_limit_is_refused_by_its_head(size: int) -> None:
    with pytest.raises(ZmtpError, match="too long"):
        fed(FrameDecoder(100), b"\x02" + struct.pack(">Q", size), 9)


def test_a_command_is_a_name_and_data() -> None:
    assert zmtp_frames.parse_command(b"\x04PING\x00\x01x") == Command(b"PING", b"\x00\x01x")
    assert zmtp_frames.pong(Command(b"PING", b"\x00\x01ctx")) == b"\x04\x08\x04PONGctx"


def test_both_spellings_of_error() -> None:
    for body in (b"\x05ERROR\x03400", b"^RROR\x03400"):
        assert zmtp_frames.error_reason(zmtp_frames.parse_command(body)) == "400"
    assert zmtp_frames.error_reason(Command(b"READY", b"\x03400")) is None


def test_the_greeting_is_64_bytes() -> None:
    greeting = zmtp_frames.greeting(b"PLAIN")
    assert greeting == b"\xff" + bytes(8) + b"\x7f\x03\x01PLAIN" + bytes(15 + 32)
    assert len(greeting) == zmtp_frames.GREETING_BYTES


def test_an_older_peer_is_told_apart() -> None:
    greeting = b"\xff" + bytes(8) + b"\x7f\x01" + bytes(53)
    with pytest.raises(ZmtpError, match="speaks ZMTP 1"):
        zmtp_frames.check_greeting(greeting, b"NULL")


def test_the_peers_heartbeats_do_not_prolong_a_deadline() -> None:
    """They come every 20 ms: with a time-out for each read this would never return."""
    with Router(heartbeat_milliseconds=20) as router, router.dial("zmtp") as peer:
        assert peer.receive(0.3) is None


def test_frames_are_received_as_bytes() -> None:
    with Router() as router, router.dial("zmtp") as peer:
        peer.send([b"", b"x", bytes(70_000)])
        router.echo()
        frames = peer.receive(PATIENCE_SECONDS)
        assert frames is not None
        assert [type(frame) for frame in frames] == [bytes] * 3


def test_a_peer_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmtp, "_STALLED_SECONDS", 0.2)
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        done.wait(PATIENCE_SECONDS)

    with raw_peer(talk) as endpoint, ZmtpTransport(endpoint, None) as peer:
        with pytest.raises(InpaintError, match="takes no more data") as caught:
            peer.send([bytes(64 << 20)])
        done.set()
        assert caught.value.code == "disconnected"


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="signals of POSIX")
def test_an_interrupted_message_ends_the_connection() -> None:
    """Another message after half a frame would be taken for its other half."""
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        done.wait(PATIENCE_SECONDS)

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with raw_peer(talk) as endpoint, ZmtpTransport(endpoint, None) as peer:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                peer.send([bytes(64 << 20)])
            assert peer.fileno() == -1
            done.set()
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "message",
    [
        b"\x01\x00" * (1 + limits.PLANES) + b"\x00\x00",
        b"\x04\x0a\x05ERROR\x03400",
        b"\x04\x00",
    ],
    ids=["too many frames", "an error", "a broken command"],
)
def test_what_else_breaks_a_connection(message: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(message)
        until_closed(connection)

    with raw_peer(talk) as endpoint, ZmtpTransport(endpoint, None) as peer:
        with pytest.raises(InpaintError) as caught:
            peer.receive(PATIENCE_SECONDS)
        assert caught.value.code == "disconnected"


def test_an_unknown_command_is_passed_over() -> None:
    def talk(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(b"\x04\x05\x04NEWS" + b"\x00\x02ok")
        until_closed(connection)

    with raw_peer(talk) as endpoint, ZmtpTransport(endpoint, None) as peer:
        assert peer.receive(PATIENCE_SECONDS) == [b"ok"]
