"""The four commands as GIMP sees them: names, menus, arguments, and what a call returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, GLib, GObject  # noqa: E402

from inpaintd_protocol.errors import InpaintError  # noqa: E402
from inpaintd_protocol.settings import Settings  # noqa: E402

from . import commands, messages  # noqa: E402
from .arguments import add_settings_arguments, settings_from_config, settings_to_config  # noqa: E402
from .following import CANCELLED  # noqa: E402
from .masks import SOURCES  # noqa: E402
from .remembered import Choices  # noqa: E402

MENUS = ("<Image>/Filters/Enhance", "<Image>/Edit")


@dataclass(frozen=True)
class Command:
    """One procedure and menu entry."""

    label: str
    blurb: str
    help: str
    run: Callable[[commands.Call], Gimp.Layer]
    settings: bool = False
    """Whether it takes all settings as arguments, rather than only the mask source."""


COMMANDS = {
    "inpaintd-inpaint": Command(
        "_Inpaint...",
        "Repaint what is selected, or transparent, from a prompt or from its surroundings",
        "Sends the planned rectangle round the hole to the inpaint daemon, which is started when "
        "none runs, and inserts its answer above the active layer as one undo step. Without a "
        "selection, the hole is a floating selection, else the transparency of the layer, else "
        "what its layer mask hides. Returns the new layer; with several variants, their group.",
        commands.inpaint,
        settings=True,
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
        if command.settings:
            add_settings_arguments(procedure)
        if name != "inpaintd-edit-again":
            _add_mask_source(procedure)
        procedure.add_layer_return_value(
            "layer",
            "New layer",
            "The new layer, or the group of new layers when there are several variants",
            True,
            GObject.ParamFlags.READWRITE,
        )
        return procedure


def main(arguments: Sequence[str]) -> None:
    Gimp.main(InpaintPlugIn.__gtype__, list(arguments))


def _add_mask_source(procedure: Gimp.Procedure) -> None:
    choice = Gimp.Choice.new()
    for index, (nick, (label, help_text)) in enumerate(SOURCES.items()):
        choice.add(nick, index, label, help_text)
    procedure.add_choice_argument(
        "mask-source",
        "Mask source",
        "Where the hole comes from",
        choice,
        "automatic",
        GObject.ParamFlags.READWRITE,
    )


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
        passed = Choices(
            settings_from_config(config) if command.settings else Settings(),
            "automatic"
            if config.find_property("mask-source") is None
            else config.get_property("mask-source"),
        )
        call = commands.Call(image, list(drawables), run_mode, passed)
        layer = command.run(call)
        if command.settings and call.chosen is not None:
            settings_to_config(call.chosen.settings, config)
    except InpaintError as error:
        if error.code == CANCELLED:
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(error)))
    except Exception as error:
        shown = messages.unexpected(error, Path(Gimp.directory()))
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(shown)))
    return _success(procedure, layer)


def _success(procedure: Gimp.Procedure, layer: Gimp.Layer) -> Gimp.ValueArray:
    values: Any = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer, layer))
    return values
