"""Docstrings are instructions or noun phrases: none begins like a question."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "daemon", "plugins/gimp", "protocol", "scripts", "tests")
_QUESTION = re.compile(r"(What|Whether|How|Where|Which|Who|Whose|Why|When)\b")


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of each docstring, those below fields and constants among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            value = getattr(statement, "value", None)
            if isinstance(statement, ast.Expr) and isinstance(value, ast.Constant):
                yield statement.lineno, str(value.value)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_like_a_question(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in docstrings(path)
        if _QUESTION.match(text)
    ]
    assert not found, "say what it is, or what to do:\n" + "\n".join(found)
