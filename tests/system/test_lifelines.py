"""A child ends with its parent, by each system's own means."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from inpaintd.system import kind, lifelines
from tests.system.conftest import Enter
from tests.system.fake_windows import ERROR_ACCESS_DENIED, FakeKernel

PARENT = 4711


class EndedError(BaseException):
    """Raised instead of the process's end."""


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without threads, and without an end that would be this test's own."""

    class Now:
        def __init__(self, target: Any, args: tuple[Any, ...], *, daemon: bool) -> None:
            assert daemon, "it must not keep the process from ending by itself"
            self._run = lambda: target(*args)

        def start(self) -> None:
            self._run()

    def ended(code: int) -> None:
        raise EndedError(code)

    monkeypatch.setattr(lifelines, "threading", SimpleNamespace(Thread=Now))
    monkeypatch.setattr(os, "_exit", ended)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_linux_ends_a_child_that_hangs_in_native_code() -> None:
    child = (
        "import ctypes, os, sys; from inpaintd.system.lifelines import end_with;"
        "end_with(os.getppid()); print(os.getpid(), flush=True);"
        "ctypes.PyDLL(None).sleep(600)"
    )
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(500):
        if not _runs(pid):
            return
        time.sleep(0.02)
    pytest.fail("it still runs")


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - it may go at any time
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.usefixtures("ends")
def test_on_linux_a_parent_that_is_gone_already_is_noticed(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("linux")
    monkeypatch.setattr(lifelines, "_PR_SET_PDEATHSIG", 0)  # unknown to prctl: changes nothing
    lifelines.end_with(os.getppid())
    with pytest.raises(EndedError):
        lifelines.end_with(PARENT)


class FakeQueue:
    """kqueue(2) with one process."""

    def __init__(self, gone: bool) -> None:
        self.gone = gone
        self.closed = False

    def control(self, changes: list[Any], most: int, timeout: None) -> list[Any]:
        (event,) = changes
        assert (event.ident, event.filter, event.flags, event.fflags) == (PARENT, -5, 0x11, 1 << 31)
        assert (most, timeout) == (1, None)
        if self.gone:
            raise ProcessLookupError  # ESRCH
        return [event]

    def close(self) -> None:
        self.closed = True


@pytest.mark.usefixtures("ends")
@pytest.mark.parametrize("gone", [False, True])
def test_macos_tells_of_the_parents_end(
    gone: bool, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("darwin")
    queue = FakeQueue(gone)

    def kevent(ident: int, *, filter: int, flags: int, fflags: int) -> SimpleNamespace:
        return SimpleNamespace(ident=ident, filter=filter, flags=flags, fflags=fflags)

    # sys/event.h: EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT
    values = {"KQ_FILTER_PROC": -5, "KQ_EV_ADD": 1, "KQ_EV_ONESHOT": 0x10, "KQ_NOTE_EXIT": 1 << 31}
    for name, value in {**values, "kqueue": lambda: queue, "kevent": kevent}.items():
        monkeypatch.setattr(select, name, value, raising=False)
    with pytest.raises(EndedError):
        lifelines.end_with(PARENT)
    assert queue.closed


@pytest.mark.usefixtures("ends")
def test_where_the_system_tells_nothing_the_parent_is_asked_for(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("darwin")

    def refused() -> None:
        raise OSError("too many open files")

    monkeypatch.setattr(select, "kqueue", refused, raising=False)
    answers = iter([PARENT, PARENT, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(answers))
    monkeypatch.setattr(lifelines, "_POLL_SECONDS", 0)
    with pytest.raises(EndedError):
        lifelines.end_with(PARENT)
    assert not list(answers)


@pytest.mark.usefixtures("ends")
def test_windows_waits_for_the_parent(kernel: FakeKernel) -> None:
    kernel.processes[PARENT] = True
    with pytest.raises(EndedError):
        lifelines.end_with(PARENT)


@pytest.mark.usefixtures("ends")
def test_on_windows_a_parent_that_cannot_be_waited_for_is_left_to_its_job(
    kernel: FakeKernel,
) -> None:
    kernel.refuses["OpenProcess"] = ERROR_ACCESS_DENIED
    lifelines.end_with(PARENT)  # must neither end this process nor wait


def test_windows_ends_all_children_with_their_parent(kernel: FakeKernel) -> None:
    kernel.handles = {0x70: 100, 0x74: 101}
    for handle in kernel.handles:
        lifelines.end_with_this(SimpleNamespace(_handle=handle))  # type: ignore[arg-type]
    assert list(kernel.jobs.values()) == [{"flags": 0x2000, "bytes": 0, "taken": [0x70, 0x74]}]


def test_a_job_that_windows_refuses_hinders_nobody(kernel: FakeKernel) -> None:
    kernel.refuses["AssignProcessToJobObject"] = ERROR_ACCESS_DENIED
    lifelines.end_with_this(SimpleNamespace(_handle=0x70))  # type: ignore[arg-type]


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_elsewhere_the_child_sees_to_it(system: str, enter: Enter) -> None:
    enter(system)
    lifelines.end_with_this(SimpleNamespace())  # type: ignore[arg-type]
    assert kind.name() == system
