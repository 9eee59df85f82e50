"""The five commands as GIMP sees them: names, menus, arguments, and what a call returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gi.repository import Gegl, Gimp, GLib, GObject

from inpaintd_protocol.errors import InpaintError

from . import commands, messages
from .arguments import (
    MASK_SETTINGS,
    add_settings_arguments,
    all_settings,
    argument_name,
    settings_from_config,
    settings_to_config,
)
from .following import CANCELLED
from .remembered import OPTIONS, Choices, MaskChoices

MENUS = ("<Image>/Filters/Enhance", "<Image>/Edit")


@dataclass(frozen=True)
class Command:
    """One procedure and menu entry."""

    label: str
    blurb: str
    help: str
    run: Callable[[commands.Call], Gimp.Item]
    settings: tuple[str, ...] = ()
    """Which settings it takes as arguments."""
    options: tuple[str, ...] = ("mask_source",)
    """What else it takes."""
    choices: type[Choices] | type[MaskChoices] = Choices


COMMANDS = {
    "inpaintd-inpaint": Command(
        "_Inpaint...",
        "Repaint what is selected, or transparent, from a prompt or from its surroundings",
        "Sends the planned rectangle round the hole to the inpaint daemon, which is started when "
        "none runs, and inserts its answer above the active layer as one undo step. Without a "
        "selection, the hole is a floating selection, else the transparency of the layer, else "
        "what its layer mask hides. Returns the new layer; with several variants, their group.",
        commands.inpaint,
        settings=all_settings(),
    ),
    "inpaintd-again": Command(
        "Inpaint _Again",
        "Repeat the last Inpaint with a new seed",
        "Takes the settings that were last chosen in the dialog of Inpaint, with a fresh seed. "
        "When the active layer is the fill of an earlier call, that fill is made anew, from the "
        "same source and, with nothing selected, in the same place.",
        commands.again,
    ),
    "inpaintd-fill": Command(
        "_Fill without Prompt",
        "Continue the surroundings into what is selected, or transparent",
        "Content-aware fill with PatchMatch: no model, no graphics card, no dialog.",
        commands.fill_without_prompt,
    ),
    "inpaintd-edit-again": Command(
        "Inpaint: _Edit Again...",
        "Open the dialog with the settings that made the active layer, and make it anew",
        "The layer must carry the recipe that Inpaint attaches to its layers. Called "
        "non-interactively it repeats that recipe as it is, with the same seed.",
        commands.edit_again,
        options=(),
    ),
    "inpaintd-mask-by-text": Command(
        "Mask by _Text...",
        "Select what words name in the layer, or make a layer mask or a channel of it",
        "Looks for the words in the whole layer, seen together with the fills above it, and makes "
        "the mask that is found a selection, the layer's mask or a channel, as one undo step. "
        "Returns the image's selection, the layer mask or the channel.",
        commands.mask_by_text,
        settings=MASK_SETTINGS,
        options=("result", "combination"),
        choices=MaskChoices,
    ),
}


class InpaintPlugIn(Gimp.PlugIn):  # type: ignore[misc]  # gi has no types
    """What GIMP asks for its procedures."""

    def do_query_procedures(self) -> list[str]:
        return list(COMMANDS)

    def do_set_i18n(self, _name: str) -> bool:
        return False

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        command = COMMANDS[name]
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, _run, command)
        procedure.set_image_types("*")
        # Also with no or several layers, so that a message can say what is missing.
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
        procedure.set_menu_label(command.label)
        for path in MENUS:
            procedure.add_menu_path(path)
        procedure.set_documentation(command.blurb, command.help, name)
        procedure.set_attribution("The inpaintd developers", "Apache-2.0", "2026")
        add_settings_arguments(procedure, command.settings)
        for option in command.options:
            _add_option(procedure, option)
        _add_return_value(procedure, command)
        return procedure


def main(arguments: Sequence[str]) -> None:
    Gimp.main(InpaintPlugIn.__gtype__, list(arguments))


def _add_option(procedure: Gimp.Procedure, name: str) -> None:
    option, choice = OPTIONS[name], Gimp.Choice.new()
    for index, (nick, (label, help_text)) in enumerate(option.choices.items()):
        choice.add(nick, index, label, help_text)
    flags, default = GObject.ParamFlags.READWRITE, next(iter(option.choices))
    procedure.add_choice_argument(
        argument_name(name), option.label, option.help, choice, default, flags
    )


def _add_return_value(procedure: Gimp.Procedure, command: Command) -> None:
    flags = GObject.ParamFlags.READWRITE
    if command.choices is MaskChoices:
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
        call = commands.Call(image, list(drawables), run_mode, passed)
        made = command.run(call)
        if call.chosen is not None:
            settings_to_config(call.chosen.settings, config, command.settings)
            for name in command.options:
                config.set_property(argument_name(name), getattr(call.chosen, name))
    except InpaintError as error:
        if error.code == CANCELLED:
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(error)))
    except Exception as error:
        shown = messages.unexpected(error, Path(Gimp.directory()))
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(shown)))
    return _success(procedure, made)


def _success(procedure: Gimp.Procedure, made: Gimp.Item) -> Gimp.ValueArray:
    values: Any = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    kind = Gimp.Layer if isinstance(made, Gimp.Layer) else Gimp.Channel
    values.remove(1)
    values.insert(1, GObject.Value(kind, made))
    return values
