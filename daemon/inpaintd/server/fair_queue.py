"""A queue that serves its owners in turn, so that a batch of hundreds delays others by no more
than the request that is running."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator


class FairQueue:
    """Waiting request ids, grouped by sender, each with its size in bytes."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[bytes, deque[str]] = OrderedDict()
        self._byte_counts: dict[str, int] = {}

    @property
    def byte_count(self) -> int:
        return sum(self._byte_counts.values())

    def __len__(self) -> int:
        return len(self._byte_counts)

    def __iter__(self) -> Iterator[str]:
        """All ids in the order in which they would be served if no more arrived."""
        lanes = [list(lane) for lane in self._lanes.values()]
        for turn in range(max(map(len, lanes), default=0)):
            for lane in lanes:
                if turn < len(lane):
                    yield lane[turn]

    def position(self, request_id: str) -> int:
        """Position in the queue, 1 = next; 0 when it is not queued."""
        if request_id not in self._byte_counts:
            return 0
        return next(place for place, waiting in enumerate(self, start=1) if waiting == request_id)

    def put(self, owner: bytes, request_id: str, byte_count: int) -> None:
        self._lanes.setdefault(owner, deque()).append(request_id)
        self._byte_counts[request_id] = byte_count

    def put_first(self, owner: bytes, request_id: str, byte_count: int) -> None:
        """Put back a request that was running and must run again."""
        self._lanes.setdefault(owner, deque()).appendleft(request_id)
        self._lanes.move_to_end(owner, last=False)
        self._byte_counts[request_id] = byte_count

    def take(self) -> str:
        """The next id of a queue that is not empty; its owner then waits for the others' turns."""
        owner, lane = next(iter(self._lanes.items()))
        request_id = lane.popleft()
        self._lanes.move_to_end(owner)
        self._forget(owner, request_id)
        return request_id

    def remove(self, owner: bytes, request_id: str) -> None:
        self._lanes[owner].remove(request_id)
        self._forget(owner, request_id)

    def _forget(self, owner: bytes, request_id: str) -> None:
        del self._byte_counts[request_id]
        if not self._lanes[owner]:
            del self._lanes[owner]
