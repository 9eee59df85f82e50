"""Finds the object that marks indicate, in a layer that is read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.messages import MakeMask
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings

from . import messages
from .daemon import connected
from .filling import Waiting
from .following import Following
from .formats import depths_of
from .masks import ChannelMask
from .object_marks import Marks
from .target import Target
from .text_mask import CONTENT_AWARE
from .texts import _
from .waiting import STARTING
from .watching import Asking


@dataclass(frozen=True)
class Wish:
    """All inputs that determine the result."""

    marks: Marks
    part: str
    settings: Settings


class Subject:
    """The layer, seen together with the fills above it, and the user's selection."""

    def __init__(self, target: Target) -> None:
        """Read both, once and for all: a selection that is only shown must not count.

        Raises:
            InpaintError: when the image or the layer is gone.
        """
        target.check()
        self.extent = target.extent
        depths = depths_of(target.image)
        # The model sees 8 bits; the mask, whose depth is the picture's, may need more.
        self.picture = target.picture.read(self.extent, depths.mask)
        source = target.selection()
        self.rough = None if source is None else _selected(source, target, depths.mask)

    def request(self, wish: Wish) -> MakeMask:
        settings = replace(wish.settings, model=CONTENT_AWARE)
        return MakeMask(
            new_request_id(),
            self.picture,
            settings,
            (self.extent.x, self.extent.y),
            self.rough if wish.marks.rough else None,
            object=wish.marks.prompt(wish.part),
        )


def _selected(source: ChannelMask, target: Target, depth: str) -> Plane | None:
    if source.bounds(target.extent).empty:
        return None
    return source.read(target.extent, depth)


def find_object(target: Target, wish: Wish, waiting: Waiting) -> Plane:
    """The mask of the whole layer.

    Raises:
        InpaintError: with a sentence for the user, also when nothing was found.
    """
    subject = Subject(target)
    if wish.marks.rough and subject.rough is None:
        raise messages.nothing_indicates_an_object()
    with connected(waiting.starting_daemon) as client:
        return waiting.until_finished(client, subject.request(wish), lambda _: None).mask


class ObjectFinder:
    """Answers requests one at a time; of several, only the last one counts."""

    def __init__(
        self,
        subject: Subject,
        on_found: Callable[[Plane, Wish], None],
        on_progress: Callable[[float, str], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._subject = subject
        self._on_found = on_found
        self._on_progress = on_progress
        self._on_error = on_error
        self._wanted: Wish | None = None
        self._asking: Asking | None = None

    @property
    def busy(self) -> bool:
        return self._asking is not None

    def want(self, wish: Wish) -> None:
        """`on_found` or `on_error` is called when it has been answered."""
        self._wanted = wish
        if self._asking is None:
            self._ask(wish)

    def want_nothing(self) -> None:
        """Withdraw the last request. The model continues, and knows the picture from then on."""
        self._wanted = None

    def stop(self) -> None:
        """Hang up."""
        self._wanted = None
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.stop()

    def _ask(self, wish: Wish) -> None:
        def ended(following: Following, error: BaseException | None) -> None:
            self._asking = None
            wanted = self._wanted
            try:  # an exception in a callback of GLib would vanish
                if wanted is not None and wanted != wish:
                    self._ask(wanted)
                elif wanted is not None and following.finished is not None:
                    self._on_found(following.finished.mask, wish)
                elif wanted is not None:
                    self._on_error(error or EOFError())
            except Exception as caught:
                self._on_error(caught)

        try:
            client = connected(lambda: self._on_progress(0.0, _(STARTING)))
            request = self._subject.request(wish)
            self._asking = Asking(client, request, self._on_progress, ended)
        except Exception as error:
            self._on_error(error)
