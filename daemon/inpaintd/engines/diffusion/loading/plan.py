"""Plans for placing a model's parts on the device, and their memory use. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from inpaintd.models.footprint import DECODERS, DENOISERS, ENCODERS, Footprint


class Placement(Enum):
    """The location of a model's weights, from the fastest to the smallest."""

    RESIDENT = "entire model on the device"
    ENCODERS_AWAY = "text encoders on the device only while encoding a new prompt"
    OFFLOADED = "one part on the device at a time"
    STREAMED = "layers moved to the device one at a time"


_TIMES_SLOWER = {
    Placement.RESIDENT: 1.0,
    Placement.ENCODERS_AWAY: 1.05,
    Placement.OFFLOADED: 1.3,
    Placement.STREAMED: 3.0,
}
"""Transfer rate over a whole request; typical for a card on PCIe 4, not measured on this one."""

_EIGHT_BITS_SLOWER = 1.1
_STREAMED_LAYERS = 3
"""The layer in use, the one being fetched, and the one being released."""

_NEVER_STREAMED = ("movq",)
"""Parts that diffusers cannot bring layer by layer."""

RESERVE = 0.03
"""Share of the free memory that stays unused, as a reserve for untracked allocations."""

SMALLER = 0.75
"""Factor on the sides of the work area when a model does not fit at the requested size."""


@dataclass(frozen=True)
class Plan:
    """A way to run a model.

    Attributes:
        placement: the location of its weights.
        eight_bits: whether the denoiser's weights are stored in 8 bits and computed in 16, which
            changes the picture slightly; nothing else changes a pixel.
        lossless: whether its weights come in 8 bits, so that storing them so changes nothing.
        tiled: whether the VAE works in tiles, which changes the picture slightly.
        peak_bytes: peak memory use on the device.
    """

    placement: Placement
    eight_bits: bool
    tiled: bool
    peak_bytes: int
    lossless: bool = False

    @property
    def times_slower(self) -> float:
        """Extra time of a request compared with all of the model on the device."""
        return _TIMES_SLOWER[self.placement] * (_EIGHT_BITS_SLOWER if self.eight_bits else 1)

    @property
    def exact(self) -> bool:
        """True if it gives exactly the pixels of the fastest plan."""
        return not (self.tiled or (self.eight_bits and not self.lossless))


@dataclass(frozen=True)
class Working:
    """Memory needed besides the weights, in bytes.

    Attributes:
        whole: with a VAE that works in one piece.
        tiled: with one that works in tiles.
    """

    whole: int
    tiled: int


Way = tuple[Placement, bool]
"""The location of the weights, and whether the denoiser's are stored in 8 bits."""

WAYS: tuple[Way, ...] = (
    # Exact ways before faster ones in 8 bits; streaming is so slow that it comes last.
    (Placement.RESIDENT, False),
    (Placement.ENCODERS_AWAY, False),
    (Placement.OFFLOADED, False),
    (Placement.ENCODERS_AWAY, True),
    (Placement.OFFLOADED, True),
    (Placement.STREAMED, False),
)
"""The ways to hold a model, in the order in which they are tried."""


def ways_for(*, streams: bool, adapters: bool, packed: bool = False) -> tuple[Way, ...]:
    """The options that a device and a request allow.

    Args:
        streams: whether the device can fetch a layer while another works.
        adapters: whether LoRAs are applied to the model, which would be stored in 8 bits, too.
        packed: whether the denoiser's weights are packed, and cannot be stored otherwise.
    """
    return tuple(
        (placement, eight_bits)
        for placement, eight_bits in WAYS
        if (streams or placement is not Placement.STREAMED)
        and not ((adapters or packed) and eight_bits)
    )


def plans(model: Footprint, working: Working, ways: Sequence[Way] = WAYS) -> Iterator[Plan]:
    """The plans for a model, in the order in which they are tried."""
    for placement, eight_bits in ways:
        weights = weight_bytes(model, placement, eight_bits=eight_bits)
        for tiled, extra in ((False, working.whole), (True, working.tiled)):
            # Tiling changes the picture, so it must at least save memory.
            if not tiled or extra < working.whole:
                yield Plan(placement, eight_bits, tiled, weights + extra, model.lossless)


def fastest(
    model: Footprint, working: Working, free_bytes: int, ways: Sequence[Way] = WAYS
) -> Plan | None:
    """The first plan that fits; None when none does."""
    possible = plans(model, working, ways)
    return next((plan for plan in possible if plan.peak_bytes <= free_bytes), None)


def smallest(model: Footprint, working: Working, ways: Sequence[Way] = WAYS) -> Plan:
    """The plan that takes the least memory."""
    return min(plans(model, working, ways), key=lambda plan: plan.peak_bytes)


@dataclass(frozen=True)
class Chosen:
    """A plan that fits.

    Attributes:
        smaller: whether it fits only with the sides of the work area scaled by `SMALLER`.
    """

    plan: Plan
    smaller: bool = False


def choose(
    model: Footprint,
    working: Callable[[int], Working],
    pixels: int,
    free_bytes: int,
    ways: Sequence[Way] = WAYS,
    loaded: Way | None = None,
) -> Chosen | None:
    """The fastest plan that fits, at the requested size before any smaller one.

    Args:
        working: the working memory for a number of pixels.
        pixels: area of the work area.
        loaded: the way in which the model is held now; it stays so while it fits.
    """
    # A slower way at full size comes first: a smaller area changes the composition.
    for area, smaller in ((pixels, False), (round(pixels * SMALLER**2), True)):
        needed = working(area)
        # Staying saves loading it again, so it comes before what would be faster.
        first = (loaded,) if loaded is not None and loaded in ways else ()
        for tried in (first, ways):
            if found := fastest(model, needed, free_bytes, tried):
                return Chosen(found, smaller)
    return None


def weight_bytes(model: Footprint, placement: Placement, *, eight_bits: bool) -> int:
    """Peak memory of a model's weights on the device, in bytes."""
    denoiser = sum(
        # The layer at work is expanded to 16 bits, so one layer counts in full.
        part.eight_bit_bytes + part.largest_layer_bytes if eight_bits else part.bytes
        for part in model.named(DENOISERS)
    )
    encoders = [part.bytes for part in model.named(ENCODERS)]
    decoder = sum(part.bytes for part in model.named(DECODERS))
    known = {*DENOISERS, *ENCODERS, *DECODERS}
    others = [part.bytes for name, part in model.parts.items() if name not in known]
    match placement:
        case Placement.RESIDENT:
            return denoiser + sum(encoders) + decoder + sum(others)
        case Placement.ENCODERS_AWAY:
            # Denoiser and encoders trade places: only the larger side counts.
            return max(denoiser, sum(encoders)) + decoder + sum(others)
        case Placement.OFFLOADED:
            # The VAE encodes the picture early, and only a part after it would push it out again.
            return max(denoiser, *encoders, *others, 0) + decoder
        case Placement.STREAMED:
            layers = [part.largest_layer_bytes for part in model.parts.values()]
            whole = sum(part.bytes for part in model.named(_NEVER_STREAMED))
            return _STREAMED_LAYERS * max(layers, default=0) + whole
