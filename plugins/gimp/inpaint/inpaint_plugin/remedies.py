"""Remedies for errors without leaving GIMP: a button, or words that fit GIMP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inpaintd_protocol.errors import InpaintError

from . import set_up
from .daemon import command_line
from .inpaintd_command import run_inpaintd
from .texts import _

_PLUG_IN = Path(__file__).resolve().parent.parent


def mend(error: InpaintError) -> bool:
    """Offer to clear an error away; True when that was done and the command can be repeated.

    Raises:
        InpaintError: `cancelled` when the user declines.
    """
    if error.code == "wrong_version":
        _offer(_("Update inpaintd"), error.message, _("_Update"), _update)
        if not set_up.is_possible():
            # This process has loaded the plug-in as it was.
            raise InpaintError("wrong_version", _("inpaintd is up to date. Repeat the command."))
        return True
    if error.code == "not_running" and set_up.is_possible():
        text = _(
            "The installed inpaintd cannot be started, so it is installed again. Models and "
            "settings are kept."
        )
        _offer(_("Repair inpaintd"), f"{error.message}\n\n{text}", _("_Set Up"), set_up.set_up)
        return True
    if error.code == "timed_out" and command_line():
        text = _("This stops the daemon, even if it does not respond, and starts it again.")
        _offer(
            _("Restart the Inpaint Daemon"), f"{error.message}\n\n{text}", _("_Restart"), _restart
        )
        return True
    if error.code == "not_installed":
        from .libraries_offer import offer_libraries

        offer_libraries()
        return True
    return False


def in_gimp(error: InpaintError) -> str:
    """The error in words, with a hint that leads to GIMP's menus instead of to a terminal."""
    hint = _HINTS.get(error.code)
    return f"{error.message} {_(hint)}" if hint else str(error)


_HINTS = {
    "model_missing": "Install it: Filters > Inpaint > Models.",
    "model_damaged": "Check its files, and install it again: Filters > Inpaint > Models.",
    "licence": "Install it, and accept its licence: Filters > Inpaint > Models.",
    "not_installed": "Fill once with a model that paints from a prompt: that offers to install it.",
}
"""Remedies for errors whose own hint is a command, by their code."""


def _offer(
    title: str,
    text: str,
    button: str,
    work: Callable[[Callable[[str, float], None], Callable[[], bool]], None],
) -> None:
    from .offer_window import Offer, offer

    offer(Offer(title, text, (), button, work))


def _update(on_progress: Callable[[str, float], None], should_cancel: Callable[[], bool]) -> None:
    """Bring plug-in and daemon to the same version, and have the next request start the daemon."""
    if set_up.is_needed():
        set_up.set_up(on_progress, should_cancel)
        return
    on_progress(_("Updating the plug-in"), 0.3)
    if not set_up.is_possible():
        run_inpaintd(["install", "gimp", "--dir", str(_PLUG_IN.parent)])
    _restart(on_progress, should_cancel)


def _restart(on_progress: Callable[[str, float], None], _cancel: Callable[[], bool]) -> None:
    on_progress(_("Stopping the daemon"), 0.6)
    run_inpaintd(["stop", "--force"])
