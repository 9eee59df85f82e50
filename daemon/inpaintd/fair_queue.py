"""A queue that serves its owners in turn, so that a batch of hundreds delays nobody else by more
than the request that is running."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator


class FairQueue:
    """Request ids waiting, grouped by who sent them."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[bytes, deque[str]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[str]:
        """All ids in the order in which they would be served if nothing more came."""
        lanes = [list(lane) for lane in self._lanes.values()]
        for turn in range(max(map(len, lanes), default=0)):
            for lane in lanes:
                if turn < len(lane):
                    yield lane[turn]

    def put(self, owner: bytes, request_id: str) -> None:
        self._lanes.setdefault(owner, deque()).append(request_id)

    def put_first(self, owner: bytes, request_id: str) -> None:
        """For a request that was running and must run again."""
        self._lanes.setdefault(owner, deque()).appendleft(request_id)
        self._lanes.move_to_end(owner, last=False)

    def take(self) -> str | None:
        """The next id; its owner then waits for the others' turns. None when empty."""
        if not self._lanes:
            return None
        owner, lane = next(iter(self._lanes.items()))
        request_id = lane.popleft()
        self._lanes.move_to_end(owner)
        if not lane:
            del self._lanes[owner]
        return request_id

    def remove(self, owner: bytes, request_id: str) -> None:
        lane = self._lanes[owner]
        lane.remove(request_id)
        if not lane:
            del self._lanes[owner]
