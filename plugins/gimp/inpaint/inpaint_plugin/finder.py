"""Finds words in a layer while somebody looks on: each wish is answered when it can be."""

from __future__ import annotations

from collections.abc import Callable

from inpaintd_protocol.messages import Finished, MakeMask
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings, Settled

from . import text_mask
from .coverage import is_empty
from .daemon import connected
from .following import Following
from .target import Target
from .text_mask import Heat
from .texts import _
from .waiting import STARTING
from .watching import Asking


class Finder:
    """Asks for a heat map once for the same words, and makes masks from it."""

    def __init__(
        self,
        target: Target,
        on_found: Callable[[Plane, Heat, Settings], None],
        on_progress: Callable[[float, str], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._target = target
        self._on_found = on_found
        self._on_progress = on_progress
        self._on_error = on_error
        self._heat: Heat | None = None
        self._wanted: Settings | None = None
        self._asking: Asking | None = None

    @property
    def busy(self) -> bool:
        return self._asking is not None

    def knows(self, words: str) -> bool:
        """Test whether masks of these words are available without processing the picture again."""
        return self._heat is not None and self._heat.words == words

    def want(self, settings: Settings) -> None:
        """Have the mask of these settings found; of several wishes the last one counts.

        `on_found` or `on_error` may be called before this returns.
        """
        self._wanted = settings
        if self._asking is None:
            self._guarded(self._go_on)

    def want_nothing(self) -> None:
        """Withdraw the last request. A running search completes and is kept for later."""
        self._wanted = None

    def stop(self) -> None:
        """Hang up. That may cost the daemon a worker, and so the time to load the model again."""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.stop()

    def _go_on(self) -> None:
        settings = self._wanted
        if settings is None:
            return
        heat = self._heat
        if heat is None or heat.words != settings.text_mask:
            request = text_mask.heat_request(self._target, settings.text_mask)
            self._ask(
                request, settings, lambda answer: self._look_at(text_mask.heat_of(request, answer))
            )
            return
        found = text_mask.found_in(heat, Settled.of(settings).text_mask_threshold)
        if is_empty(found):
            self._tell(found, heat, settings)
        elif text_mask.needs_shaping(settings):
            request = text_mask.shaping_request(self._target, found, settings)
            self._ask(request, settings, lambda answer: self._tell(answer.mask, heat, settings))
        else:
            self._tell(text_mask.unshaped(self._target, found, settings), heat, settings)

    def _look_at(self, heat: Heat) -> None:
        self._heat = heat
        self._go_on()

    def _tell(self, mask: Plane, heat: Heat, settings: Settings) -> None:
        if self._wanted == settings:
            self._on_found(mask, heat, settings)
        else:
            self._go_on()

    def _ask(self, request: MakeMask, settings: Settings, take: Callable[[Finished], None]) -> None:
        def ended(following: Following, error: BaseException | None) -> None:
            self._asking = None
            answer = following.finished
            if answer is not None:
                self._guarded(lambda: take(answer))
            elif self._wanted == settings and error is not None:
                self._on_error(error)
            else:
                self._guarded(self._go_on)

        client = connected(lambda: self._on_progress(0.0, _(STARTING)))
        self._asking = Asking(client, request, self._on_progress, ended)

    def _guarded(self, action: Callable[[], None]) -> None:
        """An exception in a callback of GLib would vanish."""
        try:
            action()
        except Exception as error:
            self._on_error(error)
