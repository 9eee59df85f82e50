"""The base of all messages, and the record that several of them carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Message:
    """The field that all messages share."""

    type: ClassVar[str]
    request_id: str


@dataclass(frozen=True)
class Notice:
    """A warning about a request that succeeds."""

    code: str
    message: str
    remedy: str = ""
