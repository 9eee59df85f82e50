"""The plug-in as it is packed: linked into one script, and part of every wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from inpaintd.install.photoshop_package import PACKAGE, files, link, pack

from .node import PLUGIN

_ROOT = PLUGIN.parent.parent


def test_the_wheel_contains_the_packed_plugin(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=_ROOT, check=True, capture_output=True, env=os.environ)
    [wheel] = tmp_path.glob("*.whl")
    inner = tmp_path / PACKAGE
    with zipfile.ZipFile(wheel) as archive:
        inner.write_bytes(archive.read(f"inpaintd/_plugins/photoshop/{PACKAGE}"))
    with zipfile.ZipFile(inner) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(PLUGIN)


def test_the_archive_has_its_manifest_at_the_root_and_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        pack(PLUGIN, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    names = zipfile.ZipFile(tmp_path / "first").namelist()
    assert {"manifest.json", "index.html", "index.js", "panel.css", "icons/dark.png"} <= {*names}


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "main.js"


def test_modules_are_linked_in_the_order_of_their_imports(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"a": 1}')
    script = link(
        write(
            tmp_path,
            main='import { two as second } from "./b.js";\n'
            'import { one } from "./a.js";\none(second);\n',
            a='import data from "./data.json" with { type: "json" };\n'
            "export const one = () => data;\n",
            b='import {\n  one,\n} from "./a.js";\nexport async function two() {\n  one();\n}\n',
        )
    )
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    order = [script.index(text) for text in ('{"a":1}', "const one", "function two", "one(second)")]
    assert order == sorted(order)
    assert script.count("const one =") == 1
    assert "const { two: second } = " in script


@pytest.mark.parametrize(
    "line",
    ['import "./a.js";', "export default 1;", "export { one };", 'export * from "./a.js";'],
)
def test_what_cannot_be_linked_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match=f"main.js.*{re.escape(line)}"):
        link(write(tmp_path, main=f"{line}\n", a=""))


def test_a_cycle_of_imports_is_refused(tmp_path: Path) -> None:
    text = 'import {{ x }} from "./{}.js";\n'
    with pytest.raises(ValueError, match="imports itself"):
        link(write(tmp_path, main=text.format("a"), a=text.format("main")))
