"""Set-up of the libraries for diffusion models, with the torch that suits the card, from GIMP."""

from __future__ import annotations

from collections.abc import Callable

from inpaintd_protocol.messages import ModelProgress

from .daemon import connected
from .model_words import fraction_of, progress_in_words, size_in_words
from .offer_window import Offer, offer
from .texts import _


def offer_libraries() -> None:
    """Offer to install them, and do it.

    Raises:
        InpaintError: `cancelled` when the user declines; `unsupported` when no torch can use the
            card; as `connected`.
    """
    with connected(lambda: None) as client:
        terms = client.offer()
    room = _("{needed} ({free} free)").format(
        needed=size_in_words(terms.needed_bytes), free=size_in_words(terms.free_bytes)
    )
    facts = (
        (_("For"), terms.suits),
        (_("Library"), terms.title),
        (_("Download"), _("about {size}").format(size=size_in_words(terms.total_bytes))),
        (_("Room"), room),
        (_("Licence"), terms.licence),
    )
    text = _(
        "Models that paint from a prompt need PyTorch, in the build for this computer. It is "
        "installed alongside the current libraries and tested before it is used. You can keep "
        "filling in the meantime."
    )
    offer(Offer(_("Set Up for Diffusion Models"), text, facts, _("_Set Up"), _install))


def _install(on_progress: Callable[[str, float], None], should_cancel: Callable[[], bool]) -> None:
    def tell(progress: ModelProgress) -> None:
        if progress.done_bytes:
            on_progress(progress_in_words(progress), 0.95 * fraction_of(progress))
        else:
            on_progress(_("Preparing, or testing it on this computer"), 0.0)

    with connected(lambda: None) as client:
        client.set_up(on_progress=tell, should_cancel=should_cancel)
