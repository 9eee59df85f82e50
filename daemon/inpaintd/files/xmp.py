"""Our property in an XMP packet; everything else is preserved byte for byte.

Expat reads the packet in time linear in its length, and a document type, the only way to define
entities, stops the parse: no packet can make its reader hang or grow. Source: ISO 16684-1.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

MOST_BYTES = 16 << 20
"""Longest packet to read; Photoshop's history of a painting takes a few megabytes."""

_MOST_ELEMENTS = 200_000

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMESPACE = "urn:x-inpaintd:1.0/"
_SEPARATOR = "\n"  # cannot occur in a name
_DESCRIPTION = f"{_RDF}{_SEPARATOR}Description"
_ROOT = f"{_RDF}{_SEPARATOR}RDF"
_ABOUT = {f"{_RDF}{_SEPARATOR}about", "about"}
_EMPTY = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)


def read_property(packet: bytes, name: str) -> str:
    """The text of our property; empty when the packet lacks it or is not XML."""
    found = _search(packet, name)
    return found.value if found is not None else ""


def with_property(packet: bytes, name: str, value: str) -> bytes:
    """The packet with our property set, replacing any older value.

    A packet that is not XML is useless as metadata, but not ours to discard either: it is returned
    unchanged, without the property.
    """
    packet = _as_utf8(packet) or _EMPTY
    found = _search(packet, name)
    if found is None:
        return packet
    for start, end in reversed(found.spans):
        packet = packet[:start] + packet[end:]
    found = _search(packet, name)
    if found is None or found.end is None:
        return packet
    prefix = found.prefix or "rdf:"
    attribute = f'{prefix}about="" xmlns:inpaintd="{_NAMESPACE}" inpaintd:{name}='
    description = f"<{prefix}Description {attribute}{quoteattr(value)}/>"
    return packet[: found.end] + description.encode() + packet[found.end :]


class _RefusedError(Exception):
    """Raised when the packet defines a document type, or has implausibly many elements."""


@dataclass
class _Found:
    """The location and value of a property.

    Attributes:
        value: its text.
        spans: byte ranges to cut to remove it.
        end: offset at which the RDF element closes; None if it never does.
        prefix: the namespace prefix of RDF in this packet.
    """

    value: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)
    end: int | None = None
    prefix: str = ""


def _search(packet: bytes, name: str) -> _Found | None:
    """Find a property, as an attribute or as an element; None when the packet is not XML."""
    packet = _as_utf8(packet)
    if not packet or len(packet) > MOST_BYTES:
        return None
    reader = _Reader(packet, f"{_NAMESPACE}{_SEPARATOR}{name}", name)
    try:
        reader.read()
    except (expat.ExpatError, _RefusedError):
        return None
    return reader.found


class _Reader:
    def __init__(self, packet: bytes, wanted: str, name: str) -> None:
        self.found = _Found()
        self._packet = packet
        self._wanted = wanted
        # Whitespace begins every attribute, and names contain none: linear in the tag's length.
        pattern = rb"\s[^\s=<>\"']+:" + name.encode() + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')"
        self._attribute = re.compile(pattern)
        self._whole: int | None = None
        self._text: list[str] | None = None
        self._started = 0
        self._depth = 0
        self._depth_of_whole = 0
        self._elements = 0
        self._nothing_since_start = False
        self._parser = parser = expat.ParserCreate("UTF-8", _SEPARATOR)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.buffer_text = True

    def read(self) -> None:
        self._parser.Parse(self._packet, True)

    def _refuse(self, *_of_doctype: object) -> None:
        raise _RefusedError

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        self._nothing_since_start = True
        if self._elements > _MOST_ELEMENTS:
            raise _RefusedError
        start = self._parser.CurrentByteIndex
        if name == _ROOT:
            self.found.prefix = self._prefix_at(start + 1)
        elif name == self._wanted:
            self._text, self._started = [], start
        elif name == _DESCRIPTION and self._wanted in attributes:
            self.found.value = attributes[self._wanted]
            if attributes.keys() - _ABOUT == {self._wanted}:
                self._whole, self._depth_of_whole = start, self._depth
            else:
                self._attribute_alone(start)

    def _end(self, name: str) -> None:
        index = self._parser.CurrentByteIndex
        if name == _ROOT:
            self.found.end = index
        elif name == self._wanted and self._text is not None:
            self.found.value = "".join(self._text)
            self.found.spans.append((self._started, self._behind(index)))
            self._text = None
        elif self._whole is not None and self._depth == self._depth_of_whole:
            if self._is_empty(index):
                self.found.spans.append((self._whole, index))
            else:  # it contains more than the property
                self._attribute_alone(self._whole)
            self._whole = None
        self._depth -= 1
        self._nothing_since_start = False

    def _characters(self, text: str) -> None:
        self._nothing_since_start = False
        if self._text is not None:
            self._text.append(text)

    def _attribute_alone(self, start: int) -> None:
        match = self._attribute.search(self._packet, start)
        if match is not None:
            self.found.spans.append(match.span())

    def _behind(self, index: int) -> int:
        """The offset just after the element that ends here."""
        return index if self._is_empty(index) else self._packet.index(b">", index) + 1

    def _is_empty(self, index: int) -> bool:
        """Test for an empty-element tag, for which expat reports the end and not the start."""
        return self._nothing_since_start and self._packet[index - 2 : index] == b"/>"

    def _prefix_at(self, start: int) -> str:
        name = re.compile(rb"[^\s/>]*").match(self._packet, start)
        assert name is not None
        prefix, colon, _ = name[0].rpartition(b":")
        return (prefix + colon).decode()


def _as_utf8(packet: bytes) -> bytes:
    """Strip the zero bytes that some programs use as padding."""
    if packet.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            packet = packet.decode("utf-16").encode()
        except UnicodeError:
            return b""
    return packet.strip(b"\0")
