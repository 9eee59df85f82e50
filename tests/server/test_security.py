"""Rows of SECURITY.md that concern the whole daemon, each by the attack itself."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaintd_protocol.connection import read_connection
from inpaintd_protocol.settings import Settings
from tests.running import ROOT, Daemon, running_daemon
from tests.server.test_server import layer

PROMPT = "a wish that nobody else may read"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon under umask 000 that has done what it can do, at the most talkative level."""
    home = tmp_path_factory.mktemp("security") / "home"
    before = os.umask(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINTD_LOG_LEVEL", "debug")
        try:
            with running_daemon(home) as daemon:
                with daemon.connect() as client:
                    wish = Settings(model="noise", seed=1, prompt=PROMPT)
                    client.inpaint(layer(), wish, on_disconnect="keep")
                yield daemon
        finally:
            os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_whatever_the_umask_everything_in_the_home_is_for_this_user_alone(used: Daemon) -> None:
    assert stat.S_IMODE(used.home.stat().st_mode) == 0o700
    made_by_tests = {"test.log", "models.toml"}
    open_to_others = {
        str(path.relative_to(used.home)): oct(path.stat().st_mode)
        for path in used.home.rglob("*")
        if path.name not in made_by_tests and path.stat().st_mode & 0o077
    }
    assert open_to_others == {}


def test_no_log_holds_a_secret_or_a_prompt(used: Daemon) -> None:
    connection = read_connection(used.home)
    logs = [used.log, *(p.read_text() for p in (used.home / "logs").iterdir())]
    assert any("finished" in log for log in logs)
    secrets = (connection.secret, connection.password.decode(), connection.websocket_token, PROMPT)
    assert not [(secret, log) for log in logs for secret in secrets if secret in log]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_secret_is_in_the_arguments_or_environment_of_a_process(used: Daemon) -> None:
    with used.connect() as client:
        pids = [used.process.pid, *(worker.pid for worker in client.status().workers)]
    secret = read_connection(used.home).secret.encode()
    for pid in pids:
        assert secret not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert secret not in Path(f"/proc/{pid}/environ").read_bytes()


def test_each_row_of_the_document_names_a_test_that_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "threat" not in line]
    assert len(rows) >= 8
    for row in rows:
        (named,) = re.findall(r"`(tests/[^`]*)`", row)
        path, *names = named.split("::")
        assert (ROOT / path).exists(), row
        assert all(name in (ROOT / path).read_text() for name in names), row
