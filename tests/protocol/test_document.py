"""PROTOCOL.md says all that the code does."""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import Any

import pytest
from scripts.make_document import DOCUMENT, document
from scripts.make_vectors import RECORDS

from inpaintd_protocol import PROTOCOL_VERSION, limits
from inpaintd_protocol.connection import DEFAULT_PORT, USER, Connection
from inpaintd_protocol.errors import ERRORS
from inpaintd_protocol.messages import ANSWERS, ON_DISCONNECT, REQUESTS, MakeMask, Message
from inpaintd_protocol.plane import BYTES_PER_SAMPLE
from inpaintd_protocol.settings import Settings, Stage

TEXT = DOCUMENT.read_text(encoding="utf-8")


def section(cls: type[Any]) -> str:
    """The document's text under the heading of a message or a record."""
    if issubclass(cls, Message):
        start = f"### `{cls.type}` ({cls.__name__})\n"
    else:
        start = f"**{cls.__name__}**"
    assert TEXT.count(start) == 1, f"{start!r} must be there once"
    rest = TEXT.split(start)[1]
    return re.split(r"\n(?:#|\*\*[A-Z])", rest)[0]


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each table row that begins with a name in backquotes."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_every_field_is_described(cls: type[Any]) -> None:
    text = section(cls)
    names = [f.name for f in dataclasses.fields(cls)]
    if issubclass(cls, Message):
        names.remove("request_id")
    if cls is MakeMask:  # refers to Inpaint
        assert [name for name in names if f"`{name}`" not in text] == []
        return
    assert list(rows(text)) == names
    if not names:
        assert "No fields." in text


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_required_fields_and_defaults_are_told_apart(cls: type[Any]) -> None:
    described = rows(section(cls))
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if field.name not in described or cls in (MakeMask, Settings, Stage):
            continue
        kind, default = described[field.name][:2]
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        assert required == (default == ""), field.name
        assert kind.endswith("?") == (type(None) in typing.get_args(hints[field.name])), field.name
        if hints[field.name] in (int, float, bool) and not required:
            assert default == str(field.default).lower(), field.name


@pytest.mark.parametrize("cls", [Settings, Stage])
def test_what_a_setting_is_when_unset_is_told(cls: type[Any]) -> None:
    described = rows(section(cls))
    for field in dataclasses.fields(cls):
        if isinstance(fallback := field.metadata["fallback"], (int, float)):
            assert described[field.name][1] == str(fallback).lower(), field.name


def test_the_generated_tables_are_current() -> None:
    assert document(TEXT) == TEXT, "run: python -m scripts.make_document"


def test_the_version() -> None:
    assert "Version **{}.{}**".format(*PROTOCOL_VERSION) in TEXT


def test_connection_facts() -> None:
    assert f"({DEFAULT_PORT})" in TEXT
    assert f"user name is `{USER.decode()}`" in TEXT
    finding = TEXT.split("## 1.")[1].split("## 2.")[0]
    keys = [f.name for f in dataclasses.fields(Connection)]
    assert list(rows(finding))[: len(keys)] == keys


def test_the_derivations_are_as_described() -> None:
    """Recomputed from the document's own words."""
    import hashlib
    import hmac

    connection = Connection("", "0f" * 32, 0, "")

    def derive(purpose: bytes) -> bytes:
        assert f"`{purpose.decode()}`" in TEXT
        return hmac.new(bytes.fromhex("0f" * 32), purpose, hashlib.sha256).digest()

    assert connection.password == derive(b"inpaintd PLAIN password").hex().encode()
    assert connection.websocket_token == derive(b"inpaintd websocket token").hex()
    nonce = bytes(range(32))
    assert "`inpaintd hello`" in TEXT
    proof = hmac.new(b"\x0f" * 32, b"inpaintd hello" + nonce, hashlib.sha256).digest()
    assert connection.proof(nonce) == proof
    assert connection.verify(nonce, proof)
    assert not connection.verify(nonce, bytes(32))


def test_choices_and_limits_in_the_prose() -> None:
    assert all(f"`{choice}`" in TEXT for choice in (*ON_DISCONNECT, *BYTES_PER_SAMPLE))
    assert f"at most {limits.HEADER_BYTES:,} bytes" in TEXT
    assert f"1 to {limits.REQUEST_ID_CHARACTERS} printable ASCII" in TEXT
    assert f"1 to {limits.CANVAS_SIDE} |" in TEXT
    assert f"0 to {limits.PLANES} |" in TEXT
    assert f"at least every {limits.HEARTBEAT_SECONDS} s" in TEXT


def test_every_error_code_is_listed() -> None:
    assert {"busy", "bad_message", "cancelled", "worker_died"} <= set(ERRORS)
    assert all(f"| `{code}` |" in TEXT for code in ERRORS)


def test_every_message_has_a_heading_in_its_part() -> None:
    requests = TEXT.split("## 5. Requests")[1].split("## 6. Answers")[0]
    answers = TEXT.split("## 6. Answers")[1].split("## 7.")[0]
    for part, classes in ((requests, REQUESTS), (answers, ANSWERS)):
        assert re.findall(r"^### `(\w+)`", part, re.MULTILINE) == [cls.type for cls in classes]


def test_every_setting_presents_itself() -> None:
    for field in dataclasses.fields(Settings):
        assert field.metadata["help"].endswith("."), field.name
        assert field.metadata["label"], field.name
