"""Life of the daemon: started when it is missing, freed when GIMP kills the plug-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.gimp.gimp_root import Gimp
from tests.running import eventually, running_daemon

_CALL = """
import sys
sys.path[:0] = [WORK + "/inside", "{configuration}/plug-ins/inpaint"]
import scene
image, layer = scene.photo()
image.select_rectangle(scene.REPLACE, 140, 90, 50, 40)
try:
    layer = scene.inpaint(image, layer, model="{model}")
    said = "inserted " + layer.get_name()
except scene.Refused as error:
    said = str(error)
open(WORK + "/said", "w").write(said)
"""


def _script(gimp: Gimp, model: str) -> Path:
    script = gimp.work / "call.py"
    call = _CALL.format(configuration=gimp.inside(gimp.configuration), model=model)
    script.write_text(f"WORK = {gimp.inside(gimp.work)!r}\n{call}")
    (gimp.work / "said").unlink(missing_ok=True)
    return script


def _said(gimp: Gimp) -> str:
    return (gimp.work / "said").read_text(encoding="utf-8")


def _launch_with(gimp: Gimp, **settings: object) -> None:
    file = gimp.configuration / "plug-ins" / "inpaint" / "launch.json"
    file.write_text(json.dumps(settings), encoding="utf-8")


def test_a_missing_daemon_is_started(gimp: Gimp) -> None:
    wanted = gimp.work / "start-wanted"
    # The daemon's own Python is not in GIMP's root, so the command only says that it was called.
    _launch_with(gimp, command=["touch", gimp.inside(wanted)])
    process = subprocess.Popen(
        gimp.script_command(_script(gimp, "identity")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(wanted.exists, "the plug-in starts the daemon", 60)
        with running_daemon(gimp.work / "daemon"):
            process.wait(60)
    finally:
        process.kill()
        process.wait()
    assert _said(gimp) == "inserted Inpaint"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["does not know how to start it", "inpaintd install gimp"]),
        ({"command": ["/no/such/python", "-m", "inpaintd"]}, ["/no/such/python", "terminal"]),
        ({"command": ["sh", "-c", "echo it broke >&2; exit 3"]}, ["it broke", "install gimp"]),
    ],
    ids=["unknown", "moved", "broken"],
)
def test_a_daemon_that_cannot_be_started_is_explained(
    gimp: Gimp, settings: dict[str, object], words: list[str]
) -> None:
    _launch_with(gimp, **settings)
    gimp.run_script(_script(gimp, "identity"))
    for word in words:
        assert word in _said(gimp)


def test_killing_the_plug_in_frees_the_worker(gimp: Gimp) -> None:
    """GIMP's own Cancel is SIGKILL: no line of ours runs any more.

    The fill would go on for ever, so only the daemon's notice of the lost client can end it. That
    its worker stays shows that it was told to stop, and not killed for taking too long.
    """
    with running_daemon(gimp.work / "daemon") as daemon, daemon.connect() as client:
        process = subprocess.Popen(
            gimp.script_command(_script(gimp, "hold")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            eventually(
                lambda: any(r.phase == "denoising" for r in client.status().requests),
                "the worker is busy",
                60,
            )
            (worker,) = client.status().workers
            os.kill(_plug_in_of(process.pid), signal.SIGKILL)
            eventually(lambda: not client.status().requests, "the worker is free")
            assert [(w.pid, w.state) for w in client.status().workers] == [(worker.pid, "idle")]
            process.wait(60)
        finally:
            process.kill()
            process.wait()
        assert client.status().cancelled == 1
    assert "inserted" not in _said(gimp)


def _plug_in_of(gimp_pid: int) -> int:
    """The plug-in's process among the descendants of a GIMP."""
    parents, commands = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                commands[int(folder.name)] = (folder / "cmdline").read_text()
            except OSError:
                continue
            parents[int(folder.name)] = int(status[1])
    for pid, command in commands.items():
        if "plug-ins/inpaint/inpaint.py" in command and _descends(pid, gimp_pid, parents):
            return pid
    raise AssertionError("the plug-in does not run")


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == ancestor:
            return True
        pid = parents[pid]
    return False
