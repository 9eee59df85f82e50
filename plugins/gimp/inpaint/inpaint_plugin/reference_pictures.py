"""The reference pictures of a fill: layers of the image, or files. Plain Python, without GIMP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inpaintd_protocol.settings import Reference

KINDS = ("layer", "file")
HEAVIEST = 2.0


@dataclass(frozen=True)
class ReferencePicture:
    """One picture that shows what to paint, and how strongly it counts."""

    kind: str
    """One of KINDS."""
    name: str
    """The layer's name, or the path of the file."""
    weight: float = 1.0
    tattoo: int = 0
    """GIMP's lasting number of the layer; 0 for a file, or where only its name is known."""
    digest: str = ""
    """SHA-256 of the file that a fill was made with; empty where that does not matter."""

    def to_map(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "weight": self.weight,
            "tattoo": self.tattoo,
            "digest": self.digest,
        }

    @classmethod
    def from_map(cls, values: Mapping[str, Any]) -> ReferencePicture:
        """
        Raises:
            KeyError, TypeError or ValueError: when it is damaged.
        """
        kind, weight = str(values["kind"]), float(values["weight"])
        if kind not in KINDS or not 0 <= weight <= HEAVIEST:
            raise ValueError("a reference is damaged")
        tattoo, digest = int(values.get("tattoo", 0)), str(values.get("digest", ""))
        return cls(kind, str(values["name"]), weight, tattoo, digest)

    @classmethod
    def from_text(cls, text: str) -> ReferencePicture:
        """Parse a reference from a script: FILE or layer:NAME, followed by :WEIGHT unless it is 1.

        Raises:
            ValueError: when there is no name.
        """
        name, separator, last = text.strip().rpartition(":")
        try:
            weight = float(last) if separator else 1.0
        except ValueError:
            name, separator, weight = text.strip(), "", 1.0
        if not separator:
            name = text.strip()
        kind = "file"
        if name.startswith("layer:"):
            kind, name = "layer", name.removeprefix("layer:")
        if not name:
            raise ValueError("a reference without a name")
        return cls.from_map({"kind": kind, "name": name, "weight": weight})


def pictures_from_maps(values: object) -> tuple[ReferencePicture, ...]:
    """
    Raises:
        KeyError, TypeError or ValueError: when one is damaged.
    """
    if not isinstance(values, Sequence):
        raise TypeError("references are a list")
    return tuple(ReferencePicture.from_map(value) for value in values)


def weights_of(pictures: Sequence[ReferencePicture]) -> tuple[Reference, ...] | None:
    """The setting `references`; unset if empty."""
    return tuple(Reference(picture.weight) for picture in pictures) or None
