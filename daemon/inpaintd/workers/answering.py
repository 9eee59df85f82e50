"""Turn each request into exactly one terminal answer, whatever happens in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from inpaintd.engine import CancelledError, FatalEngineError
from inpaintd.workers.work import Work
from inpaintd_protocol import codec
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Cancelled, Failed, Finished, Job, Message, Progress, Terminal

log = logging.getLogger(__name__)

_PROGRESS_SECONDS = 0.05

_OUT_OF_MEMORY = InpaintError(
    "out_of_memory",
    "There is not enough memory for this picture.",
    "Select a smaller region, lower the number of variants, or close other programs.",
)


class Line(Protocol):
    """The channel to the daemon while a request is being processed."""

    def cancelled(self, request_id: str) -> bool: ...

    def started(self, model: str, *, interruptible: bool, device: str = "") -> None: ...

    def send(self, message: Message) -> None: ...


def answer(work: Work, line: Line, request: Job) -> tuple[Terminal, bool]:
    """The request's terminal answer, and whether this process can go on afterwards."""
    request_id = request.request_id
    try:
        return _sendable(work.do(request, line.started, _teller(line, request_id))), True
    except CancelledError:
        return Cancelled(request_id), True
    except FatalEngineError as error:
        return Failed.of(request_id, error), False
    except InpaintError as error:
        return Failed.of(request_id, error), True
    except MemoryError:
        return Failed.of(request_id, _OUT_OF_MEMORY), False
    except Exception as unexpected:
        log.exception("request %s failed", request_id)
        return Failed.of(request_id, _unexpected(unexpected)), True


def _sendable(finished: Finished) -> Finished:
    """
    Raises:
        InpaintError: `too_large` when no message can hold the answer.
    """
    codec.encode(finished)  # copies no pixels
    return finished


def _unexpected(error: Exception) -> InpaintError:
    return InpaintError(
        "engine_failed",
        f"The engine stopped with an error it did not expect "
        f"({type(error).__name__}: {str(error)[:300]}).",
        "Try other settings or another model, and report it: the daemon's log has the details.",
    )


def _teller(line: Line, request_id: str) -> Callable[[Message], None]:
    """The pipeline's `Report`: forwards its messages, and stops when the request is cancelled."""
    last_phase, last_sent = "", 0.0

    def tell(message: Message) -> None:
        nonlocal last_phase, last_sent
        if line.cancelled(request_id):
            raise CancelledError
        if isinstance(message, Progress):
            # A fast engine takes thousands of steps a second; nobody can see more than twenty.
            now = time.monotonic()
            if message.phase == last_phase and now - last_sent < _PROGRESS_SECONDS:
                return
            last_phase, last_sent = message.phase, now
        line.send(message)

    return tell
