"""Fill the hole of a picture file: what is asked of the daemon, and what is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Finished, Notice
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from .exchange import Sent, cut, lay_over, layer_alone
from .mask import hole_bounds, read_mask
from .picture import Picture, Samples, read_picture
from .recipe import embed_recipe, make_recipe
from .write import check_output, default_suffix, format_of, write_picture


@dataclass(frozen=True)
class Order:
    """What somebody wants of a picture file.

    Attributes:
        source: the picture.
        mask: a second file that says where to repaint; None: where the picture is transparent.
        out: the result; None: beside the source, under a name that is free.
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
    picture = read_picture(order.source)
    mask = None if order.mask is None else read_mask(order.mask, picture.extent)
    bounds = hole_bounds(picture, mask, order.settings)
    out = order.out or order.source.with_name(
        f"{order.source.stem}.inpainted{default_suffix(picture)}"
    )
    lost = check_output(out, picture, transparent=_stays_transparent(order, picture))
    return Opened(order, picture, mask, bounds, out, picture.notices + lost)


def write_answer(opened: Opened, sent: Sent, answer: Finished) -> list[Written]:
    """Write each variant; only a file that was named is ever replaced.

    Raises:
        InpaintError: `unwritable`; variants that were written before stay.
    """
    order, several = opened.order, len(answer.layers) > 1
    written = []
    for layer in answer.layers:
        image = (layer_alone if order.only_layer else lay_over)(sent, layer)
        if order.with_recipe:
            recipe = make_recipe(order.settings, model=answer.model, seed=layer.seed)
            image = embed_recipe(image, recipe, format_of(opened.out))
        path = write_picture(
            image, opened.out, replace=order.out is not None and not several, numbered=several
        )
        written.append(Written(path, layer.seed))
    return written


def _stays_transparent(order: Order, picture: Picture) -> bool:
    """Whether the result can be transparent somewhere: not where all transparency was the hole."""
    settings = order.settings
    all_filled = order.mask is None and not (
        settings.invert or settings.text_mask or settings.threshold or settings.grow_pixels < 0
    )
    return order.only_layer or (picture.has_alpha and not all_filled)
