"""Dispatch of client messages: each leads to an immediate answer or to an event for the jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import singledispatchmethod
from pathlib import Path

from inpaintd import __version__
from inpaintd.install.card_memory import known_room
from inpaintd.install.notices import known_notices
from inpaintd.models.few_steps import with_few_steps
from inpaintd.models.fits import with_fits
from inpaintd.models.presets import load_presets
from inpaintd.models.registry import load_registry
from inpaintd.pipeline.plan import region_for
from inpaintd.server import events as e
from inpaintd.server.clients import Clients
from inpaintd.server.errands import ErrandRequest, Errands
from inpaintd_protocol import PROTOCOL_VERSION, codec
from inpaintd_protocol import messages as m
from inpaintd_protocol.connection import Connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Buffer

log = logging.getLogger(__name__)

CAPABILITIES = ("plan", "inpaint", "mask", "models", "attach", "preview", "model_install", "setup")

INTERNAL = InpaintError(
    "internal",
    "The inpaint daemon failed to handle this request because of an internal error.",
    "Please report it: the daemon's log has the details.",
)


class Requests:
    """Handles the messages of clients.

    Args:
        home: the daemon's folder.
        connection: proves that this is the daemon it claims to be.
        clients: used to answer.
        happened: receives events.
        status: creates the answer to `GetStatus`.
        errands: handles requests about models.
    """

    def __init__(
        self,
        home: Path,
        connection: Connection,
        clients: Clients,
        happened: Callable[[e.Event], None],
        status: Callable[[m.GetStatus], m.Status],
        errands: Errands,
    ) -> None:
        self._home = home
        self._connection = connection
        self._clients = clients
        self._happened = happened
        self._status = status
        self._errands = errands

    def receive(self, client: bytes, frames: list[Buffer]) -> None:
        """Handle a message. Raises nothing that a client could cause."""
        try:
            version = self._clients.version(client)
            self._answer(codec.decode_request(frames, version), client)
        except InpaintError as error:
            self._fail(client, frames, error)
        except Exception:
            # One client's message must never end the daemon for all others.
            log.exception("a message could not be processed")
            self._fail(client, frames, INTERNAL)

    def _fail(self, client: bytes, frames: list[Buffer], error: InpaintError) -> None:
        self._clients.send(client, m.Failed.of(codec.request_id_of(frames) or "-", error))

    @singledispatchmethod
    def _answer(self, request: m.Message, client: bytes) -> None:
        raise TypeError(request)

    @_answer.register
    def _hello(self, request: m.Hello, client: bytes) -> None:
        if request.protocol[0] != PROTOCOL_VERSION[0]:
            older = "plug-in" if request.protocol[0] < PROTOCOL_VERSION[0] else "daemon"
            raise InpaintError(
                "wrong_version",
                f"This client uses version {request.protocol[0]} of the protocol, the daemon "
                f"version {PROTOCOL_VERSION[0]}.",
                f"Update the {older}.",
            )
        self._clients.introduce(client, request.client, request.protocol)
        self._clients.send(
            client,
            m.Welcome(
                request.request_id,
                daemon=__version__,
                protocol=PROTOCOL_VERSION,
                proof=self._connection.proof(request.nonce),
                capabilities=CAPABILITIES,
            ),
        )

    @_answer.register
    def _plan(self, request: m.Plan, client: bytes) -> None:
        registry = load_registry(self._home)
        entry = registry.chosen(request.settings)
        settings = registry.settled(entry, with_few_steps(registry, entry, request.settings))
        rectangle = region_for(
            request.bounds, request.extent, settings, entry.sizes, request.sampling
        )
        self._clients.send(client, m.Planned(request.request_id, rectangle))
        self._happened(e.Anticipated())

    @_answer.register(m.Inpaint)
    @_answer.register(m.MakeMask)
    def _job(self, request: m.Job, client: bytes) -> None:
        registry = load_registry(self._home)
        find = registry.filling if isinstance(request, m.Inpaint) else registry.find
        find(request.settings.model)
        self._happened(e.Submitted(client, request, self._clients.name(client)))

    @_answer.register
    def _list_models(self, request: m.ListModels, client: bytes) -> None:
        registry = load_registry(self._home)
        infos = with_fits(registry.infos(), registry, known_room(self._home))
        notices = known_notices(self._home)
        intents = tuple(preset.info for preset in load_presets(self._home).values())
        answer = m.Models(request.request_id, infos, notices, intents, registry.helpers())
        self._clients.send(client, answer)

    @_answer.register
    def _get_status(self, request: m.GetStatus, client: bytes) -> None:
        self._clients.send(client, self._status(request))

    @_answer.register
    def _cancel(self, request: m.Cancel, client: bytes) -> None:
        for whom, answer in self._errands.cancel(request.request_id):
            self._clients.send(whom, answer)
            return
        self._happened(e.CancelRequested(client, request.request_id))

    @_answer.register
    def _attach(self, request: m.Attach, client: bytes) -> None:
        name = self._clients.name(client)
        self._happened(e.AttachRequested(client, request.request_id, name))

    @_answer.register
    def _install_model(self, request: m.InstallModel, client: bytes) -> None:
        load_registry(self._home).find(request.model)
        self._errands.install(request, client)

    @_answer.register
    def _pause_model(self, request: m.PauseModel, client: bytes) -> None:
        for whom, answer in self._errands.pause(request, client):
            self._clients.send(whom, answer)

    @_answer.register(m.RemoveModel)
    @_answer.register(m.VerifyModel)
    @_answer.register(m.GetDisk)
    @_answer.register(m.UseModel)
    @_answer.register(m.GetOffer)
    @_answer.register(m.SetUp)
    def _errand(self, request: ErrandRequest, client: bytes) -> None:
        self._errands.do(request, client)

    @_answer.register
    def _shutdown(self, request: m.Shutdown, client: bytes) -> None:
        self._clients.send(client, m.ShuttingDown(request.request_id))
        self._happened(e.ShutdownRequested())
