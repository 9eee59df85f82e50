"""Messages to frames and back: every way in which frames can be wrong."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inpaintd_protocol import codec, limits
from inpaintd_protocol.codec import decode_answer, decode_request, encode
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Cancel,
    Failed,
    Finished,
    Hello,
    Inpaint,
    Message,
    Plan,
    Progress,
)
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Control, Settings, Settled, SettledStage, Stage

from .examples import EVERY_SETTING, EXAMPLES, MASK_2X1, RGBA_2X1
from .strategies import ANSWER_MESSAGES, REQUEST_MESSAGES

Change = Callable[[dict[str, Any]], Any]


def header_of(message: Message) -> dict[str, Any]:
    header: dict[str, Any] = msgpack.unpackb(encode(message)[0])
    return header


def inpaint_frames(change: Change | None = None) -> list[bytes]:
    """A valid request of two planes, its header changed."""
    message = Inpaint("id", RGBA_2X1, mask=MASK_2X1)
    header = header_of(message)
    if change is not None:
        change(header)
    return [msgpack.packb(header), *(bytes(frame) for frame in encode(message)[1:])]


def refusal_of(
    frames: list[Any], decode: Callable[[Any], Message] = decode_request
) -> InpaintError:
    with pytest.raises(InpaintError) as caught:
        decode(frames)
    error = caught.value
    assert error.message.endswith(".")
    assert len(str(error)) < 400, "an error must not quote a long message back"
    return error


def put(path: str, value: Any) -> Change:
    """Set the value at a dotted path of the header."""

    def change(header: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for name in parents:
            header = header[name]
        header[last] = value

    return change


# ---------------------------------------------------------------------------------- round trip


@given(REQUEST_MESSAGES)
def test_requests_come_back_as_they_went(message: Message) -> None:
    assert decode_request(encode(message)) == message


@given(ANSWER_MESSAGES)
def test_answers_come_back_as_they_went(message: Message) -> None:
    assert decode_answer(encode(message)) == message


@given(REQUEST_MESSAGES)
def test_the_request_id_is_found_without_decoding(message: Message) -> None:
    assert codec.request_id_of(encode(message)) == message.request_id


def test_planes_are_not_copied() -> None:
    pixels = bytearray(RGBA_2X1.data)
    frames = encode(Inpaint("id", Plane(2, 1, 4, "u8", pixels)))
    assert frames[1] is pixels
    request = decode_request(frames)
    assert isinstance(request, Inpaint)
    assert request.layer.data is pixels


def test_left_out_settings_take_their_defaults() -> None:
    frames = inpaint_frames(put("settings", {"prompt": "x"}))
    assert decode_request(frames) == Inpaint("id", RGBA_2X1, Settings(prompt="x"), mask=MASK_2X1)


def test_whole_numbers_are_accepted_for_floats() -> None:
    """JavaScript writes 1.0 as 1."""
    request = decode_request(inpaint_frames(put("settings.strength", 1)))
    assert isinstance(request, Inpaint)
    assert type(request.settings.strength) is float


def test_memoryviews_and_bytearrays_decode_too() -> None:
    frames = inpaint_frames()
    assert decode_request([memoryview(frame) for frame in frames]) == decode_request(frames)
    assert decode_request([bytearray(frame) for frame in frames]) == decode_request(frames)


# -------------------------------------------------------------------------------------- frames


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frames: frames[:2],
        lambda frames: [*frames, b"extra"],
        lambda frames: [*frames, b""],
        lambda frames: [frames[0], frames[1][:-1], frames[2]],
        lambda frames: [frames[0], frames[1] + b"x", frames[2]],
        lambda frames: [frames[0], b"", frames[2]],
        lambda frames: [frames[0], frames[2], frames[1]],
        lambda frames: frames[:1] + [b"x"] * (limits.PLANES + 1),
    ],
    ids=["missing", "extra", "empty extra", "truncated", "oversized", "empty", "swapped", "many"],
)
def test_wrong_pixel_frames(spoil: Callable[[list[bytes]], list[bytes]]) -> None:
    assert refusal_of(spoil(inpaint_frames())).code == "bad_frames"


def test_no_frames_at_all() -> None:
    assert refusal_of([]).code == "bad_message"


def test_two_planes_of_one_frame() -> None:
    frames = inpaint_frames(lambda header: header["mask"].update(frame=0, height=4))
    error = refusal_of(frames[:2])
    assert (error.code, "another plane" in error.message) == ("bad_frames", True)


def test_a_frame_number_beyond_the_frames() -> None:
    assert refusal_of(inpaint_frames(put("mask.frame", 2))).code == "bad_frames"


def test_more_bytes_than_a_message_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = inpaint_frames()
    monkeypatch.setattr(limits, "MESSAGE_BYTES", 9)
    assert refusal_of(frames).code == "too_large"
    with pytest.raises(InpaintError, match="10 bytes of pixels"):
        encode(Inpaint("id", RGBA_2X1, mask=MASK_2X1))


# -------------------------------------------------------------------------------------- planes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 0),
        ("height", 0),
        ("width", -1),
        ("width", limits.CANVAS_SIDE + 1),
        ("channels", 0),
        ("channels", 5),
        ("depth", "f64"),
        ("depth", 8),
        ("frame", -1),
        ("frame", limits.PLANES + 1),
        ("width", True),
        ("width", 2.0),
        ("width", None),
        ("stride", 8),
    ],
)
def test_wrong_plane_headers(field: str, value: object) -> None:
    error = refusal_of(inpaint_frames(put(f"layer.{field}", value)))
    assert error.code == "bad_message"
    assert f"layer.{field}" in error.message


def test_a_plane_that_is_no_map() -> None:
    assert "layer" in refusal_of(inpaint_frames(put("layer", [2, 1, 4, "u8", 0]))).message


def test_a_plane_of_200_megapixels() -> None:
    frames = inpaint_frames(lambda header: header["layer"].update(width=20_000, height=10_000))
    assert refusal_of(frames).code == "too_large"


def test_the_largest_plane_is_only_missing_its_pixels() -> None:
    frames = inpaint_frames(lambda header: header["layer"].update(width=10_000, height=10_000))
    assert refusal_of(frames).code == "bad_frames"


def test_a_layer_must_be_there() -> None:
    error = refusal_of(inpaint_frames(lambda header: header.pop("layer")))
    assert (error.code, "layer is missing" in error.message) == ("bad_message", True)


# -------------------------------------------------------------------------------------- header


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc1",
        b"\x81",
        b"\x93\x01\x02\x03",
        b"\xa5hello",
        b"\xc0",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x81\xa4type\xa2\xff\xfe",
        b"\x91" * 2000 + b"\xc0",
        b"\x81\xa1a" * 2000 + b"\xc0",
        b"\x81\x91\x01\x02",
        b"\x81\x80\x02",
        b"\x82\xc4\x04type\xa5hello\xa1b\x01",
        msgpack.packb({"type": "cancel", "request_id": "id"}) + b"\x00",
        msgpack.packb({"type": "cancel", "request_id": "id"})[:-1],
        b"\x83\xa4type\xa6cancel\xaarequest_id\xa2id\xaarequest_id\xa2id",
        b"\x83\xa4type\xa6cancel\xaarequest_id\xa2id\xa4more\xd4\x05\x00",
        b"\x83\xa4type\xa6cancel\xaarequest_id\xa2id\xa4more\xd6\xff\x00\x00\x00\x00",
    ],
    ids=[
        "empty",
        "reserved byte",
        "cut short",
        "an array",
        "a text",
        "nil",
        "a map of 4 billion",
        "an array of 4 billion",
        "4 GB of bytes",
        "not UTF-8",
        "2000 arrays deep",
        "2000 maps deep",
        "an array as key",
        "a map as key",
        "bytes as key",
        "a byte too many",
        "a byte too few",
        "a key twice",
        "an extension",
        "a time stamp",
    ],
)
def test_headers_that_are_not_a_proper_map(header: bytes) -> None:
    assert refusal_of([header]).code == "bad_message"
    codec.request_id_of([header])


def test_a_key_twice_in_a_nested_map() -> None:
    frames = [b"\x83\xa4type\xa4plan\xaarequest_id\xa2id\xa8settings\x82\xa1a\x01\xa1a\x01"]
    assert "twice" in refusal_of(frames).message


def test_a_header_over_its_limit() -> None:
    header = {"type": "cancel", "request_id": "id", "pad": "x" * limits.HEADER_BYTES}
    assert refusal_of([msgpack.packb(header)]).code == "too_large"
    with pytest.raises(InpaintError, match=r"header has \d+ bytes"):
        encode(Inpaint("id", RGBA_2X1, Settings(prompt="語" * limits.HEADER_BYTES)))


@pytest.mark.parametrize("name", ["", "Hello", "finished", "x" * 10_000, None, 7, ["hello"], {}])
def test_unknown_types(name: object) -> None:
    frames = [msgpack.packb({"type": name, "request_id": "id"})]
    assert refusal_of(frames).code == "unknown_message"


def test_a_message_without_a_type() -> None:
    assert refusal_of([msgpack.packb({"request_id": "id"})]).code == "unknown_message"


def test_requests_are_no_answers() -> None:
    assert refusal_of(encode(Cancel("id")), decode_answer).code == "unknown_message"
    assert refusal_of(encode(Progress("id", "waiting", 0.0))).code == "unknown_message"


BAD_REQUEST_IDS = ["", "x" * 65, "é", "a\n", "a\0", 7, None, b"id", ["id"]]


@pytest.mark.parametrize("request_id", BAD_REQUEST_IDS)
def test_bad_request_ids(request_id: object) -> None:
    frames = [msgpack.packb({"type": "cancel", "request_id": request_id})]
    assert refusal_of(frames).code == "bad_message"
    assert codec.request_id_of(frames) == ""


def test_the_request_id_of_a_bad_message_is_still_found() -> None:
    frames = [msgpack.packb({"type": "no such", "request_id": "id", "more": [1, {}]})]
    assert codec.request_id_of(frames) == "id"
    assert codec.request_id_of([]) == ""


# -------------------------------------------------------------------------------------- fields


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settings.strength", math.nan),
        ("settings.strength", math.inf),
        ("settings.strength", -math.inf),
        ("settings.strength", 1.0001),
        ("settings.strength", -0.1),
        ("settings.strength", "1"),
        ("settings.strength", True),
        ("settings.threshold", math.nan),
        ("settings.steps", 0),
        ("settings.steps", 501),
        ("settings.steps", 30.0),
        ("settings.steps", True),
        ("settings.seed", -1),
        ("settings.seed", 2**32),
        ("settings.invert", 1),
        ("settings.prompt", b"bytes"),
        ("settings.prompt", "x" * (limits.PROMPT_CHARACTERS + 1)),
        ("settings.model", "x" * (limits.TEXT_CHARACTERS + 1)),
        ("settings.area", "Masked"),
        ("settings.area", ""),
        ("settings.area", "x" * 20_000),
        ("settings.controls", {}),
        ("settings.controls", [7]),
        ("settings.controls", [{"kind": "depth"}]),
        ("settings.controls", [{"weight": math.nan}]),
        ("settings.controls", [{"unknown": 1}]),
        ("settings.controls", [{}] * (limits.LIST_ITEMS + 1)),
        ("settings.embeddings", ["a", 7]),
        ("settings.embeddings", "text"),
        ("settings.embeddings", ["x" * (limits.TEXT_CHARACTERS + 1)]),
        ("settings.stages", [{"steps": 0}]),
        ("settings.guidance", 7.5),
        ("settings", None),
        ("settings", []),
        ("offset", [0]),
        ("offset", [0, 0, 0]),
        ("offset", [0, 0.5]),
        ("offset", [0, limits.CANVAS_SIDE + 1]),
        ("offset", [-limits.CANVAS_SIDE - 1, 0]),
        ("offset", None),
        ("offset", "00"),
        ("on_disconnect", "forget"),
        ("on_disconnect", None),
        ("unknown", 0),
        ("data", "smuggled"),
    ],
)
def test_fields_out_of_range_or_of_another_type(path: str, value: object) -> None:
    frames = inpaint_frames(put(path, value))
    error = refusal_of(frames)
    assert error.code == "bad_message"
    assert path.split(".")[-1][:40] in error.message


@pytest.mark.parametrize(
    "rectangle",
    [
        [0, 0, -1, 1],
        [0, 0, 1, -1],
        [limits.CANVAS_SIDE + 1, 0, 1, 1],
        [0, 0, 1, limits.CANVAS_SIDE + 1],
        [0, 0, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 1, True],
        {"x": 0, "y": 0, "width": 1, "height": 1},
        None,
    ],
)
def test_bad_rectangles(rectangle: object) -> None:
    header = header_of(Plan("id", Rectangle(0, 0, 4, 4), Rectangle(1, 1, 2, 2)))
    header["bounds"] = rectangle
    error = refusal_of([msgpack.packb(header)])
    assert (error.code, "bounds" in error.message) == ("bad_message", True)


def test_an_unknown_key_is_an_error_in_a_request_and_passed_over_in_an_answer() -> None:
    request = {**header_of(Cancel("id")), "reason": "bored"}
    assert "reason is not a field of Cancel" in refusal_of([msgpack.packb(request)]).message
    answer = header_of(Failed("id", "busy", "Busy."))
    answer["severity"] = {"deep": [1, 2.5, None, b"bytes"]}
    assert decode_answer([msgpack.packb(answer)]) == Failed("id", "busy", "Busy.")


def test_an_answer_with_an_unknown_plane_is_refused() -> None:
    """Its frame would be nobody's: a newer daemon may add keys, not frames."""
    frames = [*encode(Failed("id", "busy", "Busy.")), b"pixels"]
    assert refusal_of(frames, decode_answer).code == "bad_frames"


@pytest.mark.parametrize("field", ["client", "nonce"])
def test_missing_fields(field: str) -> None:
    header = header_of(Hello("id", "me", b"nonce"))
    del header[field]
    assert f"{field} is missing" in refusal_of([msgpack.packb(header)]).message


# ---------------------------------------------------------------------------------------- fuzz


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_random_bytes_raise_nothing_else(frames: list[bytes]) -> None:
    for decode in (decode_request, decode_answer):
        with pytest.raises(InpaintError):
            decode(frames)
    codec.request_id_of(frames)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 9) | st.binary(max_size=3), inner)
    ),
    max_leaves=8,
)


@given(st.data())
def test_any_value_in_any_place_raises_nothing_else(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(EXAMPLES)))
    frames = [bytes(frame) for frame in encode(EXAMPLES[name][1])]
    header = msgpack.unpackb(frames[0])
    place = header
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(VALUES)
    spoiled = [msgpack.packb(header), *frames[1:]]
    for decode in (decode_request, decode_answer):
        try:
            message = decode(spoiled)
        except InpaintError:
            continue
        assert decode(encode(message)) == message


@given(st.data())
@example(None)
def test_a_flipped_bit_raises_nothing_else(data: st.DataObject | None) -> None:
    frames = [bytes(frame) for frame in encode(EXAMPLES["inpaint-every-setting"][1])]
    header = bytearray(frames[0])
    at = 0 if data is None else data.draw(st.integers(0, len(header) - 1))
    header[at] ^= 0x80 if data is None else 1 << data.draw(st.integers(0, 7))
    with suppress(InpaintError):
        decode_request([header, *frames[1:]])


# -------------------------------------------------------------------------- encoding, settings


def test_a_plane_of_the_wrong_length_is_not_sent() -> None:
    with pytest.raises(InpaintError, match="takes 8 bytes, but 7 came"):
        encode(Inpaint("id", Plane(2, 1, 4, "u8", bytes(7))))


def test_a_plane_of_200_megapixels_is_not_sent() -> None:
    with pytest.raises(InpaintError, match="20000 x 10000 pixels") as caught:
        encode(Inpaint("id", Plane(20_000, 10_000, 4, "u8", b"")))
    assert caught.value.code == "too_large"


def test_half_a_character_is_not_sent() -> None:
    """Text that Python makes of an argument that is not UTF-8."""
    with pytest.raises(InpaintError) as caught:
        encode(Inpaint("id", RGBA_2X1, Settings(prompt="\udcff")))
    assert caught.value.code == "bad_message"


def test_too_many_planes_are_not_sent() -> None:
    layers = EXAMPLES["finished"][1]
    assert isinstance(layers, Finished)
    many = dataclasses.replace(layers, layers=layers.layers * limits.PLANES)
    with pytest.raises(InpaintError, match="33 pixel frames"):
        encode(many)


@pytest.mark.parametrize("value", [Settings(), EVERY_SETTING, Control(kind="tile")])
def test_settings_as_plain_values_and_back(value: Settings | Control) -> None:
    plain = codec.settings_to_map(value)
    assert codec.settings_from_map(type(value), plain) == value


@pytest.mark.parametrize(
    "values", [{"strengh": 1}, {"strength": 10**400}, {"steps": "30"}, {"controls": [{"x": 1}]}]
)
def test_bad_plain_values_name_the_field(values: dict[str, Any]) -> None:
    with pytest.raises(InpaintError) as caught:
        codec.settings_from_map(Settings, values)
    assert next(iter(values)) in caught.value.message


def test_nil_is_unset() -> None:
    values = {name: None for name in EVERY_SETTING.given()}
    assert codec.settings_from_map(Settings, values) == Settings()


def test_settled_settings_have_the_same_fields_with_nothing_left_open() -> None:
    asked, used = typing.get_type_hints(Settings), typing.get_type_hints(Settled)
    assert list(asked) == list(used)
    for field in dataclasses.fields(Settings):
        may_be_none = field.metadata["fallback"] is None
        assert used[field.name] == (
            asked[field.name]
            if may_be_none
            else tuple[SettledStage, ...]
            if field.name == "stages"
            else next(t for t in typing.get_args(asked[field.name]) if t is not type(None))
        ), field.name


def test_what_is_unset_has_the_fields_default_when_it_is_used() -> None:
    used = Settled.of(Settings(steps=7, stages=(Stage(steps=9),)))
    assert (used.steps, used.guidance_scale, used.seed, used.count) == (7, 7.5, None, 1)
    assert (used.stages[0].steps, used.stages[0].strength) == (9, 0.3)
    assert Settled.of(used) is used


def test_an_older_client_says_unset_by_the_default() -> None:
    old = {name: f.metadata["fallback"] for name, f in Settings.__dataclass_fields__.items()}
    old |= {"strength": 0.5, "text_mask_threshold": None}
    old["stages"] = [{"kind": "inpaint", "strength": 0.3, "steps": 12, "seed": None}]
    settings = codec.settings_from_map(Settings, old, (1, 1))
    stage = Stage("inpaint", steps=12)
    assert settings == Settings(strength=0.5, text_mask_threshold=0.0, stages=(stage,))
    request = Inpaint("id", RGBA_2X1, Settings(steps=30, seed=3))
    assert codec.decode_request(encode(request)) == request
    as_old = codec.decode_request(encode(request), (1, 1))
    assert as_old == Inpaint("id", RGBA_2X1, Settings(seed=3))


def test_only_what_is_set_is_given_and_sent() -> None:
    assert Settings().given() == {}
    assert codec.settings_to_map(Settings(steps=30, invert=False)) == {"steps": 30, "invert": False}
    missing = {f.name for f in dataclasses.fields(Settings)} - set(EVERY_SETTING.given())
    assert not missing, "give them values in EVERY_SETTING of tests/protocol/examples.py"
