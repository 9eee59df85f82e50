"""Commands that open a window and change no image, so that they work with none open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gi.repository import Gimp, Gio, GLib, GObject

from inpaintd_protocol.errors import InpaintError

from . import messages
from .following import CANCELLED
from .getting_ready import carry_out
from .texts import _


@dataclass(frozen=True)
class WindowCommand:
    """One procedure and menu entry; `label`, `blurb` and `help` as of other commands."""

    label: str
    blurb: str
    help: str
    run: Callable[[], None]
    menu: str


def manage_models() -> None:
    """Show the window of models."""
    from . import models_window  # here, because windows are slow to load

    models_window.manage_models()


def create(plug_in: Gimp.PlugIn, name: str, command: WindowCommand, icon: Path) -> Gimp.Procedure:
    """Make the procedure of a command."""
    procedure = Gimp.Procedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, _run, command)
    procedure.set_menu_label(_(command.label))
    procedure.add_menu_path(command.menu)
    procedure.set_documentation(_(command.blurb), _(command.help), name)
    if icon.exists():
        procedure.set_icon_file(Gio.File.new_for_path(str(icon)))
    procedure.set_attribution("The inpaintd developers", "Apache-2.0", "2026")
    procedure.add_enum_argument(
        "run-mode",
        "Run mode",
        "The run mode",
        Gimp.RunMode,
        Gimp.RunMode.INTERACTIVE,
        GObject.ParamFlags.READWRITE,
    )
    return procedure


def _run(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, command: WindowCommand
) -> Gimp.ValueArray:
    """One call. Nothing is raised out of here: GIMP would show nothing at all."""
    status = Gimp.PDBStatusType
    if config.get_property("run-mode") == Gimp.RunMode.NONINTERACTIVE:
        words = _("This command opens a window, so a script cannot use it.")
        return procedure.new_return_values(status.CALLING_ERROR, GLib.Error(words))
    try:
        carry_out(command.run, by_script=False)
    except InpaintError as error:
        if error.code == CANCELLED:
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(error)))
    except Exception as error:
        shown = messages.unexpected(error, Path(Gimp.directory()))
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(shown)))
    return procedure.new_return_values(status.SUCCESS, GLib.Error())
