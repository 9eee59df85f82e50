"""What documents of layers have in common, whatever their format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NewLayer:
    """A fill, on its way into a document.

    Attributes:
        image: (H, W) of the document with alpha; a libvips image in the document's own numbers.
        merged: the document as one sees it with this layer on top; the same kind of image.
        name: of the layer.
        recipe: how it was made; empty to keep none.
    """

    image: Any
    merged: Any
    name: str
    recipe: str
