"""The help that comes with the plug-in is the guide, and has a section for each command."""

from __future__ import annotations

import ast

from scripts.gimp_help import HELP, SECTIONS, files, page

_COMMANDS = HELP.parent / "inpaint_plugin" / "procedures.py"


def test_the_help_is_made_from_the_guide() -> None:
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, "run scripts/gimp_help.py"


def test_each_command_has_a_section() -> None:
    tree = ast.parse(_COMMANDS.read_text(encoding="utf-8"))
    names = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith("inpaintd-")
    }
    assert names == set(SECTIONS)
    for section in SECTIONS.values():
        assert f'id="{section}"' in page()


def test_each_dialog_opens_a_section_that_is_there() -> None:
    for path in (HELP.parent / "inpaint_plugin").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "help_on_f1":
                section = ast.literal_eval(node.args[1])
                assert f'id="{section}"' in page(), section
