"""A client of the daemon: blocking calls, built on `submit` and `poll` for event loops.

    with connect(name="my editor") as client:
        answer = client.inpaint(layer, Settings(prompt="grass"))

A client is for one thread. Starting a daemon when none runs is not its business.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from .calls import (
    ANSWER_SECONDS,
    OnPreview,
    OnProgress,
    ShouldCancel,
    Watch,
    ask,
    follow,
    follow_model,
)
from .closing import Closing
from .connection import Connection, home, read_connection
from .errors import InpaintError
from .following import SILENCE_SECONDS
from .mailbox import Mailbox
from .messages import (
    Attach,
    Cancel,
    Disk,
    Finished,
    GetDisk,
    GetOffer,
    GetStatus,
    Hello,
    Inpaint,
    InstallModel,
    Job,
    ListModels,
    MakeMask,
    Message,
    ModelDone,
    ModelProgress,
    Models,
    ObjectPrompt,
    Offer,
    PauseModel,
    Plan,
    Planned,
    RemoveModel,
    SetUp,
    Shutdown,
    ShuttingDown,
    Status,
    UseModel,
    VerifyModel,
    Welcome,
)
from .plane import Plane
from .rectangle import Rectangle
from .settings import Settings
from .transport import Transport
from .transport_errors import unproved
from .version import PROTOCOL_VERSION

OFFER_SECONDS = 60.0
"""Time limit for the hub to describe a model."""


def connect(
    folder: Path | None = None,
    *,
    name: str,
    transport: str = "zmtp",
    timeout_seconds: float = 5.0,
) -> Client:
    """Connect to the daemon whose home is `folder` (default: `connection.home()`).

    Args:
        name: of the program that connects, for `inpaintd status`.
        transport: "zmtp" (standard library) or "zmq" (needs pyzmq).
        timeout_seconds: for all of connecting, password and hello.

    Raises:
        InpaintError: `not_running`, `refused`, `wrong_version`, `timed_out` or `disconnected`.
    """
    deadline = time.monotonic() + timeout_seconds
    connection = read_connection(home() if folder is None else folder)
    opened = _open(transport, connection, timeout_seconds)
    return Client(opened, connection, name, timeout_seconds=max(0.1, deadline - time.monotonic()))


class Client(Closing):
    """An open connection to a daemon that has proved that it knows the secret.

    Blocking calls leave answers to other requests for `poll`, so several requests can be in
    flight. All calls raise InpaintError: the daemon's own, or `disconnected` or `timed_out`.
    """

    def __init__(
        self,
        transport: Transport,
        connection: Connection,
        name: str,
        *,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._transport = transport
        self._mailbox = Mailbox(transport)
        try:
            self.welcome = self._introduce(connection, name, timeout_seconds)
        except BaseException:
            transport.close()
            raise

    def close(self) -> None:
        """Hang up, which cancels unfinished requests whose `on_disconnect` is "cancel"."""
        self._transport.close()

    # ------------------------------------------------------------------------ for event loops

    def fileno(self) -> int:
        """Return a descriptor to watch for reading; then call `poll(0)` until it returns None."""
        return self._transport.fileno()

    def submit(self, request: Message) -> None:
        """Send a request without waiting; its answers come from `poll`."""
        self._mailbox.send(request)

    def poll(self, timeout_seconds: float | None = 0.0) -> Message | None:
        """Return the next answer to any request, or None after the time-out."""
        return self._mailbox.next(timeout_seconds)

    # --------------------------------------------------------------------------------- requests

    def run(
        self,
        request: Job,
        *,
        on_progress: OnProgress | None = None,
        on_preview: OnPreview | None = None,
        should_cancel: ShouldCancel | None = None,
        timeout_seconds: float | None = None,
    ) -> Finished:
        """Send a request for a worker and wait for its end, as `inpaint` does with its own."""
        return self._run(request, Watch(on_progress, on_preview, should_cancel, timeout_seconds))

    def plan(
        self,
        extent: Rectangle,
        bounds: Rectangle,
        settings: Settings | None = None,
        *,
        sampling: Rectangle | None = None,
    ) -> Rectangle:
        """Ask which rectangle of a layer `inpaint` needs: see the message `Plan`."""
        request = Plan(new_request_id(), extent, bounds, settings or Settings(), sampling)
        return ask(self._mailbox, request, Planned).rectangle

    def inpaint(
        self,
        layer: Plane,
        settings: Settings | None = None,
        *,
        offset: tuple[int, int] = (0, 0),
        mask: Plane | None = None,
        on_disconnect: str = "cancel",
        stage_masks: tuple[Plane | None, ...] = (),
        references: tuple[Plane, ...] = (),
        sampling: Plane | None = None,
        reference_masks: tuple[Plane | None, ...] = (),
        request_id: str | None = None,
        on_progress: OnProgress | None = None,
        on_preview: OnPreview | None = None,
        should_cancel: ShouldCancel | None = None,
        timeout_seconds: float | None = None,
    ) -> Finished:
        """Fill the hole of a layer: see the message `Inpaint`.

        Args:
            should_cancel: called at least every 0.1 s; True cancels the request.
            timeout_seconds: for the whole request.

        If this raises while the request runs (`timed_out`, or anything raised by a callback), the
        request is cancelled, unless `on_disconnect` is "keep": then `attach` finds it again.

        Raises:
            InpaintError: what the daemon answered, `cancelled`, `timed_out` or `disconnected`.
        """
        request_id = request_id or new_request_id()
        watch = Watch(on_progress, on_preview, should_cancel, timeout_seconds)
        request = Inpaint(
            request_id,
            layer,
            settings or Settings(),
            offset,
            mask,
            on_disconnect,
            stage_masks,
            references,
            sampling,
            reference_masks,
        )
        return self._run(request, watch)

    def mask(
        self,
        layer: Plane,
        settings: Settings | None = None,
        *,
        offset: tuple[int, int] = (0, 0),
        mask: Plane | None = None,
        object_prompt: ObjectPrompt | None = None,
        on_disconnect: str = "cancel",
        request_id: str | None = None,
        on_progress: OnProgress | None = None,
        should_cancel: ShouldCancel | None = None,
        timeout_seconds: float | None = None,
    ) -> Finished:
        """Make only the mask that `inpaint` would use, or that of an object."""
        request_id = request_id or new_request_id()
        watch = Watch(on_progress, None, should_cancel, timeout_seconds)
        return self._run(
            MakeMask(
                request_id,
                layer,
                settings or Settings(),
                offset,
                mask,
                on_disconnect,
                object_prompt,
            ),
            watch,
        )

    def attach(
        self,
        request_id: str,
        *,
        on_progress: OnProgress | None = None,
        on_preview: OnPreview | None = None,
        should_cancel: ShouldCancel | None = None,
        timeout_seconds: float | None = None,
    ) -> Finished:
        """Take over a request sent by another connection, and wait for its end.

        Raises:
            InpaintError: also `unknown_request`.
        """
        self.submit(Attach(request_id))
        watch = Watch(on_progress, on_preview, should_cancel, timeout_seconds)
        return follow(self._mailbox, request_id, watch, keep=True)

    def cancel(self, request_id: str) -> None:
        """Ask to end a request; its owner receives its terminal answer."""
        self.submit(Cancel(request_id))

    def models(self) -> Models:
        """Ask for the registry of models."""
        return ask(self._mailbox, ListModels(new_request_id()), Models)

    def status(self, about: str = "") -> Status:
        """Ask for the daemon's activity, and the history of the request `about` if one is named."""
        return ask(self._mailbox, GetStatus(new_request_id(), about), Status)

    def install_model(
        self,
        model: str,
        *,
        accept_licence: bool = False,
        token: str = "",
        on_progress: Callable[[ModelProgress], None] | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> ModelDone:
        """Fetch a model and wait for its end: see the message `InstallModel`.

        Args:
            should_cancel: called at least every 0.1 s; True cancels the download.

        Raises:
            InpaintError: what the daemon answered (`licence`: accept it first), or `cancelled`.
        """
        request = InstallModel(new_request_id(), model, accept_licence, token)
        return follow_model(self._mailbox, request, on_progress, should_cancel)

    def verify_model(
        self,
        model: str,
        *,
        on_progress: Callable[[ModelProgress], None] | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> ModelDone:
        """Read all files of a model: see the message `VerifyModel`."""
        request = VerifyModel(new_request_id(), model)
        return follow_model(self._mailbox, request, on_progress, should_cancel)

    def pause_model(self, model: str) -> None:
        """Stop fetching a model until it is installed again."""
        ask(self._mailbox, PauseModel(new_request_id(), model), ModelDone)

    def remove_model(self, model: str, *, force: bool = False) -> ModelDone:
        """Delete a model: see the message `RemoveModel`."""
        return follow_model(self._mailbox, RemoveModel(new_request_id(), model, force), None, None)

    def use_model(self, model: str) -> ModelDone:
        """Make an installed model the default."""
        return ask(self._mailbox, UseModel(new_request_id(), model), ModelDone)

    def offer(self, model: str = "") -> Offer:
        """Ask for the size and the terms of a model, or of the libraries: see `GetOffer`."""
        return ask(self._mailbox, GetOffer(new_request_id(), model), Offer, OFFER_SECONDS)

    def set_up(
        self,
        *,
        on_progress: Callable[[ModelProgress], None] | None = None,
        should_cancel: ShouldCancel | None = None,
    ) -> ModelDone:
        """Install the libraries for diffusion models: see the message `SetUp`."""
        return follow_model(self._mailbox, SetUp(new_request_id()), on_progress, should_cancel)

    def disk(self) -> Disk:
        """Ask for the disk usage of models."""
        return ask(self._mailbox, GetDisk(new_request_id()), Disk, SILENCE_SECONDS)

    def shutdown(self) -> None:
        """Stop the daemon; returns when it has agreed, not when it is gone."""
        ask(self._mailbox, Shutdown(new_request_id()), ShuttingDown)

    # --------------------------------------------------------------------------------- inside

    def _run(self, request: Job, watch: Watch) -> Finished:
        self.submit(request)
        keep = request.on_disconnect == "keep"
        return follow(self._mailbox, request.request_id, watch, keep=keep)

    def _introduce(self, connection: Connection, name: str, timeout_seconds: float) -> Welcome:
        nonce = os.urandom(32)
        welcome = ask(self._mailbox, Hello(new_request_id(), name, nonce), Welcome, timeout_seconds)
        if not connection.verify(nonce, welcome.proof):
            raise unproved()
        _check_version(welcome)
        return welcome


def new_request_id() -> str:
    """32 hexadecimal digits that nobody else has chosen."""
    return uuid.uuid4().hex


def _open(transport: str, connection: Connection, timeout_seconds: float) -> Transport:
    if transport == "zmq":
        from .zmq_transport import ZmqTransport

        return ZmqTransport(
            connection.endpoint, connection.password, timeout_seconds=timeout_seconds
        )
    if transport != "zmtp":
        raise ValueError(f"no transport {transport!r}")
    from .zmtp import ZmtpTransport

    return ZmtpTransport(connection.endpoint, connection.password, timeout_seconds=timeout_seconds)


def _check_version(welcome: Welcome) -> None:
    theirs, ours = welcome.protocol, PROTOCOL_VERSION
    if theirs[0] == ours[0] and theirs[1] >= ours[1]:
        return
    older = "daemon" if theirs < ours else "plug-in or program that connects to it"
    raise InpaintError(
        "wrong_version",
        f"The inpaint daemon speaks protocol {theirs[0]}.{theirs[1]}, this program "
        f"{ours[0]}.{ours[1]}.",
        f"Update the {older}.",
    )
