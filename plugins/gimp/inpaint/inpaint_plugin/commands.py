"""The commands: which settings each one takes, and what happens before the fill."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from gi.repository import Gimp

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings

from .daemon import connected
from .earlier_fills import fill_above
from .filling import Waiting, fill
from .following import CANCELLED
from .mask_results import combined, put
from .remembered import Choices, MaskChoices, remember, remembered
from .target import Target, find_target
from .text_mask import CONTENT_AWARE, find
from .waiting import Quiet, Windowed


@dataclass
class Call:
    """One call of a procedure."""

    image: Gimp.Image
    drawables: Sequence[Gimp.Drawable]
    run_mode: Gimp.RunMode
    passed: Choices | MaskChoices
    chosen: Choices | MaskChoices | None = None
    """What the dialog ended with."""

    @property
    def by_script(self) -> bool:
        return bool(self.run_mode == Gimp.RunMode.NONINTERACTIVE)

    @property
    def with_dialog(self) -> bool:
        return bool(self.run_mode == Gimp.RunMode.INTERACTIVE)

    def waiting(self) -> Waiting:
        return Quiet() if self.by_script else Windowed()


def inpaint(call: Call) -> Gimp.Layer:
    """Ask (unless a script calls), then fill."""
    if call.by_script:
        choices = call.passed
    elif call.with_dialog:
        choices = _ask(call, remembered(Choices))
    else:
        choices = remembered(Choices)
    return _fill(call, choices)


def again(call: Call) -> Gimp.Layer:
    """The last settings with a fresh seed."""
    last = remembered(Choices)
    source = call.passed.mask_source
    choices = Choices(
        replace(last.settings, seed=None), last.mask_source if source == "automatic" else source
    )
    return _fill(call, choices, anew=True)


def fill_without_prompt(call: Call) -> Gimp.Layer:
    """Content-aware fill."""
    choices = Choices(Settings(model=CONTENT_AWARE), call.passed.mask_source)
    return _fill(call, choices)


def edit_again(call: Call) -> Gimp.Layer:
    """The recipe of the active layer, back in the dialog."""
    layer = call.drawables[0] if len(call.drawables) == 1 else None
    earlier = fill_above(call.image, layer) if isinstance(layer, Gimp.Layer) else None
    if earlier is None:
        raise InpaintError(
            "unsupported",
            "The active layer was not made by Inpaint, or the layer that it was made for is gone.",
            "Click on a layer that Inpaint has made; its settings are saved with it in XCF files.",
        )
    choices = Choices(earlier.recipe.settings, earlier.recipe.mask_source)
    if not call.by_script:
        choices = _ask(call, choices, anew=True)
    return _fill(call, choices, anew=True)


def mask_by_text(call: Call) -> Gimp.Channel:
    """Find what words name, and make a selection, a layer mask or a channel of it."""
    with closing(find_target(call.image, call.drawables)) as target:
        target.check_selectable()
        if call.with_dialog:
            choices, mask = _ask_for_words(call, target)
        else:
            choices = call.passed if call.by_script else remembered(MaskChoices)
            mask = find(target, choices.settings, call.waiting())
        made = combined(target, mask, choices.result, choices.combination)
        return put(target, made, choices.result, choices.settings.text_mask)


def _fill(call: Call, choices: Choices, *, anew: bool = False) -> Gimp.Layer:
    # Found again after the dialog: the image is not frozen while it is open.
    with closing(find_target(call.image, call.drawables, anew=anew)) as target:
        return fill(target, choices, call.waiting())


def _ask_for_words(call: Call, target: Target) -> tuple[MaskChoices, Plane]:
    from .mask_dialog import ask

    # Started now, when it may take a moment, rather than by the first look.
    connected(call.waiting().starting_daemon).close()
    answer = ask(target, remembered(MaskChoices))
    if answer is None:
        raise InpaintError(CANCELLED, "Cancelled.")
    remember(answer[0])
    call.chosen = answer[0]
    return answer


def _ask(call: Call, start: Choices, *, anew: bool = False) -> Choices:
    """Show the dialog; what was chosen is remembered even when the fill fails later."""
    from .dialog import ask

    with closing(find_target(call.image, call.drawables, anew=anew)) as target:
        with connected(call.waiting().starting_daemon) as client:
            models = client.models().models
        choices = ask(target, start, models)
    if choices is None:
        raise InpaintError(CANCELLED, "Cancelled.")
    remember(choices)
    call.chosen = choices
    return choices
