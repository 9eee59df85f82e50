"""The latest terminal answers, kept in memory for repeated and re-attached requests."""

from __future__ import annotations

from collections import OrderedDict

from inpaintd_protocol.messages import Finished, Terminal

MOST_ANSWERS = 64
MOST_BYTES = 64 << 20


class RecentAnswers:
    """The latest terminal answers, limited in number and in bytes; the oldest are dropped first."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[Terminal, int]] = OrderedDict()
        self._bytes = 0

    def get(self, request_id: str) -> Terminal | None:
        found = self._answers.get(request_id)
        return found[0] if found else None

    def put(self, answer: Terminal) -> None:
        self.forget(answer.request_id)
        size = byte_count(answer)
        self._answers[answer.request_id] = (answer, size)
        self._bytes += size
        # One answer may exceed the whole limit: the newest always stays.
        while len(self._answers) > MOST_ANSWERS or (
            self._bytes > MOST_BYTES and len(self._answers) > 1
        ):
            self.forget(next(iter(self._answers)))

    def forget(self, request_id: str) -> None:
        _, size = self._answers.pop(request_id, (None, 0))
        self._bytes -= size


def byte_count(answer: Terminal) -> int:
    """Number of bytes of pixels in an answer."""
    if not isinstance(answer, Finished):
        return 0
    layers = sum(
        layer.pixels.byte_count + (layer.mask.byte_count if layer.mask else 0)
        for layer in answer.layers
    )
    return layers + answer.mask.byte_count
