"""The byte vectors, in both directions."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgpack
import pytest
from scripts.make_vectors import VECTORS, described, files

from inpaintd_protocol.codec import decode_answer, decode_request, encode
from inpaintd_protocol.messages import ANSWERS, REQUESTS, Cancel, Message

from .examples import EXAMPLES, ID

NAMES = sorted(path.stem for path in VECTORS.glob("*.hex"))


def read_frames(name: str) -> list[bytes]:
    return [bytes.fromhex(line) for line in (VECTORS / f"{name}.hex").read_text().splitlines()]


def decode(name: str) -> Message:
    is_request = isinstance(EXAMPLES[name][1], REQUESTS)
    return (decode_request if is_request else decode_answer)(read_frames(name))


def test_every_message_is_a_request_or_an_answer() -> None:
    assert {*Message.__subclasses__()} == {*REQUESTS, *ANSWERS}


def test_every_message_type_has_a_vector() -> None:
    assert {type(message) for _, message in EXAMPLES.values()} == {*REQUESTS, *ANSWERS}
    assert sorted(EXAMPLES) == NAMES


def test_the_generated_files_are_current() -> None:
    stale = [
        path.name
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, "run: python -m scripts.make_vectors"


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_decode_to_the_message(name: str) -> None:
    assert decode(name) == EXAMPLES[name][1]


@pytest.mark.parametrize("name", NAMES)
def test_the_message_encodes_to_the_bytes(name: str) -> None:
    assert encode(EXAMPLES[name][1]) == read_frames(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_description_says_what_the_bytes_say(name: str) -> None:
    description = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    message = decode(name)
    assert description["message"] == {"type": message.type, **described(message)}
    assert description["record"] == type(message).__name__
    assert description["direction"] == ("request" if type(message) in REQUESTS else "answer")
    assert description["frame_bytes"] == [len(frame) for frame in read_frames(name)]


def test_one_message_written_by_hand() -> None:
    """map of 2, "type": "cancel", "request_id": 32 characters (str 8)."""
    by_hand = b"\x82\xa4type\xa6cancel\xaarequest_id\xd9\x20" + ID.encode()
    assert encode(Cancel(ID)) == [by_hand] == read_frames("cancel")


def test_planes_follow_in_the_order_of_their_frame_numbers() -> None:
    frames = read_frames("finished-variants")
    header = msgpack.unpackb(frames[0])
    numbers = [
        plane["frame"] for layer in header["layers"] for plane in (layer["pixels"], layer["mask"])
    ]
    assert [*numbers, header["mask"]["frame"]] == [0, 1, 2, 3, 4]
    pixels = b"\x00\x00\x00\x01\x00\x80\xff\xff"
    assert frames[1:] == [pixels, b"a", pixels, b"b", b"\x00\xff"]


def test_msgpacks_pure_python_part_reads_and_writes_the_same_bytes() -> None:
    """GIMP's Python has no compiled msgpack."""
    program = (
        "import msgpack, sys\n"
        "from tests.protocol import test_vectors as t\n"
        "assert msgpack.Packer.__module__ == 'msgpack.fallback', msgpack.Packer\n"
        "for name in t.NAMES:\n"
        "    t.test_the_bytes_decode_to_the_message(name)\n"
        "    t.test_the_message_encodes_to_the_bytes(name)\n"
        "print(len(t.NAMES))\n"
    )
    environment = {**os.environ, "MSGPACK_PUREPYTHON": "1"}
    root = VECTORS.parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(len(NAMES)), done.stderr
