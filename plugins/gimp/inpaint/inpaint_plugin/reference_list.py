"""The reference pictures in a dialog: a row for each, and buttons that add layers and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gi.repository import Gimp, Gtk, Pango

from .reference_pictures import HEAVIEST, ReferencePicture
from .target import Target
from .texts import _


class ReferenceList:
    """Shows which pictures go along with a fill, and lets the user change them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pictures: list[ReferencePicture] = []
        self.box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._rows = Gtk.Grid(column_spacing=6, row_spacing=6)
        self.box.pack_start(self._rows, False, False, 0)
        self._layers = Gtk.ComboBoxText(hexpand=True)
        self._layers.set_tooltip_text(_("Use one of the image's layers as a reference."))
        self._layers.connect("changed", lambda *_args: self._on_layer())
        file = Gtk.Button(label=_("Add _File…"), use_underline=True)
        file.set_tooltip_text(_("Use a picture file as a reference."))
        file.connect("clicked", lambda *_args: self._on_file())
        add = Gtk.Box(spacing=6)
        add.pack_start(self._layers, True, True, 0)
        add.pack_start(file, False, False, 0)
        self.box.pack_start(add, False, False, 0)
        self._filling_in = False

    def get(self) -> tuple[ReferencePicture, ...]:
        return tuple(self._pictures)

    def set(self, pictures: Sequence[ReferencePicture]) -> None:
        self._pictures = list(pictures)
        self._lay_out()

    def _lay_out(self) -> None:
        for child in self._rows.get_children():
            self._rows.remove(child)
        for number, picture in enumerate(self._pictures):
            self._add_row(number, picture)
        self._filling_in = True
        self._layers.remove_all()
        self._layers.append("", _("Add a layer…"))
        for layer in _layers_of(self._target.image):
            if layer.get_id() != self._target.layer.get_id():
                self._layers.append(str(layer.get_tattoo()), layer.get_name())
        self._layers.set_active_id("")
        self._filling_in = False
        self._rows.show_all()

    def _add_row(self, number: int, picture: ReferencePicture) -> None:
        name = picture.name if picture.kind == "layer" else Path(picture.name).name
        label = Gtk.Label(label=name, xalign=0.0, hexpand=True)
        label.set_ellipsize(Pango.EllipsizeMode.MIDDLE)
        label.set_tooltip_text(picture.name)
        icon = "gimp-layer" if picture.kind == "layer" else "image-x-generic"
        weight = Gtk.SpinButton.new_with_range(0, HEAVIEST, 0.05)
        weight.set_digits(2)
        weight.set_value(picture.weight)
        weight.set_activates_default(True)
        weight.set_tooltip_text(
            _("How strongly this picture influences the fill; some models ignore weights.")
        )
        weight.connect("value-changed", lambda spin: self._on_weight(number, spin.get_value()))
        remove = Gtk.Button.new_from_icon_name("list-remove", Gtk.IconSize.BUTTON)
        remove.set_tooltip_text(_("Remove this picture"))
        remove.connect("clicked", lambda *_args: self._remove(number))
        image = Gtk.Image.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
        for column, widget in enumerate((image, label, weight, remove)):
            self._rows.attach(widget, column, number, 1, 1)

    def _add(self, picture: ReferencePicture) -> None:
        self._pictures.append(picture)
        self._lay_out()

    def _remove(self, number: int) -> None:
        del self._pictures[number]
        self._lay_out()

    def _on_weight(self, number: int, weight: float) -> None:
        self._pictures[number] = replace(self._pictures[number], weight=round(weight, 2))

    def _on_layer(self) -> None:
        chosen = self._layers.get_active_id()
        if chosen and not self._filling_in:
            name = self._layers.get_active_text() or ""
            self._add(ReferencePicture("layer", name, tattoo=int(chosen)))

    def _on_file(self) -> None:
        chooser = Gtk.FileChooserDialog(
            title=_("Choose a Reference Picture"),
            transient_for=self.box.get_toplevel(),
            modal=True,
            action=Gtk.FileChooserAction.OPEN,
        )
        chooser.add_buttons(_("_Cancel"), Gtk.ResponseType.CANCEL, _("_Open"), Gtk.ResponseType.OK)
        chooser.set_default_response(Gtk.ResponseType.OK)
        if chooser.run() == Gtk.ResponseType.OK and chooser.get_filename():
            self._add(ReferencePicture("file", chooser.get_filename()))
        chooser.destroy()


def _layers_of(image: Gimp.Image) -> list[Gimp.Layer]:
    """All layers, those in groups included, from the top."""
    found = []
    pending = list(image.get_layers())
    while pending:
        layer = pending.pop(0)
        found.append(layer)
        if layer.is_group():
            pending = [*layer.get_children(), *pending]
    return found
