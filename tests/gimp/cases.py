"""Runs the cases of inside/cases_*.py in one GIMP, since each start of it takes seconds."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from .gimp_root import Gimp

_INSIDE = Path(__file__).parent / "inside"
MODULES = sorted(path.stem for path in _INSIDE.glob("cases_*.py"))


@dataclass(frozen=True)
class Run:
    """The outcome of all cases."""

    results: dict[str, str]
    """Each case's failure; empty when it passed."""
    console: str

    def check(self, name: str) -> None:
        assert name in self.results, f"GIMP ended before this case:\n{self.console[-3000:]}"
        assert self.results[name] == "", self.results[name]

    def said_during(self, name: str) -> str:
        return self.console.partition(f"=== {name}\n")[2].partition(f"--- {name}")[0]


def names_in(modules: Sequence[str]) -> list[str]:
    """All cases of some modules, without importing them: they need GIMP."""
    return [
        f"{module}.{node.name}"
        for module in modules
        for node in ast.parse((_INSIDE / f"{module}.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("case_")
    ]


def run_cases(gimp: Gimp, modules: Sequence[str]) -> Run:
    script = gimp.work / "script.py"
    inside = gimp.inside(gimp.work)
    script.write_text(
        f"WORK, MODULES = {inside!r}, {modules!r}\n"
        "exec(compile(open(WORK + '/inside/run_cases.py').read(), 'run_cases.py', 'exec'))\n"
    )
    done = gimp.run_script(script)
    results = gimp.work / "results.json"
    if not results.exists():
        pytest.fail(f"GIMP ran no case: {done.stderr[-3000:]}")
    return Run(json.loads(results.read_text()), done.stdout + done.stderr)
