"""Messages to frames and back.

A message is a multipart of frames: a msgpack header, then one frame for each pixel plane. In the
header a plane is `{"width", "height", "channels", "depth", "frame"}`, where `frame` counts the
frames after the header. Everything else maps by itself: dataclasses to maps, tuples to arrays.

Requests are read strictly (an unknown key would be a setting silently dropped), answers leniently
(a newer daemon may say more than an older client knows).
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgpack

from . import limits
from .errors import InpaintError
from .messages import ANSWERS, REQUESTS, Message
from .plane import BYTES_PER_SAMPLE, Buffer, Plane
from .rectangle import Rectangle

_UPDATE_HINT = "Update the older of the two sides: the daemon or the plug-in."


def encode(message: Message) -> list[Buffer]:
    """The frames of a message; planes are passed on without a copy.

    Raises:
        InpaintError: `too_large` when the header or the planes exceed limits.py; `bad_frames` when
            a plane's data has another length than its size says; `bad_message` for text that is
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


def decode_request(frames: Sequence[Buffer]) -> Message:
    """The request in these frames.

    Raises:
        InpaintError: `bad_message`, `unknown_message`, `bad_frames` or `too_large`.
    """
    return _decode(frames, _REQUEST_TYPES, strict=True)


def decode_answer(frames: Sequence[Buffer]) -> Message:
    """The answer in these frames; keys that this version does not know are passed over.

    Raises:
        InpaintError: as `decode_request`.
    """
    return _decode(frames, _ANSWER_TYPES, strict=False)


def request_id_of(frames: Sequence[Buffer]) -> str:
    """The request id in a message that may otherwise be unreadable; empty when there is none."""
    try:
        request_id = _unpack(frames[0]).get("request_id", "")
    except (InpaintError, IndexError):
        return ""
    return request_id if _is_request_id(request_id) else ""


def settings_to_map(value: Any) -> dict[str, Any]:
    """A settings dataclass as plain values, for JSON, TOML and recipes."""
    wire = _to_wire(value, [])
    assert isinstance(wire, dict)
    return wire


def settings_from_map(cls: type[Any], value: dict[str, Any]) -> Any:
    """The reverse of `settings_to_map`, with the checks of a request.

    Raises:
        InpaintError: `bad_message` naming the field.
    """
    return _Reader(frames=(), strict=True).dataclass(cls, value, path="")


# ------------------------------------------------------------------------------------- encode


def _to_wire(value: Any, frames: list[Buffer]) -> Any:
    if isinstance(value, Plane):
        _check_plane(value, "A plane")
        frames.append(value.data)
        return {
            "width": value.width,
            "height": value.height,
            "channels": value.channels,
            "depth": value.depth,
            "frame": len(frames) - 1,
        }
    if dataclasses.is_dataclass(value):
        return {f.name: _to_wire(getattr(value, f.name), frames) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_to_wire(item, frames) for item in value]
    return value


# ------------------------------------------------------------------------------------- decode


def _decode(
    frames: Sequence[Buffer], types_by_name: dict[str, type[Message]], *, strict: bool
) -> Message:
    if not frames:
        raise _bad("The message has no header.")
    _check_total(frames[1:])
    header = _unpack(frames[0])
    name = header.pop("type", None)
    cls = types_by_name.get(name) if isinstance(name, str) else None
    if cls is None:
        raise InpaintError(
            "unknown_message", f"A message of type {str(name)[:40]!r} is not known.", _UPDATE_HINT
        )
    reader = _Reader(frames=frames[1:], strict=strict)
    message: Message = reader.dataclass(cls, header, path="")
    if not _is_request_id(message.request_id):
        raise _bad(
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
        raise _bad("The message's header is not valid msgpack.") from error
    if not isinstance(value, dict):
        raise _bad("The message's header is not a map.")
    return value


def _map_without_duplicates(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    result = dict(pairs)
    if not all(isinstance(key, str) for key in result):
        raise _bad("A map in the message's header has a key that is not text.")
    if len(result) != len(pairs):
        raise _bad("A map in the message's header names a key twice.")
    return result


def _refuse_extension(code: int, _data: bytes) -> Any:
    raise _bad(f"The message's header holds a msgpack extension (type {code}).")


class _Reader:
    """Checks plain values against the type hints and metadata of dataclasses."""

    def __init__(self, frames: Sequence[Buffer], *, strict: bool) -> None:
        self._frames = frames
        self._strict = strict
        self._used: set[int] = set()

    def dataclass(self, cls: type[Any], value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise _bad(f"{path or 'The header'} must be a map.")
        known = _fields_of(cls)  # type: ignore[arg-type]  # mypy: a class is not Hashable
        unknown = sorted(set(value) - {name for name, *_ in known})
        if unknown and self._strict:
            raise _bad(f"{_join(path, unknown[0][:40])} is not a field of {cls.__name__}.")
        arguments = {}
        for name, hint, metadata, required in known:
            if name in value:
                here = _join(path, name)
                arguments[name] = self._checked(self.value(hint, value[name], here), metadata, here)
            elif required:
                raise _bad(f"{_join(path, name)} is missing.")
        return cls(**arguments)

    def value(self, hint: Any, value: Any, path: str) -> Any:
        if hint is Plane:
            return self.plane(value, path)
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            return self.dataclass(hint, value, path)
        if hint is Rectangle:
            return self.rectangle(value, path)
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            if value is None:
                return None
            (inner,) = [a for a in get_args(hint) if a is not type(None)]
            return self.value(inner, value, path)
        if origin is tuple:
            arguments = get_args(hint)
            if arguments[-1] is Ellipsis:
                arguments = (arguments[0],) * (len(value) if isinstance(value, list) else 0)
            return self.items(arguments, value, path)
        return _scalar(hint, value, path)

    def items(self, hints: Sequence[Any], value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(hints):
            raise _bad(f"{path} must be a list of the right length.")
        if len(value) > limits.LIST_ITEMS:
            raise _bad(f"{path} has {len(value)} items; {limits.LIST_ITEMS} are allowed.")
        return tuple(
            self.value(hint, item, f"{path}[{i}]")
            for i, (hint, item) in enumerate(zip(hints, value))
        )

    def rectangle(self, value: Any, path: str) -> Rectangle:
        rectangle = Rectangle(*self.items((int, int, int, int), value, path))
        farthest = limits.CANVAS_SIDE
        if max(map(abs, rectangle)) > farthest or min(rectangle.width, rectangle.height) < 0:
            raise _bad(
                f"{path} is {tuple(rectangle)}; x and y must lie between {-farthest} and "
                f"{farthest}, width and height between 0 and {farthest}."
            )
        return rectangle

    def plane(self, value: Any, path: str) -> Plane:
        header: _PlaneHeader = self.dataclass(_PlaneHeader, value, path)
        if header.frame >= len(self._frames):
            raise _bad_frames(f"The pixels of {path} are missing from the message.")
        if header.frame in self._used:
            raise _bad_frames(f"The pixels of {path} belong to another plane too.")
        self._used.add(header.frame)
        data = self._frames[header.frame]
        plane = Plane(header.width, header.height, header.channels, header.depth, data)
        _check_plane(plane, path)
        return plane

    def check_all_frames_used(self) -> None:
        extra = len(self._frames) - len(self._used)
        if extra:
            raise _bad_frames(f"The message has {extra} pixel frame(s) that nothing refers to.")

    def _checked(self, value: Any, metadata: Any, path: str) -> Any:
        if value is None:
            return value
        choices, low, high = (metadata.get(k) for k in ("choices", "minimum", "maximum"))
        if choices and value not in choices:
            raise _bad(f"{path} is {value[:40]!r}; it must be one of {', '.join(choices)}.")
        for number in value if isinstance(value, tuple) else (value,):
            if (low is not None and number < low) or (high is not None and number > high):
                raise _bad(f"{path} is {value}; it must lie between {low} and {high}.")
        if isinstance(value, str):
            _check_length(value, metadata.get("characters", limits.TEXT_CHARACTERS), path)
        return value


def _check_plane(plane: Plane, path: str) -> None:
    if plane.width * plane.height > limits.PLANE_PIXELS:
        raise InpaintError(
            "too_large",
            f"{path} has {plane.width} x {plane.height} pixels; at most "
            f"{limits.PLANE_PIXELS // 1_000_000} million fit in one message.",
            "Select a smaller region, or scale the picture down.",
        )
    received = memoryview(plane.data).nbytes
    if received != plane.byte_count:
        raise _bad_frames(
            f"{path} is {plane.width} x {plane.height} x {plane.channels} {plane.depth}, "
            f"which takes {plane.byte_count} bytes, but {received} came."
        )


def _check_total(planes: Sequence[Buffer]) -> None:
    if len(planes) > limits.PLANES:
        raise _bad_frames(
            f"The message has {len(planes)} pixel frames; {limits.PLANES} are allowed."
        )
    total = sum(memoryview(plane).nbytes for plane in planes)
    if total > limits.MESSAGE_BYTES:
        raise InpaintError(
            "too_large",
            f"The message has {total} bytes of pixels; {limits.MESSAGE_BYTES} are allowed.",
            "Select a smaller region, or ask for fewer variants.",
        )


_SIDE: dict[str, Any] = {"minimum": 1, "maximum": limits.CANVAS_SIDE}


@dataclasses.dataclass(frozen=True)
class _PlaneHeader:
    width: int = dataclasses.field(metadata=_SIDE)
    height: int = dataclasses.field(metadata=_SIDE)
    channels: int = dataclasses.field(metadata={"minimum": 1, "maximum": 4})
    depth: str = dataclasses.field(metadata={"choices": tuple(BYTES_PER_SAMPLE)})
    frame: int = dataclasses.field(metadata={"minimum": 0, "maximum": limits.PLANES})


def _scalar(hint: Any, value: Any, path: str) -> Any:
    convert = _SCALARS.get(hint)
    if convert is None:
        raise TypeError(f"{path}: no wire form for {hint}")
    return convert(value, path)


def _read_int(value: Any, path: str) -> int:
    if type(value) is int:  # bool is a subclass of int
        return value
    raise _bad(f"{path} must be a whole number.")


def _read_float(value: Any, path: str) -> float:
    if type(value) in (int, float) and abs(value) <= sys.float_info.max:  # false for NaN too
        return float(value)
    raise _bad(f"{path} must be a finite number.")


def _read_text(value: Any, path: str) -> str:
    if type(value) is not str:
        raise _bad(f"{path} must be text.")
    _check_length(value, limits.TEXT_CHARACTERS, path)
    return value


def _check_length(text: str, characters: int, path: str) -> None:
    if len(text) > characters:
        raise _bad(f"{path} has {len(text)} characters; {characters} are allowed.")


def _exactly(cls: type[Any], name: str) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        if type(value) is cls:
            return value
        raise _bad(f"{path} must be {name}.")

    return read


_SCALARS: dict[Any, Callable[[Any, str], Any]] = {
    int: _read_int,
    float: _read_float,
    str: _read_text,
    bool: _exactly(bool, "true or false"),
    bytes: _exactly(bytes, "bytes"),
}


@cache
def _fields_of(cls: type[Any]) -> list[tuple[str, Any, Any, bool]]:
    """Name, type, metadata and whether it must be there, for each field of a dataclass."""
    hints = get_type_hints(cls)
    return [
        (
            f.name,
            hints[f.name],
            f.metadata,
            f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING,
        )
        for f in dataclasses.fields(cls)
    ]


def _is_request_id(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= limits.REQUEST_ID_CHARACTERS
        and value.isascii()
        and value.isprintable()
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _bad(message: str) -> InpaintError:
    return InpaintError("bad_message", message, _UPDATE_HINT)


def _bad_frames(message: str) -> InpaintError:
    return InpaintError("bad_frames", message, _UPDATE_HINT)


_REQUEST_TYPES: dict[str, type[Message]] = {cls.type: cls for cls in REQUESTS}
_ANSWER_TYPES: dict[str, type[Message]] = {cls.type: cls for cls in ANSWERS}
