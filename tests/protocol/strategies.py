"""Hypothesis strategies for messages, made from their type hints and limits."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from inpaintd_protocol import limits
from inpaintd_protocol.messages import ANSWERS, REQUESTS
from inpaintd_protocol.plane import BYTES_PER_SAMPLE, Plane
from inpaintd_protocol.rectangle import Rectangle

_FARTHEST = limits.CANVAS_SIDE
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def planes(draw: st.DrawFn) -> Plane:
    width, height = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    channels, depth = draw(st.integers(1, 4)), draw(st.sampled_from(sorted(BYTES_PER_SAMPLE)))
    size = width * height * channels * BYTES_PER_SAMPLE[depth]
    return Plane(width, height, channels, depth, draw(st.binary(min_size=size, max_size=size)))


RECTANGLES = st.builds(
    Rectangle,
    st.integers(-_FARTHEST, _FARTHEST),
    st.integers(-_FARTHEST, _FARTHEST),
    st.integers(0, _FARTHEST),
    st.integers(0, _FARTHEST),
)

REQUEST_IDS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126),
    min_size=1,
    max_size=limits.REQUEST_ID_CHARACTERS,
)


def records(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a dataclass within the limits of its fields."""
    hints = get_type_hints(cls)
    return st.builds(
        cls,
        **{
            f.name: REQUEST_IDS if f.name == "request_id" else _field(hints[f.name], f.metadata)
            for f in dataclasses.fields(cls)
        },
    )


def _field(hint: Any, metadata: Any) -> st.SearchStrategy[Any]:
    arguments = get_args(hint)
    if type(None) in arguments:
        return st.none() | _field(arguments[0], metadata)
    if hint is Plane:
        return planes()
    if hint is Rectangle:
        return RECTANGLES
    if get_origin(hint) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(_field(arguments[0], {}), max_size=3).map(tuple)
        return st.tuples(*(_field(argument, metadata) for argument in arguments))
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type)
        return records(hint)
    low, high = metadata.get("minimum"), metadata.get("maximum")
    if metadata.get("choices"):
        return st.sampled_from(metadata["choices"])
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(-(2**63) if low is None else low, 2**64 - 1 if high is None else high)
    if hint is float:
        return st.floats(low, high, allow_nan=False, allow_infinity=False)
    if hint is bytes:
        return st.binary(max_size=40)
    assert hint is str
    return _TEXT


REQUEST_MESSAGES = st.one_of(*map(records, REQUESTS))
ANSWER_MESSAGES = st.one_of(*map(records, ANSWERS))
