"""The time that is left."""

from __future__ import annotations

import pytest

from inpaintd.pipeline.pace import Pace


def test_the_rest_takes_as_long_as_the_steps_so_far() -> None:
    pace = Pace()
    assert pace.remaining_seconds(0.0, 0.0) is None
    assert pace.remaining_seconds(0.1, 9.0) is None  # the first step, slow
    assert pace.remaining_seconds(0.2, 10.0) == pytest.approx(8.0)
    assert pace.remaining_seconds(0.6, 14.0) == pytest.approx(4.0)
    assert pace.remaining_seconds(1.0, 18.0) == 0


def test_an_attempt_that_starts_again_has_nothing_to_go_by() -> None:
    pace = Pace()
    pace.remaining_seconds(0.5, 1.0)
    assert pace.remaining_seconds(0.2, 2.0) is None
