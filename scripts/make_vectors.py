"""Write protocol/vectors and protocol/schema.json: python -m scripts.make_vectors"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from tests.protocol.examples import EXAMPLES

from inpaintd_protocol import PROTOCOL_VERSION, limits, messages, settings
from inpaintd_protocol.codec import encode
from inpaintd_protocol.messages import ANSWERS, REQUESTS, Message
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle

PROTOCOL = Path(__file__).parents[1] / "protocol"
VECTORS = PROTOCOL / "vectors"

_PYTHON_ONLY = ("flag", "fallback", "none", "neutral")
"""Metadata of fields that is left out of schema.json, or written otherwise."""

_SETTLED = {settings.Settings: settings.Settled, settings.Stage: settings.SettledStage}

RECORDS: tuple[type[Any], ...] = (
    *REQUESTS,
    *ANSWERS,
    messages.Click,
    messages.ObjectPrompt,
    messages.ResultLayer,
    messages.Notice,
    messages.ModelUsage,
    messages.ModelInfo,
    messages.IntentInfo,
    messages.RequestState,
    messages.WorkerState,
    messages.Moment,
    settings.Settings,
    settings.Control,
    settings.Lora,
    settings.Reference,
    settings.Stage,
)
"""Every dataclass that is a map on the wire, except `Plane`."""


def files() -> dict[Path, str]:
    """The contents of every generated file."""
    made = {PROTOCOL / "schema.json": _json(schema())}
    for name, (about, message) in EXAMPLES.items():
        frames = [bytes(frame) for frame in encode(message)]
        made[VECTORS / f"{name}.json"] = _json(
            {
                "about": about,
                "direction": "request" if type(message) in REQUESTS else "answer",
                "record": type(message).__name__,
                "frame_bytes": [len(frame) for frame in frames],
                "message": {"type": message.type, **described(message)},
            }
        )
        made[VECTORS / f"{name}.hex"] = "".join(frame.hex() + "\n" for frame in frames)
    return made


def described(value: Any) -> Any:
    """A message as JSON: bytes as {"hex"}, a plane with its samples' bytes as "hex"."""
    if isinstance(value, Plane):
        plane = {name: getattr(value, name) for name in ("width", "height", "channels", "depth")}
        return {**plane, "hex": bytes(value.data).hex()}
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if dataclasses.is_dataclass(value):
        return {f.name: described(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [described(item) for item in value]
    return value


def schema() -> dict[str, Any]:
    """All records with the order, type, default and range of their fields, for other languages."""
    return {
        "about": "Made by scripts/make_vectors.py; PROTOCOL.md explains it.",
        "protocol": list(PROTOCOL_VERSION),
        "limits": {name: value for name, value in vars(limits).items() if name.isupper()},
        "requests": [cls.__name__ for cls in REQUESTS],
        "answers": [cls.__name__ for cls in ANSWERS],
        "records": {cls.__name__: _record(cls) for cls in RECORDS},
    }


def _record(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    fields = [_field(f, hints[f.name]) for f in dataclasses.fields(cls)]
    if cls in _SETTLED:
        # What a dialog shows: the value where neither the user nor the model has set one.
        used = get_type_hints(_SETTLED[cls])
        for field, made in zip(dataclasses.fields(cls), fields, strict=True):
            made["fallback"] = described(field.metadata["fallback"])
            made["settled"] = type_name(used[field.name]).replace("SettledStage", "Stage")
    return {**({"type": cls.type} if issubclass(cls, Message) else {}), "fields": fields}


def _field(field: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    described_field: dict[str, Any] = {"name": field.name, "type": type_name(hint)}
    if field.default is not dataclasses.MISSING:
        described_field["default"] = described(field.default)
    elif field.default_factory is not dataclasses.MISSING:
        described_field["default"] = {}  # a record with all its own defaults
    # By identity where it matters: a minimum of 0 equals False.
    extra = {
        key: value
        for key, value in field.metadata.items()
        if value is not None and value is not False and value != "" and key not in _PYTHON_ONLY
    }
    if hint not in (str, str | None):
        extra.pop("characters", None)
    return {**described_field, **{key: described(value) for key, value in extra.items()}}


def type_name(hint: Any) -> str:
    """A type as in schema.json: "int", "float?", "[int, int]", "[Control]*"."""
    if hint is Rectangle:
        return "[int, int, int, int]"
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        if arguments[-1] is Ellipsis:
            return f"[{type_name(arguments[0])}]*"
        return f"[{', '.join(map(type_name, arguments))}]"
    if type(None) in arguments:
        return f"{type_name(arguments[0])}?"
    name: str = hint.__name__
    return name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    made = files()
    for old in [*VECTORS.glob("*.json"), *VECTORS.glob("*.hex")]:
        if old not in made:
            old.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
