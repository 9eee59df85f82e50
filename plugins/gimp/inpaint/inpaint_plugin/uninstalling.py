"""Removal of inpaintd from this computer, requested in GIMP."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gi.repository import Gimp, Gtk

from inpaintd_protocol.connection import home

from .daemon import SET_UP_FOLDER, command_line, set_up_file
from .inpaintd_command import run_inpaintd
from .model_words import shortened
from .offer_window import Offer, OfferWindow
from .texts import _

_OURS = ("inpaint-*.json", "inpaint-errors.log", "plug-in-settings/*inpaintd-*")
"""Files that the plug-in, and GIMP for it, keep in GIMP's folder."""


def uninstall(parent: Gtk.Window) -> bool:
    """Ask, then remove everything; True when that was done."""
    text = _(
        "This removes the plug-in from all your GIMP versions, and inpaintd with its libraries, "
        "settings and login items. Pictures and hot folders are kept. GIMP shows the commands "
        "until you restart it."
    )
    facts = ((_("Folder"), shortened(home())),)
    window = OfferWindow(
        Offer(
            _("Uninstall inpaintd"),
            text,
            facts,
            _("_Uninstall"),
            lambda on_progress, _cancel: _remove(on_progress, models=window.ticked),
            tick=_("Remove the _models as well"),
        )
    )
    window.stand_above(parent)
    return window.run()


def _remove(on_progress: Callable[[str, float], None], *, models: bool) -> None:
    """In a thread of its own. What cannot remove itself while it runs is removed from here."""
    on_progress(_("Stopping the daemon, and removing"), 0.2)
    own_set_up = set_up_file().exists()
    command = command_line()
    if command and Path(command[0]).exists():
        run_inpaintd(["uninstall", "--yes", *(["--models"] if models else [])])
    on_progress(_("Removing"), 0.8)
    if own_set_up:
        shutil.rmtree(home() / SET_UP_FOLDER, ignore_errors=True)
    with suppress(OSError):  # models are kept in it
        home().rmdir()
    configuration = Path(Gimp.directory())
    for pattern in _OURS:
        for path in configuration.glob(pattern):
            with suppress(OSError):
                path.unlink()
    plug_in = Path(__file__).resolve().parent.parent
    shutil.rmtree(plug_in, ignore_errors=True)
    on_progress(_("Done"), 1.0)
