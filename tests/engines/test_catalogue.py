"""The catalogue tells the truth of every built-in engine, and is read without importing any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.engines.catalogue import ENGINES, MASK_ENGINES, SCHEDULERS, honoured_by
from inpaintd.engines.load import load
from inpaintd.models.registry import load_registry
from inpaintd_protocol.settings import settings_fields

BY_ENGINE = {f.name for f in settings_fields() if f.metadata["done_by"] == "engine"}


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_as_its_entry_says(name: str, tmp_path: Path) -> None:
    engine, about = load(name, tmp_path), ENGINES[name]
    assert (engine.honours, engine.soft, engine.interruptible) == (
        about.honours,
        about.soft,
        about.interruptible,
    )


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_honours_only_settings_that_engines_do(name: str) -> None:
    assert ENGINES[name].honours <= BY_ENGINE


def test_some_engine_honours_every_setting_that_engines_do() -> None:
    nobodys = BY_ENGINE.difference(*(about.honours for about in ENGINES.values()))
    assert not nobodys, f"done_by='engine', but in no entry of the catalogue: {nobodys}"


def test_every_listed_model_has_an_engine_of_the_catalogue(tmp_path: Path) -> None:
    for entry in load_registry(tmp_path).entries.values():
        assert entry.engine in ENGINES | MASK_ENGINES, entry.name


def test_the_registry_tells_what_each_model_honours(tmp_path: Path) -> None:
    honours = {info.name: set(info.honours) for info in load_registry(tmp_path).infos()}
    assert honours["telea"] == set()
    assert honours["patchmatch"] == {"seed"}
    assert honours["patches"] == honoured_by("patches")
    assert honours["sdxl"] == BY_ENGINE - {"sampling_pixels", "sampling_sides"}
    assert honoured_by("somebodys.own:engine") == set()


def test_the_samplers_are_those_of_the_engine() -> None:
    from inpaintd.engines.diffusion.painting import schedulers

    assert set(SCHEDULERS) == set(schedulers.SCHEDULERS) | set(schedulers.FLOW_SCHEDULERS)


def test_the_catalogue_needs_the_standard_library_alone() -> None:
    code = (
        "import sys, inpaintd.engines.catalogue;"
        "print([m for m in ('numpy', 'cv2', 'torch', 'onnxruntime') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
