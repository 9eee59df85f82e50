"""The help pages that come with the plug-in. Without GTK, which takes a moment to load."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "help"
PAGE = FOLDER / "en" / "index.html"

DOMAIN = "https://inpaintd.invalid/gimp"
"""The address under which GIMP knows our pages; it opens `FOLDER` instead."""
