"""Models over the protocol, with the hub's real client and a hub on this machine."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import (
    Cancel,
    Cancelled,
    InstallModel,
    Message,
    ModelDone,
    ModelProgress,
)
from tests.models import hollow
from tests.models.conftest import repository
from tests.models.hub import Hub, hub_with
from tests.models.tiny import ENTRY, inpaintd
from tests.running import Daemon, eventually, running_daemon

__all__ = ["repository"]

BIG = "unet/diffusion_pytorch_model.safetensors"
MEGABYTE = 1 << 20


@pytest.fixture
def hub(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Hub]:
    hollow.write(repository / BIG, {"weight": (3 * MEGABYTE,)})  # 6 MB
    with hub_with(repository) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub-cache"))
        monkeypatch.setenv("HF_TOKEN", "")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield hub
        hub.stall = False


@pytest.fixture
def daemon(hub: Hub, tmp_path: Path) -> Iterator[Daemon]:
    with running_daemon(tmp_path / "home", models=ENTRY) as daemon:
        yield daemon


def stalled(daemon: Daemon, hub: Hub) -> None:
    """Begin a download that hangs after 2 MB, and leave."""
    hub.cuts, hub.stall = [2 * MEGABYTE], True
    with daemon.connect() as client:
        client.submit(InstallModel(new_request_id(), "tiny"))
        part = daemon.home / "models" / "tiny" / f"{BIG}.part"
        eventually(lambda: part.exists() and part.stat().st_size == 2 * MEGABYTE, "2 MB are there")


def test_a_model_comes_goes_and_is_told_of(daemon: Daemon) -> None:
    seen: list[ModelProgress] = []
    with daemon.connect() as client:
        done = client.install_model("tiny", on_progress=seen.append)
        assert (done.model, done.state) == ("tiny", "installed")
        assert seen[-1].done_bytes == seen[-1].total_bytes > 6 * MEGABYTE
        assert [p.done_bytes for p in seen] == sorted(p.done_bytes for p in seen)
        tiny = next(one for one in client.models().models if one.name == "tiny")
        assert tiny.installed
        [used] = client.disk().models
        assert used.name == "tiny"
        assert used.bytes >= 6 * MEGABYTE
        assert client.verify_model("tiny").state == "verified"
        assert client.remove_model("tiny").freed_bytes >= 6 * MEGABYTE
        assert client.disk().models == ()


def test_a_download_is_described_before_it_is_begun(daemon: Daemon, hub: Hub) -> None:
    hub.gated = "hf_secret"
    with daemon.connect() as client:
        offer = client.offer("tiny")
        assert offer.title == "Tiny"
        assert offer.missing_bytes == offer.total_bytes > 6 * MEGABYTE
        assert offer.free_bytes > offer.needed_bytes > offer.missing_bytes
        assert (offer.licence, offer.must_accept, offer.needs_token) == ("tiny-licence", True, True)
        assert offer.page == "https://huggingface.co/tiny/model"
        client.install_model("tiny", accept_licence=True, token="hf_secret")
        with pytest.raises(InpaintError, match="is installed"):
            client.offer("tiny")
        libraries = client.offer()
        assert libraries.total_bytes > 0
        assert libraries.suits


def test_the_command_line_waits_for_the_download_of_the_daemon(daemon: Daemon, hub: Hub) -> None:
    stalled(daemon, hub)
    asked = len(hub.ranges)
    threading.Timer(0.5, lambda: setattr(hub, "stall", False)).start()
    done = inpaintd(daemon.home, hub, "models", "install", "tiny")
    assert done.returncode == 0, done.stderr
    assert "Installed tiny." in done.stdout
    assert len(hub.ranges) <= asked + 1, "a second download was begun"
    assert "tiny is whole" in inpaintd(daemon.home, hub, "models", "verify", "tiny").stdout
    assert "Removed tiny" in inpaintd(daemon.home, hub, "models", "remove", "tiny").stdout
    assert not (daemon.home / "models" / "tiny").exists()


def test_an_installed_model_becomes_the_default(daemon: Daemon) -> None:
    with daemon.connect() as client:
        with pytest.raises(InpaintError, match="not installed"):
            client.use_model("tiny")
        client.install_model("tiny")
        assert client.use_model("tiny").state == "default"
        assert [one.name for one in client.models().models if one.default] == ["tiny"]
        client.remove_model("tiny")
        assert [one.name for one in client.models().models if one.default] == ["patches"]


def test_libraries_that_cannot_be_fetched_change_nothing(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("INPAINTD_TORCH_BACKEND", "cpu")
    with running_daemon(tmp_path / "home") as daemon, daemon.connect() as client:
        assert "processor" in client.offer().title
        with pytest.raises(InpaintError) as caught:
            client.set_up()
        assert caught.value.code in ("unreachable", "unsupported")
        with pytest.raises(InpaintError) as caught:
            client.set_up(should_cancel=lambda: True)
        assert caught.value.code == "cancelled"
        environments = daemon.home / "environments"
        made = lambda: [p for p in environments.glob("*") if not p.name.startswith(".")]  # noqa: E731
        eventually(lambda: not made(), "nothing half made is left")


def test_what_cannot_be_done_is_said(daemon: Daemon) -> None:
    with daemon.connect() as client:
        with pytest.raises(InpaintError) as caught:
            client.install_model("no-such-model")
        assert caught.value.code == "unknown_model"
        with pytest.raises(InpaintError, match="is built in"):
            client.remove_model("telea")
        with pytest.raises(InpaintError, match="is not being downloaded"):
            client.pause_model("tiny")
        with pytest.raises(InpaintError, match="not installed"):
            client.verify_model("tiny")


def test_a_licence_is_asked_for_and_the_token_kept_for_its_owner(daemon: Daemon, hub: Hub) -> None:
    hub.gated = "hf_secret"
    with daemon.connect() as client:
        with pytest.raises(InpaintError) as caught:
            client.install_model("tiny")
        assert caught.value.code == "licence"
        done = client.install_model("tiny", accept_licence=True, token="hf_secret")
    assert done.state == "installed"
    token = daemon.home / "hub-token"
    assert token.read_text().strip() == "hf_secret"
    assert os.name == "nt" or stat.S_IMODE(token.stat().st_mode) == 0o600
    assert "hf_secret" not in daemon.log


def test_a_damaged_file_is_found_and_mended(daemon: Daemon) -> None:
    with daemon.connect() as client:
        client.install_model("tiny")
        path = daemon.home / "models" / "tiny" / BIG
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(InpaintError) as caught:
            client.verify_model("tiny")
        assert caught.value.code == "model_damaged"
        client.install_model("tiny")
        assert client.verify_model("tiny").state == "verified"


def test_a_download_outlives_its_client_and_is_paused_and_gone_on_with(
    daemon: Daemon, hub: Hub
) -> None:
    stalled(daemon, hub)
    with daemon.connect() as client:
        client.pause_model("tiny")
        assert client.disk().models[0].whole is False
        hub.stall = False
        hub.ranges.clear()
        assert client.install_model("tiny").state == "installed"
    assert hub.ranges[0] == f"bytes={2 * MEGABYTE}-"


def test_two_clients_wait_for_one_download(daemon: Daemon, hub: Hub) -> None:
    stalled(daemon, hub)
    done: list[ModelDone] = []

    def wait() -> None:
        with daemon.connect() as client:
            done.append(client.install_model("tiny"))

    waiting = [threading.Thread(target=wait) for _ in range(2)]
    for thread in waiting:
        thread.start()
    hub.stall = False
    for thread in waiting:
        thread.join(60)
    assert [one.state for one in done] == ["installed"] * 2


def test_a_cancelled_download_ends(daemon: Daemon, hub: Hub) -> None:
    hub.cuts, hub.stall = [2 * MEGABYTE], True
    request_id = new_request_id()
    with daemon.connect() as client:
        client.submit(InstallModel(request_id, "tiny"))
        answers: list[Message] = []

        def told(kind: type[Message]) -> bool:
            while answer := client.poll(0.0):
                answers.append(answer)
            return any(isinstance(a, kind) for a in answers)

        eventually(lambda: told(ModelProgress), "it has begun")
        client.submit(Cancel(request_id))
        eventually(lambda: told(Cancelled), "it has ended")
        hub.stall = False
    assert not list((daemon.home / "downloads").glob("*.json"))


@pytest.mark.skipif(os.name == "nt", reason="kills by POSIX means")
def test_the_next_daemon_goes_on_where_the_last_one_died(
    daemon: Daemon, hub: Hub, tmp_path: Path
) -> None:
    stalled(daemon, hub)
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    hub.stall = False
    hub.ranges.clear()
    with running_daemon(daemon.home, models=ENTRY) as heir:
        marker = heir.home / "models" / "tiny" / ".installed.json"
        eventually(marker.exists, "the download is done", seconds=60)
        assert json.loads(marker.read_text())["source"] == "tiny/model"
        eventually(lambda: not list((heir.home / "downloads").glob("*.json")), "it is settled")
    assert hub.ranges[0] == f"bytes={2 * MEGABYTE}-"
