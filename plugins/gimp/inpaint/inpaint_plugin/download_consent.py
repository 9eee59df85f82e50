"""The question before a download: size, licence, and the hub's token where one is needed."""

from __future__ import annotations

from gi.repository import Gdk, GimpUi, Gtk

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.messages import InstallModel, Offer

from .model_words import COMMERCIAL, size_in_words
from .offer_window import heading, paragraph, table
from .texts import _
from .windows import show_in_the_middle

_TOKENS = "https://huggingface.co/settings/tokens"


def ask_before(model: str, offer: Offer, parent: Gtk.Window | None) -> InstallModel | None:
    """The request to send, or None when the user declines."""
    dialog = _Dialog(offer, parent)
    try:
        if not dialog.run():
            return None
        return InstallModel(
            new_request_id(), model, accept_licence=offer.must_accept, token=dialog.token()
        )
    finally:
        dialog.window.destroy()


class _Dialog:
    def __init__(self, offer: Offer, parent: Gtk.Window | None) -> None:
        self._offer = offer
        self._parent = parent
        self.window = GimpUi.Dialog(title=_("Install a Model"), role="inpaint-consent")
        self.window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self.window.add_button(_("_Install"), Gtk.ResponseType.OK)
        self.window.set_default_response(Gtk.ResponseType.OK)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=10, border_width=16)
        self.window.get_content_area().pack_start(box, True, True, 0)
        box.pack_start(heading(offer.title), False, False, 0)
        box.pack_start(table(_facts(offer)), False, False, 0)
        self._accept = Gtk.CheckButton(
            label=_("I have read and accept the licence"), no_show_all=not offer.must_accept
        )
        self._accept.connect("toggled", lambda *_args: self._check())
        self._token = Gtk.Entry(
            visibility=False,
            input_purpose=Gtk.InputPurpose.PASSWORD,
            placeholder_text="hf_…",
            activates_default=True,
        )
        self._token.connect("changed", lambda *_args: self._check())
        if offer.page:
            box.pack_start(_link(_("Read the licence"), offer.page), False, False, 0)
        box.pack_start(self._accept, False, False, 0)
        if offer.needs_token:
            box.pack_start(
                paragraph(
                    _(
                        "The hub provides this model to its members only. Accept the licence on "
                        "the model's page there, then enter a token with read access. It is "
                        "stored on this computer, for your account only, and you are asked for "
                        "it only once."
                    )
                ),
                False,
                False,
                0,
            )
            box.pack_start(_link(_("Create a token"), _TOKENS), False, False, 0)
            box.pack_start(self._token, False, False, 0)
        self._room = offer.free_bytes >= offer.needed_bytes
        if not self._room:
            bar = Gtk.InfoBar(message_type=Gtk.MessageType.ERROR)
            words = _("There is not enough disk space. Remove a model, or free some space.")
            bar.get_content_area().add(paragraph(words))
            box.pack_start(bar, False, False, 0)
        self.window.get_content_area().show_all()
        self._check()

    def run(self) -> bool:
        show_in_the_middle(self.window)
        if self._parent is not None:
            self.window.set_transient_for(self._parent)
        first = self._accept
        if not self._offer.must_accept:
            first = self._token if self._offer.needs_token else None
        (first or self.window.get_widget_for_response(Gtk.ResponseType.OK)).grab_focus()
        return bool(self.window.run() == Gtk.ResponseType.OK)

    def token(self) -> str:
        return str(self._token.get_text()).strip()

    def _check(self) -> None:
        accepted = self._accept.get_active() or not self._offer.must_accept
        known = bool(self.token()) or not self._offer.needs_token
        self.window.set_response_sensitive(Gtk.ResponseType.OK, accepted and known and self._room)


def _facts(offer: Offer) -> list[tuple[str, str]]:
    download = size_in_words(offer.missing_bytes)
    if offer.missing_bytes < offer.total_bytes:
        download = _("{missing}, the rest of {total}").format(
            missing=download, total=size_in_words(offer.total_bytes)
        )
    room = _("{needed} ({free} free)").format(
        needed=size_in_words(offer.needed_bytes), free=size_in_words(offer.free_bytes)
    )
    facts = (
        (_("Download"), download),
        (_("Room"), room),
        (_("Licence"), offer.licence or _("unknown; see the model's page")),
        (_("Commercial use"), _(COMMERCIAL.get(offer.commercial, ""))),
    )
    return [(label, value) for label, value in facts if value]


def _link(text: str, address: str) -> Gtk.LinkButton:
    link = Gtk.LinkButton.new_with_label(address, text)
    link.set_halign(Gtk.Align.START)
    link.set_tooltip_text(address)
    link.set_events(Gdk.EventMask.BUTTON_PRESS_MASK)
    return link
