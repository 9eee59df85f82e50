"""connection.json: found, believed only when it is whole, seen by its user only."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from inpaintd_protocol.connection import (
    Connection,
    home,
    new_secret,
    read_connection,
    remove_connection,
    write_connection,
)
from inpaintd_protocol.errors import InpaintError

CONNECTION = Connection("tcp://127.0.0.1:47700", new_secret(), 1, "0.1", "ws://localhost:47701")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_connection(tmp_path, CONNECTION)
    assert read_connection(tmp_path) == CONNECTION
    newer = replace(CONNECTION, secret=new_secret())
    write_connection(tmp_path, newer)
    assert read_connection(tmp_path) == newer
    assert [path.name for path in tmp_path.iterdir()] == ["connection.json"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_connection(tmp_path, CONNECTION)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "connection.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 100_000,
        "{}",
        json.dumps({"endpoint": "tcp://127.0.0.1:1"}),
        json.dumps({**asdict(CONNECTION), "secret": "not hexadecimal"}),
        json.dumps({**asdict(CONNECTION), "secret": 7}),
        json.dumps({**asdict(CONNECTION), "secret": None}),
        json.dumps({**asdict(CONNECTION), "endpoint": None}),
        json.dumps(asdict(CONNECTION))[:-9],
        "\udcff",
    ],
)
def test_a_broken_file_means_not_running(tmp_path: Path, text: str) -> None:
    (tmp_path / "connection.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InpaintError) as caught:
        read_connection(tmp_path)
    assert caught.value.code == "not_running"


def test_no_file_and_no_folder_mean_not_running(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InpaintError) as caught:
            read_connection(folder)
        assert caught.value.code == "not_running"


def test_keys_of_a_newer_daemon_are_passed_over(tmp_path: Path) -> None:
    text = json.dumps({**asdict(CONNECTION), "grpc": "later"})
    (tmp_path / "connection.json").write_text(text)
    assert read_connection(tmp_path) == CONNECTION


def test_a_daemon_removes_only_its_own_file(tmp_path: Path) -> None:
    write_connection(tmp_path, CONNECTION)
    remove_connection(tmp_path, replace(CONNECTION, secret=new_secret()))
    assert read_connection(tmp_path) == CONNECTION
    remove_connection(tmp_path, CONNECTION)
    remove_connection(tmp_path, CONNECTION)
    assert list(tmp_path.iterdir()) == []


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("INPAINTD_HOME", "")
    assert home() == Path.home() / ".inpaintd"


def test_a_home_in_the_folder_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINTD_HOME", "~nobody of this name/inpaintd")
    with pytest.raises(InpaintError, match="nobody of this name") as caught:
        home()
    assert caught.value.code == "not_running"


def test_what_goes_over_the_wire_is_not_the_secret() -> None:
    shown = (CONNECTION.password, CONNECTION.proof(b"x").hex().encode())
    assert len({*shown, CONNECTION.secret.encode(), CONNECTION.websocket_token.encode()}) == 4
    assert new_secret() != new_secret()
    assert len(bytes.fromhex(new_secret())) == 32
