"""Who may open a WebSocket, and what the others get to know: rules without sockets.

A web page in the user's browser can try to connect, too. It learns nothing: whoever does not show
the token gets no answer, only an end of the connection, which a page cannot tell from a closed
port.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.http11 import Request
from websockets.typing import Subprotocol

log = logging.getLogger(__name__)

SUBPROTOCOL = Subprotocol("ZWS2.0")
OFFERED = "Sec-WebSocket-Protocol"

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_LOG_SECONDS = 60.0


@dataclass(frozen=True)
class Refusal:
    """Why an upgrade is refused."""

    status: HTTPStatus
    reason: str
    told: bool
    """Whether the peer is told; otherwise the connection just ends."""


def refuse(request: Request, token: str, port: int) -> Refusal | None:
    """Say why this upgrade is refused; None when it may go on.

    Token: it is known to whoever can read connection.json. Host: a page that has its own name point
    to this machine (DNS rebinding) still sends that name. Origin: with http it is a web page, but
    for the door's own, which hosts of plug-ins make up; no page is ever served there.

    Args:
        port: where the door listens.
    """
    given = parse_qs(urlsplit(request.path).query).get("token", [""])
    if not hmac.compare_digest(given[-1].encode(), token.encode()):
        reason = "The token is missing or of another run of the daemon."
        return Refusal(HTTPStatus.FORBIDDEN, reason, told=False)
    hosts = {f"{name}{suffix}" for name in _LOOPBACK for suffix in ("", f":{port}")}
    if [host.lower() for host in request.headers.get_all("Host")] not in [[host] for host in hosts]:
        reason = "This door is for this machine only."
        return Refusal(HTTPStatus.FORBIDDEN, reason, told=False)
    own = {f"http://{name}:{port}" for name in _LOOPBACK}
    for origin in map(str.lower, request.headers.get_all("Origin")):
        if origin.startswith(("http:", "https:")) and origin not in own:
            return Refusal(HTTPStatus.FORBIDDEN, "This door is not for web pages.", told=False)
    offered = ",".join(request.headers.get_all(OFFERED)).split(",")
    if SUBPROTOCOL not in [name.strip() for name in offered]:
        reason = "This door speaks the WebSocket subprotocol ZWS2.0 only."
        return Refusal(HTTPStatus.BAD_REQUEST, reason, told=True)
    return None


class RefusalLog:
    """Log refusals, each reason at most once a minute: a page that keeps trying fills no disk."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        now = self._clock()
        if now - self._logged.get(reason, -_LOG_SECONDS) < _LOG_SECONDS:
            self._unlogged[reason] += 1
            return
        self._logged[reason] = now
        more = self._unlogged.pop(reason, 0)
        since = f" ({more} more since the last time)" if more else ""
        log.warning("a WebSocket was refused: %s%s", reason, since)
