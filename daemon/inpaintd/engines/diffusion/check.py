"""What can be known to be wrong with a pass before any model is loaded."""

from __future__ import annotations

from inpaintd_protocol.settings import Settings

from .adapters import lora_names
from .library import Library
from .model import family_of_source
from .schedulers import check_scheduler
from .steps import kept_steps


def check(library: Library, settings: Settings) -> None:
    """Whether a pass can run: a chain is not to fail at its last pass, minutes later.

    Raises:
        InpaintError: `unknown_model`, `model_missing`, or `unsupported` for what is no diffusion
            model, a scheduler that does not fit it, or a strength too low for the steps.
    """
    family = family_of_source(library.model(settings.model))
    check_scheduler(settings.scheduler, family)
    if family.strength:
        kept_steps(settings.steps, settings.strength)
    for name, _ in lora_names(settings):
        library.lora(name)
    for name in settings.embeddings:
        library.embedding(name)
    for control in settings.controls:
        library.controlnet(control.model, control.kind)
