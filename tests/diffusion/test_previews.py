"""Previews by a small decoder: only when asked for, bounded, and never a change to the result."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engine import Painted
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS
from inpaintd.engines.diffusion.painting import after_step, previews
from inpaintd.models.registry import load_registry
from tests.diffusion import pictures
from tests.diffusion.tiny_adapters import preview_decoder as decoder
from tests.diffusion.tiny_models import Build

WEIGHTS = "diffusion_pytorch_model.safetensors"


def watched(engine: DiffusionEngine, **changes: Any) -> tuple[Painted, list[np.ndarray]]:
    """The result of a request, and the previews that it showed."""
    shown = []

    def keep(*_: Any, preview: np.ndarray | None = None, **__: Any) -> None:
        if preview is not None:
            shown.append(preview)

    settings = pictures.settings(**{"preview": True} | changes)
    return engine.paint([pictures.task()], settings, keep), shown


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each picture that a small decoder decodes."""
    counted: list[int] = []
    real = diffusers.AutoencoderTiny.decode

    def counting(self: Any, *args: Any, **options: Any) -> Any:
        counted.append(1)
        return real(self, *args, **options)

    monkeypatch.setattr(diffusers.AutoencoderTiny, "decode", counting)
    return counted


@pytest.mark.parametrize("kind", ["sd15", "flux"])
def test_an_installed_decoder_shows_pixels_and_changes_none_of_the_result(
    tiny: Build, tmp_path: Path, decodes: list[int], kind: str
) -> None:
    plain = pictures.paint(pictures.shared(tiny(kind))).colours[0]
    engine = pictures.engine(tiny(kind), small=decoder(tmp_path / "small"))
    without = pictures.paint(engine)
    assert not decodes
    seen, shown = watched(engine)
    assert np.array_equal(seen.colours[0], plain)
    assert np.array_equal(without.colours[0], plain)
    assert not seen.notices
    assert len(decodes) == len(shown) > 0
    assert shown[0].shape == (64, 64, 3)
    assert shown[0].dtype == np.float32
    assert 0 <= shown[0].min() < shown[0].max() <= 1


def test_a_decoder_runs_no_oftener_than_five_times_a_second(
    tiny: Build, tmp_path: Path, decodes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(np.arange(0, 100, 0.05))
    monkeypatch.setattr(after_step.time, "monotonic", lambda: float(next(clock)))
    engine = pictures.engine(tiny("sd15"), small=decoder(tmp_path / "small"))
    seen, _ = watched(engine, steps=20, strength=1.0)
    assert len(decodes) == math.ceil(seen.steps / 4)


def test_large_work_is_decoded_at_a_limited_size(
    tiny: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "LARGEST_CELLS", 4)
    engine = pictures.engine(tiny("sd15"), small=decoder(tmp_path / "small"))
    assert watched(engine)[1][0].shape == (32, 32, 3)


def truncated(folder: Path) -> None:
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:1000])


def emptied(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS)
    weights.pop("decoder.layers.0.weight")
    save_file(weights, folder / WEIGHTS)


def broken(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS)
    save_file({k: v * float("nan") for k, v in weights.items()}, folder / WEIGHTS)


@pytest.mark.parametrize("damage", [truncated, emptied, broken])
def test_a_damaged_decoder_is_said_and_leaves_coarse_previews(
    tiny: Build, tmp_path: Path, damage: Any
) -> None:
    entry = decoder(tmp_path / "small")
    damage(tmp_path / "small")
    engine = pictures.engine(tiny("sd15"), small=entry)
    seen, shown = watched(engine)
    assert shown[0].shape == (8, 8, 3)
    assert np.isfinite(shown[0]).all()
    assert np.array_equal(seen.colours[0], pictures.paint(engine).colours[0])
    assert [code for code, *_ in seen.notices] == ["preview_decoder_unusable"]
    assert "small" in seen.notices[0][1]


def test_one_for_other_latents_is_said_and_not_tried(
    tiny: Build, tmp_path: Path, decodes: list[int]
) -> None:
    engine = pictures.engine(tiny("sd15"), small=decoder(tmp_path / "small", channels=16))
    seen, shown = watched(engine)
    assert "does not fit" in seen.notices[0][1]
    assert "models remove small" in seen.notices[0][2]
    assert shown[0].shape == (8, 8, 3)
    assert not decodes
    again, _ = watched(engine)
    assert again.notices == seen.notices


def test_memory_that_runs_out_for_a_preview_costs_no_more_than_the_preview(
    tiny: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(diffusers.AutoencoderTiny, "decode", full)
    engine = pictures.engine(tiny("sd15"), small=decoder(tmp_path / "small"))
    seen, shown = watched(engine)
    assert shown[0].shape == (8, 8, 3)
    assert "memory" in seen.notices[0][1]
    assert "Close other programs" in seen.notices[0][2]


def test_a_decoder_for_another_family_is_not_taken(
    tiny: Build, tmp_path: Path, decodes: list[int]
) -> None:
    engine = pictures.engine(tiny("sdxl"), small=decoder(tmp_path / "small"))
    assert watched(engine)[1][0].shape == (8, 8, 3)
    assert not decodes


def test_the_listed_decoders_name_known_families(tmp_path: Path) -> None:
    entries = load_registry(tmp_path).entries.values()
    listed = [entry for entry in entries if entry.kind == "preview-decoder"]
    assert {entry.name for entry in listed} == {"taesd", "taesdxl", "taesd3", "taef1"}
    named = [family for entry in listed for family in entry.families]
    assert set(named) <= {family.name for family in FAMILY_OF_CLASS.values()}
    assert len(named) == len(set(named))
