"""Every kind of image, layer and hole, in a real GIMP with a real daemon.

The cases run in one GIMP, since each start takes seconds; see inside/cases_*.py.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gimp.gimp_root import Gimp
from tests.running import running_daemon

_INSIDE = Path(__file__).parent / "inside"
MODULES = sorted(path.stem for path in _INSIDE.glob("cases_*.py"))
NAMES = [
    f"{module}.{node.name}"
    for module in MODULES
    for node in ast.parse((_INSIDE / f"{module}.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("case_")
]


@dataclass(frozen=True)
class Run:
    results: dict[str, str]
    console: str


@pytest.fixture(scope="module")
def run(gimp: Gimp) -> Run:
    script = gimp.work / "script.py"
    inside = gimp.inside(gimp.work)
    script.write_text(
        f"WORK, MODULES = {inside!r}, {MODULES!r}\n"
        "exec(compile(open(WORK + '/inside/run_cases.py').read(), 'run_cases.py', 'exec'))\n"
    )
    with running_daemon(gimp.work / "daemon"):
        done = gimp.run_script(script)
    results = gimp.work / "results.json"
    if not results.exists():
        pytest.fail(f"GIMP ran no case: {done.stderr[-3000:]}")
    return Run(json.loads(results.read_text()), done.stdout + done.stderr)


@pytest.mark.parametrize("name", NAMES)
def test_case(run: Run, name: str) -> None:
    assert name in run.results, f"GIMP ended before this case:\n{run.console[-3000:]}"
    assert run.results[name] == "", run.results[name]


def _said_during(run: Run, name: str) -> str:
    return run.console.partition(f"=== {name}\n")[2].partition(f"--- {name}")[0]


def test_colour_painted_over_by_delete_is_explained(run: Run) -> None:
    said = _said_during(run, "cases_failures.case_painted_over_is_explained")
    assert "background colour" in said
    assert "Add Alpha Channel" in said


def test_colour_lost_under_transparency_is_explained(run: Run) -> None:
    assert "transparen" in _said_during(run, "cases_failures.case_colour_lost_is_explained")


def test_nothing_is_said_of_colour_that_is_there(run: Run) -> None:
    assert "lost" not in _said_during(run, "cases_plain.case_selection_becomes_a_layer")
