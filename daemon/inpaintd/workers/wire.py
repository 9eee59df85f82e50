"""The messages between the daemon and its worker processes, over a socket of their own.

Each message is a word followed by frames. The daemon says `run` (the frames of a request) and
`cancel` (a
request id); a worker says `ready` (its versions), `started` (model, b"1" when interruptible, the
device), `answer` (the frames of an answer) and, when it ends by itself, `ending` (why). A Ray actor
speaks the same words to the process that stands for it, and `spoiled` when it must be replaced.
"""

from __future__ import annotations

from inpaintd_protocol import codec
from inpaintd_protocol.messages import Message
from inpaintd_protocol.plane import Buffer

RUN = b"run"
CANCEL = b"cancel"
READY = b"ready"
STARTED = b"started"
ANSWER = b"answer"
ENDING = b"ending"
SPOILED = b"spoiled"


def started(model: str, *, interruptible: bool, device: str = "") -> list[Buffer]:
    return [STARTED, model.encode(), b"%d" % interruptible, device.encode()]


def answer(message: Message) -> list[Buffer]:
    return [ANSWER, *codec.encode(message)]
