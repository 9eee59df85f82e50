"""Conversion of plain msgpack or JSON values to dataclasses, checked field by field.

A field's permitted values follow from its type hint and its metadata: `choices`, `minimum`,
`maximum` and `characters`.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from . import limits
from .errors import InpaintError
from .older import brought_up_to_date
from .plane import BYTES_PER_SAMPLE, Buffer, Plane
from .rectangle import Rectangle
from .version import PROTOCOL_VERSION

UPDATE_HINT = "Update the daemon or the plug-in, whichever is older."


def bad_message(message: str) -> InpaintError:
    return InpaintError("bad_message", message, UPDATE_HINT)


def bad_frames(message: str) -> InpaintError:
    return InpaintError("bad_frames", message, UPDATE_HINT)


class Reader:
    """Reads the values of one message.

    Every method raises `InpaintError("bad_message")`, or `bad_frames` or `too_large` for planes.

    Args:
        frames: the frames that hold the pixels of planes.
        strict: refuse unknown fields instead of ignoring them.
        version: version of the protocol that the values were written in.
    """

    def __init__(
        self,
        frames: Sequence[Buffer],
        *,
        strict: bool,
        version: tuple[int, int] = PROTOCOL_VERSION,
    ) -> None:
        self._frames = frames
        self._strict = strict
        self._version = version
        self._used: set[int] = set()

    def dataclass(self, cls: type[Any], value: Any, path: str) -> Any:
        """Build an instance of `cls` from a map; errors name its fields with the prefix `path`."""
        if not isinstance(value, dict):
            raise bad_message(f"{path or 'The header'} must be a map.")
        value = brought_up_to_date(cls, value, self._version)
        known = _fields_of(cls)  # type: ignore[arg-type]  # mypy: a class is not Hashable
        unknown = sorted(set(value) - {name for name, *_ in known})
        if unknown and self._strict:
            raise bad_message(f"{_join(path, unknown[0][:40])} is not a field of {cls.__name__}.")
        arguments = {}
        for name, hint, metadata, required in known:
            if name in value:
                here = _join(path, name)
                arguments[name] = self._checked(
                    self._value(hint, value[name], here), metadata, here
                )
            elif required:
                raise bad_message(f"{_join(path, name)} is missing.")
        return cls(**arguments)

    def check_all_frames_used(self) -> None:
        extra = len(self._frames) - len(self._used)
        if extra:
            raise bad_frames(f"The message has {extra} pixel frame(s) that nothing refers to.")

    def _value(self, hint: Any, value: Any, path: str) -> Any:
        if hint is Plane:
            return self._plane(value, path)
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            return self.dataclass(hint, value, path)
        if hint is Rectangle:
            return self._rectangle(value, path)
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            if value is None:
                return None
            (inner,) = [a for a in get_args(hint) if a is not type(None)]
            return self._value(inner, value, path)
        if origin is tuple:
            arguments = get_args(hint)
            if arguments[-1] is Ellipsis:
                arguments = (arguments[0],) * (len(value) if isinstance(value, list) else 0)
            return self._items(arguments, value, path)
        return _scalar(hint, value, path)

    def _items(self, hints: Sequence[Any], value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(hints):
            raise bad_message(f"{path} must be a list of the right length.")
        if len(value) > limits.LIST_ITEMS:
            raise bad_message(f"{path} has {len(value)} items; {limits.LIST_ITEMS} are allowed.")
        return tuple(
            self._value(hint, item, f"{path}[{i}]")
            for i, (hint, item) in enumerate(zip(hints, value))
        )

    def _rectangle(self, value: Any, path: str) -> Rectangle:
        rectangle = Rectangle(*self._items((int, int, int, int), value, path))
        farthest = limits.CANVAS_SIDE
        if max(map(abs, rectangle)) > farthest or min(rectangle.width, rectangle.height) < 0:
            raise bad_message(
                f"{path} is {tuple(rectangle)}; x and y must lie between {-farthest} and "
                f"{farthest}, width and height between 0 and {farthest}."
            )
        return rectangle

    def _plane(self, value: Any, path: str) -> Plane:
        header: _PlaneHeader = self.dataclass(_PlaneHeader, value, path)
        if header.frame >= len(self._frames):
            raise bad_frames(f"The pixels of {path} are missing from the message.")
        if header.frame in self._used:
            raise bad_frames(f"The pixels of {path} belong to another plane too.")
        self._used.add(header.frame)
        data = self._frames[header.frame]
        plane = Plane(header.width, header.height, header.channels, header.depth, data)
        check_plane(plane, path)
        return plane

    def _checked(self, value: Any, metadata: Any, path: str) -> Any:
        if value is None:
            return value
        choices, low, high = (metadata.get(k) for k in ("choices", "minimum", "maximum"))
        if choices and value not in choices:
            raise bad_message(f"{path} is {value[:40]!r}; it must be one of {', '.join(choices)}.")
        for number in value if isinstance(value, tuple) else (value,):
            if (low is not None and number < low) or (high is not None and number > high):
                raise bad_message(f"{path} is {value}; it must lie between {low} and {high}.")
        if isinstance(value, str):
            _check_length(value, metadata.get("characters", limits.TEXT_CHARACTERS), path)
        return value


def check_plane(plane: Plane, path: str) -> None:
    """Check that a plane is within the limits, and its data of the right length for its size.

    Raises:
        InpaintError: `too_large` or `bad_frames`.
    """
    if plane.width * plane.height > limits.PLANE_PIXELS:
        raise InpaintError(
            "too_large",
            f"{path} has {plane.width} x {plane.height} pixels; at most "
            f"{limits.PLANE_PIXELS // 1_000_000} million fit in one message.",
            "Select a smaller region, or scale the picture down.",
        )
    received = memoryview(plane.data).nbytes
    if received != plane.byte_count:
        raise bad_frames(
            f"{path} is {plane.width} x {plane.height} x {plane.channels} {plane.depth}, "
            f"which takes {plane.byte_count} bytes, but {received} came."
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
    raise bad_message(f"{path} must be a whole number.")


def _read_float(value: Any, path: str) -> float:
    if type(value) in (int, float) and abs(value) <= sys.float_info.max:  # false for NaN too
        return float(value)
    raise bad_message(f"{path} must be a finite number.")


def _read_text(value: Any, path: str) -> str:
    if type(value) is not str:
        raise bad_message(f"{path} must be text.")
    _check_length(value, limits.TEXT_CHARACTERS, path)
    return value


def _check_length(text: str, characters: int, path: str) -> None:
    if len(text) > characters:
        raise bad_message(f"{path} has {len(text)} characters; {characters} are allowed.")


def _exactly(cls: type[Any], name: str) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        if type(value) is cls:
            return value
        raise bad_message(f"{path} must be {name}.")

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
    """Name, type, metadata and whether it is required, for each field of a dataclass."""
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


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
