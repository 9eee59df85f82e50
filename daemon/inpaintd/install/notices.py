"""Notices about this installation, shown wherever models are listed or chosen."""

from __future__ import annotations

import threading
from pathlib import Path

from inpaintd.install import environment as environments
from inpaintd.install.card import Card, this_card
from inpaintd.install.torch_build import installed_torch
from inpaintd_protocol.messages import Notice

SETUP = "inpaintd setup"


def find_card_meanwhile() -> None:
    """Query the card's driver in a thread of its own, as it may take seconds to answer."""
    threading.Thread(target=this_card, daemon=True).start()


def known_notices(home: Path) -> tuple[Notice, ...]:
    """The result of `notices` without waiting: empty until the driver has answered."""
    return notices(home) if this_card.cache_info().currsize else ()


def notices(home: Path, card: Card | None = None) -> tuple[Notice, ...]:
    """Reasons why diffusion models do not run, or do not run on the graphics card.

    May take seconds the first time, while the card's driver is queried.
    """
    card = card or this_card()
    found = []
    if mismatch := environments.mismatch(home):
        found.append(
            Notice("setup_mismatch", mismatch + " Models run without it.", f"Run: {SETUP}")
        )
    torch = installed_torch(environments.site_packages_of(home), card)
    if torch is None:
        if card.vendor:
            found.append(
                Notice(
                    "no_torch",
                    f"The libraries for diffusion models are not installed. This machine has a "
                    f"card for them: {card}.",
                    f"Install what suits it: {SETUP}",
                )
            )
    elif not torch.can_use(card):
        found.append(
            Notice(
                "card_unused",
                f"Diffusion models run on the processor, many times slower than they could: this "
                f"machine has a graphics card ({card}) that the installed torch ({torch.version}) "
                "cannot use.",
                f"Install the torch that can: {SETUP}",
            )
        )
    return tuple(found)
