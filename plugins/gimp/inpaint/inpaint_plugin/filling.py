"""One fill from the hole to the new layer, the same for every command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gi.repository import Gimp

from inpaintd_protocol.client import Client, new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, Inpaint, MakeMask, Notice
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings, Settled

from . import messages
from .daemon import connected
from .following import OnPreview
from .formats import depths_of
from .inserting import Place, filled_layers, insert_fill, shortened
from .kept_hole import KeptHole
from .lost_colour import flat_colour_of_hole
from .masks import SOURCES, MaskSource, transparency
from .outside import OUTSIDE, border_carried_outwards, outside_of
from .painting import paint_into
from .picture import Visible
from .placement import check_paintable
from .reading_references import has_changed, read_references
from .recipe import Recipe, recipe_of
from .reference_pictures import weights_of
from .remembered import Choices
from .sampling_channel import painted_area
from .sketch import Sketch
from .target import Target
from .texts import _

_RIM_PIXELS = 16


class Waiting(Protocol):
    """The indication to the user that work is in progress."""

    previews: bool
    """True if the image is on display."""

    def starting_daemon(self) -> None: ...

    def until_finished(
        self, client: Client, request: Inpaint | MakeMask, on_preview: OnPreview
    ) -> Finished:
        """Send the request and wait for its end.

        Raises:
            InpaintError: as the client's, and `cancelled`.
        """


def fill(
    target: Target, choices: Choices, waiting: Waiting, *, canvas: Rectangle | None = None
) -> Gimp.Layer:
    """Have the hole filled, and put the answer where it belongs.

    Args:
        canvas: the new canvas, in the current coordinates.

    Returns:
        The new layer, the group of variants, or the layer that was painted into.

    Raises:
        InpaintError: with a sentence for the user.
    """
    settings = choices.settings
    paints = choices.mask_source != OUTSIDE and target.paint_into is not None
    if paints:
        if (settings.count or 1) > 1:
            raise messages.variants_need_layers()
        settings = replace(settings, output="layer")
    with connected(waiting.starting_daemon) as client:
        made = _made(client, target, choices, settings, waiting, canvas)
    place, finished, notices, recipe = made.place, made.finished, made.notices, made.recipe
    place.image()
    if place.layer_is_gone:
        notices.append(messages.layer_is_gone())
    if paints and target.paint_into is not None and target.paint_into.is_valid():
        layer = target.paint_into
        check_paintable(layer)
        retouch = target.layer == layer and isinstance(target.picture, Visible)
        retouch = retouch or recipe_of(layer) is not None
        recipe = recipe.of_variant(finished.layers[0].seed)
        paint_into(layer, finished.layers[0], recipe, retouch=retouch)
    else:
        present = Rectangle(0, 0, target.image.get_width(), target.image.get_height())
        grown = canvas if canvas != present else None
        layer = insert_fill(place, finished, recipe, canvas=grown)
    strength = Settled.of(settings).strength
    messages.show_notices(worth_telling([*notices, *finished.warnings], strength))
    return layer


def fill_layers(target: Target, choices: Choices, waiting: Waiting) -> list[Gimp.Layer]:
    """Have the hole filled, and give the layers of the answer, which are not in the image yet.

    Raises:
        InpaintError: with a sentence for the user.
    """
    with connected(waiting.starting_daemon) as client:
        made = _made(client, target, choices, choices.settings, waiting)
    return filled_layers(made.place, made.finished, made.recipe)


@dataclass(frozen=True)
class Hole:
    """The request for the daemon."""

    source: MaskSource | None
    colour: Plane
    mask: Plane | None
    rectangle: Rectangle
    sampling: Plane | None = None
    """The pixels that may be copied."""
    references: tuple[Plane, ...] = ()


@dataclass(frozen=True)
class _Made:
    """A fill that is not in the image yet."""

    place: Place
    finished: Finished
    notices: list[Notice]
    recipe: Recipe


def _made(
    client: Client,
    target: Target,
    choices: Choices,
    settings: Settings,
    waiting: Waiting,
    canvas: Rectangle | None = None,
) -> _Made:
    painted = painted_area(target, choices.sampling_channel)
    within = painted.bounds(target.extent) if painted is not None else None
    source: MaskSource | None
    mask: Plane | None
    if choices.mask_source == OUTSIDE:
        source = outside_of(target, canvas)
        rectangle = client.plan(source.outer, source.outer, settings, sampling=within)
        colour = border_carried_outwards(target, rectangle)
        mask = source.read(rectangle, "u8")
    else:
        source, bounds = hole_of(target, choices)
        rectangle = client.plan(target.extent, bounds, settings, sampling=within)
        colour, mask = read(target, source, rectangle)
    notices = [
        messages.reference_has_changed(picture.name)
        for picture in choices.references
        if has_changed(picture)
    ]
    pictures, references = read_references(target.image, choices.references)
    choices = replace(choices, references=references)
    place = Place(target, source.name if source else "")
    sampling = painted.read(rectangle, "u8") if painted is not None else None
    hole = Hole(source, colour, mask, rectangle, sampling, pictures)
    settings = replace(settings, references=weights_of(references))
    finished, more = ask_for_fill(client, target, place, hole, settings, waiting)
    daemon = client.welcome.daemon
    if mask is None and target.paint_into is not None and colour.channels == 4:
        mask = transparency(colour)  # which is about to be filled
    recipe = recipe_for(target, choices, finished, mask, rectangle, daemon)
    return _Made(place, finished, [*notices, *more], recipe)


def ask_for_fill(
    client: Client,
    target: Target,
    place: Place,
    hole: Hole,
    settings: Settings,
    waiting: Waiting,
) -> tuple[Finished, list[Notice]]:
    """Send a request and wait for its end, with previews in the picture."""
    offset = (hole.rectangle.x, hole.rectangle.y)
    notices = painted_over(target, hole.colour, hole.mask)
    wire_settings = replace(settings, preview=waiting.previews)
    request = Inpaint(
        new_request_id(),
        hole.colour,
        wire_settings,
        offset,
        hole.mask,
        references=hole.references,
        sampling=hole.sampling,
    )
    sketch = Sketch(place, shown_hole(hole, settings), offset)
    try:
        finished = waiting.until_finished(client, request, sketch.show)
    finally:
        sketch.remove()
    return finished, notices


def recipe_for(
    target: Target,
    choices: Choices,
    finished: Finished,
    mask: Plane | None,
    rectangle: Rectangle,
    daemon: str,
) -> Recipe:
    """The record of how a fill was made, for its layer."""
    valid = target.layer.is_valid()
    hole = None
    if mask is not None and valid:
        _, x, y = target.layer.get_offsets()
        hole = KeptHole.of(mask, rectangle.x - x, rectangle.y - y)
    return Recipe(
        settings=choices.settings,
        model=finished.model,
        mask_source=choices.mask_source,
        source_tattoo=target.layer.get_tattoo() if valid else 0,
        daemon=daemon,
        hole=hole,
        sample=choices.sample,
        sampling_channel=choices.sampling_channel,
        references=choices.references,
    )


def choices_of(recipe: Recipe) -> Choices:
    """The full contents of a recipe, to be repeated."""
    return Choices(
        recipe.settings,
        recipe.mask_source,
        sample=recipe.sample,
        sampling_channel=recipe.sampling_channel,
        references=recipe.references,
    )


def hole_request(target: Target, choices: Choices, client: Client) -> MakeMask:
    """The request for the hole that `fill` would fill, and for nothing more.

    Raises:
        InpaintError: `empty_mask`.
    """
    source, bounds = hole_of(target, choices)
    rectangle = client.plan(target.extent, bounds, choices.settings)
    colour, mask = read(target, source, rectangle)
    offset = (rectangle.x, rectangle.y)
    return MakeMask(new_request_id(), colour, choices.settings, offset, mask)


def worth_telling(notices: Sequence[Notice], strength: float) -> list[Notice]:
    """At full strength, the old content does not guide the fill, so its loss does not matter."""
    return [notice for notice in notices if strength < 1 or notice.code != "colour_lost"]


def hole_of(target: Target, choices: Choices) -> tuple[MaskSource | None, Rectangle]:
    """The source of the hole, and a rectangle that contains it.

    The source is None when the daemon finds the hole by itself, from text.

    Raises:
        InpaintError: `empty_mask`.
    """
    settings = Settled.of(choices.settings)
    source = _source_of(target, choices)
    finds_more = settings.text_mask and settings.text_mask_combine == "union"
    if source is None or settings.invert or finds_more:
        return source, target.extent
    return source, target.bounds(source)


def _source_of(target: Target, choices: Choices) -> MaskSource | None:
    settings = Settled.of(choices.settings)
    if settings.text_mask and settings.text_mask_combine == "replace":
        return None
    try:
        return target.mask_source(choices.mask_source)
    except InpaintError:
        if settings.text_mask and settings.text_mask_combine == "union":
            return None
        raise


def read(
    target: Target, source: MaskSource | None, rectangle: Rectangle
) -> tuple[Plane, Plane | None]:
    """The colour plane and the mask plane of a rectangle of the target."""
    depths = depths_of(target.image)
    colour = target.picture.read(rectangle, depths.colour)
    return colour, source.read(rectangle, depths.mask) if source else None


def shown_hole(hole: Hole, settings: Settings) -> Plane | None:
    """The mask for a live preview; None where only the daemon knows it."""
    if hole.source is None or settings.invert or settings.text_mask:
        return None
    if hole.mask is not None:
        return hole.mask
    return transparency(hole.colour) if hole.colour.channels == 4 else None


def hole_in_words(target: Target, choices: Choices) -> str:
    """The source of the hole and its size, for the dialog.

    Raises:
        InpaintError: `empty_mask`.
    """
    settings = Settled.of(choices.settings)
    source = _source_of(target, choices)
    layer = target.layer.get_name()
    words = shortened(settings.text_mask)
    if source is None:
        return _("Matches for “{words}” on “{layer}”").format(words=words, layer=layer)
    bounds = target.bounds(source)
    origin = SOURCES[source.name][0] if source.name != "automatic" else "The earlier fill"
    text = _("{origin}: {width} × {height} px on “{layer}”").format(
        origin=_(origin), width=bounds.width, height=bounds.height, layer=layer
    )
    if not settings.text_mask:
        return text
    joined = _(_JOINED[settings.text_mask_combine])
    return joined.format(hole=text, words=words)


_JOINED = {
    "union": "{hole}, plus what “{words}” finds",
    "intersect": "{hole}, limited to what “{words}” finds",
}
"""By the setting `text_mask_combine`."""


def colour_lost_before(target: Target, mask_source: str) -> Notice | None:
    """Test whether GIMP has erased the hole's content, from the hole and a few pixels around it."""
    source = target.mask_source(mask_source)
    look_at = target.bounds(source).grown(_RIM_PIXELS).intersection(target.extent)
    colour, mask = read(target, source, look_at)
    if mask is None:
        hole = transparency(colour)
        return messages.erased_under_transparency() if flat_colour_of_hole(colour, hole) else None
    return next(iter(painted_over(target, colour, mask)), None)


def painted_over(target: Target, colour: Plane, mask: Plane | None) -> list[Notice]:
    """A notice when Delete or the Eraser have painted the hole with the background colour."""
    if mask is None or target.layer.has_alpha():
        return []
    return [messages.painted_over()] if flat_colour_of_hole(colour, mask) else []
