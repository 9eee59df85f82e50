"""The commands: which settings each one takes, and what happens before the fill."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from gi.repository import Gimp

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings

from . import messages
from .daemon import connected
from .earlier_fills import Fill, fill_above, painted_fill
from .filling import Waiting, choices_of, fill
from .following import CANCELLED
from .mask_results import combined, put
from .object_finder import Wish, find_object
from .object_marks import Marks, clicks_of
from .outpainting import Sides, fill_outside
from .outside import OUTSIDE
from .recipe import recipe_of
from .remembered import Choices, MaskChoices, ObjectChoices, remember, remembered
from .target import Target, find_target
from .text_mask import CONTENT_AWARE, find
from .texts import _
from .variants import add_variants
from .waiting import Quiet, Windowed


@dataclass
class Call:
    """One call of a procedure."""

    image: Gimp.Image
    drawables: Sequence[Gimp.Drawable]
    run_mode: Gimp.RunMode
    passed: Choices | MaskChoices
    sides: Sides = field(default_factory=Sides)
    """By how much the canvas is to grow."""
    clicks: tuple[str, str] = ("", "")
    """Points on the object and points off it, as a script has written them."""
    chosen: Choices | MaskChoices | None = None
    """Outcome of a dialog."""

    @property
    def by_script(self) -> bool:
        return bool(self.run_mode == Gimp.RunMode.NONINTERACTIVE)

    @property
    def with_dialog(self) -> bool:
        return bool(self.run_mode == Gimp.RunMode.INTERACTIVE)

    def waiting(self) -> Waiting:
        return Quiet() if self.by_script else Windowed()


def heal(call: Call) -> Gimp.Layer:
    """Content-aware fill, without a question."""
    if call.by_script:
        passed = call.passed
    else:
        last = remembered(Choices, call.image)
        passed = replace(call.passed, placement=last.placement, sample=last.sample)
    return _fill(call, replace(passed, settings=Settings(model=CONTENT_AWARE)))


def inpaint(call: Call) -> Gimp.Layer:
    """Ask (unless a script calls), then fill."""
    if call.by_script:
        choices = call.passed
    elif call.with_dialog:
        choices = _ask(call, remembered(Choices, call.image))
    else:
        choices = remembered(Choices, call.image)
    return _fill(call, choices)


def again(call: Call) -> Gimp.Layer:
    """The active fill, or else the last settings, with a fresh seed."""
    earlier = _active_fill(call)
    last = remembered(Choices, call.image)
    source = call.passed.mask_source
    if earlier is not None:
        last = _choices_of(earlier)
    choices = replace(
        last,
        settings=replace(last.settings, seed=None),
        mask_source=source if source != "automatic" else last.mask_source,
    )
    return _fill(call, choices, anew=True)


def edit_again(call: Call) -> Gimp.Layer:
    """The recipe of the active layer, back in the dialog."""
    earlier = _active_fill(call)
    if earlier is None:
        raise messages.no_recipe()
    choices = _choices_of(earlier)
    if choices.mask_source == OUTSIDE and not call.by_script:
        return _outpaint(call, choices, anew=True)
    if not call.by_script:
        choices = _ask(call, choices, anew=True)
    return _fill(call, choices, anew=True)


def _active_fill(call: Call) -> Fill | None:
    layer = call.drawables[0] if len(call.drawables) == 1 else None
    if not isinstance(layer, Gimp.Layer) or not layer.is_valid():
        return None
    return fill_above(call.image, layer) or painted_fill(layer)


def _choices_of(earlier: Fill) -> Choices:
    whole = recipe_of(earlier.top) or earlier.recipe  # a group's says how many variants
    settings = replace(whole.settings, seed=earlier.recipe.settings.seed)
    choices = choices_of(replace(whole, settings=settings))
    return replace(choices, placement="active-layer" if earlier.painted else "new-layer")


def choose_variant(call: Call) -> Gimp.Layer:
    """Look through the variants of the active fill, and keep one."""
    earlier = _active_fill(call)
    if earlier is None or not earlier.top.is_group():
        raise messages.no_variants()
    return _choose(call, earlier.top)


def outpaint(call: Call) -> Gimp.Layer:
    """Enlarge the canvas, and fill the new area."""
    if len(call.drawables) != 1:
        raise messages.no_single_layer(len(call.drawables))
    return _outpaint(call, call.passed if call.by_script else remembered(Choices, call.image))


def _outpaint(call: Call, choices: Choices, *, anew: bool = False) -> Gimp.Layer:
    with closing(find_target(call.image, call.drawables, anew=anew)) as target:
        sides = call.sides
        if call.with_dialog:
            from .outpaint_dialog import ask

            with connected(call.waiting().starting_daemon) as client:
                models = client.models()
            asked = ask(target, choices, models)
            if asked is None:
                raise InpaintError(CANCELLED, "Cancelled.")
            sides, choices = asked
            remember(choices, call.image)
        return fill_outside(target, sides, choices, call.waiting())


def mask_by_text(call: Call) -> Gimp.Channel:
    """Find what words name, and make a selection, a layer mask or a channel of it."""
    with closing(find_target(call.image, call.drawables)) as target:
        target.check_selectable()
        if call.with_dialog:
            choices, mask = _ask_for_words(call, target)
        else:
            choices = call.passed if call.by_script else remembered(MaskChoices, call.image)
            mask = find(target, choices.settings, call.waiting())
        made = combined(target, mask, choices.result, choices.combination)
        return put(target, made, choices.result, choices.settings.text_mask)


def select_object(call: Call) -> Gimp.Channel:
    """Find the object that was clicked, and make a selection, a layer mask or a channel of it."""
    with closing(find_target(call.image, call.drawables)) as target:
        target.check_selectable()
        if call.with_dialog:
            choices, mask = _ask_for_object(call, target)
        else:
            choices = call.passed if call.by_script else remembered(ObjectChoices, call.image)
            marks = _marks_of(call)
            wish = Wish(marks, choices.part, choices.settings)
            mask = find_object(target, wish, call.waiting())
        made = combined(target, mask, choices.result, choices.combination)
        return put(target, made, choices.result, _("Object"))


def snap_selection(call: Call) -> Gimp.Channel:
    """Make a rough selection an exact one of the object in it."""
    with closing(find_target(call.image, call.drawables)) as target:
        target.check_selectable()
        wish = Wish(Marks(rough=True), "automatic", Settings())
        mask = find_object(target, wish, call.waiting())
        made = combined(target, mask, "selection", "replace")
        return put(target, made, "selection", _("Object"))


def _marks_of(call: Call) -> Marks:
    """A script's clicks; without any, the selection says roughly where the object is."""
    made = []
    for text, inside in zip(call.clicks, (True, False), strict=True):
        try:
            made += clicks_of(text, inside=inside)
        except ValueError:
            raise messages.no_clicks(text) from None
    return Marks(tuple(made), rough=not any(click.inside for click in made))


def _ask_for_object(call: Call, target: Target) -> tuple[ObjectChoices, Plane]:
    from .object_dialog import ask

    connected(call.waiting().starting_daemon).close()
    answer = ask(target, remembered(ObjectChoices, call.image))
    if answer is None:
        raise InpaintError(CANCELLED, "Cancelled.")
    remember(answer[0], call.image)
    call.chosen = answer[0]
    return answer


def _fill(call: Call, choices: Choices, *, anew: bool = False) -> Gimp.Layer:
    # Found again after the dialog: the image is not frozen while it is open.
    with closing(_target(call, choices, anew=anew)) as target:
        made = fill(target, choices, call.waiting())
    if made.is_group() and not call.by_script:
        return _choose(call, made)
    return made


def _target(call: Call, choices: Choices, *, anew: bool = False) -> Target:
    return find_target(
        call.image,
        call.drawables,
        anew=anew,
        placement=choices.placement,
        sample=choices.sample,
    )


def _choose(call: Call, group: Gimp.GroupLayer) -> Gimp.Layer:
    from .variants_window import choose

    return choose(group, lambda: add_variants(group, call.waiting()))


def _ask_for_words(call: Call, target: Target) -> tuple[MaskChoices, Plane]:
    from .mask_dialog import ask

    # Started now, when it may take a moment, rather than by the first look.
    connected(call.waiting().starting_daemon).close()
    answer = ask(target, remembered(MaskChoices, call.image))
    if answer is None:
        raise InpaintError(CANCELLED, "Cancelled.")
    remember(answer[0], call.image)
    call.chosen = answer[0]
    return answer


def _ask(call: Call, start: Choices, *, anew: bool = False) -> Choices:
    """Show the dialog; the choices are remembered even if the fill fails later."""
    from .dialog import ask

    with closing(_target(call, start, anew=anew)) as target:
        with connected(call.waiting().starting_daemon) as client:
            models = client.models()
        choices = ask(target, start, models)
    if choices is None:
        raise InpaintError(CANCELLED, "Cancelled.")
    remember(choices, call.image)
    call.chosen = choices
    return choices
