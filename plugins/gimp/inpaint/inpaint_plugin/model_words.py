"""Descriptions of models for the windows: sizes, rates, licences. Plain Python."""

from __future__ import annotations

from pathlib import Path

from inpaintd_protocol.messages import ModelInfo, ModelProgress, ModelUsage

from .texts import _

COMMERCIAL = {
    "yes": "allowed",
    "no": "not allowed",
    "limited": "allowed, within the licence's limits",
}


def size_in_words(count: int) -> str:
    """A number of bytes, in the unit that suits it."""
    if count >= 1_000_000_000:
        return _("{size} GB").format(size=f"{count / 1e9:.1f}")
    if count >= 10_000_000:
        return _("{size} MB").format(size=f"{count / 1e6:.0f}")
    return _("{size} MB").format(size=f"{count / 1e6:.1f}")


def shortened(folder: Path) -> str:
    """A folder's path as people write it, with ~ for their own."""
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)


def progress_in_words(progress: ModelProgress) -> str:
    """Describe a download: the amount received, its rate, and the time left."""
    done, total = size_in_words(progress.done_bytes), size_in_words(progress.total_bytes)
    words = _("{done} of {total}").format(done=done, total=total)
    rate = progress.bytes_per_second
    if rate >= 1:
        words += ", " + _("{size} MB/s").format(size=f"{rate / 1e6:.1f}")
        seconds = (progress.total_bytes - progress.done_bytes) / rate
        if seconds >= 90:
            words += ", " + _("about {minutes} min left").format(minutes=round(seconds / 60))
        elif seconds >= 1:
            words += ", " + _("about {seconds} s left").format(seconds=f"{seconds:.0f}")
    return words


def fraction_of(progress: ModelProgress) -> float:
    return progress.done_bytes / progress.total_bytes if progress.total_bytes else 0.0


def state_in_words(model: ModelInfo, usage: ModelUsage | None) -> str:
    """Describe a model's state in a few words, for a list."""
    if usage is not None and not usage.whole:
        words = _("{size} downloaded so far").format(size=size_in_words(usage.bytes))
    elif model.installed and usage is None:
        words = _("Built in")
    elif model.installed and usage is not None:
        words = _("Installed, {size}").format(size=size_in_words(usage.bytes))
    else:
        words = _("Not installed")
    return words + (", " + _("the default") if model.default else "")


def facts_of(model: ModelInfo, usage: ModelUsage | None) -> list[tuple[str, str]]:
    """List the facts about a model: labels and values."""
    facts = [
        (_("State"), state_in_words(model, usage)),
        (_("Needs"), model.needs),
        (_("On this computer"), model.fits),
        (_("Licence"), model.licence),
        (_("Commercial use"), _(COMMERCIAL.get(model.commercial, ""))),
    ]
    if usage is not None and usage.used_by:
        facts.append((_("A part of"), ", ".join(usage.used_by)))
    if usage is not None and not usage.own:
        facts.append((_("Files"), _("in another program's folder, where they stay")))
    return [(label, value) for label, value in facts if value]
