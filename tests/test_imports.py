"""Imports go one way, in no circle, and none is hidden in a function to break one."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"inpaintd": ROOT / "daemon" / "inpaintd", "inpaintd_protocol": ROOT / "protocol"}
SOCKETS = ("zmq", "socket", "websockets")
RULES = {
    # From modules that begin so: what they never import.
    "inpaintd_protocol": ("inpaintd",),
    "inpaintd.system": (
        "inpaintd_protocol",
        *(
            f"inpaintd.{room}"
            for room in ("server", "workers", "files", "install", "launch", "cli")
        ),
    ),
    "inpaintd.pipeline": (*SOCKETS, "inpaintd.engines", "inpaintd.server", "inpaintd.workers"),
    "inpaintd.engines": (*SOCKETS, "inpaintd.pipeline", "inpaintd.server", "inpaintd.workers"),
    "inpaintd.server.jobs": SOCKETS,
    "inpaintd.files": ("inpaintd.engines", "inpaintd.server", "inpaintd.workers", "inpaintd.cli"),
    "inpaintd.models": (
        "inpaintd.server",
        "inpaintd.workers",
        "inpaintd.cli",
        "inpaintd.hotfolder",
    ),
    "inpaintd.server": ("inpaintd.cli", "inpaintd.hotfolder", "numpy", "torch", "cv2"),
    "inpaintd.hotfolder": ("inpaintd.cli", "inpaintd.server", "inpaintd.workers"),
}


def _modules() -> dict[str, Path]:
    found = {}
    for folder in (ROOT / "daemon", ROOT / "protocol"):
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: path for name, path in found.items() if name.partition(".")[0] in PACKAGES}


MODULES = _modules()


def imports_of(name: str, *, hidden: bool = True) -> Iterator[str]:
    """The modules that a module imports; without `hidden`, only those imported at once."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), hidden=hidden):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in MODULES else base


def _statements(tree: ast.AST, *, hidden: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue  # never imported
        if not hidden and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        yield node
        yield from _statements(node, hidden=hidden)


@pytest.mark.parametrize("importer", RULES)
def test_imports_go_one_way(importer: str) -> None:
    for name in MODULES:
        if name == importer or name.startswith(importer + "."):
            for imported in imports_of(name):
                for forbidden in RULES[importer]:
                    wrong = imported == forbidden or imported.startswith(forbidden + ".")
                    assert not wrong, f"{name} imports {imported}"


@pytest.mark.parametrize("hidden", [False, True], ids=["at once", "in functions too"])
def test_no_imports_run_in_a_circle(hidden: bool) -> None:
    graph = {
        name: {imported for imported in imports_of(name, hidden=hidden) if imported in MODULES}
        for name in MODULES
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for imported in sorted(graph[name] - {name}):
                visit(imported, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_no_module_name_is_used_three_times() -> None:
    names = Counter(path.stem for path in MODULES.values() if path.stem != "__init__")
    assert [name for name, count in names.items() if count > 2] == []
