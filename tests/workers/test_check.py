"""Checks that `inpaintd serve --cluster` makes before it starts. Needs no Ray."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaintd.cli import main
from inpaintd.install.extras import how_to_install
from inpaintd.workers import cluster
from inpaintd_protocol.errors import InpaintError


@pytest.fixture
def with_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _name: object())
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "auth_token"))


@pytest.fixture
def listener() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def serve_fails(address: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["serve", "--cluster", address]) == 1
    return capsys.readouterr().err


def test_without_ray_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _name: None)
    assert how_to_install("cluster") in serve_fails("127.0.0.1:6379", capsys)


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize(
    "address", ["somewhere", "auto", ":6379", "host:", "host:0", "host:99999", "ray://host:10001"]
)
def test_what_is_no_address_is_told_what_one_looks_like(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "192.0.2.7:6379" in serve_fails(address, capsys)


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "a" * 70 + ".invalid"])
def test_an_address_where_nobody_listens(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = serve_fails(f"{host}:{port}", capsys)
    assert f"No Ray cluster answers at {host}:{port}" in said
    assert "ray status" in said


@pytest.mark.usefixtures("with_ray")
def test_a_listener_is_taken_for_a_cluster(listener: str) -> None:
    cluster.check_cluster(listener)


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize(("mode", "accepted"), [(0o600, True), (0o640, False), (0o604, False)])
def test_a_token_that_others_can_read_is_refused(
    listener: str, tmp_path: Path, mode: int, accepted: bool
) -> None:
    (tmp_path / "auth_token").write_text("0" * 64)
    (tmp_path / "auth_token").chmod(mode)
    if accepted:
        cluster.check_cluster(listener)
        return
    with pytest.raises(InpaintError, match="chmod 600"):
        cluster.check_cluster(listener)
