"""What the user means: which layer is repainted, from which pixels, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gi.repository import Gimp

from inpaintd_protocol.rectangle import Rectangle

from . import messages
from .earlier_fills import Fill, fill_above, fills_up_to
from .masks import AlphaMask, ChannelMask, LayerMaskMask, MaskSource, TransparencyMask
from .pixels import Part, part_of, rectangle_of
from .without_filters import WithoutFilters


@dataclass
class Target:
    """The layer to be repainted, and all that it can be read from."""

    image: Gimp.Image
    layer: Gimp.Layer
    above: Gimp.Layer
    """The new layer goes directly above this one."""
    parts: list[Part]
    """What is sent: the layer, and earlier fills above it, lowest first."""
    fill: Fill | None
    """The earlier fill that is active, when it is to be made anew."""
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
        """Throw away what was only needed for reading."""
        self.filters.close()

    @property
    def extent(self) -> Rectangle:
        """Where the layer has pixels, on the canvas."""
        return rectangle_of(self.layer)

    def mask_source(self, choice: str) -> MaskSource:
        """The mask source that the choice stands for.

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

    def bounds(self, source: MaskSource) -> Rectangle:
        """Bounds of the hole on this layer.

        Raises:
            InpaintError: `empty_mask`.
        """
        within = self.extent if source.name == "selection" else self._on_canvas()
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
            return TransparencyMask(self.parts) if self.layer.has_alpha() else None
        return LayerMaskMask(self.layer) if self.layer.get_mask() else None

    def _hole_of_fill(self, fill: Fill) -> MaskSource:
        """Where an earlier fill is opaque: the selection that made it may be gone."""
        return AlphaMask("automatic", fill.shape)

    def _on_canvas(self) -> Rectangle:
        """Transparency beyond the canvas is nothing that anybody sees, or wants filled."""
        canvas = Rectangle(0, 0, self.image.get_width(), self.image.get_height())
        visible = self.extent.intersection(canvas)
        if visible.empty:
            raise messages.layer_outside()
        return visible


def find_target(
    image: Gimp.Image, drawables: Sequence[Gimp.Drawable], *, anew: bool = False
) -> Target:
    """Work out what a call is about.

    Args:
        drawables: what is active, as GIMP passes it.
        anew: whether an active earlier fill is to be made again, rather than built upon.

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
    fill = fill_above(image, layer)
    above = layer
    earlier: list[Gimp.Layer] = []
    if fill is not None:
        above, layer = fill.top, fill.source
        earlier = fills_up_to(fill, inclusive=not anew)
    filters = WithoutFilters(image)
    parts = [part_of(filters.of(layer), with_layer_mask=False)]
    parts += [part_of(filters.of(item), with_layer_mask=True) for item in earlier]
    if floating is not None:
        parts.append(part_of(floating, with_layer_mask=False))
    return Target(image, layer, above, parts, fill if anew else None, floating, quick_mask, filters)


def _layer_meant(
    image: Gimp.Image, drawables: Sequence[Gimp.Drawable]
) -> tuple[Gimp.Layer, Gimp.Channel | None]:
    if len(drawables) != 1:
        raise messages.no_single_layer(len(drawables))
    (drawable,) = drawables
    if isinstance(drawable, Gimp.LayerMask):
        return Gimp.Layer.from_mask(drawable), None
    if isinstance(drawable, Gimp.Layer):
        return drawable, None
    is_quick_mask = drawable.get_name() == QUICK_MASK
    layers = image.get_layers()
    if is_quick_mask and len(layers) == 1 and not layers[0].is_group():
        return layers[0], drawable
    raise messages.a_channel_is_active(is_quick_mask)


QUICK_MASK = "Qmask"
"""Name of the channel that GIMP makes while the Quick Mask is on."""
