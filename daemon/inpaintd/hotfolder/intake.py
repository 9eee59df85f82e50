"""Which drops of the inbox are to be opened next, and which have waited long enough."""

from __future__ import annotations

from collections.abc import Iterator

from inpaintd_protocol.errors import InpaintError

from .drops import Drop, find_drops
from .journal import Journal
from .layout import Layout
from .options import WatchOptions
from .stability import Stability

_PASSING = frozenset({"unreadable", "empty_mask", "size_mismatch", "bad_message"})
"""What may be wrong with a file only because it, or its other half, is still on its way."""


class Intake:
    """The drops of the latest scan, and what is known about each."""

    def __init__(self, layout: Layout, options: WatchOptions, journal: Journal, once: bool) -> None:
        self._layout = layout
        self._options = options
        self._patience = options.settle_seconds if once else options.patience_seconds
        self._journal = journal
        self._stability = Stability(options.settle_seconds)
        self._drops: dict[str, Drop] = {}
        self._problems: dict[str, tuple[str, InpaintError]] = {}
        self._known: dict[str, bool] = {}

    def scan(self, now: float) -> None:
        """Look through the inbox."""
        drops = find_drops(self._layout)
        if self._layout.in_place:
            drops = [d for d in drops if not self._handled(d)]
        self._stability.see(drops, now)
        self._drops = {d.name: d for d in drops}
        self._problems = {
            name: problem
            for name, problem in self._problems.items()
            if name in self._drops and self._drops[name].signature == problem[0]
        }

    def to_open(self, now: float) -> Iterator[Drop]:
        """Drops that are whole as far as can be seen, oldest first."""
        for drop in list(self._drops.values()):
            whole = drop.complete and drop.name not in self._problems
            if whole and self._stability.settled(drop, now):
                yield drop

    def to_fail(self, now: float) -> Iterator[tuple[Drop, InpaintError]]:
        """Drops that cannot be taken and will not get better any more."""
        for drop in list(self._drops.values()):
            error = self._error(drop)
            if error is None:
                continue
            hopeless = bool(drop.refusal) or (drop.complete and error.code not in _PASSING)
            if hopeless or (
                self._stability.settled(drop, now)
                and self._stability.age(drop, now) >= self._patience
            ):
                yield drop, error

    def problem(self, drop: Drop, error: InpaintError) -> bool:
        """Note what was wrong with a drop; whether that was news."""
        news = self._problems.get(drop.name, ("", None))[0] != drop.signature
        self._problems[drop.name] = (drop.signature, error)
        return news

    def forget(self, drop: Drop) -> None:
        """The drop has left the inbox, or is done with."""
        self._drops.pop(drop.name, None)
        self._problems.pop(drop.name, None)
        if self._layout.in_place:
            self._known[drop.signature] = True

    @property
    def waiting(self) -> int:
        return len(self._drops)

    def seconds_to_next(self, now: float) -> float | None:
        """When the next drop may be ready, whatever happens; None for never."""
        waits = [self._patience - self._stability.age(d, now) for d in self._drops.values()]
        waits = [w for w in waits if w > 0]
        settling = self._stability.next_settling(now)
        return min([*waits, *([settling] if settling is not None else [])], default=None)

    def _error(self, drop: Drop) -> InpaintError | None:
        if drop.refusal:
            return InpaintError(
                "unreadable", f"{drop.name} {drop.refusal}.", "Drop a picture file."
            )
        if drop.name in self._problems:
            return self._problems[drop.name][1]
        if not drop.complete:
            return _without_picture(drop)
        return None

    def _handled(self, drop: Drop) -> bool:
        signature = drop.signature
        if signature not in self._known:
            self._known[signature] = self._journal.knows(signature)
        return self._known[signature]


def _without_picture(drop: Drop) -> InpaintError:
    if "mask" in drop.members:
        return InpaintError(
            "unreadable",
            f"{drop.name} is a mask, and the picture that it belongs to did not come.",
            "Drop both together: NAME.png and NAME.mask.png.",
        )
    if "toml" in drop.members or "txt" in drop.members:
        return InpaintError(
            "unreadable",
            f"{drop.name} belongs to a picture that did not come, or had been taken before.",
            "Drop it together with the picture, or before it.",
        )
    return InpaintError(
        "unreadable",
        f"{drop.name} is not a kind of picture that is read here.",
        "PNG, TIFF, WebP, JPEG, GIF, AVIF, PSD and OpenRaster are.",
    )
