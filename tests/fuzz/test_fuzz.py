"""Whatever is in a file, its reader gives a value or a sentence."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds, try_it
from tests.running import ROOT

SECONDS = 60


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A file of the corpus with some of its bytes changed, cut, doubled or left out."""
    data = bytearray(draw(st.sampled_from(seeds(name))))
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        end = min(len(data), at + draw(st.integers(0, 8)))
        kind = draw(st.sampled_from(["change", "cut", "double", "leave out"]))
        if kind == "change":
            data[at:end] = draw(st.binary(min_size=end - at, max_size=end - at))
        elif kind == "cut":
            del data[at:]
        elif kind == "double":
            data[at:at] = data[at:end]
        else:
            del data[at:end]
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files(name: str) -> None:
    @settings(max_examples=60)
    @given(damaged(name))
    def run(data: bytes) -> None:
        try_it(name, data)

    for data in seeds(name):
        try_it(name, data)
    run()


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", TARGETS)
def test_a_minute_of_each(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:

        @settings(max_examples=3000)
        @given(damaged(name))
        def run(data: bytes) -> None:
            try_it(name, data)

        run()
        return
    command = [sys.executable, "-m", "tests.fuzz.run", name, str(SECONDS), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"see the input in {tmp_path}:\n{done.stderr[-4000:]}"
