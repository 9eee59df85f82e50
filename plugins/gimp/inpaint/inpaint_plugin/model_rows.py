"""The rows of the list of models."""

from __future__ import annotations

from gi.repository import Gtk, Pango

from inpaintd_protocol.messages import ModelInfo

# GIMP's themes give every widget a background of its own, which shows as patches in a list.
_CSS = b"""
row box, row label { background-color: transparent; }
row:selected { background-color: #3f6ea5; }
row:selected label { color: white; }
"""


def style(rows: Gtk.ListBox) -> None:
    """Have rows look like rows in all of GIMP's themes."""
    provider = Gtk.CssProvider()
    provider.load_from_data(_CSS)
    Gtk.StyleContext.add_provider_for_screen(
        rows.get_screen(), provider, Gtk.STYLE_PROVIDER_PRIORITY_USER
    )


def section_row(title: str) -> Gtk.ListBoxRow:
    """A heading, whose `name` is empty."""
    row = Gtk.ListBoxRow(selectable=False, activatable=False)
    row.name = ""
    label = Gtk.Label(label=title, xalign=0.0, margin_top=8, margin_bottom=2, margin_start=6)
    label.get_style_context().add_class("dim-label")
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_weight_new(Pango.Weight.BOLD))
    label.set_attributes(attributes)
    row.add(label)
    return row


def model_row(model: ModelInfo, state: str) -> tuple[Gtk.ListBoxRow, Gtk.Label]:
    """The row of a model, whose `name` it has, and the label of its state."""
    row = Gtk.ListBoxRow()
    row.name = model.name
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, border_width=4, margin_start=6)
    title = Gtk.Label(label=model.title, xalign=0.0, ellipsize=Pango.EllipsizeMode.END)
    title.set_tooltip_text(model.title)
    below = Gtk.Label(label=state, xalign=0.0, ellipsize=Pango.EllipsizeMode.END)
    below.get_style_context().add_class("dim-label")
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_scale_new(0.85))
    below.set_attributes(attributes)
    box.pack_start(title, False, False, 0)
    box.pack_start(below, False, False, 0)
    row.add(box)
    return row, below
