"""The package's public names, and the example in its documentation."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import inpaintd_protocol


@pytest.fixture
def _default_model(daemon_home: Path) -> None:
    with (daemon_home / "models.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text if text.startswith("default") else 'default = "noise"\n' + text)


@pytest.mark.usefixtures("_default_model")
def test_the_example_in_the_documentation_runs() -> None:
    assert inpaintd_protocol.__doc__ is not None
    (example,) = re.findall(r"\n((?:    .*\n|\n)+)", inpaintd_protocol.__doc__)
    assert len(example.strip().splitlines()) <= 10
    width, height = 8, 6
    rgba = bytes([90, 120, 60, 255]) * (width * height - 2) + bytes([0, 0, 0, 0]) * 2
    names: dict[str, Any] = {"width": width, "height": height, "rgba": rgba}
    exec(textwrap.dedent(example), names)
    (result,) = names["answer"].layers
    assert len(result.pixels.data) == result.pixels.byte_count


def test_what_is_offered_is_there_and_documented() -> None:
    for name in inpaintd_protocol.__all__:
        offered = getattr(inpaintd_protocol, name)
        assert name.isupper() or offered.__doc__, name
