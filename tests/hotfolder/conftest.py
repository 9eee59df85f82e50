"""A hot folder and a daemon for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import running_daemon

SETTINGS = """
model = "telea"

[watch]
settle_seconds = 0.1
patience_seconds = 1.0
scan_seconds = 0.5
processes = 1
"""

_REFERENCE = """
[reference]
title = "r"
engine = "tests.synthetic_engines:reference"
honours = ["seed", "references"]
"""


@dataclass
class HotFolder:
    """A folder and the command that watches it."""

    root: Path
    home: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def failed(self) -> Path:
        return self.root / "failed"

    @property
    def done(self) -> Path:
        return self.root / "done"

    def drop(self, name: str, data: bytes) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def start(self, *options: str, before: str = "") -> subprocess.Popen[str]:
        """Start the command; `before` is Python that its process runs first."""
        words = ["watch", str(self.root), "--json", *options]
        program = ["-m", "inpaintd", *words]
        if before:
            last = f"import sys; from inpaintd.cli import main; sys.exit(main({words!r}))"
            program = ["-c", f"{before}\n{last}"]
        return subprocess.Popen(
            [sys.executable, *program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"INPAINTD_HOME": str(self.home)},
        )

    @contextmanager
    def watching(self, before: str = "") -> Iterator[subprocess.Popen[str]]:
        """Watch, as `start`, and stop it in an orderly way."""
        process = self.start(before=before)
        try:
            yield process
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=20)
        assert "Traceback" not in errors, errors
        assert "Emitter" not in errors, "watchdog's own complaints are for nobody"

    def run(self, *options: str) -> list[dict[str, Any]]:
        """Run until everything is done; returns the events."""
        process = self.start("--once", *options)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        assert process.returncode in (0, 1), err
        return [json.loads(line) for line in out.splitlines()]

    def files(self, folder: str) -> set[str]:
        top = self.root / folder
        return {
            p.relative_to(top).as_posix()
            for p in top.rglob("*")
            if p.is_symlink() or not p.is_dir()
        }


@pytest.fixture(scope="session")
def daemon_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("daemon") / "home"
    with running_daemon(home, models=_REFERENCE):
        yield home


@pytest.fixture
def folder(tmp_path: Path, daemon_home: Path) -> HotFolder:
    root = tmp_path / "hot"
    (root / "inbox").mkdir(parents=True)
    (root / "inpaintd.toml").write_text(SETTINGS)
    return HotFolder(root, daemon_home)
