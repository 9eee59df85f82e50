"""Adapters with which a model paints in a few steps, such as Lightning, Hyper and LCM.

Each is an entry of the registry: its file, its weight, and the steps, guidance scale and scheduler
that it was trained for.
"""

from __future__ import annotations

from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS
from inpaintd.models.checkpoint import kind_of
from inpaintd.models.described import class_name
from inpaintd.models.installed import is_path, place_of
from inpaintd.models.parts import INDEX
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Lora, Settings

KIND = "few-steps"


def with_few_steps(registry: Registry, entry: Entry, settings: Settings) -> Settings:
    """The settings of a fast request, with an installed adapter and what it was trained for.

    What the user has set is kept. Without an adapter for this model nothing changes.
    """
    if settings.speed != "fast":
        return settings
    adapter = adapter_for(registry, entry)
    if adapter is None:
        return settings
    loras = settings.loras or ()
    if not any(lora.name == adapter.name for lora in loras):  # it is in a recipe that is repeated
        loras = (*loras, Lora(adapter.name, adapter.weight))
    used = Settings(**{**adapter.defaults, "loras": loras})
    given = {name: value for name, value in settings.given().items() if name != "loras"}
    return Settings(**given).over(used)


def adapter_for(registry: Registry, entry: Entry) -> Entry | None:
    """The first installed adapter that was made for a model's family; None for none."""
    family = _family_name(registry, entry)
    adapters = (e for e in registry.entries.values() if e.kind == KIND and family in e.families)
    return next((adapter for adapter in adapters if registry.installed(adapter)), None)


def _family_name(registry: Registry, entry: Entry) -> str:
    """The name of an installed model's family; empty when it has none."""
    if entry.engine != "diffusion" or not registry.installed(entry):
        return ""
    place = registry.folder(entry)
    if named := entry.base or (entry.config if place.is_file() else ""):
        place = place_of(named) if is_path(named) else registry.folder(registry.find(named))
    try:
        found = class_name(place / INDEX) if place.is_dir() else kind_of(place).pipeline
    except InpaintError:
        return ""  # a damaged model is reported where it is used
    family = FAMILY_OF_CLASS.get(found)
    return family.name if family else ""
