"""Conversion of messages to frames and back.

A message is a multipart of frames: a msgpack header, then one frame for each pixel plane. In the
header a plane is `{"width", "height", "channels", "depth", "frame"}`, where `frame` counts the
frames after the header. Everything else maps naturally: dataclasses to maps, tuples to arrays.

Requests are read strictly (an unknown key would be a setting silently dropped), answers leniently
(a newer daemon may send more than an older client knows).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import msgpack

from . import limits
from .errors import InpaintError
from .fields import UPDATE_HINT, Reader, bad_frames, bad_message, check_plane
from .messages import ANSWERS, REQUESTS, Message
from .plane import Buffer, Plane
from .settings import Settings, Stage
from .version import PROTOCOL_VERSION


def encode(message: Message) -> list[Buffer]:
    """Encode a message as frames; planes are passed on without a copy.

    Raises:
        InpaintError: `too_large` when the header or the planes exceed limits.py; `bad_frames` when
        a plane's data has the wrong length for its size; `bad_message` for text that is
            not valid Unicode and for numbers over 64 bits.
    """
    frames: list[Buffer] = []
    header = {"type": message.type, **_to_wire(message, frames)}
    _check_total(frames)
    try:
        packed: bytes = msgpack.packb(header, use_bin_type=True)
    except (UnicodeEncodeError, OverflowError) as error:
        raise InpaintError(
            "bad_message", f"The {message.type} message cannot be written: {error}."
        ) from error
    if len(packed) > limits.HEADER_BYTES:
        raise InpaintError(
            "too_large",
            f"The message's header has {len(packed)} bytes; {limits.HEADER_BYTES} are allowed.",
            "Shorten the prompts.",
        )
    return [packed, *frames]


def decode_request(
    frames: Sequence[Buffer], version: tuple[int, int] = PROTOCOL_VERSION
) -> Message:
    """Decode the request in these frames.

    Args:
        version: version of the protocol that the sender speaks.

    Raises:
        InpaintError: `bad_message`, `unknown_message`, `bad_frames` or `too_large`.
    """
    return _decode(frames, _REQUEST_TYPES, strict=True, version=version)


def decode_answer(frames: Sequence[Buffer]) -> Message:
    """Decode the answer in these frames, ignoring keys unknown to this version.

    Raises:
        InpaintError: as `decode_request`.
    """
    return _decode(frames, _ANSWER_TYPES, strict=False)


def request_id_of(frames: Sequence[Buffer]) -> str:
    """Find the request id of a message that may otherwise be unreadable; empty without one."""
    try:
        request_id = _unpack(frames[0]).get("request_id", "")
    except (InpaintError, IndexError):
        return ""
    return request_id if _is_request_id(request_id) else ""


def settings_to_map(value: Any) -> dict[str, Any]:
    """Convert a settings dataclass to plain values for JSON, TOML and recipes; skip unset ones."""
    wire = _to_wire(value, [])
    assert isinstance(wire, dict)
    return wire


def settings_from_map(
    cls: type[Any], value: dict[str, Any], version: tuple[int, int] = PROTOCOL_VERSION
) -> Any:
    """Reverse `settings_to_map`, with the checks of a request.

    Args:
        version: version of the protocol that the map was written in.

    Raises:
        InpaintError: `bad_message` naming the field.
    """
    return Reader(frames=(), strict=True, version=version).dataclass(cls, value, path="")


# ------------------------------------------------------------------------------------- encode


def _to_wire(value: Any, frames: list[Buffer]) -> Any:
    if isinstance(value, Plane):
        check_plane(value, "A plane")
        frames.append(value.data)
        return {
            "width": value.width,
            "height": value.height,
            "channels": value.channels,
            "depth": value.depth,
            "frame": len(frames) - 1,
        }
    if dataclasses.is_dataclass(value):
        values = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        unset = isinstance(value, (Settings, Stage))
        return {n: _to_wire(v, frames) for n, v in values if v is not None or not unset}
    if isinstance(value, tuple):
        return [_to_wire(item, frames) for item in value]
    return value


# ------------------------------------------------------------------------------------- decode


def _decode(
    frames: Sequence[Buffer],
    types_by_name: dict[str, type[Message]],
    *,
    strict: bool,
    version: tuple[int, int] = PROTOCOL_VERSION,
) -> Message:
    if not frames:
        raise bad_message("The message has no header.")
    _check_total(frames[1:])
    header = _unpack(frames[0])
    name = header.pop("type", None)
    cls = types_by_name.get(name) if isinstance(name, str) else None
    if cls is None:
        raise InpaintError(
            "unknown_message", f"A message of type {str(name)[:40]!r} is not known.", UPDATE_HINT
        )
    reader = Reader(frames=frames[1:], strict=strict, version=version)
    message: Message = reader.dataclass(cls, header, path="")
    if not _is_request_id(message.request_id):
        raise bad_message(
            f"request_id must have 1 to {limits.REQUEST_ID_CHARACTERS} printable ASCII characters."
        )
    reader.check_all_frames_used()
    return message


def _unpack(header: Buffer) -> dict[str, Any]:
    if len(header) > limits.HEADER_BYTES:
        raise InpaintError(
            "too_large",
            f"The message's header has {len(header)} bytes; {limits.HEADER_BYTES} are allowed.",
        )
    try:
        value = msgpack.unpackb(
            header,
            raw=False,
            strict_map_key=True,
            object_pairs_hook=_map_without_duplicates,
            ext_hook=_refuse_extension,
        )
    except InpaintError:
        raise
    except Exception as error:  # msgpack raises a dozen unrelated types on bad bytes
        raise bad_message("The message's header is not valid msgpack.") from error
    if not isinstance(value, dict):
        raise bad_message("The message's header is not a map.")
    return value


def _map_without_duplicates(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    result = dict(pairs)
    if not all(isinstance(key, str) for key in result):
        raise bad_message("A map in the message's header has a key that is not text.")
    if len(result) != len(pairs):
        raise bad_message("A map in the message's header names a key twice.")
    return result


def _refuse_extension(code: int, _data: bytes) -> Any:
    raise bad_message(f"The message's header holds a msgpack extension (type {code}).")


def _check_total(planes: Sequence[Buffer]) -> None:
    if len(planes) > limits.PLANES:
        raise bad_frames(
            f"The message has {len(planes)} pixel frames; {limits.PLANES} are allowed."
        )
    total = sum(memoryview(plane).nbytes for plane in planes)
    if total > limits.MESSAGE_BYTES:
        raise InpaintError(
            "too_large",
            f"The message has {total} bytes of pixels; {limits.MESSAGE_BYTES} are allowed.",
            "Select a smaller region, or ask for fewer variants.",
        )


def _is_request_id(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= limits.REQUEST_ID_CHARACTERS
        and value.isascii()
        and value.isprintable()
    )


_REQUEST_TYPES: dict[str, type[Message]] = {cls.type: cls for cls in REQUESTS}
_ANSWER_TYPES: dict[str, type[Message]] = {cls.type: cls for cls in ANSWERS}
