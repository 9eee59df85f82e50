"""The target of a fill: the layer to repaint, the pixels to send, and the area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gi.repository import Gimp

from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .earlier_fills import Fill, fill_above, fills_up_to, painted_fill
from .masks import (
    AlphaMask,
    ChannelMask,
    KeptMask,
    LayerMaskMask,
    MaskSource,
    TransparencyMask,
)
from .picture import Layers, Picture, Visible
from .pixels import part_of, rectangle_of
from .placement import check_paintable, is_retouch_layer
from .sketch_mark import is_sketch
from .without_filters import WithoutFilters


@dataclass
class Target:
    """The layer to repaint, and its possible sources."""

    image: Gimp.Image
    layer: Gimp.Layer
    above: Gimp.Layer
    """The new layer goes directly above this one."""
    picture: Picture
    """The layers to send: the layer, and earlier fills above it; or everything visible."""
    fill: Fill | None
    """The active earlier fill, if it is to be redone."""
    paint_into: Gimp.Layer | None
    """The layer that takes the result; None: it becomes a new layer."""
    fills: list[Gimp.Layer]
    """Earlier fills of the layer, lowest first."""
    floating: Gimp.Layer | None
    quick_mask: Gimp.Channel | None
    filters: WithoutFilters

    def check(self) -> None:
        """
        Raises:
            InpaintError: when the image or the layer is gone.
        """
        if not self.image.is_valid():
            raise messages.image_is_gone()
        if not self.layer.is_valid():
            raise messages.layer_has_changed()

    def check_selectable(self) -> None:
        """
        Raises:
            InpaintError: when a new selection would be lost, or must not be made now.
        """
        if self.quick_mask is not None:
            raise messages.quick_mask_is_on()
        if self.floating is not None or self.image.get_floating_sel() is not None:
            raise messages.floating_selection()

    def close(self) -> None:
        """Delete what was only needed for reading."""
        self.filters.close()

    @property
    def extent(self) -> Rectangle:
        """The area of the canvas that has content."""
        if isinstance(self.picture, Visible):
            return Rectangle(0, 0, self.image.get_width(), self.image.get_height())
        return rectangle_of(self.layer)

    def mask_source(self, choice: str) -> MaskSource:
        """The mask source that the choice resolves to.

        Args:
            choice: one of `masks.SOURCES`.

        Raises:
            InpaintError: `empty_mask` when there is no such hole.
        """
        if choice != "automatic":
            source = self._source(choice)
            if source is not None:
                return source
            if self.fill is None:
                raise messages.nothing_of(choice)
            return self._hole_of_fill(self.fill)
        for name in ("selection", "floating"):
            source = self._source(name)
            if source is not None:
                return source
        if self.fill is not None:
            return self._hole_of_fill(self.fill)
        for name in ("transparency", "layer-mask"):
            source = self._source(name)
            if source is not None and not source.bounds(self._on_canvas()).empty:
                return source
        raise messages.nothing_to_repaint(has_alpha=self.layer.has_alpha())

    def selection(self) -> ChannelMask | None:
        """The image's selection."""
        source = self._source("selection")
        return source if isinstance(source, ChannelMask) else None

    def bounds(self, source: MaskSource) -> Rectangle:
        """Bounds of the hole on this layer.

        Raises:
            InpaintError: `empty_mask`.
        """
        within = self.extent if source.name in ("selection", "outside") else self._on_canvas()
        bounds = source.bounds(within)
        if bounds.empty:
            raise (
                messages.selection_outside()
                if source.name == "selection"
                else messages.nothing_to_repaint(has_alpha=self.layer.has_alpha())
                if source.name == "automatic"
                else messages.nothing_of(source.name)
            )
        return bounds

    def _source(self, name: str) -> MaskSource | None:
        if name == "selection":
            if self.quick_mask is not None:
                return ChannelMask.of_quick_mask(self.quick_mask)
            if Gimp.Selection.is_empty(self.image):
                return None
            return ChannelMask.of_selection(self.image)
        if name == "floating":
            return AlphaMask.of_floating(self.floating) if self.floating else None
        if name == "transparency":
            seen = isinstance(self.picture, Visible) or self.layer.has_alpha()
            return TransparencyMask(self.picture) if seen else None
        return LayerMaskMask(self.layer) if self.layer.get_mask() else None

    def _hole_of_fill(self, fill: Fill) -> MaskSource:
        """The hole that an earlier fill was made for: its selection may be gone."""
        if fill.recipe.hole is not None:
            return KeptMask(fill.recipe.hole, fill.source)
        return AlphaMask("automatic", fill.shape)

    def _on_canvas(self) -> Rectangle:
        """Transparency beyond the canvas is nothing that anybody sees, or wants filled."""
        canvas = Rectangle(0, 0, self.image.get_width(), self.image.get_height())
        visible = self.extent.intersection(canvas)
        if visible.empty:
            raise messages.layer_outside()
        return visible


def find_target(
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
    *,
    anew: bool = False,
    placement: str = "new-layer",
    sample: str = "layer",
) -> Target:
    """Determine the target of a call.

    Args:
        drawables: the active ones, as passed by GIMP.
        anew: whether an active earlier fill is redone rather than extended.
        placement: one of `placement.PLACEMENTS`.
        sample: one of `placement.SAMPLES`.

    Raises:
        InpaintError: when it is not clear which layer is meant, or it cannot be repainted.
    """
    if not image.is_valid():
        raise messages.image_is_gone()
    if not all(drawable.is_valid() for drawable in drawables):
        raise messages.no_single_layer(0)
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise messages.indexed()
    layer, quick_mask = _layer_meant(image, drawables)
    floating = None
    if layer.is_floating_sel():
        floating = layer
        beneath = image.floating_sel_attached_to()
        if isinstance(beneath, Gimp.LayerMask):
            beneath = Gimp.Layer.from_mask(beneath)
        if not isinstance(beneath, Gimp.Layer):
            raise messages.a_channel_is_active(quick_mask=False)
        layer = beneath
    active = layer
    fill = fill_above(image, layer)
    above = layer
    earlier: list[Gimp.Layer] = []
    if fill is not None:
        above, layer = fill.top, fill.source
        earlier = fills_up_to(fill, inclusive=not anew)
    retouches = floating is None and fill is None and is_retouch_layer(active)
    paint_into = None
    painted = painted_fill(active) if anew and fill is None else None
    if retouches or (placement == "active-layer" and (painted is not None or not anew)):
        check_paintable(active)
        paint_into = active
    filters = WithoutFilters(image)
    picture: Picture
    if retouches or sample == "visible":
        picture = Visible(above)
    elif paint_into is not None and fill is None:
        # Its filters will also apply to the painted pixels.
        picture = Layers([part_of(layer, with_layer_mask=False)])
    else:
        parts = [filters.part(layer, with_layer_mask=False)]
        parts += [filters.part(item, with_layer_mask=True) for item in earlier]
        if floating is not None:
            parts.append(part_of(floating, with_layer_mask=False))
        picture = Layers(parts)
    return Target(
        image=image,
        layer=active if retouches else layer,
        above=above,
        picture=picture,
        fill=(fill or painted) if anew else None,
        paint_into=paint_into,
        fills=earlier,
        floating=floating,
        quick_mask=quick_mask,
        filters=filters,
    )


def _layer_meant(
    image: Gimp.Image, drawables: Sequence[Gimp.Drawable]
) -> tuple[Gimp.Layer, Gimp.Channel | None]:
    if len(drawables) != 1:
        raise messages.no_single_layer(len(drawables))
    (drawable,) = drawables
    if isinstance(drawable, Gimp.LayerMask):
        return Gimp.Layer.from_mask(drawable), None
    if isinstance(drawable, Gimp.Layer):
        if is_sketch(drawable):
            raise messages.a_sketch_is_active()
        return drawable, None
    is_quick_mask = drawable.get_name() == QUICK_MASK
    layers = image.get_layers()
    if is_quick_mask and len(layers) == 1 and not layers[0].is_group():
        return layers[0], drawable
    raise messages.a_channel_is_active(is_quick_mask)


QUICK_MASK = "Qmask"
"""Name of the channel that GIMP makes while the Quick Mask is on."""
