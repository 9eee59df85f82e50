"""The story of each request: its events with their times, for `inpaintd status ID` and the log.

Limited twice, because a daemon runs for months: in moments per request, and in stories of finished
requests.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

MOST_MOMENTS = 64  # also less than the protocol's longest list
"""Moments recorded per request; the first stays, later ones push out the second."""

_MOMENT_CHARACTERS = 400

MOST_STORIES = 256
"""Stories kept of finished requests; the oldest are dropped first."""


@dataclass
class Story:
    """The events of one request. Times are monotonic seconds."""

    began_at: float
    moments: deque[tuple[float, str]] = field(default_factory=deque)

    def note(self, now: float, text: str) -> None:
        text = text[:_MOMENT_CHARACTERS]
        if len(self.moments) == MOST_MOMENTS:
            del self.moments[1]
        self.moments.append((now, text))


class Stories:
    """The stories of requests in progress, and of the latest finished ones."""

    def __init__(self) -> None:
        self._stories: OrderedDict[str, Story] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def of(self, request_id: str) -> Story | None:
        return self._stories.get(request_id)

    def begin(self, request_id: str, now: float) -> Story:
        """Start a story; that of an earlier request with the same id is continued."""
        self._ended.pop(request_id, None)
        return self._stories.setdefault(request_id, Story(now))

    def end(self, request_id: str) -> None:
        self._ended[request_id] = None
        if len(self._ended) > MOST_STORIES:
            oldest, _ = self._ended.popitem(last=False)
            self._stories.pop(oldest, None)
