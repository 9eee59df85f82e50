"""The devices on which workers compute."""

from __future__ import annotations

import os

import pytest
import torch

from inpaintd.cli.serve import _spread
from inpaintd.engines.device import DEVICE_VARIABLE, best_device
from inpaintd.workers import devices
from inpaintd.workers.devices import checked, local_devices, settle_on
from inpaintd_protocol.errors import InpaintError


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)


@pytest.mark.parametrize(
    ("visible", "found"),
    [("0,1", ["cuda:0", "cuda:1"]), ("3", []), ("", []), ("-1", []), ("a,b,c", 3)],
)
def test_there_is_a_worker_for_each_of_several_gpus(visible: str, found: object) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = visible
    assert (len(local_devices()) if isinstance(found, int) else local_devices()) == found


def test_workers_are_spread_over_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _spread(["cuda:0", "cpu"], None, False) == ["cuda:0", "cpu"]
    assert _spread(["cuda:0", "cpu"], 3, False) == ["cuda:0", "cpu", "cuda:0"]
    monkeypatch.setattr("inpaintd.cli.serve.local_devices", lambda: ["cuda:0", "cuda:1"])
    assert _spread([], None, False) == ["cuda:0", "cuda:1"]
    assert _spread([], 2, True) == ["", ""], "on a cluster its machines say"


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "mps:1", "", "cpu; rm"])
def test_what_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="write cuda"):
        checked(name)


def test_a_worker_sees_its_own_card_alone() -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = "4,7"
    settle_on("cuda:1")
    assert (os.environ["CUDA_VISIBLE_DEVICES"], os.environ[DEVICE_VARIABLE]) == ("7", "cuda")


def test_engines_compute_where_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.xpu, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert best_device().type == "xpu"
    settle_on("cpu")
    assert best_device().type == "cpu"
    settle_on("cuda")
    with pytest.raises(InpaintError, match="inpaintd setup"):
        best_device()


def test_nothing_is_settled_where_nothing_was_asked_for() -> None:
    devices.settle_on("")
    assert DEVICE_VARIABLE not in os.environ
