"""The right side of the window of models: one model, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gi.repository import Gtk

from inpaintd_protocol.messages import ModelInfo, ModelProgress, ModelUsage

from .model_words import facts_of, fraction_of, progress_in_words
from .offer_window import heading, paragraph, table
from .texts import _

_WIDTH = 430


@dataclass
class Work:
    """Something under way for a model."""

    words: str
    """The current activity, while no progress has been reported."""
    is_download: bool = False
    request_id: str = ""
    progress: ModelProgress | None = None


class ModelDetails:
    """Shows a model. Its buttons call `actions` by name: install, pause, cancel, use, ..."""

    def __init__(self, actions: Mapping[str, Callable[[], None]]) -> None:
        self.box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=10)
        self.box.set_size_request(_WIDTH, -1)
        self._about = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=10)
        self._bar = Gtk.ProgressBar(show_text=True)
        self._trouble = Gtk.InfoBar(message_type=Gtk.MessageType.WARNING)
        self._said = paragraph("")
        self._said.set_width_chars(40)
        self._trouble.get_content_area().add(self._said)
        buttons = Gtk.Box(spacing=6)
        self._buttons: dict[str, Gtk.Button] = {}
        for name, label in _LABELS.items():
            button = Gtk.Button(label=_(label), use_underline=True)
            button.connect("clicked", lambda _button, name=name: actions[name]())
            self._buttons[name] = button
            buttons.pack_start(button, False, False, 0)
        self._buttons["install"].get_style_context().add_class("suggested-action")
        self.box.pack_start(self._about, False, False, 0)
        self.box.pack_start(self._bar, False, False, 0)
        self.box.pack_start(self._trouble, False, False, 0)
        self.box.pack_end(buttons, False, False, 0)
        self.box.show_all()
        self._bar.hide()
        self._trouble.hide()

    def show(
        self, model: ModelInfo, usage: ModelUsage | None, work: Work | None, *, fills: bool
    ) -> None:
        """Show the details of a model, and the buttons that apply now.

        Args:
            fills: whether it fills by itself, so that it can be the default.
        """
        for child in self._about.get_children():
            child.destroy()
        self._about.pack_start(heading(model.title), False, False, 0)
        self._about.pack_start(table(facts_of(model, usage)), False, False, 0)
        self._about.show_all()
        begun = usage is not None and not usage.whole
        own = usage is not None and usage.own
        self._buttons["install"].set_label(_("_Resume") if begun else _("_Install…"))
        idle = work is None
        shown = {
            "install": idle and not model.installed and bool(model.install),
            "pause": work is not None and work.is_download,
            "cancel": work is not None and bool(work.request_id),
            "use": idle and model.installed and not model.default and fills,
            "verify": idle and model.installed and own,
            "remove": idle and usage is not None,
        }
        for name, button in self._buttons.items():
            button.set_visible(shown[name])
        self.show_work(work)

    def show_work(self, work: Work | None) -> None:
        """Show how far it is."""
        self._bar.set_visible(work is not None)
        if work is None:
            return
        progress = work.progress
        self._bar.set_fraction(fraction_of(progress) if progress else 0.0)
        self._bar.set_text(progress_in_words(progress) if progress else work.words)

    def say(self, words: str) -> None:
        """Say what went wrong, or how something ended; "" to say no more."""
        self._said.set_text(words)
        self._trouble.set_visible(bool(words))


_LABELS = {
    "install": "_Install…",
    "pause": "_Pause",
    "cancel": "_Cancel",
    "use": "Use as _Default",
    "verify": "Check _Files",
    "remove": "Re_move…",
}
"""Actions, and what their buttons say."""
