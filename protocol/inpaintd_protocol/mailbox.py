"""A mailbox that sorts answers by request, so that several requests can be in flight."""

from __future__ import annotations

import time

from .codec import decode_answer, encode
from .errors import InpaintError
from .messages import Cancel, Message
from .transport import Transport


class Mailbox:
    """The messages of one connection. All calls can raise InpaintError("disconnected")."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._aside: list[Message] = []
        self._abandoned: set[str] = set()

    def send(self, request: Message) -> None:
        """Send a request and accept its answers, even if its id was ignored before."""
        if not isinstance(request, Cancel):
            self._abandoned.discard(request.request_id)
        self._transport.send(encode(request))

    def abandon(self, request_id: str) -> None:
        """Discard further answers to this request, as nobody waits for them."""
        self._abandoned.add(request_id)

    def next(self, timeout_seconds: float | None) -> Message | None:
        """Return the next answer to any request; None after the timeout."""
        if self._aside:
            return self._aside.pop(0)
        return self._read(timeout_seconds)

    def next_of(self, request_id: str, timeout_seconds: float) -> Message | None:
        """Return the next answer to this request, setting aside those to others."""
        for index, answer in enumerate(self._aside):
            if answer.request_id == request_id:
                return self._aside.pop(index)
        deadline = time.monotonic() + timeout_seconds
        while (found := self._read(deadline - time.monotonic())) is not None:
            if found.request_id == request_id:
                return found
            self._aside.append(found)
        return None

    def _read(self, timeout_seconds: float | None) -> Message | None:
        """Read the next answer that somebody waits for from the transport."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            frames = self._transport.receive(left)
            if frames is None:
                return None
            try:
                answer = decode_answer(frames)
            except InpaintError as error:
                if error.code == "unknown_message":
                    continue  # a newer daemon may send more than this client knows
                raise
            if answer.request_id not in self._abandoned:
                return answer
