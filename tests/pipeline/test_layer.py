from typing import Any

import numpy as np
import pytest

from inpaintd.pipeline.layer import plane_of, samples_of, to_float, to_samples
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.plane import Plane


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_every_sample_comes_back_exactly(dtype: str) -> None:
    every = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    assert (to_samples(to_float(every), every.dtype) == every).all()
    assert to_float(every)[-1] == 1


def test_float_samples_pass_beyond_black_and_white() -> None:
    values = np.array([-3.5, 0.1, 7e9], np.float32)
    assert (to_samples(to_float(values), values.dtype) == values).all()


def test_quantising_rounds_to_the_nearest_and_clips() -> None:
    values = np.array([-1.0, 0.49 / 255, 0.51 / 255, 254.4 / 255, 1.7], np.float32)
    assert to_samples(values, np.dtype("u1")).tolist() == [0, 0, 1, 254, 255]


@pytest.mark.parametrize("depth", ["u1", "<u2", "<f4"])
def test_planes_come_back_as_they_were(depth: str) -> None:
    samples = np.random.default_rng(0).integers(0, 255, (3, 5, 4)).astype(depth)
    assert (samples_of(plane_of(samples)) == samples).all()
    assert plane_of(samples[..., 0]).channels == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_is_refused(bad: float) -> None:
    samples = np.zeros((2, 2, 4), np.float32)
    samples[1, 0, 2] = bad
    assert _code(plane_of(samples)) == "bad_pixels"


@pytest.mark.parametrize(
    ("plane", "code"),
    [
        (Plane(0, 5, 4, "u8", b""), "size_mismatch"),
        (Plane(1, 1, 4, "u8", b"123"), "bad_frames"),
        (Plane(1, 1, 4, "u64", b"123"), "bad_frames"),
    ],
)
def test_planes_that_make_no_sense_are_refused(plane: Plane, code: str) -> None:
    assert _code(plane) == code


def _code(plane: Plane) -> Any:
    with pytest.raises(InpaintError) as caught:
        samples_of(plane)
    return caught.value.code
