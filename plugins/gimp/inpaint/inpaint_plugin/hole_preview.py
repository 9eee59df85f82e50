"""Shows, while the dialog of Inpaint is open, which hole the daemon would fill."""

from __future__ import annotations

from pathlib import Path

from gi.repository import Gimp, Gtk

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished
from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .coverage import coverage_of, size_in_words
from .daemon import connected
from .filling import hole_request
from .following import Following
from .layout import Shower, WarningBar
from .mask_results import channel_of
from .pixels import rounded
from .remembered import Choices
from .sampling_area import allowed_area
from .selection_preview import SelectionPreview
from .target import Target
from .texts import _
from .waiting import STARTING
from .watching import Asking


class HolePreview:
    """Asks for the hole, and shows it as a selection until `end`."""

    def __init__(
        self, target: Target, shower: Shower, words: Gtk.Label, warning: WarningBar
    ) -> None:
        self._target = target
        self._shower = shower
        self._words = words
        self._warning = warning
        self._selection = SelectionPreview(target.image)
        self._asking: Asking | None = None

    @property
    def active(self) -> bool:
        """True if a hole is shown, or will be."""
        return self._asking is not None or self._selection.shown

    def show(self, choices: Choices) -> None:
        self.end()  # the request may depend on the user's own selection
        self._warning.say("")
        try:
            self._target.check()
            client = connected(lambda: self._words.set_text(f"{_(STARTING)}…"))
            try:
                request = hole_request(self._target, choices, client)
            except BaseException:
                client.close()
                raise
            self._asking = Asking(client, request, self._on_progress, self._on_end)
        except Exception as error:
            self._tell(error)
        self._shower.turn(self._asking is not None)

    def show_area(self, choices: Choices) -> None:
        """Show the pixels that the fill may copy, without asking for the hole of a text."""
        self.end()
        self._warning.say("")
        try:
            self._target.check()
            with connected(lambda: self._words.set_text(f"{_(STARTING)}…")) as client:
                mask, place = allowed_area(self._target, choices, client)
            image = self._target.image
            canvas = Rectangle(0, 0, image.get_width(), image.get_height())
            self._selection.show(lambda: channel_of(image, mask, place, canvas))
        except Exception as error:
            self._tell(error)

    def end(self) -> None:
        """Give the selection back, and want nothing more of the daemon."""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.stop()
        self._shower.turn(False)
        self._selection.restore()

    def _on_progress(self, _fraction: float, words: str) -> None:
        self._words.set_text(f"{words}…")

    def _on_end(self, following: Following, error: BaseException | None) -> None:
        self._asking = None
        self._shower.turn(False)
        if following.finished is None:
            self._tell(error)
            return
        try:
            self._show(following.finished)
        except Exception as caught:  # it would vanish in GLib
            self._tell(caught)

    def _show(self, answer: Finished) -> None:
        self._target.check()
        mask, image, extent = answer.mask, self._target.image, self._target.extent
        place = Rectangle(*answer.mask_offset, mask.width, mask.height)
        canvas = Rectangle(0, 0, image.get_width(), image.get_height())
        self._selection.show(lambda: channel_of(image, mask, place, canvas))
        found = coverage_of(rounded(mask))
        size = size_in_words(found, extent.width * extent.height)
        self._words.set_text(_("The hole: {size}").format(size=size))

    def _tell(self, error: BaseException | None) -> None:
        if not isinstance(error, InpaintError):
            error = messages.unexpected(error or EOFError(), Path(Gimp.directory()))
        self._words.set_text("")
        self._warning.say(str(error))
