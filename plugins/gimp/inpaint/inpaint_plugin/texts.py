"""Translations of user-facing text, by gettext."""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "inpaintd"
CATALOGUES = Path(__file__).resolve().parent.parent / "locale"

# GIMP passes its own language on to its plug-ins in the environment, which is read here.
_translations = gettext.translation(DOMAIN, CATALOGUES, fallback=True)


def _(text: str) -> str:
    """The text in GIMP's language; unchanged if it has no translation."""
    return _translations.gettext(text) if text else ""


def plural(one: str, many: str, count: int) -> str:
    """One of two texts, by a number, in GIMP's language."""
    return _translations.ngettext(one, many, count)
