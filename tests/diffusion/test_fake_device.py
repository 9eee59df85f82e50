"""The engine on a stand-in for an accelerator, built here: every tensor where it belongs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("g++"), reason="needs g++ on Linux"
)

Happened = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> Happened:
    return run(tmp_path_factory)


def run(tmp_path_factory: pytest.TempPathFactory, *kinds: str) -> Happened:
    from tests.diffusion import fake_device

    folder = tmp_path_factory.mktemp("device")
    library = fake_device.built()
    done = subprocess.run(
        [sys.executable, "-m", "tests.diffusion.fake_device", str(library), str(folder), *kinds],
        cwd=ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result: Happened = json.loads(done.stdout)
    return result


@pytest.mark.exhaustive
def test_models_that_are_shown_the_picture_run_on_the_device_and_leave_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from tests.diffusion.fake_device import FURTHER

    requests = run(tmp_path_factory, *FURTHER)["requests"]
    assert {one["request"].split(",")[0] for one in requests} == set(FURTHER)
    for one in requests:
        assert 0 < one["difference"] < 1e-5, one
        assert not (one["offloaded"] and one["left"]), one


def test_its_pictures_are_the_cpus(happened: Happened) -> None:
    for one in happened["requests"]:
        assert one["difference"] < 1e-5, one


def test_a_small_decoder_shows_previews_on_the_device(happened: Happened) -> None:
    previews = [one for one in happened["requests"] if one["request"] == "sd15, preview"]
    assert [one["notices"] for one in previews] == [[], []]


def test_an_offloaded_model_runs_on_the_device_and_leaves_it(happened: Happened) -> None:
    offloaded = [one for one in happened["requests"] if one["offloaded"]]
    assert offloaded
    for one in offloaded:
        assert not one["left"], one
        # Not the very same numbers: it would be the CPU that painted.
        assert one["difference"] > 0 or "cancelled" in one["request"], one


def test_with_less_and_less_memory_it_fits_or_says_so(happened: Happened) -> None:
    answers = [one["answer"] for one in happened["ladder"]]
    assert [] in answers
    assert ["out_of_memory"] in answers
    assert {one["offloaded"] for one in happened["ladder"]} == {False, True}


def test_the_next_request_is_as_if_memory_had_never_been_short(happened: Happened) -> None:
    for one in happened["ladder"]:
        assert one["difference"] < 1e-5, one
