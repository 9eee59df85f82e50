"""Colour modes of Photoshop documents, read from the header alone.

Source: Adobe Photoshop File Formats Specification, section "File header".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from inpaintd_protocol.errors import InpaintError

from ..room import check_size

_DEPTHS = {1: "u8", 8: "u8", 16: "u16", 32: "f32"}
_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_BITS = {_BITMAP: (1,), _GREY: (8, 16, 32), _INDEXED: (8,), _RGB: (8, 16, 32)}
_COLOURS = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}
_KINDS = {
    _BITMAP: "grey",
    _GREY: "grey",
    _INDEXED: "rgb",  # through its palette
    _RGB: "rgb",
    _CMYK: "cmyk",
    _DUOTONE: "grey",  # which determines the amounts of ink
    _LAB: "lab",
}
# The modes that Photoshop converts to multichannel, by their number of channels.
_MULTICHANNEL_KINDS = {1: "grey", 3: "rgb", 4: "cmyk"}
_WITHOUT_LAYERS = {_BITMAP: "a bitmap", _INDEXED: "indexed", _MULTICHANNEL: "multichannel"}


_FLOAT_BYTES = 4 * 3  # as returned by psd-tools: for the whole, a layer, and the two combined


@dataclass(frozen=True)
class Mode:
    """The meaning of a document's samples.

    Attributes:
        kind: grey, rgb, cmyk or lab.
        depth: u8, u16 or f32, as the protocol names them.
        indexed: whether they are indices into a palette.
        without_layers: the name of a mode that has no layers; otherwise empty.
    """

    kind: str
    depth: str
    indexed: bool
    without_layers: str

    @property
    def colours(self) -> int:
        """The number of channels without alpha."""
        return _COLOURS[self.kind]


def mode_of(name: str, data: bytes) -> Mode:
    """The mode of the document with these bytes.

    Raises:
        InpaintError: `unreadable` when it is not a document, or in a mode with unknown colours;
            `too_large`.
    """
    try:
        magic, version, channels, height, width, bits, mode = struct.unpack_from(
            ">4sH6xHIIHH", data
        )
    except struct.error:
        magic, version = b"", 0
    if magic != b"8BPS" or version not in (1, 2):
        raise InpaintError(
            "unreadable",
            f"{name} is not a Photoshop document.",
            "It may be damaged or incompletely copied: save or copy it again.",
        )
    check_size(name, width, height, (channels + 1) * _FLOAT_BYTES)
    kind = _MULTICHANNEL_KINDS.get(channels) if mode == _MULTICHANNEL else _KINDS.get(mode)
    if kind is None or bits not in _BITS.get(mode, (8, 16)):
        what = f"has {channels} ink channels" if mode == _MULTICHANNEL else "has an unknown mode"
        raise InpaintError(
            "unreadable",
            f"{name} {what} with {bits} bits per channel, so its colours cannot be determined.",
            "Convert it with Image > Mode > RGB Color, or save it as TIFF.",
        )
    return Mode(kind, _DEPTHS[bits], mode == _INDEXED, _WITHOUT_LAYERS.get(mode, ""))
