"""The plug-in's own computations in plain Python, compared with numpy."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Failed, ModelInfo, Notice, Progress
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

_PLUG_IN = Path(__file__).parents[2] / "plugins" / "gimp" / "inpaint"


def _module(name: str) -> ModuleType:
    sys.path.insert(0, str(_PLUG_IN))
    try:
        return importlib.import_module(f"inpaint_plugin.{name}")
    finally:
        sys.path.remove(str(_PLUG_IN))


bounds, lost_colour, following, coverage, model_notes = map(
    _module, ("bounds", "lost_colour", "following", "coverage", "model_notes")
)


@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.sampled_from([0, 1, 254, 255]),
    ),
    st.sampled_from([0, 255]),
)
def test_bounds_are_those_that_numpy_finds(mask: np.ndarray, nothing: int) -> None:
    rows = bounds.rows_of(mask.tobytes(), mask.shape[1])
    y, x = np.nonzero(mask != nothing)
    found = bounds.bounds_of_other_values(rows, nothing)
    if len(x) == 0:
        assert found.empty
    else:
        assert found == Rectangle(x.min(), y.min(), x.max() - x.min() + 1, y.max() - y.min() + 1)


_GREYS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 127, 128, 255]))
)


@given(_GREYS)
def test_what_a_mask_holds_is_what_numpy_says(mask: np.ndarray) -> None:
    plane = Plane(mask.shape[1], mask.shape[0], 1, "u8", mask.tobytes())
    found = coverage.coverage_of(plane)
    half = mask >= 128
    y, x = np.nonzero(half)
    assert found.pixels == half.sum()
    assert coverage.is_empty(plane) == (mask == 0).all()
    if len(x):
        assert (found.bounds.x, found.bounds.y) == (x.min(), y.min())
        assert (found.bounds.right, found.bounds.bottom) == (x.max() + 1, y.max() + 1)
    else:
        assert found.bounds.empty


@pytest.mark.parametrize(
    ("pixels", "settings", "surest", "words"),
    [
        (1200, Settings(), 0.9, "“hair”: 12 % of the layer, 30 × 40 px"),
        (12, Settings(), 0.9, "“hair”: less than 1 % of the layer, 30 × 40 px"),
        (1200, Settings(invert=True), 0.9, "Everything except “hair”: 12 %"),
        (0, Settings(), 0.31, "The best match for “hair” has a confidence of 0.31: lower"),
        (0, Settings(invert=True), 0.31, "The best match for “hair” has a confidence"),
        (0, Settings(invert=True), 0.9, "The whole layer matches “hair”: raise the threshold"),
    ],
)
def test_what_is_found_in_words(pixels: int, settings: Settings, surest: float, words: str) -> None:
    found = coverage.Coverage(pixels, Rectangle(5, 6, 30, 40) if pixels else Rectangle(0, 0, 0, 0))
    said = coverage.found_in_words(found, 10_000, settings, "hair", surest)
    assert said.startswith(words)


def _planes(depth: str) -> tuple[np.ndarray, np.ndarray]:
    """A noisy picture, and a mask of a square in it."""
    dtype, full = {"u8": (np.uint8, 255), "u16": (np.uint16, 65535), "f32": (np.float32, 1)}[depth]
    colour = np.random.default_rng(1).integers(0, 256, (60, 80, 4)).astype(dtype)
    colour[..., 3] = full
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 255
    return colour, mask


def _flat(colour: np.ndarray, mask: np.ndarray, depth: str) -> bytes | None:
    height, width = mask.shape
    found: bytes | None = lost_colour.flat_colour_of_hole(
        Plane(width, height, 4, depth, colour.tobytes()),
        Plane(width, height, 1, "u8", mask.tobytes()),
    )
    return found


@pytest.mark.parametrize("depth", ["u8", "u16", "f32"])
def test_a_hole_of_one_colour_is_noticed(depth: str) -> None:
    colour, mask = _planes(depth)
    assert _flat(colour, mask, depth) is None, "a picture"
    colour[mask == 255] = colour[0, 0]
    assert _flat(colour, mask, depth) == colour[0, 0, :3].tobytes()
    colour[35, 45] = colour[0, 1]
    assert _flat(colour, mask, depth) is None, "one pixel is different"


def test_a_flat_picture_is_nothing_to_warn_about() -> None:
    colour, mask = _planes("u8")
    colour[:] = colour[0, 0]
    assert _flat(colour, mask, "u8") is None


def test_a_mask_of_everything_or_nothing_is_nothing_to_warn_about() -> None:
    colour, mask = _planes("u8")
    assert _flat(colour, np.zeros_like(mask), "u8") is None
    colour[:] = colour[0, 0]
    assert _flat(colour, np.full_like(mask, 255), "u8") is None


@pytest.mark.parametrize(
    ("progress", "count", "words"),
    [
        (Progress("r", "waiting", 0, position=1), 1, "Next in the queue"),
        (Progress("r", "waiting", 0, position=2), 1, "Waiting for 1 other request"),
        (Progress("r", "waiting", 0, position=4), 1, "Waiting for 3 other requests"),
        (Progress("r", "loading", 0), 1, "Loading the model"),
        (Progress("r", "denoising", 0.4, step=12, steps=30), 1, "Step 12 of 30"),
        (
            Progress("r", "denoising", 0.4, step=12, steps=60, variant=1, remaining_seconds=8.3),
            4,
            "Step 12 of 60, variant 2 of 4, about 8 s left",
        ),
        (Progress("r", "denoising", 0.4), 1, "Filling"),
        (Progress("r", "a phase of tomorrow", 0.4), 1, "A phase of tomorrow"),
    ],
)
def test_progress_in_words(progress: Progress, count: int, words: str) -> None:
    assert following.in_words(progress, count) == words


@pytest.mark.parametrize("code", ["busy", "out_of_memory", "model_missing", "engine_failed"])
def test_a_failure_is_told_with_its_remedy(code: str) -> None:
    follower = following.Following("r", 1, lambda *_: None, lambda _: None)
    follower.take(Failed("another", code, "Not for us.", ""))
    with pytest.raises(InpaintError) as caught:
        follower.take(Failed("r", code, "It did not work.", "Do this."))
    assert str(caught.value) == "It did not work. Do this."
    assert caught.value.code == code


def test_a_daemon_on_windows_has_a_console_that_nobody_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Detached it would have none, and each of its workers would open one."""
    daemon = _module("daemon")
    with monkeypatch.context() as on_windows:
        on_windows.setattr(sys, "platform", "win32")
        flags = importlib.reload(daemon)._DETACHED["creationflags"]
    importlib.reload(daemon)
    no_window, detached = 0x08000000, 0x8
    assert flags & no_window
    assert not flags & detached  # which would make the other one count for nothing


def test_a_graphics_card_that_is_not_used_is_told_with_the_command_that_helps() -> None:
    told = model_notes.notices_in_words(
        (
            Notice("card_unused", "torch cannot use the card.", "Run: inpaintd setup"),
            Notice("other", "Something else."),
        )
    )
    assert told == "torch cannot use the card. Run: inpaintd setup\nSomething else."
    assert model_notes.notices_in_words(()) == ""


def test_a_model_says_what_it_needs() -> None:
    absent = ModelInfo("m", "M", "e", installed=False, needs="8 GB", install="inpaintd install m")
    assert model_notes.model_in_words(absent) == (
        "Needs 8 GB. Fills from the surroundings; takes no prompt."
    )
    paints = ModelInfo("m", "M", "e", installed=True, honours=("prompt",))
    assert model_notes.model_in_words(paints) == ""
    slow = replace(paints, fits="fits, about 3 times slower: streamed from memory")
    assert model_notes.model_in_words(slow) == (
        "On this computer: fits, about 3 times slower: streamed from memory."
    )
    assert model_notes.model_in_words(None) == ""
