"""One widget for each setting, made from the setting's own label, help, range and default."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import Field
from typing import Any

from gi.repository import GObject, Gtk

from .texts import _

_ZERO = {"text_mask_threshold": "Soft"}
"""The name of 0, for settings where it has a special meaning."""

_SLIDER_RANGE = 1000
"""A slider over a wider range cannot be set to a pixel; such numbers get only a field."""


class SettingWidget:
    """A widget that shows a setting and gives its value back."""

    def __init__(
        self,
        widget: Gtk.Widget,
        get: Callable[[], Any],
        set_value: Callable[[Any], None],
        *signals: tuple[GObject.Object, str],
    ) -> None:
        """
        Args:
            signals: (object, signal) of whatever tells that the value has changed.
        """
        self.widget = widget
        self.get = get
        self.set = set_value
        self.signals = signals

    def on_change(self, action: Callable[[], None]) -> None:
        for source, signal in self.signals:
            source.connect(signal, lambda *_args: action())


def widget_for(field: Field[Any], kind: type, optional: bool) -> SettingWidget:
    """The widget that suits a setting's type and range."""
    about = field.metadata
    if field.name == "intent":
        made = _intent()
    elif about["choices"]:
        made = _choice(about["choices"])
    elif kind is bool:
        made = _switch(_(about["label"]))
    elif kind is str:
        made = _line()
    elif optional and field.name == "seed":
        made = _seed(int(about["maximum"]))
    elif field.name in _ZERO:
        made = _number_or(_ZERO[field.name], about, kind)
    elif optional:
        made = _optional_number(about, kind)
    else:
        made = _number(about, kind)
    made.widget.set_tooltip_text(_(about["help"]))
    return made


def text_box(lines: int, tooltip: str) -> SettingWidget:
    """Several lines of text that wrap; Tab leaves it, as in every other field."""
    view = Gtk.TextView(wrap_mode=Gtk.WrapMode.WORD_CHAR, accepts_tab=False)
    for margin in (view.set_left_margin, view.set_right_margin):
        margin(6)
    for margin in (view.set_top_margin, view.set_bottom_margin):
        margin(4)
    buffer = view.get_buffer()
    scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
    scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
    line = view.create_pango_layout("X").get_pixel_size()[1]
    scrolled.set_size_request(-1, lines * line + 12)
    scrolled.add(view)
    scrolled.set_tooltip_text(tooltip)

    def get() -> str:
        return str(buffer.get_text(buffer.get_start_iter(), buffer.get_end_iter(), False)).strip()

    made = SettingWidget(scrolled, get, buffer.set_text, (buffer, "changed"))
    made.widget.text_view = view
    return made


def _choice(choices: tuple[str, ...]) -> SettingWidget:
    combo = Gtk.ComboBoxText()
    for value in choices:
        combo.append(value, _(value.capitalize()))
    return SettingWidget(combo, combo.get_active_id, combo.set_active_id, (combo, "changed"))


_INTENTS = {
    "": "No preset",
    "fill": "Fill",
    "add": "Add",
    "remove": "Remove",
    "replace-background": "Replace the background",
    "expand": "Expand",
    "refine": "Refine",
}
"""The presets included with inpaintd, and their names in the dialog."""


def _intent() -> SettingWidget:
    """One of the known presets, or a user's own that a recipe names."""
    combo = Gtk.ComboBoxText()
    for name, label in _INTENTS.items():
        combo.append(name, _(label))

    def set_value(name: str) -> None:
        if not combo.set_active_id(name):
            combo.append(name, name)
            combo.set_active_id(name)

    return SettingWidget(combo, lambda: combo.get_active_id() or "", set_value, (combo, "changed"))


def _switch(label: str) -> SettingWidget:
    check = Gtk.CheckButton(label=label)
    return SettingWidget(check, check.get_active, check.set_active, (check, "toggled"))


def _line() -> SettingWidget:
    entry = Gtk.Entry(activates_default=True)
    return SettingWidget(
        entry, lambda: entry.get_text().strip(), entry.set_text, (entry, "changed")
    )


def _number(about: Any, kind: type) -> SettingWidget:
    low, high = float(about["minimum"]), float(about["maximum"])
    decimals, step = (0, 1.0) if kind is int else (2, 0.05)
    adjustment = Gtk.Adjustment(
        lower=low, upper=high, step_increment=step, page_increment=step * 10
    )
    spin = _spin(adjustment, decimals)
    box = Gtk.Box(spacing=6)
    if (high - low <= _SLIDER_RANGE and high - low > 8) or (kind is float and high <= 8):
        box.pack_start(_slider(adjustment, decimals), True, True, 0)
    box.pack_start(spin, False, False, 0)
    if about["unit"]:
        box.pack_start(Gtk.Label(label=about["unit"]), False, False, 0)

    def get() -> Any:
        spin.update()
        value = adjustment.get_value()
        return round(value) if kind is int else round(value, 4)

    return SettingWidget(box, get, adjustment.set_value, (adjustment, "value-changed"))


def _optional_number(about: Any, kind: type) -> SettingWidget:
    inner = _number(about, kind)
    check = Gtk.CheckButton()
    check.connect("toggled", lambda *_args: inner.widget.set_sensitive(check.get_active()))
    box = Gtk.Box(spacing=6)
    box.pack_start(check, False, False, 0)
    box.pack_start(inner.widget, True, True, 0)
    inner.widget.set_sensitive(False)

    def set_value(value: Any) -> None:
        check.set_active(value is not None)
        inner.set(about["minimum"] if value is None else value)

    def get() -> Any:
        return inner.get() if check.get_active() else None

    return SettingWidget(box, get, set_value, *inner.signals, (check, "toggled"))


def _number_or(nothing: str, about: Any, kind: type) -> SettingWidget:
    """A number above 0, or a named switch that represents 0."""
    inner = _number(about, kind)
    check = Gtk.CheckButton(label=_(nothing))
    check.connect("toggled", lambda *_args: inner.widget.set_sensitive(not check.get_active()))
    box = Gtk.Box(spacing=12)
    box.pack_start(inner.widget, True, True, 0)
    box.pack_start(check, False, False, 0)

    def set_value(value: Any) -> None:
        check.set_active(not value)
        if value:
            inner.set(value)

    def get() -> Any:
        return 0.0 if check.get_active() else inner.get()

    return SettingWidget(box, get, set_value, *inner.signals, (check, "toggled"))


def _seed(largest: int) -> SettingWidget:
    """Fresh for each run, or a number with a button that rolls another one."""
    adjustment = Gtk.Adjustment(lower=0, upper=largest, step_increment=1, page_increment=100)
    spin = _spin(adjustment, 0, characters=11)
    fresh = Gtk.CheckButton(label=_("New for each run"))
    roll = Gtk.Button(label=_("Roll"))
    roll.set_tooltip_text(_("Draw a new seed and keep it."))

    def on_roll(*_args: object) -> None:
        fresh.set_active(False)
        adjustment.set_value(random.randint(0, largest))

    fresh.connect("toggled", lambda *_args: spin.set_sensitive(not fresh.get_active()))
    roll.connect("clicked", on_roll)
    box = Gtk.Box(spacing=6)
    box.pack_start(fresh, True, True, 0)
    box.pack_start(roll, False, False, 0)
    box.pack_start(spin, False, False, 0)

    def get() -> int | None:
        spin.update()
        return None if fresh.get_active() else int(adjustment.get_value())

    def set_value(value: int | None) -> None:
        fresh.set_active(value is None)
        adjustment.set_value(random.randint(0, largest) if value is None else value)
        spin.set_sensitive(value is not None)

    return SettingWidget(box, get, set_value, (adjustment, "value-changed"), (fresh, "toggled"))


def _spin(adjustment: Gtk.Adjustment, decimals: int, characters: int = 6) -> Gtk.SpinButton:
    spin = Gtk.SpinButton(adjustment=adjustment, digits=decimals, activates_default=True)
    spin.set_numeric(True)
    spin.set_width_chars(characters)
    spin.set_alignment(1.0)
    return spin


def _slider(adjustment: Gtk.Adjustment, decimals: int) -> Gtk.Scale:
    slider = Gtk.Scale(adjustment=adjustment, digits=decimals, draw_value=False)
    slider.set_can_focus(False)  # the field beside it has the same value
    # scrolling a long dialog must not change the fields under the pointer
    slider.connect("scroll-event", lambda *_args: True)
    return slider
