"""The files of a journal, as known in memory: one for each request, and which of them have to go.

A daemon may keep thousands of answers for days, so an entry is small and nothing searches them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

KEEP_DAYS = 7
"""Time for which the answer of a kept request is available."""

MOST_BYTES = 4 << 30
"""Most bytes of answers; the oldest are deleted first, the newest never."""

MOST_ANSWERS = 10_000
"""Most answers, likewise: small ones take memory, though hardly any disk."""

Kind = Literal["request", "answer"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: a request, or the answer that has taken its place."""

    kind: Kind
    number: int
    byte_count: int
    written_at: float

    def file_name(self, request_id: str) -> str:
        return f"{self.number:012d}-{request_id.encode('ascii').hex()}.{self.kind}"


class Index:
    """The entries, by request id."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._answers: dict[str, None] = {}  # in order of number, because clocks can go back
        self._answer_bytes = 0

    def get(self, request_id: str) -> Entry | None:
        return self._entries.get(request_id)

    def put(self, request_id: str, entry: Entry) -> None:
        """Add an entry with a higher number than all others."""
        self.remove(request_id)
        self._entries[request_id] = entry
        if entry.kind == "answer":
            self._answers[request_id] = None
            self._answer_bytes += entry.byte_count

    def remove(self, request_id: str) -> Entry | None:
        entry = self._entries.pop(request_id, None)
        if entry is not None and entry.kind == "answer":
            del self._answers[request_id]
            self._answer_bytes -= entry.byte_count
        return entry

    def requests(self) -> list[str]:
        """Ids of requests without an answer, oldest first."""
        waiting = [(e.number, id_) for id_, e in self._entries.items() if e.kind == "request"]
        return [request_id for _, request_id in sorted(waiting)]

    def answered(self) -> frozenset[str]:
        return frozenset(self._answers)

    def surplus(self, now: float) -> Iterator[str]:
        """Ids of the answers that have to go, oldest first; to be removed before the next one."""
        oldest_allowed = now - KEEP_DAYS * 86_400
        while self._answers:
            request_id = next(iter(self._answers))
            entry = self._entries[request_id]
            others_bytes = self._answer_bytes - entry.byte_count
            crowded = len(self._answers) > MOST_ANSWERS or others_bytes > MOST_BYTES
            if entry.written_at >= oldest_allowed and not crowded:
                return
            yield request_id
