"""No module outside of `inpaintd.system` asks which system it runs on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [*(ROOT / "daemon/inpaintd").rglob("*.py"), *(ROOT / "protocol").rglob("*.py")]
ELSEWHERE = [path for path in MODULES if path.parent != ROOT / "daemon/inpaintd/system"]

ATTRIBUTES = {
    ("sys", "platform"),
    ("os", "name"),
    ("os", "uname"),
    ("os", "getppid"),
    ("os", "startfile"),
    ("platform", "system"),
    ("subprocess", "STARTUPINFO"),
    ("socket", "SO_EXCLUSIVEADDRUSE"),
    ("signal", "SIGKILL"),
}
IMPORTS = {"ctypes", "msvcrt", "fcntl", "winreg", "resource", "_winapi", "pwd", "grp"}
WORDS = {"creationflags", "start_new_session", "preexec_fn", "startupinfo"}
ALLOWED = {
    # Reported to people, not decided by.
    ("doctor/installation.py", "platform.system"),
    # The worker of a process for pixels ends with whoever started it.
    ("hotfolder/pixel_process.py", "os.getppid"),
}


def uses(source: str) -> Iterator[str]:
    """List what in a module differs between systems."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in ATTRIBUTES:
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in IMPORTS)
        elif isinstance(node, ast.ImportFrom):
            if node.module in IMPORTS:
                yield node.module or ""
            for alias in node.names:
                if (node.module, alias.name) in ATTRIBUTES:
                    yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.keyword) and node.arg in WORDS:
            yield node.arg
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            words = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if node.func.id == "getattr" and words and words[0] in {"SIGKILL", "CREATE_NO_WINDOW"}:
                yield f"getattr {words[0]}"


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nif sys.platform == 'win32': pass",
        "import os\nos.name",
        "from sys import platform",
        "import msvcrt",
        "from ctypes import CDLL",
        "def f():\n    import fcntl",
        "run([], creationflags=8)",
        "getattr(signal, 'SIGKILL', 9)",
    ],
)
def test_each_kind_of_use_is_found(source: str) -> None:
    assert list(uses(source))


def test_what_differs_between_systems_is_in_one_package() -> None:
    found = {
        (path.relative_to(ROOT / "daemon/inpaintd").as_posix(), use)
        for path in ELSEWHERE
        if path.is_relative_to(ROOT / "daemon")
        for use in uses(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED


def test_the_protocol_is_the_same_everywhere() -> None:
    for path in ELSEWHERE:
        if path.is_relative_to(ROOT / "protocol"):
            assert not list(uses(path.read_text(encoding="utf-8"))), path
