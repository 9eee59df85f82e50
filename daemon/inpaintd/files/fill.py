"""Fill the hole of a picture file: what is asked of the daemon, and what is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Finished, Notice
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .document import NewLayer
from .exchange import Sent, cut, lay_over, layer_alone
from .layered import add_layers, read_file
from .mask import hole_bounds, read_mask
from .picture import Picture, Samples
from .recipe import embed_recipe, make_recipe
from .write import (
    check_output,
    default_suffix,
    format_of,
    same_suffix,
    with_ending,
    write_picture,
    write_safely,
)


@dataclass(frozen=True)
class Order:
    """What somebody wants of a picture file.

    Attributes:
        source: the picture.
        mask: a second file that says where to repaint; None: where the picture is transparent.
        out: the result, or a folder for it; None: beside the source, under a name that is free.
        only_layer: write the new layer alone, as large as the picture.
        with_recipe: keep settings, seed and model in the result, for `read_recipe`.
    """

    source: Path
    settings: Settings
    mask: Path | None = None
    out: Path | None = None
    only_layer: bool = False
    with_recipe: bool = True


@dataclass(frozen=True)
class Opened:
    """An order whose files have been read and found good."""

    order: Order
    picture: Picture
    mask: Samples | None
    bounds: Rectangle
    """Where there is something to repaint."""
    out: Path
    notices: tuple[Notice, ...]

    @property
    def only_layer(self) -> bool:
        """Whether the result is the new layer alone: as ordered, or because nothing else can be."""
        return self.order.only_layer or self.picture.takes_only_layers

    @property
    def makes_document(self) -> bool:
        """Whether the result is the source's document, with a layer for each variant."""
        return self.picture.document is not None and not self.only_layer

    def send(self, client: Client) -> Sent:
        """The planned rectangle, ready to be sent."""
        rectangle = client.plan(self.picture.extent, self.bounds, self.order.settings)
        return cut(self.picture, self.mask, rectangle)


@dataclass(frozen=True)
class Written:
    """One variant on disk."""

    path: Path
    seed: int


def open_order(order: Order) -> Opened:
    """Read the files of an order, and check all that can be checked before any work is done.

    Raises:
        InpaintError: `unreadable`, `too_large`, `size_mismatch`, `empty_mask` or `unwritable`.
    """
    picture = read_file(order.source)
    mask = None if order.mask is None else read_mask(order.mask, picture.extent)
    bounds = hole_bounds(picture, mask, order.settings)
    opened = Opened(order, picture, mask, bounds, _out(order, picture), picture.notices)
    lost = check_output(
        opened.out,
        picture,
        transparent=_stays_transparent(opened),
        only_layer=opened.only_layer,
    )
    return replace(opened, notices=picture.notices + lost)


def write_answer(opened: Opened, sent: Sent, answer: Finished) -> list[Written]:
    """Write each variant, or all into one document; only a file that was named is ever replaced.

    Raises:
        InpaintError: `unwritable`; variants that were written before stay.
    """
    order, several = opened.order, len(answer.layers) > 1
    if opened.makes_document:
        return _write_document(opened, sent, answer)
    written = []
    for layer in answer.layers:
        image = (layer_alone if opened.only_layer else lay_over)(sent, layer)
        if order.with_recipe:
            recipe = make_recipe(order.settings, model=answer.model, seed=layer.seed)
            image = embed_recipe(image, recipe, format_of(opened.out))
        path = write_picture(
            image, opened.out, replace=order.out is not None and not several, numbered=several
        )
        written.append(Written(path, layer.seed))
    return written


def _write_document(opened: Opened, sent: Sent, answer: Finished) -> list[Written]:
    order, document = opened.order, opened.picture.document
    assert document is not None
    layers = [
        NewLayer(
            image=layer_alone(sent, layer),
            merged=lay_over(sent, layer),
            name=f"Inpainted (seed {layer.seed})",
            recipe=make_recipe(order.settings, model=answer.model, seed=layer.seed)
            if order.with_recipe
            else "",
        )
        for layer in answer.layers
    ]
    data = add_layers(opened.picture.path, document, layers)
    path = write_safely(opened.out, partial(_put, data), replace=order.out is not None)
    return [Written(path, layer.seed) for layer in answer.layers]


def _put(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def _out(order: Order, picture: Picture) -> Path:
    if order.out is None:
        suffix = default_suffix(picture, only_layer=order.only_layer)
        return Path(with_ending(order.source, f".inpainted{suffix}"))
    if order.out.is_dir():
        suffix = same_suffix(picture, only_layer=order.only_layer)
        return Path(with_ending(order.out / order.source.name, suffix))
    return order.out


def _stays_transparent(opened: Opened) -> bool:
    """Whether the result can be transparent somewhere: not where all transparency was the hole."""
    settings = opened.order.settings
    all_filled = opened.order.mask is None and not (
        settings.invert or settings.text_mask or settings.threshold or settings.grow_pixels < 0
    )
    return opened.only_layer or (opened.picture.has_alpha and not all_filled)
