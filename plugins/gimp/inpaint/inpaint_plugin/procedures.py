"""The commands as GIMP sees them: names, menus, arguments, and return values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gi.repository import Gegl, Gimp, Gio, GLib, GObject

from inpaintd_protocol.errors import InpaintError

from . import commands, messages
from .arguments import (
    MASK_SETTINGS,
    SHAPE_SETTINGS,
    add_settings_arguments,
    all_settings,
    argument_name,
    settings_from_config,
    settings_to_config,
)
from .following import CANCELLED
from .getting_ready import carry_out
from .help_pages import DOMAIN as HELP_DOMAIN
from .help_pages import FOLDER as HELP_FOLDER
from .outpainting import Sides
from .reference_pictures import ReferencePicture
from .remedies import in_gimp
from .remembered import OPTIONS, Choices, MaskChoices, ObjectChoices
from .texts import CATALOGUES, DOMAIN, _
from .window_procedures import WindowCommand, create, manage_models

ICON = Path(__file__).resolve().parent.parent / "icon.png"

MENU = "<Image>/Filters/Inpaint"
SELECT_MENUS = ("<Image>/Select", MENU)
FIRST_MENUS = ("<Image>/Edit", "<Image>/Filters/Enhance", MENU)
"""Of the one command that most people want: also where others look for such a thing."""

_FILL_OPTIONS = ("mask_source", "placement", "sample")


@dataclass(frozen=True)
class Command:
    """One procedure and menu entry.

    GIMP's search looks at the label and the blurb, so between them they hold the words that people
    search by.
    """

    label: str
    blurb: str
    help: str
    run: Callable[[commands.Call], Gimp.Item]
    settings: tuple[str, ...] = ()
    """The settings that it takes as arguments."""
    options: tuple[str, ...] = _FILL_OPTIONS
    """Its other arguments."""
    choices: type[Choices | MaskChoices] = Choices
    sides: bool = False
    """True if it takes the number of pixels by which the canvas grows."""
    pictures: bool = False
    """True if it takes references and a sampling channel."""
    clicks: bool = False
    """True if it takes places to click, as a script writes them."""
    menus: tuple[str, ...] = (MENU,)


COMMANDS = {
    "inpaintd-fill": Command(
        "_Heal Selection (Content-Aware)",
        "Remove or erase what is selected: inpaint it from its surroundings (content-aware, "
        "generative fill)",
        "Continues the surroundings into the selection, without opening a dialog. The result "
        "goes where the Inpaint dialog last put it: into a new layer, or into the active one. An "
        "empty active layer receives the result, made from everything visible below it.",
        commands.heal,
        menus=FIRST_MENUS,
    ),
    "inpaintd-inpaint": Command(
        "_Inpaint (Generative Fill)...",
        "Repaint the selection or the transparent parts: heal, remove, erase or replace "
        "content-aware, or by a prompt",
        "Sends the hole and its surroundings to the inpaint daemon, starting it if necessary, "
        "and inserts the result above the active layer as one undo step. Without a selection, "
        "the hole is a floating selection, else the transparency of the layer, else the part "
        "hidden by its layer mask. Returns the new layer; with several variants, their group.",
        commands.inpaint,
        settings=all_settings(),
        pictures=True,
    ),
    "inpaintd-again": Command(
        "Inpaint _Again",
        "Redo the active inpaint fill in place, with a new seed",
        "If the active layer is a fill, replaces it with a new one, made with the same settings, "
        "source and hole but a new seed. Otherwise, uses the settings last chosen in the Inpaint "
        "dialog.",
        commands.again,
    ),
    "inpaintd-edit-again": Command(
        "Inpaint: _Edit Again...",
        "Change the settings of the active inpaint fill and replace it",
        "The layer must carry the recipe that Inpaint attaches to its layers. Called "
        "non-interactively, it repeats that recipe unchanged, with the same seed.",
        commands.edit_again,
        options=(),
    ),
    "inpaintd-variants": Command(
        "Inpaint: Choose _Variant...",
        "Browse the variants of an inpaint fill and keep one",
        "For a group of variants made by Inpaint: shows them one at a time, adds more, and "
        "replaces the group with the one that is kept.",
        commands.choose_variant,
        options=(),
    ),
    "inpaintd-outpaint": Command(
        "_Outpaint (Extend Canvas)...",
        "Enlarge the canvas and inpaint the new area: uncrop, extend, generative expand",
        "Adds the given number of pixels to each side of the canvas, and fills what the active "
        "layer does not cover, as one undo step. With no side given, it fills the current canvas.",
        commands.outpaint,
        settings=all_settings(),
        options=(),
        sides=True,
    ),
    "inpaintd-mask-by-text": Command(
        "Mask by _Text...",
        "Select what your words describe in the layer, for inpaint, or make a layer mask or "
        "channel of it",
        "Searches the whole layer, including the fills above it, for the words, and turns the "
        "mask into a selection, the layer's mask or a channel, as one undo step. Returns the "
        "image's selection, the layer mask or the channel.",
        commands.mask_by_text,
        settings=MASK_SETTINGS,
        options=("result", "combination"),
        choices=MaskChoices,
    ),
    "inpaintd-select-object": Command(
        "Select _Object...",
        "Select an object by clicking it: segment, cut out or mask a person or thing, for inpaint",
        "Shows the layer, including the fills above it, for you to click an object or box it, "
        "and turns the object into a selection, the layer's mask or a channel, as one undo step. "
        "Called non-interactively, it uses the given clicks, or else the selection. Returns the "
        "image's selection, the layer mask or the channel.",
        commands.select_object,
        settings=SHAPE_SETTINGS,
        options=("part", "result", "combination"),
        choices=ObjectChoices,
        clicks=True,
        menus=SELECT_MENUS,
    ),
    "inpaintd-snap-selection": Command(
        "S_nap Selection to Object",
        "Snap a rough selection to the outline of the object in it, for inpaint",
        "Replaces a rough selection with the outline of the object in it, as one undo step. "
        "Returns the image's selection.",
        commands.snap_selection,
        options=(),
        choices=MaskChoices,
        menus=SELECT_MENUS,
    ),
}

_CLICKS = {
    "clicks": ("Clicks", "Points on the object, as X,Y X,Y …; empty to use the selection"),
    "not-clicks": ("Clicks to exclude", "Points outside the object, as X,Y X,Y …"),
}

WINDOWS = {
    "inpaintd-models": WindowCommand(
        "_Models...",
        "Install and remove models for inpaint, check their files, set up the graphics card, or "
        "uninstall inpaintd",
        "Lists installed and available models, with their sizes and licences.",
        manage_models,
        MENU,
    ),
}

_PICTURES = {
    "sampling-channel": (
        "Sampling channel",
        "Name of a channel that is white where the fill may copy from; empty for everywhere",
    ),
    "references": (
        "References",
        "Pictures that show what to paint, one per line: FILE, FILE:WEIGHT or layer:NAME:WEIGHT",
    ),
}

_SIDES = {
    "left": "Left",
    "right": "Right",
    "top": "Top",
    "bottom": "Bottom",
}
_MOST_PIXELS = 16384


class InpaintPlugIn(Gimp.PlugIn):  # type: ignore[misc]  # gi has no types
    """The methods through which GIMP queries and creates procedures."""

    def do_query_procedures(self) -> list[str]:
        self.set_help_domain(HELP_DOMAIN, Gio.File.new_for_path(str(HELP_FOLDER)))
        return [*COMMANDS, *WINDOWS]

    def do_set_i18n(self, _name: str) -> tuple[bool, str, str]:
        return True, DOMAIN, CATALOGUES.name

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        if name in WINDOWS:
            return create(self, name, WINDOWS[name], ICON)
        command = COMMANDS[name]
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, _run, command)
        procedure.set_image_types("*")
        # Also with no layer or several, so that a message can explain the problem.
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
        procedure.set_menu_label(_(command.label))
        for path in command.menus:
            procedure.add_menu_path(path)
        procedure.set_documentation(_(command.blurb), _(command.help), name)
        if ICON.exists():
            procedure.set_icon_file(Gio.File.new_for_path(str(ICON)))
        procedure.set_attribution("The inpaintd developers", "Apache-2.0", "2026")
        add_settings_arguments(procedure, command.settings)
        for option in command.options:
            _add_option(procedure, option)
        if command.sides:
            _add_sides(procedure)
        if command.clicks:
            _add_texts(procedure, _CLICKS)
        if command.pictures:
            _add_texts(procedure, _PICTURES)
        _add_return_value(procedure, command)
        return procedure


def main(arguments: Sequence[str]) -> None:
    Gimp.main(InpaintPlugIn.__gtype__, list(arguments))


def _add_option(procedure: Gimp.Procedure, name: str) -> None:
    option, choice = OPTIONS[name], Gimp.Choice.new()
    for index, (nick, (label, help_text)) in enumerate(option.choices.items()):
        choice.add(nick, index, _(label), _(help_text))
    flags, default = GObject.ParamFlags.READWRITE, next(iter(option.choices))
    procedure.add_choice_argument(
        argument_name(name), _(option.label), _(option.help), choice, default, flags
    )


def _add_sides(procedure: Gimp.Procedure) -> None:
    for name, label in _SIDES.items():
        words = _("Pixels to add to the canvas on this side")
        flags = GObject.ParamFlags.READWRITE
        procedure.add_int_argument(name, _(label), words, 0, _MOST_PIXELS, 0, flags)


def _add_texts(procedure: Gimp.Procedure, texts: dict[str, tuple[str, str]]) -> None:
    for name, (label, blurb) in texts.items():
        flags = GObject.ParamFlags.READWRITE
        procedure.add_string_argument(name, _(label), _(blurb), "", flags)


def _add_return_value(procedure: Gimp.Procedure, command: Command) -> None:
    flags = GObject.ParamFlags.READWRITE
    if issubclass(command.choices, MaskChoices):
        words = "The image's selection, the layer's mask, or the new channel"
        procedure.add_channel_return_value("mask", "Mask", words, True, flags)
    else:
        words = "The new layer, or the group of new layers when there are several variants"
        procedure.add_layer_return_value("layer", "New layer", words, True, flags)


def _run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    command: Command,
) -> Gimp.ValueArray:
    """One call. Nothing is raised out of here: GIMP would show nothing at all."""
    status = Gimp.PDBStatusType
    try:
        Gegl.init(None)
        options = {name: config.get_property(argument_name(name)) for name in command.options}
        settings = settings_from_config(config, command.settings)
        passed = command.choices(settings, **options)
        if command.pictures:
            passed = with_pictures(passed, *(config.get_property(name) for name in _PICTURES))
        sides = [config.get_property(name) for name in _SIDES] if command.sides else []
        clicks = [config.get_property(name) or "" for name in _CLICKS] if command.clicks else []
        call = commands.Call(
            image, list(drawables), run_mode, passed, Sides(*sides), tuple(clicks) or ("", "")
        )
        made = carry_out(lambda: command.run(call), by_script=call.by_script)
        if call.chosen is not None:
            settings_to_config(call.chosen.settings, config, command.settings)
            for name in command.options:
                config.set_property(argument_name(name), getattr(call.chosen, name))
    except InpaintError as error:
        # Who closes an image while it is being filled needs no message about that.
        if error.code == CANCELLED or _closed_by_the_user(image, run_mode):
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(in_gimp(error)))
    except Exception as error:
        if _closed_by_the_user(image, run_mode):
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        shown = messages.unexpected(error, Path(Gimp.directory()))
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(shown)))
    return _success(procedure, made)


def with_pictures(choices: Choices, channel: str | None, references: str | None) -> Choices:
    """Arguments that a script passes as texts.

    Raises:
        InpaintError: `bad_message` when a reference cannot be read.
    """
    pictures = []
    for line in (references or "").splitlines():
        try:
            pictures.append(ReferencePicture.from_text(line))
        except ValueError:
            raise messages.bad_reference(line) from None
    return replace(choices, sampling_channel=channel or "", references=tuple(pictures))


def _closed_by_the_user(image: Gimp.Image, run_mode: Gimp.RunMode) -> bool:
    return bool(run_mode != Gimp.RunMode.NONINTERACTIVE) and not image.is_valid()


def _success(procedure: Gimp.Procedure, made: Gimp.Item) -> Gimp.ValueArray:
    values: Any = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    kind = Gimp.Layer if isinstance(made, Gimp.Layer) else Gimp.Channel
    values.remove(1)
    values.insert(1, GObject.Value(kind, made))
    return values
