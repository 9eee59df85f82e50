"""A mask shown as a selection, which comes and goes without a trace in the undo history."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp

from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .formats import channel_depth
from .pixels import read_channel, write_channel


class SelectionPreview:
    """Lays masks over the user's selection, and gives that back exactly as it was.

    Written straight into the selection's pixels: that is no undo step, and leaves an image that
    was saved as saved. What somebody selects meanwhile is theirs, and stays.
    """

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._depth = channel_depth(image)
        self._before: Plane | None = None
        self._shown: Plane | None = None

    @property
    def shown(self) -> bool:
        return self._before is not None

    def show(self, make: Callable[[], Gimp.Channel]) -> None:
        """Show a channel as large as the canvas.

        Args:
            make: called while the user's own selection is active, which is kept if this raises.
        """
        self._put_back()
        mask = self._read(make())
        self._before = self._read(self._image.get_selection())
        self._write(mask)
        self._shown = self._read(self._image.get_selection())
        Gimp.displays_flush()

    def restore(self) -> None:
        """Bring back the selection that was there before."""
        if self._put_back():
            Gimp.displays_flush()

    def _put_back(self) -> bool:
        before, self._before = self._before, None
        if before is None or not self._is_shown():
            return False
        self._write(before)
        return True

    def _is_shown(self) -> bool:
        return self._image.is_valid() and self._read(self._image.get_selection()) == self._shown

    def _read(self, channel: Gimp.Channel) -> Plane:
        width, height = self._image.get_width(), self._image.get_height()
        return read_channel(channel, Rectangle(0, 0, width, height), self._depth)

    def _write(self, plane: Plane) -> None:
        write_channel(self._image.get_selection(), plane)
