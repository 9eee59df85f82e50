"""All errors of the protocol, as one exception with a code.

An error says what is wrong and what to do about it in whole sentences. Programs compare `category`,
or `code` for one particular error.
"""

from __future__ import annotations

from typing import Literal, get_args

Code = Literal[
    "bad_message",
    "unknown_message",
    "wrong_version",
    "bad_frames",
    "too_large",
    "size_mismatch",
    "bad_pixels",
    "busy",
    "empty_mask",
    "nothing_kept",
    "unknown_request",
    "unknown_model",
    "model_missing",
    "licence",
    "model_damaged",
    "unreachable",
    "unsupported",
    "not_a_model",
    "not_installed",
    "out_of_memory",
    "engine_failed",
    "worker_died",
    "internal",
    "shutting_down",
    "not_running",
    "refused",
    "disconnected",
    "timed_out",
    "cancelled",
    "unreadable",
    "unwritable",
]

Category = Literal[
    "request", "protocol", "picture", "model", "machine", "connection", "passing", "ended"
]
"""The category of an error:

request: the request asks for something wrong; protocol: a message is wrong, as the two sides are
incompatible; picture: this picture, mask or file is at fault, so others may succeed; model: the
model is at fault; machine: the daemon or its machine is at fault; connection: no daemon answers;
passing: wait and try again; ended: the request has ended or is unknown.
"""

ERRORS: dict[Code, tuple[Category, str]] = {
    "bad_message": (
        "request",
        "not valid msgpack, or a field missing, unknown or out of range",
    ),
    "unknown_message": (
        "protocol",
        "a message type that this side does not know",
    ),
    "wrong_version": (
        "protocol",
        "the peer speaks another major version of the protocol",
    ),
    "bad_frames": (
        "protocol",
        "frames missing, too many, or of a wrong length",
    ),
    "too_large": (
        "picture",
        "a plane, a header or a message over its limit",
    ),
    "size_mismatch": (
        "picture",
        "planes, offsets or rectangles that do not fit each other",
    ),
    "bad_pixels": (
        "picture",
        "pixels that are not numbers (NaN, infinity)",
    ),
    "busy": (
        "passing",
        "the queue is full; try again after `retry_after_seconds`",
    ),
    "empty_mask": (
        "picture",
        "nothing to repaint",
    ),
    "nothing_kept": (
        "picture",
        "the hole covers everything, and the engine can only continue what is kept",
    ),
    "unknown_request": (
        "ended",
        "no request of that id, or its result is no longer kept",
    ),
    "unknown_model": (
        "model",
        "no model of that name",
    ),
    "model_missing": (
        "model",
        "the model is known and not installed",
    ),
    "licence": (
        "model",
        "the model's licence has to be accepted first",
    ),
    "model_damaged": (
        "model",
        "the model's files cannot be loaded",
    ),
    "unreachable": (
        "model",
        "the hub that models come from does not answer",
    ),
    "unsupported": (
        "model",
        "the engine cannot do what was asked for",
    ),
    "not_a_model": (
        "model",
        "files that hold no model which can be used here",
    ),
    "not_installed": (
        "model",
        "a library or an extra that this needs is not installed",
    ),
    "out_of_memory": (
        "machine",
        "every rung of the memory ladder was tried",
    ),
    "engine_failed": (
        "machine",
        "the engine raised",
    ),
    "worker_died": (
        "machine",
        "the worker process died twice on this request",
    ),
    "internal": (
        "machine",
        "the daemon made a mistake",
    ),
    "shutting_down": (
        "passing",
        "the daemon is stopping",
    ),
    "not_running": (
        "connection",
        "no daemon answers, and none could be started",
    ),
    "refused": (
        "connection",
        "the daemon refused the secret, or could not prove that it knows it",
    ),
    "disconnected": (
        "connection",
        "the connection broke while an answer was due",
    ),
    "timed_out": (
        "connection",
        "no answer in the time that the caller gave",
    ),
    "cancelled": (
        "ended",
        "the request was cancelled, by whoever sent it",
    ),
    "unreadable": (
        "picture",
        "a file that cannot be read as a picture",
    ),
    "unwritable": (
        "picture",
        "a file or folder that cannot be written",
    ),
}
"""The category and the meaning of each code."""

assert set(ERRORS) == set(get_args(Code))


def category_of(code: str) -> Category:
    """Return the category of a code; an unknown code, from a newer daemon, counts as `internal`."""
    return ERRORS[code][0] if code in ERRORS else "machine"


class InpaintError(Exception):
    """An error, described for people (`message`, `hint`) and for programs (`code`).

    Attributes:
        code: one of `ERRORS`; a newer daemon may send others.
        message: a sentence that says what is wrong.
        hint: a sentence that says what to do about it; may be empty.
        retriable: whether the same request can succeed when sent again unchanged.
        retry_after_seconds: how long to wait first; None when unknown.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        hint: str = "",
        *,
        retriable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, message, hint)
        self.code: Code = code
        self.message = message
        self.hint = hint
        self.retriable = retriable
        self.retry_after_seconds = retry_after_seconds

    @property
    def category(self) -> Category:
        """The error's category; see `Category`."""
        return category_of(self.code)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
