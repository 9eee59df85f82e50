"""Everything that can go wrong, as one exception with a code.

An error says what is wrong and what to do about it in whole sentences; programs compare `code`.

    bad_message         not valid msgpack, or a field missing, unknown or out of range
    unknown_message     a message type that this side does not know
    wrong_version       the peer speaks another major version of the protocol
    bad_frames          frames missing, too many, or of a wrong length
    too_large           a plane, a header or a message over its limit
    size_mismatch       planes, offsets or rectangles that do not fit each other
    bad_pixels          pixels that are not numbers (NaN, infinity)
    busy                the queue is full; try again after `retry_after_seconds`
    empty_mask          nothing to repaint
    unknown_request     no request of that id, or its result is no longer kept
    unknown_model       no model of that name
    model_missing       the model is known and not installed
    licence             the model's licence has to be accepted first
    model_damaged       the model's files cannot be loaded
    unreachable         the hub that models come from does not answer
    unsupported         the engine cannot do what was asked for
    out_of_memory       every rung of the memory ladder was tried
    engine_failed       the engine raised
    worker_died         the worker process died twice on this request
    internal            the daemon made a mistake
    shutting_down       the daemon is stopping
    not_running         no daemon answers, and none could be started
    refused             the daemon refused the secret, or could not prove that it knows it
    disconnected        the connection broke while an answer was due
    timed_out           no answer in the time that the caller gave
    cancelled           the request was cancelled, by whoever sent it
    unreadable          a file that cannot be read as a picture
    unwritable          a file or folder that cannot be written
"""

from __future__ import annotations


class InpaintError(Exception):
    """What went wrong, for people (`message`, `hint`) and for programs (`code`).

    Attributes:
        code: one of the codes listed in this module.
        message: a sentence that says what is wrong.
        hint: a sentence that says what to do about it; may be empty.
        retriable: whether the same request can succeed when it is simply sent again.
        retry_after_seconds: how long to wait first; None when unknown.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        retriable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint
        self.retriable = retriable
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
