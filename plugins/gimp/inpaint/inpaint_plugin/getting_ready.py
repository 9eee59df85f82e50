"""Windows that resolve what prevents a command from filling."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from inpaintd_protocol.errors import InpaintError

from . import set_up
from .daemon import use_home
from .model_words import shortened
from .remedies import mend
from .texts import _

_MENDED_AT_MOST = 3
_Made = TypeVar("_Made")


def carry_out(run: Callable[[], _Made], *, by_script: bool) -> _Made:
    """Get ready, run a command, and repeat it after an error that the user has had mended.

    Raises:
        InpaintError: as `get_ready` and the command; `cancelled` when the user declines.
    """
    get_ready(by_script=by_script)
    for _attempt in range(_MENDED_AT_MOST):
        try:
            return run()
        except InpaintError as error:
            if by_script or not mend(error):
                raise
    return run()


def get_ready(*, by_script: bool) -> None:
    """Offer to set up inpaintd if this plug-in came as an archive and set-up is still pending.

    Raises:
        InpaintError: `not_installed` when a script calls, `cancelled` when the user declines.
    """
    use_home()
    if not set_up.is_needed():
        return
    present = set_up.plan().present
    if not by_script:
        offer_set_up()
    elif not present:
        raise InpaintError(
            "not_installed",
            _("inpaintd has not been set up yet."),
            _("Run any of its commands once from GIMP's menu: Filters > Inpaint."),
        )


def offer_set_up() -> None:
    """Offer to set up the inpaintd of the archive, and do it.

    Raises:
        InpaintError: `cancelled` when the user declines.
    """
    from .offer_window import Offer, offer

    plan = set_up.plan()
    if plan.present:
        title = _("Update inpaintd")
        text = _(
            "The plug-in is newer than the inpaintd it works with. The new version is installed "
            "alongside the old one and tested before it replaces it. Models, settings and "
            "pictures are kept."
        )
    else:
        title = _("Set Up inpaintd")
        text = _(
            "inpaintd fills what you select, entirely on this computer. Before the first fill, "
            "it downloads its libraries, once, and changes nothing outside the folder below. "
            "Your command then continues."
        )
    free = _(" ({free} GB free)").format(free=f"{plan.free_bytes / 1e9:.0f}")
    version = f"{plan.present} → {plan.version}" if plan.present else plan.version
    facts = (
        (_("Version"), version),
        (_("Download"), _("about {size} MB").format(size=f"{set_up.DOWNLOAD_BYTES / 1e6:.0f}")),
        (
            _("Room"),
            _("{size} GB during set-up").format(size=f"{set_up.NEEDED_BYTES / 1e9:.1f}")
            + (free if plan.free_bytes else ""),
        ),
        (_("Folder"), shortened(plan.folder)),
        (_("Licence"), _("Apache-2.0: free, also for commercial work")),
        (_("Graphics card"), _("not needed; models that use one can be added later")),
    )
    button = _("_Update") if plan.present else _("_Set Up")
    offer(Offer(title, text, facts, button, set_up.set_up))
