"""The package runs in an editor's own Python: 3.10 and later, msgpack and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest
from scripts.make_vectors import PROTOCOL

PROGRAM = """
import sys
from inpaintd_protocol import client, codec, connection, messages, plane, settings, zmtp
layer = plane.Plane(1, 1, 4, "u8", b"RGBA")
request = messages.Inpaint("id", layer, settings.Settings(prompt="grass", seed=1))
assert codec.decode_request(codec.encode(request)) == request
try:
    zmtp.ZmtpTransport("tcp://127.0.0.1:1", b"password")
except client.InpaintError as error:
    assert error.code == "not_running", error.code
else:
    raise AssertionError
foreign = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
print(sorted(name for name in foreign if not name.startswith("_")))
"""


def run(python: str, folders: list[Path]) -> str:
    """The output of PROGRAM where nothing but these folders can be imported from."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "MSGPACK_PUREPYTHON": "1",  # compiled parts belong to one version of Python
    }
    done = subprocess.run(
        [python, "-S", "-W", "error", "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """The package, and msgpack alone without its compiled part: what a plug-in carries along."""
    source = Path(msgpack.__file__).parent
    shutil.copytree(
        source, tmp_path / "msgpack", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    return [PROTOCOL, tmp_path]


def test_nothing_but_msgpack_is_imported(folders: list[Path]) -> None:
    assert run(sys.executable, folders) == "['inpaintd_protocol', 'msgpack']"


def test_it_runs_under_python_3_10(folders: list[Path]) -> None:
    python = os.environ.get("PYTHON310", "python3.10")
    try:
        version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no python3.10; name one in PYTHON310")
    assert version.startswith("Python 3.10.")
    assert run(python, folders) == "['inpaintd_protocol', 'msgpack']"
