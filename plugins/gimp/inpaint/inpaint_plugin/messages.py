"""Messages to the user: every sentence that belongs to GIMP rather than to the daemon."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gi.repository import Gimp

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice

from .daemon_texts import translated
from .texts import _

LOG_NAME = "inpaint-errors.log"


def _error(code: str, message: str, hint: str = "", **values: object) -> InpaintError:
    return InpaintError(code, _(message).format(**values), _(hint).format(**values))


def _notice(code: str, message: str, remedy: str = "") -> Notice:
    return Notice(code, _(message), _(remedy))


def no_single_layer(count: int) -> InpaintError:
    if count == 0:
        return _error(
            "unsupported", "No layer is active.", "Click a single layer in the Layers list."
        )
    return _error(
        "unsupported",
        "{count} layers are active.",
        "Click a single layer in the Layers list.",
        count=count,
    )


def a_channel_is_active(quick_mask: bool) -> InpaintError:
    if quick_mask:
        return _error(
            "unsupported",
            "The Quick Mask is on, and the image has several layers, so it is not clear which of "
            "them to repaint.",
            "Turn off the Quick Mask (Shift+Q), which makes it a selection, and click a layer.",
        )
    return _error(
        "unsupported", "A channel is active, not a layer.", "Click a layer in the Layers list."
    )


def a_sketch_is_active() -> InpaintError:
    return _error(
        "unsupported",
        "The active layer is the preview of a fill that is still being made.",
        "Click the picture in the Layers list, or wait until the fill is done.",
    )


def cannot_be_painted_into(kind: str) -> InpaintError:
    """A layer whose pixels are made from something else."""
    return _error(
        "unsupported",
        "The active layer is {kind}, which cannot be painted into.",
        "Put the result into a new layer, or click an ordinary layer.",
        kind=_(kind),
    )


def no_recipe() -> InpaintError:
    return _error(
        "unsupported",
        "The active layer was not made by Inpaint, or the layer that it was made for is gone.",
        "Click a layer that Inpaint made; its settings are saved with it in XCF files.",
    )


def no_variants() -> InpaintError:
    return _error(
        "unsupported",
        "The active layer is not a group of variants.",
        "Click a group that Inpaint made with Variants set to 2 or more.",
    )


def nothing_outside() -> InpaintError:
    return _error(
        "empty_mask",
        "There is nothing to fill: the layer covers the canvas, and no pixels are added to "
        "any side.",
        "Enter how many pixels to add on each side.",
    )


def variants_need_layers() -> InpaintError:
    return _error(
        "unsupported",
        "One layer cannot hold several variants.",
        "Set Variants to 1, or put the result into a new layer.",
    )


def locked(*, alpha: bool) -> InpaintError:
    return _error(
        "unsupported",
        "The transparency of the active layer is locked."
        if alpha
        else "The pixels of the active layer are locked.",
        "Unlock it in the Layers list, or let the result go into a new layer.",
    )


def indexed() -> InpaintError:
    return _error(
        "unsupported",
        "The image is in indexed mode, whose palette cannot hold new colours.",
        "Convert it first: Image > Mode > RGB.",
    )


def selection_outside() -> InpaintError:
    return _error(
        "empty_mask",
        "The selection does not touch the active layer.",
        "Select something on the layer, click on the layer that you mean, or enlarge it "
        "(Layer > Layer to Image Size).",
    )


def layer_outside() -> InpaintError:
    return _error(
        "empty_mask",
        "The active layer lies outside the canvas.",
        "Move it onto the canvas, or enlarge the canvas (Image > Fit Canvas to Layers).",
    )


def nothing_of(source: str) -> InpaintError:
    """No hole in the source that the user has chosen."""
    return _error("empty_mask", *_NOTHING_OF[source])


_NOTHING_OF = {
    "selection": (
        "Nothing is selected.",
        "Select what to repaint, or choose another mask source.",
    ),
    "transparency": (
        "The layer has no transparent pixels.",
        "Select what to repaint, or erase it (which needs an alpha channel: Layer > Transparency "
        "> Add Alpha Channel).",
    ),
    "floating": (
        "There is no floating selection.",
        "Choose another mask source, or make one: Select > Float.",
    ),
    "layer-mask": (
        "The layer has no layer mask that hides anything.",
        "Paint the layer mask black where the layer should be repainted.",
    ),
}


def nothing_to_repaint(*, has_alpha: bool) -> InpaintError:
    """Neither selection nor transparency nor anything else says where the hole is."""
    if has_alpha:
        return _error(
            "empty_mask",
            "Nothing is selected, and the layer has no transparent pixels.",
            "Select what to repaint, for example with the Free Select tool.",
        )
    return _error(
        "empty_mask",
        "Nothing is selected, and the layer has no alpha channel, so nothing in it can be "
        "transparent.",
        "Select what to repaint. If you used Delete or the Eraser, they painted the background "
        "colour over the picture: undo that (Ctrl+Z), choose Layer > Transparency > Add Alpha "
        "Channel and erase again, or just select the area.",
    )


def painted_over() -> Notice:
    """The hole contains only the background colour, on a layer without an alpha channel."""
    return _notice(
        "colour_lost",
        "The area to repaint contains only the background colour. On a layer without an alpha "
        "channel, Delete and the Eraser paint that colour instead of making pixels transparent, "
        "so the original content is lost.",
        "To let the old picture guide the new one, undo the deletion (Ctrl+Z) and just select "
        "the area, or use Layer > Transparency > Add Alpha Channel before erasing.",
    )


def erased_under_transparency() -> Notice:
    """All transparent pixels have one colour, so the original content was erased."""
    notice = _notice(
        "colour_lost",
        "All transparent pixels have the same colour underneath: the original content is lost.",
    )
    return replace(notice, remedy=colour_lost_remedy())


def colour_lost_remedy() -> str:
    return _(
        "Exporting as PNG or WebP, or scaling, rotating or blurring a layer in GIMP, erases the "
        "colour under transparent pixels. Work from the XCF file or the original, and select the "
        "area instead of erasing it; or, when you export a PNG, tick “Save color values from "
        "transparent pixels”."
    )


def image_is_gone() -> InpaintError:
    return _error(
        "unsupported",
        "The image was closed in the meantime, so there is nowhere to put the new layer.",
        "Open the image again, and repeat.",
    )


def layer_has_changed() -> InpaintError:
    return _error(
        "unsupported",
        "The layer was deleted or resized after the search.",
        "Search again.",
    )


def floating_selection() -> InpaintError:
    return _error(
        "unsupported",
        "There is a floating selection.",
        "Anchor it (Layer > Anchor Floating Selection) or make it a layer, and repeat.",
    )


def quick_mask_is_on() -> InpaintError:
    return _error(
        "unsupported",
        "The Quick Mask is on, and would replace the result.",
        "Turn it off (Shift+Q), and repeat.",
    )


def no_words() -> InpaintError:
    return _error(
        "bad_message", "There are no words to search for.", "Type what to find, such as “hair”."
    )


def nothing_indicates_an_object() -> InpaintError:
    return _error(
        "empty_mask",
        "Nothing on the active layer is selected, so it is not clear which object is meant.",
        "Select the object roughly, or click it in the Select Object dialog.",
    )


def no_clicks(text: str) -> InpaintError:
    return _error(
        "bad_message",
        "“{text}” is not a list of clicks.",
        "Write each as X,Y in canvas pixels, separated by spaces: 120,80 200,95.",
        text=text,
    )


def no_sampling_channel(name: str) -> InpaintError:
    return _error(
        "unsupported",
        "The sampling channel “{name}” is gone.",
        "Choose another sampling area, or make the channel again: Select > Save to Channel.",
        name=name,
    )


def empty_sampling_channel(name: str) -> InpaintError:
    return _error(
        "empty_mask",
        "The channel “{name}” leaves nothing on the layer to copy from.",
        "Paint it white where the fill may copy from, or choose another sampling area.",
        name=name,
    )


def nothing_to_sample() -> InpaintError:
    return _error(
        "unsupported",
        "The sampling area contains no pixels to copy.",
        "Set a larger sampling distance, or other sides.",
    )


def reference_is_gone(name: str) -> InpaintError:
    return _error(
        "unsupported",
        "The layer “{name}”, which is used as a reference, is gone.",
        "Remove it from the references, or choose another layer.",
        name=name,
    )


def unreadable_reference(path: Path, reason: str) -> InpaintError:
    return _error(
        "unreadable",
        "The reference picture {path} cannot be read: {reason}",
        "Remove it from the references, or choose another file.",
        path=path,
        reason=reason,
    )


def reference_has_changed(path: str) -> Notice:
    notice = _notice("reference_changed", "The reference picture {path} has changed.")
    return replace(notice, message=notice.message.format(path=path))


def bad_reference(text: str) -> InpaintError:
    return _error(
        "bad_message",
        "“{text}” does not name a reference picture.",
        "Write one per line, as FILE, FILE:WEIGHT or layer:NAME:WEIGHT, with weights from 0 to 2.",
        text=text,
    )


def nothing_left() -> InpaintError:
    return _error(
        "empty_mask",
        "Combining the match with the current selection leaves nothing.",
        "Select something else, or combine in another way.",
    )


def layer_is_gone() -> Notice:
    return _notice(
        "layer_gone",
        "The layer was deleted while its hole was being filled; the new layer is on top.",
    )


def unexpected(error: BaseException, log_folder: Path) -> InpaintError:
    """An error that nobody foresaw: shown, and written down for a report."""
    log = log_folder / LOG_NAME
    try:
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(type(error), error, error.__traceback__, file=file)
        where = "The details are in {log}; please send that file with a report."
    except OSError:
        where = "Please report it."
    return _error(
        "engine_failed",
        "Inpaint failed unexpectedly ({error}).",
        where,
        error=f"{type(error).__name__}: {error}",
        log=log,
    )


def show_notices(notices: Sequence[Notice]) -> None:
    """Tell what went through but should be known."""
    for notice in translated(notices):
        remedy = colour_lost_remedy() if notice.code == "colour_lost" else ""
        already = notice.remedy or remedy
        Gimp.message(f"Inpaint: {notice.message} {already}".strip())
