"""Notes below the model in dialogs: about the model and this machine. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence

from inpaintd_protocol.messages import ModelInfo, Notice
from inpaintd_protocol.settings import settings_fields

from .texts import _

ENGINE_SETTINGS = frozenset(
    field.name for field in settings_fields() if field.metadata.get("done_by") == "engine"
)
"""Settings that only some models take into account; all others work with every model."""


def takes(model: ModelInfo, setting: str) -> bool:
    """Return True if a setting makes a difference to a model."""
    return setting not in ENGINE_SETTINGS or setting in model.honours


def model_in_words(model: ModelInfo | None) -> str:
    """Describe a model's requirements, its installation, and its use of a prompt."""
    if model is None:
        return ""
    words = []
    if model.needs:
        words.append(_("Needs {what}.").format(what=model.needs))
    if model.fits:
        words.append(_("On this computer: {fits}.").format(fits=model.fits))
    if not takes(model, "prompt"):
        words.append(_("Fills from the surroundings; takes no prompt."))
    return " ".join(words)


def notices_in_words(notices: Sequence[Notice]) -> str:
    """List what keeps models from running well on this machine, a line each, with the remedy."""
    return "\n".join(f"{notice.message} {notice.remedy}".rstrip() for notice in notices)
