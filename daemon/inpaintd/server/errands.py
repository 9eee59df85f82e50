"""Requests about models, each handled in a separate process so that no fill is slowed.

A download has no owner: it continues when its client disconnects, and is resumed by the next
daemon when this one dies.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from inpaintd.models.hub_token import write_token
from inpaintd_protocol import messages as m
from inpaintd_protocol.errors import InpaintError

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

_MODULE = "inpaintd.models.errand"
_FOLDER = "downloads"

_TIDIES_UP = "setup"
"""The errand that is not killed, as it would leave a half-made environment behind."""

Answer = tuple[bytes, m.Message]
"""A client, and the function that makes its answers."""

ErrandRequest = m.RemoveModel | m.VerifyModel | m.GetDisk | m.UseModel | m.GetOffer | m.SetUp
"""Requests that are carried out in a process, and end with their client or the daemon."""


@dataclass
class _Errand:
    """A running process, and its waiting clients, by request id."""

    verb: str
    model: str
    process: subprocess.Popen[str]
    waiting: dict[str, bytes] = field(default_factory=dict)
    ended: bool = False


class Errands:
    """All errands of one daemon.

    Args:
        home: the daemon's folder.
        wake: called from other threads when an errand has sent something.
    """

    def __init__(self, home: Path, wake: Callable[[], None]) -> None:
        self._home = home
        self._wake = wake
        self._running: list[_Errand] = []
        self._said: SimpleQueue[tuple[_Errand, str | None]] = SimpleQueue()

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def go_on(self) -> None:
        """Resume the downloads that were in progress when the last daemon ended."""
        for path in sorted((self._home / _FOLDER).glob("*.json")):
            with suppress(OSError, ValueError, LookupError, TypeError):
                intent = json.loads(path.read_text(encoding="utf-8"))
                self._start("install", str(intent["model"]), bool(intent["accept_licence"]))

    def install(self, request: m.InstallModel, client: bytes) -> None:
        """Fetch a model, or join others in waiting for it.

        Raises:
            InpaintError: `unwritable`, `unsupported` for a value that cannot be a token.
        """
        if request.token:
            write_token(self._home, request.token)
        errand = self._find("install", request.model)
        if errand is None:
            self._keep_intent(request)
            errand = self._start("install", request.model, request.accept_licence)
        errand.waiting[request.request_id] = client

    def do(self, request: ErrandRequest, client: bytes) -> None:
        """Run an errand other than a download for the client that asked for it."""
        verb = request.type.removeprefix("model_")
        force = isinstance(request, m.RemoveModel) and request.force
        model = "" if isinstance(request, m.GetDisk | m.SetUp) else request.model
        if verb == "remove" and self._find("install", model) is not None:
            raise InpaintError(
                "busy",
                f"{model} is being downloaded.",
                "Pause or cancel that first.",
                retriable=True,
            )
        self._start(verb, model, force=force).waiting[request.request_id] = client

    def pause(self, request: m.PauseModel, client: bytes) -> Iterator[Answer]:
        """Stop downloading a model, and notify everybody waiting for it.

        Raises:
            InpaintError: `unsupported` when it is not being fetched.
        """
        errand = self._find("install", request.model)
        if errand is None:
            raise InpaintError("unsupported", f"{request.model[:80]} is not being downloaded.")
        self._end(errand)
        errand.waiting[request.request_id] = client
        for request_id, waiting in errand.waiting.items():
            yield waiting, m.ModelDone(request_id, request.model, "paused")

    def cancel(self, request_id: str) -> Iterator[Answer]:
        """End the errand of a request; a download that others wait for continues for them."""
        for errand in self._running:
            client = errand.waiting.pop(request_id, None)
            if client is not None:
                if not errand.waiting:
                    self._end(errand)
                yield client, m.Cancelled(request_id)
                return

    def forget(self, client: bytes) -> None:
        """End the errands requested only by a client that is gone, except downloads."""
        for errand in [e for e in self._running if e.verb == _TIDIES_UP]:
            waiting = {r: c for r, c in errand.waiting.items() if c != client}
            if waiting != errand.waiting and not waiting:
                self._end(errand)

    def answers(self) -> Iterator[Answer]:
        """Collect the messages of errands since the last call."""
        for _ in range(self._said.qsize()):
            errand, line = self._said.get()
            if errand.ended:
                continue
            yield from self._heard(errand, line)

    def close(self) -> None:
        """End all errands; downloads are resumed by the next daemon."""
        for errand in self._running:
            if errand.verb == _TIDIES_UP:
                self._hang_up(errand)
                continue
            errand.process.kill()
            errand.process.wait()

    def _heard(self, errand: _Errand, line: str | None) -> Iterator[Answer]:
        try:
            values = {} if line is None else json.loads(line)
        except ValueError:
            return
        make: Callable[[str], m.Message]
        if line is not None and "done_bytes" in values:
            for request_id, client in errand.waiting.items():
                yield client, m.ModelProgress(request_id, **values)
            return
        if "done" in values:
            make = _done(errand, values["done"])
        else:
            told = values.get("error") or {
                "code": "internal",
                "message": "The process that was carrying it out has ended.",
                "hint": "Try again; the daemon's log may show the cause.",
                "retriable": True,
            }
            error = InpaintError(
                told["code"], told["message"], told["hint"], retriable=told["retriable"]
            )
            make = lambda request_id: m.Failed.of(request_id, error)  # noqa: E731
        self._end(errand)
        for request_id, client in errand.waiting.items():
            yield client, make(request_id)

    def _find(self, verb: str, model: str) -> _Errand | None:
        found = (e for e in self._running if (e.verb, e.model) == (verb, model))
        return next(found, None)

    def _start(
        self, verb: str, model: str, accept_licence: bool = False, *, force: bool = False
    ) -> _Errand:
        import subprocess  # here, because a daemon must start quickly

        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert process.stdin is not None
        errand = _Errand(verb, model, process)
        self._running.append(errand)
        values = {"verb": verb, "model": model, "home": str(self._home)}
        with suppress(OSError):  # it has already ended, which is noticed elsewhere
            process.stdin.write(
                json.dumps(values | {"accept_licence": accept_licence, "force": force}) + "\n"
            )
            process.stdin.flush()
        threading.Thread(target=self._listen, args=(errand,), daemon=True).start()
        return errand

    def _listen(self, errand: _Errand) -> None:
        for line in errand.process.stdout or ():
            self._said.put((errand, line))
            self._wake()
        self._said.put((errand, None))
        self._wake()
        errand.process.wait()

    def _end(self, errand: _Errand) -> None:
        errand.ended = True
        self._running.remove(errand)
        if errand.verb == _TIDIES_UP:
            self._hang_up(errand)
            return
        errand.process.kill()
        errand.process.wait()
        if errand.verb == "install":
            self._intent(errand.model).unlink(missing_ok=True)

    def _hang_up(self, errand: _Errand) -> None:
        """Have an errand end by itself; its listener waits for it."""
        if errand.process.stdin is not None:
            with suppress(OSError):
                errand.process.stdin.close()

    def _keep_intent(self, request: m.InstallModel) -> None:
        path = self._intent(request.model)
        values: dict[str, Any] = {"model": request.model, "accept_licence": request.accept_licence}
        try:
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_suffix(".new")
            temporary.write_text(json.dumps(values), encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            raise InpaintError(
                "unwritable",
                f"{path} cannot be written: {error.strerror}.",
                "Free some space there.",
            ) from error

    def _intent(self, model: str) -> Path:
        """The file that marks a download; file names allow fewer characters than model names."""
        return self._home / _FOLDER / f"{hashlib.sha256(model.encode()).hexdigest()[:16]}.json"


def _done(errand: _Errand, values: dict[str, Any]) -> Callable[[str], m.Message]:
    def make(request_id: str) -> m.Message:
        if errand.verb == "disk":
            models = tuple(
                m.ModelUsage(**one | {"used_by": tuple(one["used_by"])}) for one in values["models"]
            )
            return m.Disk(request_id, values["free_bytes"], models)
        if errand.verb == "offer":
            return m.Offer(request_id, **values)
        return m.ModelDone(request_id, **{"model": errand.model} | values)

    return make
