"""Removal by networks in ONNX files, with real ONNX Runtime and graphs whose answer is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data

from inpaintd.engine import Array, Task
from inpaintd.engines.erase.eraser import Erase
from inpaintd.engines.erase.network import Network
from inpaintd.engines.erase.windows import through_windows, work_scale
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings

from . import tiny_networks

PHOTO: Array = skimage.data.astronaut().astype(np.float32) / 255


def quiet(*_: Any, **__: Any) -> None:
    pass


def erased(file: Path, colour: Array, mask: Array, **task: Any) -> Array:
    return (
        Erase(lambda _: file).paint([Task(colour, mask, 0, **task)], Settings(), quiet).colours[0]
    )


def disc(height: int, width: int, radius: int, at: tuple[int, int] | None = None) -> Array:
    y, x = np.ogrid[:height, :width]
    row, column = at or (height // 2, width // 2)
    return ((y - row) ** 2 + (x - column) ** 2 <= radius**2).astype(np.float32)


@pytest.mark.parametrize("white", [1.0, 255.0])
def test_lama_fills_the_hole_and_keeps_the_rest(tmp_path: Path, white: float) -> None:
    file = tiny_networks.lama(tmp_path / "lama.onnx", white=white)
    mask = disc(512, 512, 60)
    result = erased(file, PHOTO, mask)
    assert (result == PHOTO)[mask == 0].all()
    mean = PHOTO[mask == 0].mean(axis=0, dtype=np.float64)
    assert np.abs(result[mask > 0] - mean).max() < 1e-4


def test_migan_takes_bytes_and_a_mask_of_what_is_kept(tmp_path: Path) -> None:
    mask = disc(300, 200, 40)
    result = erased(tiny_networks.migan(tmp_path / "migan.onnx"), PHOTO[:300, :200], mask)
    assert (result == PHOTO[:300, :200])[mask == 0].all()
    assert np.abs(result[mask > 0] - [1, 0, 0]).max() < 0.5 / 255


@pytest.mark.parametrize("size", [(64, 64), (100, 512), (700, 300), (1, 1200)])
def test_any_size_of_region_goes_through_a_square(tmp_path: Path, size: tuple[int, int]) -> None:
    colour = np.resize(PHOTO, (*size, 3)).astype(np.float32)
    mask = np.zeros(size, np.float32)
    mask[:, size[1] // 3 : size[1] // 2] = 1
    result = erased(tiny_networks.lama(tmp_path / "lama.onnx"), colour, mask)
    assert (result == colour)[mask == 0].all()
    assert np.isfinite(result).all()


@pytest.mark.parametrize("model", [tiny_networks.lama, tiny_networks.migan])
def test_what_is_under_the_hole_has_no_influence(
    tmp_path: Path, model: Callable[[Path], Path]
) -> None:
    file = model(tmp_path / "network.onnx")
    mask = disc(512, 512, 50)
    other = np.where(mask[..., None] > 0, np.float32(0.9), PHOTO)
    assert (erased(file, PHOTO, mask) == erased(file, other, mask)).all()


def test_a_transparent_border_has_no_influence(tmp_path: Path) -> None:
    file = tiny_networks.lama(tmp_path / "lama.onnx")
    mask, shown = disc(512, 512, 50), np.ones((512, 512), bool)
    shown[:, :100] = False
    cut_out = PHOTO.copy()
    cut_out[:, :100] = (0, 1, 0)
    result = erased(file, cut_out, mask, source=shown & (mask == 0))
    mean = PHOTO[shown & (mask == 0)].mean(axis=0, dtype=np.float64)
    assert np.abs(result[mask > 0] - mean).max() < 1e-4


def test_a_wide_hole_is_seen_smaller_and_a_wire_at_full_resolution() -> None:
    wire = np.zeros((900, 900), bool)
    wire[450:456, :] = True
    assert work_scale(wire, 512) == 1
    assert 0.4 < work_scale(disc(900, 900, 200) > 0, 512) < 0.6
    assert work_scale(np.zeros((5, 5), bool), 512) == 1
    assert work_scale(np.ones((5, 5), bool), 512) == 1


def test_windows_see_what_the_ones_before_them_filled() -> None:
    hole = np.zeros((200, 1500), bool)
    hole[95:105, 50:1450] = True
    seen: list[float] = []

    def fill(colour: Array, window_hole: np.ndarray) -> Array:
        assert colour.shape == (512, 512, 3)
        assert window_hole.any()
        seen.append(float(colour[~window_hole].max()))
        return np.full_like(colour, 0.5)

    *_, last = through_windows(np.zeros((200, 1500, 3), np.float32), hole, hole, 512, fill)
    assert (last[hole] == 0.5).all()
    assert (last[~hole] == 0).all()
    assert seen[0] == 0
    assert all(value == 0.5 for value in seen[1:])


def test_variants_are_computed_once(tmp_path: Path) -> None:
    file = tiny_networks.lama(tmp_path / "lama.onnx")
    mask = disc(512, 512, 30)
    tasks = [Task(PHOTO, mask, seed, seed) for seed in range(3)]
    one, two, three = Erase(lambda _: file).paint(tasks, Settings(), quiet).colours
    assert one is two is three


def test_a_hole_that_covers_everything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match="nothing to continue"):
        erased(tiny_networks.lama(tmp_path / "lama.onnx"), PHOTO, np.ones((512, 512), np.float32))


def test_files_that_are_no_inpainting_network(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x08\x09garbage")
    with pytest.raises(InpaintError) as error:
        Network(damaged)
    assert error.value.code == "model_damaged"
    with pytest.raises(InpaintError, match="not an inpainting network"):
        Network(tiny_networks.classifier(tmp_path / "classifier.onnx"))


def test_a_network_of_any_size_sees_windows_of_512(tmp_path: Path) -> None:
    network = Network(tiny_networks.lama(tmp_path / "lama.onnx", side=None))
    assert network.signature.side is None
    assert network.provider == "CPUExecutionProvider"


def test_a_wide_hole_is_said_to_be_coarse(tmp_path: Path) -> None:
    file = tiny_networks.lama(tmp_path / "lama.onnx")
    colour = np.resize(PHOTO, (700, 700, 3)).astype(np.float32)
    tasks = [Task(colour, disc(700, 700, radius), 0) for radius in (30, 200)]
    fine, coarse = Erase(lambda _: file).paint(tasks, Settings(), quiet).scales
    assert fine == 1
    assert coarse < 0.6
