"""Every kind of image, layer and hole, in a real GIMP with a real daemon; see inside/cases_*.py."""

from __future__ import annotations

import pytest

from tests.gimp.cases import MODULES, Run, names_in, run_cases
from tests.gimp.gimp_root import Gimp
from tests.running import running_daemon

_OURS = [name for name in MODULES if name not in ("cases_text_masks", "cases_objects")]
_REFERENCE = (
    '[reference]\ntitle = "reference"\nengine = "tests.synthetic_engines:reference"\n'
    'honours = ["seed", "references"]\n'
)
"""An entry of models.toml: fills with the colour of the first reference."""


@pytest.fixture(scope="module")
def run(gimp: Gimp) -> Run:
    with running_daemon(gimp.work / "daemon", models=_REFERENCE):
        return run_cases(gimp, _OURS)


@pytest.mark.parametrize("name", names_in(_OURS))
def test_case(run: Run, name: str) -> None:
    run.check(name)


def test_colour_painted_over_by_delete_is_explained(run: Run) -> None:
    said = run.said_during("cases_failures.case_painted_over_is_explained")
    assert "background colour" in said
    assert "Add Alpha Channel" in said


def test_colour_lost_under_transparency_is_explained(run: Run) -> None:
    assert "transparen" in run.said_during("cases_failures.case_colour_lost_is_explained")


def test_nothing_is_said_of_colour_that_is_there(run: Run) -> None:
    assert "lost" not in run.said_during("cases_plain.case_selection_becomes_a_layer")
