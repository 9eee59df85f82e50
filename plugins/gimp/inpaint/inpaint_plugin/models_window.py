"""The model manager window: list, install, verify and remove models."""

from __future__ import annotations

from gi.repository import GimpUi, GLib, Gtk

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Disk,
    GetDisk,
    GetOffer,
    InstallModel,
    ListModels,
    Message,
    ModelDone,
    ModelInfo,
    ModelProgress,
    Models,
    ModelUsage,
    Offer,
    PauseModel,
    RemoveModel,
    UseModel,
    VerifyModel,
)

from .card_bar import CardBar
from .download_consent import ask_before
from .following import CANCELLED
from .help import help_on_f1
from .model_details import ModelDetails, Work
from .model_errands import ModelErrands
from .model_rows import model_row, section_row, style
from .model_words import size_in_words, state_in_words
from .texts import _
from .uninstalling import uninstall
from .windows import show_beside_the_picture

_LIST_SIZE = (310, 380)
_UNINSTALL = 1
_LATER_MILLISECONDS = 3000
"""Time by which the daemon has an answer from the graphics card's driver, which is slow."""


def manage_models(selected: str = "") -> None:
    """Show the window until it is closed; downloads continue without it.

    Raises:
        InpaintError: `cancelled` when inpaintd was uninstalled, so that GIMP keeps nothing of the
            call either.
    """
    GimpUi.init("inpaint")
    window = _Window(selected)
    try:
        window.run()
    finally:
        window.close()


class _Window:
    def __init__(self, selected: str) -> None:
        self._errands = ModelErrands()
        self._selected = selected
        self._models: dict[str, ModelInfo] = {}
        self._helpers: frozenset[str] = frozenset()
        self._usage: dict[str, ModelUsage] = {}
        self._work: dict[str, Work] = {}
        self._said: dict[str, str] = {}
        self._rows: dict[str, Gtk.Label] = {}
        self._window = GimpUi.Dialog(title=_("Models"), role="inpaint-models")
        rare = self._window.add_button(_("_Uninstall inpaintd…"), _UNINSTALL)
        rare.get_parent().set_child_secondary(rare, True)
        self._window.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        content = self._window.get_content_area()
        self._card = CardBar(self._refresh)
        content.pack_start(self._card.bar, False, False, 0)
        sides = Gtk.Box(spacing=16, border_width=12)
        content.pack_start(sides, True, True, 0)
        self._list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.BROWSE)
        style(self._list)
        self._list.connect("row-selected", lambda _list, row: self._on_row(row))
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
        scrolled.set_size_request(*_LIST_SIZE)
        scrolled.add(self._list)
        self._room = Gtk.Label(xalign=0.0)
        self._room.get_style_context().add_class("dim-label")
        self._search = Gtk.SearchEntry(placeholder_text=_("Search"))
        self._search.connect("search-changed", lambda *_args: self._on_search())
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        left.pack_start(self._search, False, False, 0)
        left.pack_start(scrolled, True, True, 0)
        left.pack_start(self._room, False, False, 0)
        sides.pack_start(left, False, False, 0)
        actions = (self._install, self._pause, self._cancel, self._use, self._verify, self._remove)
        names = ("install", "pause", "cancel", "use", "verify", "remove")
        self._details = ModelDetails(dict(zip(names, actions, strict=True)))
        sides.pack_start(self._details.box, True, True, 0)
        sides.show()
        left.show_all()

    def run(self) -> None:
        self._refresh()
        later = GLib.timeout_add(_LATER_MILLISECONDS, self._refresh_later)
        show_beside_the_picture(self._window, "inpaint-models")
        help_on_f1(self._window, "models")
        self._search.grab_focus()
        while self._window.run() == _UNINSTALL:
            if uninstall(self._window):
                GLib.source_remove(later)
                raise InpaintError(CANCELLED, _("Cancelled."))
        GLib.source_remove(later)

    def close(self) -> None:
        self._errands.close()
        self._window.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    # ------------------------------------------------------------------------- what there is

    def _refresh(self) -> None:
        self._errands.start(ListModels(new_request_id()), self._on_models)
        self._errands.start(GetDisk(new_request_id()), self._on_disk)

    def _refresh_later(self) -> bool:
        self._errands.start(ListModels(new_request_id()), self._on_models)
        return True

    def _on_models(self, answer: Message | None, error: InpaintError | None) -> None:
        if isinstance(answer, Models):
            models = {one.name: one for one in (*answer.models, *answer.helpers)}
            self._helpers = frozenset(one.name for one in answer.helpers)
            self._card.tell(answer.notices)
            if models != self._models:
                self._models = models
                self._fill_list()
        elif error is not None:
            self._details.say(str(error))

    def _on_disk(self, answer: Message | None, error: InpaintError | None) -> None:
        if isinstance(answer, Disk):
            self._usage = {one.name: one for one in answer.models}
            taken = sum(one.bytes for one in answer.models if one.own)
            words = _("Models use {taken}; {free} free.")
            self._room.set_text(
                words.format(
                    taken=size_in_words(taken) if taken else _("no room"),
                    free=size_in_words(answer.free_bytes),
                )
            )
            self._fill_list()
        elif error is not None:
            self._details.say(str(error))

    def _fill_list(self) -> None:
        chosen, sought = self._selected, self._search.get_text().strip().lower()
        for row in self._list.get_children():
            row.destroy()
        self._rows.clear()
        found = [m for m in self._models.values() if sought in f"{m.title} {m.name}".lower()]
        here = [m for m in found if m.installed or m.name in self._usage]
        here.sort(key=lambda m: (not m.default, m.name not in self._usage))
        rest = [m for m in found if m not in here]
        sections = (
            (_("On this computer"), here),
            (_("For painting and removing"), [m for m in rest if m.name not in self._helpers]),
            (_("For selecting and guiding"), [m for m in rest if m.name in self._helpers]),
        )
        for title, models in sections:
            if models:
                self._list.add(section_row(title))
            for model in models:
                row, self._rows[model.name] = model_row(model, self._state(model.name))
                self._list.add(row)
        self._list.show_all()
        rows = [row for row in self._list.get_children() if row.name]
        row = next((row for row in rows if row.name == chosen), rows[0] if rows else None)
        self._list.select_row(row)

    def _on_search(self) -> None:
        self._selected = ""  # the first that is found
        self._fill_list()

    def _state(self, name: str) -> str:
        work = self._work.get(name)
        if work is not None and work.progress is not None and work.progress.total_bytes:
            percent = round(100 * work.progress.done_bytes / work.progress.total_bytes)
            return f"{work.words} {percent} %"
        if work is not None:
            return work.words
        return state_in_words(self._models[name], self._usage.get(name))

    def _on_row(self, row: Gtk.ListBoxRow | None) -> None:
        if row is not None and row.name:
            self._selected = row.name
            self._show()

    def _show(self) -> None:
        name = self._selected
        if name not in self._models:
            return
        self._details.show(
            self._models[name],
            self._usage.get(name),
            self._work.get(name),
            fills=name not in self._helpers,
        )
        self._details.say(self._said.get(name, ""))
        self._show_state(name)

    def _show_state(self, name: str) -> None:
        if name in self._rows:  # else a search hides it
            self._rows[name].set_text(self._state(name))

    # ------------------------------------------------------------------------- what is done

    def _begin(self, name: str, work: Work, request: Message) -> None:
        """Send a request about a model, show how far it is, and refresh at its end."""
        work.request_id = request.request_id
        self._work[name] = work
        self._said.pop(name, None)
        self._show()

        def on_progress(progress: ModelProgress) -> None:
            work.progress = progress
            self._show_state(name)
            if name == self._selected:
                self._details.show_work(work)

        def on_end(answer: Message | None, error: InpaintError | None) -> None:
            self._work.pop(name, None)
            if isinstance(answer, ModelDone) and answer.state == "verified":
                self._said[name] = _("All files are intact.")
            elif error is not None and error.code != CANCELLED:
                self._said[name] = error.message if error.code == "unsupported" else str(error)
            self._show()
            self._refresh()

        self._errands.start(request, on_end, on_progress)

    def _install(self) -> None:
        name = self._selected
        if name in self._usage and not self._usage[name].whole:
            resumed = InstallModel(new_request_id(), name, accept_licence=True)
            self._begin(name, Work(_("Fetching"), is_download=True), resumed)
            return
        asked = GetOffer(new_request_id(), name)
        self._work[name] = Work(_("Contacting the hub"))
        self._said.pop(name, None)
        self._show()

        def on_offer(answer: Message | None, error: InpaintError | None) -> None:
            self._work.pop(name, None)
            if error is not None:
                self._said[name] = error.message
            self._show()
            if not isinstance(answer, Offer):
                return
            request = ask_before(name, answer, self._window)
            if request is not None:
                self._begin(name, Work(_("Fetching"), is_download=True), request)

        self._errands.start(asked, on_offer)

    def _pause(self) -> None:
        self._errands.start(PauseModel(new_request_id(), self._selected), lambda *_args: None)

    def _cancel(self) -> None:
        """End it; of a download, nothing is kept."""
        name = self._selected
        work = self._work[name]
        self._errands.cancel(work.request_id)
        if work.is_download:
            self._errands.start(RemoveModel(new_request_id(), name), lambda *_args: self._refresh())

    def _use(self) -> None:
        name = self._selected
        self._begin(name, Work(_("Setting the default")), UseModel(new_request_id(), name))

    def _verify(self) -> None:
        name = self._selected
        self._begin(name, Work(_("Reading its files")), VerifyModel(new_request_id(), name))

    def _remove(self) -> None:
        name = self._selected
        model, usage = self._models[name], self._usage[name]
        if usage.own:
            words = _("This frees {size}. You can install it again at any time.")
        else:
            words = _("It is only removed from the list; its files stay where they are.")
        question = Gtk.MessageDialog(
            transient_for=self._window,
            modal=True,
            message_type=Gtk.MessageType.QUESTION,
            text=_("Remove {model}?").format(model=model.title),
            secondary_text=words.format(size=size_in_words(usage.bytes)),
        )
        question.add_button(_("_Keep"), Gtk.ResponseType.CANCEL)
        question.add_button(_("_Remove"), Gtk.ResponseType.OK)
        sure = question.run() == Gtk.ResponseType.OK
        question.destroy()
        if sure:
            self._begin(name, Work(_("Removing it")), RemoveModel(new_request_id(), name))
