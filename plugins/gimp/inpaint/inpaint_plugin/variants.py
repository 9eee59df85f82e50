"""The variants of one fill: layers in a group, of which one is visible."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from gi.repository import Gimp

from . import messages
from .earlier_fills import fill_above
from .filling import Waiting, choices_of, fill_layers
from .inserting import fill_name, name_variants
from .recipe import recipe_of
from .target import find_target
from .undo import no_undo, one_undo_step


def shown_variant(group: Gimp.GroupLayer) -> int:
    """Position of the visible variant; the first where several are, or none is."""
    for position, layer in enumerate(group.get_children()):
        if layer.get_visible():
            return position
    return 0


def show_variant(group: Gimp.GroupLayer, position: int) -> None:
    """Show one variant alone. Looking is no undo step."""
    variants = group.get_children()
    with no_undo(group.get_image()):
        for index, layer in enumerate(variants):
            layer.set_visible(index == position % len(variants))
    Gimp.displays_flush()


def keep_variant(group: Gimp.GroupLayer, position: int) -> Gimp.Layer:
    """Replace the group with one variant, as one undo step."""
    image = group.get_image()
    layer = group.get_children()[position]
    with one_undo_step(image):
        image.reorder_item(layer, group.get_parent(), image.get_item_position(group))
        recipe = recipe_of(layer)
        image.remove_layer(group)
        layer.set_visible(True)
        layer.set_name(fill_name(recipe) if recipe else layer.get_name())
        image.set_selected_layers([layer])
    Gimp.displays_flush()
    return layer


def add_variants(group: Gimp.GroupLayer, waiting: Waiting) -> None:
    """Make as many variants again, with fresh seeds, and show the first new one; one undo step.

    Raises:
        InpaintError: as `filling.fill`.
    """
    image = group.get_image()
    earlier = fill_above(image, group)
    if earlier is None:
        raise messages.no_recipe()
    recipe = recipe_of(group) or earlier.recipe
    choices = choices_of(replace(recipe, settings=recipe.afresh()))
    with closing(find_target(image, [group], anew=True, sample=recipe.sample)) as target:
        layers = fill_layers(target, choices, waiting)
    first = len(group.get_children())
    with one_undo_step(image):
        for layer in layers:
            layer.set_visible(False)
            image.insert_layer(layer, group, len(group.get_children()))
        name_variants(group)
        image.set_selected_layers([group])
    show_variant(group, first)
