"""Discovery of a running daemon, and mutual proof that both sides belong together.

The daemon writes `connection.json` into its home folder, readable by this user only. The secret in
it is new at each start, and never sent: only values derived from it go over the socket.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import InpaintError

USER = b"inpaintd"
"""User name for the PLAIN mechanism."""

DEFAULT_PORT = 47700
"""ZMTP port that the daemon tries first; if it is taken, the file names another."""

DEFAULT_WEBSOCKET_PORT = 47701
"""Port that the WebSocket door tries first."""

FILE_NAME = "connection.json"


@dataclass(frozen=True)
class Connection:
    """The contents of connection.json."""

    endpoint: str
    """ZMTP endpoint, such as tcp://127.0.0.1:47700."""
    secret: str
    """64 hexadecimal digits."""
    pid: int
    daemon: str
    """The daemon's version."""
    websocket: str = ""
    """Endpoint of the WebSocket door; empty when it is closed."""

    @property
    def password(self) -> bytes:
        """The PLAIN password, which reveals nothing of the secret to a port squatter."""
        return _derive(self.secret, b"inpaintd PLAIN password").hex().encode()

    @property
    def websocket_token(self) -> str:
        """The WebSocket door's password, 64 hexadecimal digits: `token` in its URL's query."""
        return _derive(self.secret, b"inpaintd websocket token").hex()

    def proof(self, nonce: bytes) -> bytes:
        """Compute the 32-byte answer to a nonce, which proves knowledge of the secret."""
        return _derive(self.secret, b"inpaintd hello" + nonce)

    def verify(self, nonce: bytes, proof: bytes) -> bool:
        return hmac.compare_digest(self.proof(nonce), proof)


def new_secret() -> str:
    # Same as secrets.token_hex, but importing that module would slow the daemon's start by 10%.
    return os.urandom(32).hex()


def home() -> Path:
    """Return the daemon's folder: $INPAINTD_HOME, else ~/.inpaintd, on every system.

    Not the platform's own data folder: a sandboxed editor must find it without a library.

    Raises:
        InpaintError: `not_running` when it begins with an unknown `~user`.
    """
    configured = os.environ.get("INPAINTD_HOME") or "~/.inpaintd"
    try:
        return Path(configured).expanduser()
    except RuntimeError as error:
        raise InpaintError(
            "not_running",
            f"The inpaint daemon's folder {configured} cannot be found: {error}",
            "Name it in full with the environment variable INPAINTD_HOME.",
        ) from error


def read_connection(folder: Path) -> Connection:
    """Read the connection that a daemon with this home folder has written.

    Raises:
        InpaintError: `not_running` when there is none, or it cannot be read.
    """
    try:
        values = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        known = {name: values[name] for name in Connection.__dataclass_fields__ if name in values}
        connection = Connection(**known)
        # Report a badly edited file here, not at the first message.
        bytes.fromhex(connection.secret)
        str.encode(connection.endpoint)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InpaintError(
            "not_running", "The inpaint daemon is not running.", "Start it with: inpaintd serve"
        ) from error
    return connection


def write_connection(folder: Path, connection: Connection) -> None:
    """Write connection.json atomically, so that no other user can read it."""
    temporary = folder / f".{FILE_NAME}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    # O_EXCL and the mode at creation: others cannot read the secret even for a moment.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(connection), file, indent=2)
        temporary.replace(folder / FILE_NAME)
    except OSError:  # such as a full disk
        temporary.unlink(missing_ok=True)
        raise


def remove_connection(folder: Path, connection: Connection) -> None:
    """Remove the file, unless another daemon has replaced it meanwhile."""
    try:
        if read_connection(folder).secret == connection.secret:
            (folder / FILE_NAME).unlink()
    except (InpaintError, OSError):
        pass


def _derive(secret: str, purpose: bytes) -> bytes:
    return hmac.new(bytes.fromhex(secret), purpose, hashlib.sha256).digest()
