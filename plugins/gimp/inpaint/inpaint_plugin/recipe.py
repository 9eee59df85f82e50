"""The recipe that a new layer carries: how it was made, in a form that can be run again.

A parasite of the layer, JSON, saved with the XCF file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from gi.repository import Gimp

from inpaintd_protocol import PROTOCOL_VERSION
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from .kept_hole import KeptHole
from .reference_pictures import ReferencePicture, pictures_from_maps

PARASITE = "inpaintd-recipe"
PAINTED = "inpaintd-painted"
"""The parasite of a layer that a fill was painted into: the recipe of the latest one."""

_VERSION = 2

_PROTOCOLS = {1: (1, 1), _VERSION: PROTOCOL_VERSION}
"""Version of the protocol that the settings of each version of a recipe are of."""


@dataclass(frozen=True)
class Recipe:
    """The request and result that made a layer."""

    settings: Settings
    """With the seed that was really used."""
    model: str
    """The model that was really used."""
    mask_source: str
    source_tattoo: int
    """GIMP's lasting number of the layer that was repainted."""
    daemon: str = ""
    """Version of the daemon."""
    hole: KeptHole | None = None
    """The hole before it was grown and feathered; None where transparency was the hole."""
    sample: str = "layer"
    sampling_channel: str = ""
    references: tuple[ReferencePicture, ...] = ()

    def afresh(self) -> Settings:
        """The settings, for other pictures of the same kind."""
        return replace(self.settings, seed=None)

    def moved(self, x: int, y: int) -> Recipe:
        """The recipe for a layer whose corner has moved by this much, the hole staying in place."""
        if self.hole is None:
            return self
        return replace(self, hole=replace(self.hole, x=self.hole.x - x, y=self.hole.y - y))

    def of_variant(self, seed: int) -> Recipe:
        return replace(self, settings=replace(self.settings, seed=seed, count=1))


def recipe_of(layer: Gimp.Layer, name: str = PARASITE) -> Recipe | None:
    """The recipe that a layer carries; None if it is missing or unreadable."""
    parasite = layer.get_parasite(name)
    if parasite is None:
        return None
    try:
        values = json.loads(bytes(parasite.get_data()).rstrip(b"\0").decode("utf-8"))
        return Recipe(
            settings=settings_from_map(Settings, values["settings"], _PROTOCOLS[values["version"]]),
            model=str(values["model"]),
            mask_source=str(values["mask_source"]),
            source_tattoo=int(values["source_tattoo"]),
            daemon=str(values.get("daemon", "")),
            hole=KeptHole.from_map(values["hole"]) if values.get("hole") else None,
            sample=str(values.get("sample", "layer")),
            sampling_channel=str(values.get("sampling_channel", "")),
            references=pictures_from_maps(values.get("references") or []),
        )
    except (ValueError, KeyError, TypeError, InpaintError):
        return None


def attach_recipe(layer: Gimp.Layer, recipe: Recipe, name: str = PARASITE) -> None:
    values = {
        "version": _VERSION,
        "settings": settings_to_map(recipe.settings),
        "model": recipe.model,
        "mask_source": recipe.mask_source,
        "source_tattoo": recipe.source_tattoo,
        "daemon": recipe.daemon,
        "hole": recipe.hole.to_map() if recipe.hole else None,
        "sample": recipe.sample,
        "sampling_channel": recipe.sampling_channel,
        "references": [picture.to_map() for picture in recipe.references],
    }
    # ASCII: GIMP takes the bytes of a parasite for signed numbers, and refuses any above 127.
    data = json.dumps(values).encode("ascii")
    layer.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT, data))
