"""Listening on a port that nobody else can take over."""

from __future__ import annotations

import socket

from . import kind

_SO_EXCLUSIVEADDRUSE = -5  # winsock2.h: ~SO_REUSEADDR


def claim(listener: socket.socket) -> None:
    """Set the options with which a port is this process's alone; before it is bound.

    Source: learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse.
    """
    if kind.is_windows():
        # On Windows others can take over a port by default.
        listener.setsockopt(socket.SOL_SOCKET, _SO_EXCLUSIVEADDRUSE, 1)
    else:
        # After a restart, connections of the last daemon may still linger.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
