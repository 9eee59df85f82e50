"""Types shared by all layered document formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NewLayer:
    """A fill to be added to a document.

    Attributes:
        image: (H, W) of the document with alpha; a libvips image in the document's own numbers.
        merged: the document as displayed with this layer on top; the same kind of image.
        name: the layer's name.
        recipe: how it was made; empty to store none.
    """

    image: Any
    merged: Any
    name: str
    recipe: str
