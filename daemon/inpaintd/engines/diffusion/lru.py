"""A store that forgets what was not used for longest, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Lru:
    """Values by key; the sum of their sizes never exceeds `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.hits = 0
        self.misses = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get_or_make(
        self, key: Hashable, make: Callable[[], Any], size_of: Callable[[Any], int]
    ) -> Any:
        """The value of this key, made now if it is not held."""
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
            self.hits += 1
            return found[0]
        self.misses += 1
        value = make()
        size = size_of(value)
        if size <= self.limit_bytes:
            self._values[key] = (value, size)
            self.held_bytes += size
            while self.held_bytes > self.limit_bytes:
                _, (_, freed) = self._values.popitem(last=False)
                self.held_bytes -= freed
        return value

    def clear(self) -> None:
        self._values.clear()
        self.held_bytes = 0
