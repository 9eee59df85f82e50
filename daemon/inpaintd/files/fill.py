"""Fill the hole of a picture file: build the request, and write the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from inpaintd.geometry import bounds
from inpaintd_protocol.client import Client
from inpaintd_protocol.messages import Finished, Notice
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

from .colour import unusable_profile
from .document import NewLayer
from .exchange import Sent, cut, lay_over, layer_alone, whole
from .formats import BY_NAME, function
from .mask_file import (
    Everywhere,
    ReadMask,
    hole_bounds,
    nearly_all,
    read_mask_of,
    stage_bounds,
    told,
)
from .names import with_ending
from .order import Order
from .picture import Picture, Samples, empty_picture
from .reading import read_file
from .recipe import embed_recipe, make_recipe
from .repeat import files_of
from .room import in_room
from .write import (
    check_inputs_stay,
    check_output,
    result_suffix,
    write_picture,
    write_safely,
    written_as,
)


@dataclass(frozen=True)
class Opened:
    """An order whose files have been read and checked."""

    order: Order
    picture: Picture
    mask: Samples | None
    bounds: Rectangle
    """The bounds of the area to repaint."""
    out: Path
    notices: tuple[Notice, ...]
    stage_masks: tuple[Samples | None, ...] = ()
    references: tuple[Plane, ...] = ()
    sampling: Samples | None = None
    reference_masks: tuple[Samples | None, ...] = ()

    @property
    def only_layer(self) -> bool:
        """True if the result is the new layer alone: as ordered, or for want of a choice."""
        return self.order.only_layer or self.picture.takes_only_layers

    @property
    def replaces(self) -> bool:
        """True if the result may replace a file of its name: only one named explicitly."""
        return self.order.out == self.out

    @property
    def makes_document(self) -> bool:
        """True if the result is the source document with a layer for each variant."""
        return self.picture.document is not None and not self.only_layer

    def send(self, client: Client) -> Sent:
        """The planned rectangle, ready to send."""
        sampled = None if self.sampling is None else bounds(self.sampling > 0)
        rectangle = client.plan(
            self.picture.extent, self.bounds, self.order.settings, sampling=sampled
        )
        masks = (self.stage_masks, self.references, self.sampling, self.reference_masks)
        return cut(self.picture, self.mask, rectangle, *masks)


@dataclass(frozen=True)
class Written:
    """One variant on disk."""

    path: Path
    seed: int


def open_order(order: Order, picture: Picture | None = None, *, invert: str = "--invert") -> Opened:
    """Read the files of an order, and check everything that can be checked before work starts.

    Args:
        picture: the source, if it has already been read.
        invert: how to invert a mask in the interface that the order comes from.

    Raises:
        InpaintError: `unreadable`, `too_large`, `size_mismatch`, `empty_mask` or `unwritable`.
    """
    if picture is None:
        sized = order.size
        picture = empty_picture(order.source, *sized) if sized else read_file(order.source)
    read = read_mask_of(order.mask, picture.extent)
    stages = tuple(read_mask_of(file, picture.extent) for file in order.stage_masks)
    mask = _samples(read)
    sampling = read_mask_of(order.sampling, picture.extent)
    marked = hole_bounds(picture, mask, order.settings)
    for file, stage in zip(order.stage_masks, stages, strict=True):
        if file is not None and stage is not None:
            marked = marked.union(stage_bounds(stage.samples, file))
    notices = (
        picture.notices + unusable_profile(picture) + told(read, order.settings, invert=invert)
    )
    further = [read for read in (*stages, sampling) if read]
    notices += tuple(notice for read in further for notice in read.notices)
    if not isinstance(order.mask, Everywhere):
        notices += nearly_all(picture, mask, marked, order.settings, invert=invert)
    out = _out(order, picture)
    opened = Opened(
        order,
        picture,
        mask,
        marked,
        out,
        notices,
        tuple(map(_samples, stages)),
        reference_planes(order),
        _samples(sampling),
        regions_of(order, picture.extent),
    )
    if opened.replaces and not order.overwrite:
        check_inputs_stay(out, order.source, order.mask_files)
    lost = check_output(
        opened.out,
        picture,
        transparent=_stays_transparent(opened),
        only_layer=opened.only_layer,
    )
    idle = mask_without_layer(opened, "Leave it out, or write the new layer alone with --layer.")
    return replace(opened, notices=notices + idle + lost)


def reference_planes(order: Order) -> tuple[Plane, ...]:
    """The pictures of an order's references.

    Raises:
        InpaintError: as `read_file`.
    """
    return tuple(whole(read_file(file)) for file in order.references)


def regions_of(order: Order, extent: Rectangle) -> tuple[Samples | None, ...]:
    """Read where each reference of an order counts; (H, W) samples, None for everywhere.

    Raises:
        InpaintError: as `read_mask`.
    """
    return tuple(_samples(read_mask_of(file, extent)) for file in order.reference_masks)


def mask_without_layer(opened: Opened, remedy: str) -> tuple[Notice, ...]:
    """A notice if a layer mask is requested but the result is a flat picture."""
    layered = opened.only_layer or opened.makes_document
    if opened.order.settings.output != "masked" or layered:
        return ()
    message = "The output “masked” has no effect: a picture without layers has no layer mask."
    return (Notice("not_honoured", message, remedy),)


def _samples(read: ReadMask | None) -> Samples | None:
    return None if read is None else read.samples


def write_answer(opened: Opened, sent: Sent, answer: Finished) -> list[Written]:
    """Write each variant, or all into one document; only an explicitly named file is replaced.

    Raises:
        InpaintError: `unwritable`; variants already written stay.
    """
    with in_room(opened.picture.path.name):
        return _write_all(opened, sent, answer)


def _write_all(opened: Opened, sent: Sent, answer: Finished) -> list[Written]:
    several = len(answer.layers) > 1
    if opened.makes_document:
        return _write_document(opened, sent, answer)
    written = []
    for layer, recipe in zip(answer.layers, _recipes(opened, answer), strict=True):
        image = (layer_alone if opened.only_layer else lay_over)(sent, layer)
        if recipe:
            image = embed_recipe(image, recipe, written_as(opened.out).name)
        path = write_picture(
            image,
            opened.out,
            replace=opened.replaces and not several,
            numbered=several,
            like=opened.order.source,
        )
        written.append(Written(path, layer.seed))
    return written


def _write_document(opened: Opened, sent: Sent, answer: Finished) -> list[Written]:
    document = opened.picture.document
    assert document is not None
    layers = [
        NewLayer(
            image=layer_alone(sent, layer),
            merged=lay_over(sent, layer),
            name=f"Inpainted (seed {layer.seed})",
            recipe=recipe,
        )
        for layer, recipe in zip(answer.layers, _recipes(opened, answer), strict=True)
    ]
    data = function(BY_NAME[opened.picture.format].add_layers)(document, layers)
    path = write_safely(
        opened.out, partial(_put, data), replace=opened.replaces, like=opened.order.source
    )
    return [Written(path, layer.seed) for layer in answer.layers]


def _recipes(opened: Opened, answer: Finished) -> list[str]:
    """The recipe of each variant; empty strings if none is wanted."""
    order = opened.order
    if not order.with_recipe:
        return [""] * len(answer.layers)
    files = files_of(order, opened.out)
    return [
        make_recipe(
            order.settings,
            model=answer.model,
            seed=layer.seed,
            used=answer.settings,
            files=files,
        )
        for layer in answer.layers
    ]


def _put(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def _out(order: Order, picture: Picture) -> Path:
    suffix = result_suffix(picture, only_layer=order.only_layer)
    if order.out is None:
        return Path(with_ending(order.source, suffix if order.size else f".inpainted{suffix}"))
    if order.out.is_dir():
        return Path(with_ending(order.out / order.source.name, suffix))
    return order.out


def _stays_transparent(opened: Opened) -> bool:
    """Test whether the result can have transparency: not if all transparency was the hole."""
    settings = opened.order.settings
    all_filled = opened.order.mask is None and not (
        settings.invert
        or settings.text_mask
        or settings.threshold
        or (settings.grow_pixels or 0) < 0
    )
    return opened.only_layer or (opened.picture.has_alpha and not all_filled)
