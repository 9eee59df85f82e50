"""Every library that comes by introspection is asked for by version, in one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

_PLUG_IN = Path(__file__).parents[2] / "plugins" / "gimp" / "inpaint"
_LIBRARIES = _PLUG_IN / "inpaint_plugin" / "libraries.py"


def _imported() -> dict[str, set[str]]:
    """The namespaces that each file imports from `gi.repository`."""
    found: dict[str, set[str]] = {}
    for path in _PLUG_IN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "gi.repository":
                found.setdefault(path.name, set()).update(name.name for name in node.names)
    return found


def test_each_namespace_has_a_version() -> None:
    versions = re.findall(r'^    "(\w+)": "[\d.]+",$', _LIBRARIES.read_text(), flags=re.MULTILINE)
    imported = set().union(*_imported().values())
    assert imported == set(versions)


def test_versions_are_asked_for_before_anything_is_imported() -> None:
    entry = (_PLUG_IN / "inpaint.py").read_text()
    assert entry.index("import inpaint_plugin.libraries") < entry.index("from inpaint_plugin")


def test_versions_are_asked_for_nowhere_else() -> None:
    for path in _PLUG_IN.rglob("*.py"):
        if path != _LIBRARIES:
            assert "require_version" not in path.read_text(), path
            assert "import gi\n" not in path.read_text(), path
