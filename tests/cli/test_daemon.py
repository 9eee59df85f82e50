"""Starting, stopping, cancelling, detaching: the command line and a daemon in its own process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaintd.launch import background
from inpaintd_protocol.client import connect
from inpaintd_protocol.connection import Connection, home, read_connection, write_connection
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.files.photographs import load, photograph, save
from tests.running import alive, eventually


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    return save(tmp_path / "cat.png", photograph(alpha=True))


def test_fill_starts_a_daemon_that_stays_until_it_is_stopped(run: Run, cat: Path) -> None:
    try:
        assert run("fill", cat).code == 0
        status = run("status", "--json").json
        assert status["finished"] == 1
        assert str(status["pid"]) in run("status").out
        assert run("fill", cat).code == 0
        assert run("status", "--json").json["pid"] == status["pid"]
        assert (home() / "logs" / "daemon.log").exists()
        assert home().stat().st_mode & 0o077 == 0
    finally:
        assert run("stop").code == 0
    eventually(lambda: not alive(status["pid"]), "the daemon has ended")
    assert run("status").code == 3


def test_many_starters_end_with_one_daemon(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def start_one(folder: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
        started.append(folder)
        return start_detached(folder, options)

    start_detached = background.start_detached
    monkeypatch.setattr(background, "start_detached", start_one)

    def pid(number: int) -> int:
        with background.connect_or_start(f"starter {number}") as client:
            return client.status().pid

    try:
        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(pid, range(6)))) == 1
        assert len(started) == 1
    finally:
        run("stop")


def test_a_stale_connection_file_is_no_hindrance(run: Run) -> None:
    home().mkdir()
    stale = Connection("tcp://127.0.0.1:9", "00" * 32, pid=2**22 - 1, daemon="0")
    write_connection(home(), stale)
    try:
        with background.connect_or_start("a test"):
            assert read_connection(home()).secret != stale.secret
    finally:
        run("stop")


def test_a_daemon_that_cannot_start_is_told_with_its_own_words(
    run: Run, cat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    ran = run("fill", cat)
    assert ran.code == 3
    assert "daemon.log" in ran.err


def test_a_home_that_cannot_be_used(
    run: Run, cat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "file" / "home"))
    ran = run("fill", cat)
    assert ran.code == 3
    assert "INPAINTD_HOME" in ran.err


def test_a_second_daemon_gives_way(run: Run, daemon_home: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "inpaintd", "serve"], capture_output=True, timeout=30, check=False
    )
    assert ran.returncode == 0
    assert b"already running" in ran.stderr


def test_models(run: Run, daemon_home: Path) -> None:
    assert "patchmatch" in run("models", "list").out
    names = [model["name"] for model in run("models", "list", "--json").json]
    assert {"patches", "patchmatch", "telea", "navier-stokes"} <= set(names)


def test_ctrl_c_cancels_the_fill_and_leaves_nothing(cat: Path, daemon_home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "inpaintd", "fill", str(cat), "--model", "slow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with connect(daemon_home, name="a test") as client:
        before = client.status().cancelled
        eventually(
            lambda: any(r.phase == "denoising" for r in client.status().requests), "it is denoising"
        )
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert "cancelled" in err.lower()
        assert client.status().cancelled == before + 1
    assert [p.name for p in cat.parent.iterdir()] == ["cat.png"]


def test_a_detached_fill_is_fetched_later(run: Run, cat: Path, daemon_home: Path) -> None:
    request_id = run("fill", cat, "--detach", "--model", "noise", "--seed", 3).out.strip()
    assert run("attach", request_id).code == 0
    run("fill", cat, "-o", cat.with_name("direct.png"), "--model", "noise", "--seed", 3)
    np.testing.assert_array_equal(
        load(cat.with_name("cat.inpainted.png")), load(cat.with_name("direct.png"))
    )
    assert "No detached fill" in run("attach", request_id).err


def test_a_picture_that_was_touched_or_moved_gets_its_detached_fill(
    run: Run, cat: Path, daemon_home: Path
) -> None:
    request_id = run("fill", cat, "--detach", "--model", "noise", "--json").json["request_id"]
    os.utime(cat, (1, 1))
    moved = cat.rename(cat.with_name("moved.png"))
    ran = run("attach", request_id)
    assert ran.code == 4
    assert f"inpaintd attach {request_id} -I FILE" in ran.err
    ran = run("attach", request_id, "-I", moved)
    assert ran.code == 0, ran.err
    kept = load(moved)[..., 3] == 255
    result = load(moved.with_name("moved.inpainted.png"))
    assert (result[kept] == load(moved)[kept]).all()


def test_a_picture_that_has_changed_gets_its_detached_fill_as_a_layer(
    run: Run, cat: Path, daemon_home: Path
) -> None:
    fill = ("fill", cat, "--model", "noise", "--seed", 3)
    run(*fill, "--layer", "-o", cat.with_name("direct.png"))
    request_id = run(*fill, "--detach", "--json").json["request_id"]
    before = load(cat)
    changed = before.copy()
    changed[0, :8, :3] = 255 - changed[0, :8, :3]
    save(cat, changed)
    ran = run("attach", request_id)
    assert ran.code == 4
    assert "has changed" in ran.err
    assert f"inpaintd attach {request_id} --layer" in ran.err
    save(cat, before[:-1])
    assert "another size" in run("attach", request_id, "--layer").err
    save(cat, changed)
    ran = run("attach", request_id, "--layer", "-o", cat.with_name("layer.png"))
    assert ran.code == 0, ran.err
    assert (load(cat.with_name("layer.png")) == load(cat.with_name("direct.png"))).all()


def test_a_fill_is_not_detached_where_there_is_no_room_for_its_ticket(
    run: Run, cat: Path, daemon_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def full(path: Path, text: str, **options: Any) -> int:
        if path.parent.name == "detached":
            write(path, text[:10], **options)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with connect(daemon_home, name="a test") as client:
        asked = client.status()
        ran = run("fill", cat, "--detach")
        assert ran.code == 4
        assert "No space left" in ran.err
        assert "without --detach" in ran.err
        assert not list((daemon_home / "detached").iterdir())
        after = client.status()
        assert (after.requests, after.finished) == (asked.requests, asked.finished), "nothing sent"


def test_a_fill_is_cancelled_by_its_id(run: Run, cat: Path, daemon_home: Path) -> None:
    request_id = run("fill", cat, "--detach", "--model", "slow").out.strip()
    assert request_id in run("status").out
    assert run("cancel", request_id).code == 0
    assert request_id not in run("status").out
    assert run("attach", request_id).code == 130


def test_serve_imports_nothing_heavy(daemon_home: Path) -> None:
    code = (
        "import sys; sys.argv = ['inpaintd', 'serve'];"
        "from inpaintd.__main__ import main; assert main() == 0;"
        "heavy = {'click', 'rich', 'numpy', 'pyvips', 'PIL', 'torch'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_not_running_is_the_error_when_nothing_answers() -> None:
    with pytest.raises(InpaintError) as caught:
        connect(home(), name="a test")
    assert caught.value.code == "not_running"
