"""The Ray actor on the cluster, which does the work of a worker process.

It imports no Ray; ray_bridge.py makes the actor of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from inpaintd import __version__
from inpaintd.workers import wire
from inpaintd.workers.answering import answer
from inpaintd.workers.work import Work
from inpaintd_protocol import codec
from inpaintd_protocol.connection import home
from inpaintd_protocol.messages import Inpaint, Job, MakeMask, Message
from inpaintd_protocol.plane import Buffer

Words = list[bytes]
"""A word of wire.py and its frames, as bytes: other buffers cannot be pickled."""


class Filler:
    """Answers one request after the other, with the models of the machine it runs on.

    `cancel` is called while `answer` runs, so it needs a concurrency group of its own.
    """

    def __init__(self) -> None:
        self._work = Work(home())
        self._cancelled: set[str] = set()
        # Always the same thread, because libraries keep settings per thread.
        self._thread = ThreadPoolExecutor(1)

    def version(self) -> str:
        return __version__

    def cancel(self, request_id: str) -> None:
        self._cancelled.add(request_id)

    def answer(self, frames: Words) -> Iterator[Words]:
        """Yield the messages to the daemon about this request as they arise."""
        self._cancelled.clear()
        request = codec.decode_request(frames)
        assert isinstance(request, (Inpaint, MakeMask))
        line = _Line(self._cancelled)
        work = self._thread.submit(self._work_on, request, line)
        while (said := line.said.get()) is not None:
            yield said
        work.result()

    def _work_on(self, request: Job, line: _Line) -> None:
        try:
            terminal, healthy = answer(self._work, line, request)
            line.send(terminal)
            if not healthy:
                line.said.put([wire.SPOILED])
        finally:
            line.said.put(None)


class _Line:
    """Collects the messages about a request; None marks the end."""

    def __init__(self, cancelled: set[str]) -> None:
        self.said: SimpleQueue[Words | None] = SimpleQueue()
        self._cancelled = cancelled

    def cancelled(self, request_id: str) -> bool:
        return request_id in self._cancelled

    def started(self, model: str, *, interruptible: bool, device: str = "") -> None:
        said = wire.started(model, interruptible=interruptible, device=device)
        self.said.put(portable(said))

    def send(self, message: Message) -> None:
        self.said.put(portable(wire.answer(message)))


def portable(frames: list[Buffer]) -> Words:
    return [bytes(frame) for frame in frames]
