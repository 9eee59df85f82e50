"""Pack the Photoshop plug-in from its sources: one script to load, and a .ccx archive.

Photoshop loads no ES modules, so the modules become one script. They are written in a narrow style
(named imports from relative paths, named exports, no cycles), which takes no parser and no Node to
link. This module imports nothing but the standard library: it also runs while a wheel is built.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path

PACKAGE = "inpaint-photoshop.ccx"

_STATIC = ("manifest.json", "index.html", "panel.css")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.MULTILINE)
_IMPORT_JSON = re.compile(
    r'^import (\w+) from "(\.[^"]+\.json)" with \{ type: "json" \};\n', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class|const) (\w+))", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def files(plugin: Path) -> dict[str, bytes]:
    """Return the plug-in's files as Photoshop loads them, by their path in the plug-in's folder.

    Args:
        plugin: the folder of the sources, plugins/photoshop_uxp in a checkout.

    Raises:
        ValueError: a module is not in the supported style; the message names it.
        OSError: a source file cannot be read.
    """
    found = {name: (plugin / name).read_bytes() for name in _STATIC}
    for icon in (plugin / "icons").glob("*.png"):
        found[f"icons/{icon.name}"] = icon.read_bytes()
    found["index.js"] = link(plugin / "src" / "main.js").encode()
    return dict(sorted(found.items()))


def pack(plugin: Path, target: Path) -> None:
    """Write the .ccx, a zip archive; the same sources give the same bytes everywhere."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files(plugin).items():
            entry = zipfile.ZipInfo(name, _OLDEST_DATE)
            entry.create_system = 3  # the default depends on the system that makes the archive
            entry.external_attr = _READABLE
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def unpack(plugin: Path, folder: Path) -> None:
    """Write the same files into a folder, which Adobe's UXP Developer Tool loads."""
    for name, data in files(plugin).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def link(entry: Path) -> str:
    """Join a module and all that it imports into one script for Photoshop."""
    linked: dict[Path, str] = {}
    _add(entry.resolve(), linked, ())
    return '"use strict";\n\n' + "\n".join(linked.values())


def _add(path: Path, linked: dict[Path, str], importers: tuple[Path, ...]) -> None:
    """Append the module after everything that it imports; each becomes a function's scope."""
    if path in linked:
        return
    if path in importers:
        raise ValueError(f"{path.name}: a module that imports itself, by way of others")
    source = path.read_text("utf-8")
    for pattern in (_IMPORT, _IMPORT_JSON):
        for match in pattern.finditer(source):
            imported = (path.parent / match[2]).resolve()
            if pattern is _IMPORT:
                _add(imported, linked, (*importers, path))
            elif imported not in linked:
                values = json.loads(imported.read_text("utf-8"))
                text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
                linked[imported] = f"const {_name(len(linked))} = {text};\n"
    names = {module: _name(index) for index, module in enumerate(linked)}

    def bind(match: re.Match[str]) -> str:
        imported = names[(path.parent / match[2]).resolve()]
        return f"const {{{match[1].replace(' as ', ': ')}}} = {imported};\n"

    def bind_json(match: re.Match[str]) -> str:
        return f"const {match[1]} = {names[(path.parent / match[2]).resolve()]};\n"

    exported = _EXPORT.findall(source)
    body = _EXPORT.sub("", _IMPORT_JSON.sub(bind_json, _IMPORT.sub(bind, source)))
    if left := _LEFT_OVER.search(body):
        raise ValueError(f"{path.name}: this cannot be linked: {left[0]}")
    returned = f"return {{ {', '.join(exported)} }};\n" if exported else ""
    linked[path] = (
        f"const {_name(len(linked))} = (() => {{ // {path.name}\n{body}{returned}}})();\n"
    )


def _name(index: int) -> str:
    return f"module{index}"


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
