"""Fills that this plug-in has laid over a layer before.

A fill shows nothing but the repainted hole, so a call with a fill active is about the layer that
was repainted, seen together with the fills above it.
"""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp

from .recipe import PAINTED, Recipe, recipe_of


@dataclass(frozen=True)
class Fill:
    """An earlier fill, and the layer that it was made for."""

    top: Gimp.Layer
    """The fill itself, or the group that holds its variants."""
    shape: Gimp.Layer
    """The variant whose transparency tells the hole."""
    source: Gimp.Layer
    recipe: Recipe

    @property
    def painted(self) -> bool:
        """True if it has no layer of its own: it was painted into its source."""
        return bool(self.top.get_id() == self.source.get_id())


def painted_fill(layer: Gimp.Layer) -> Fill | None:
    """The latest fill that was painted into a layer."""
    recipe = recipe_of(layer, PAINTED)
    return None if recipe is None or recipe.hole is None else Fill(layer, layer, layer, recipe)


def fill_above(image: Gimp.Image, layer: Gimp.Layer) -> Fill | None:
    """The source of this fill; None when the layer is not a fill, or its source is gone."""
    recipe = recipe_of(layer)
    if recipe is None:
        return None
    source = image.get_layer_by_tattoo(recipe.source_tattoo)
    if source is None or source.get_id() == layer.get_id():
        return None
    parent = layer.get_parent()
    top = parent if parent is not None and _is_fill_of(parent, source) else layer
    shape = top.get_children()[0] if top.is_group() and top.get_children() else layer
    return Fill(top, shape, source, recipe_of(shape) or recipe)


def fills_up_to(fill: Fill, *, inclusive: bool) -> list[Gimp.Layer]:
    """Visible fills of the same source from the lowest to this one, with or without this one."""
    siblings = _siblings(fill.source)
    ids = [item.get_id() for item in siblings]
    if fill.top.get_id() not in ids:  # somebody moved it elsewhere
        return [fill.top] if inclusive else []
    highest, lowest = ids.index(fill.top.get_id()), ids.index(fill.source.get_id())
    between = siblings[highest if inclusive else highest + 1 : lowest]
    fills = [item for item in between if item.get_visible() and _is_fill_of(item, fill.source)]
    return fills[::-1]


def _is_fill_of(layer: Gimp.Layer, source: Gimp.Layer) -> bool:
    recipe = recipe_of(layer)
    return recipe is not None and recipe.source_tattoo == source.get_tattoo()


def _siblings(layer: Gimp.Layer) -> list[Gimp.Layer]:
    parent = layer.get_parent()
    items = parent.get_children() if parent is not None else layer.get_image().get_layers()
    return list(items)
