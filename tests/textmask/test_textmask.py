"""Finding a hole by words: polarity, alignment, resizing, several words, threshold, combining."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaintd.engines.textmask import TextMask
from inpaintd.workers.work import Work
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished, Inpaint, MakeMask
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings
from tests.textmask.conftest import COLOURS

HEIGHT, WIDTH = 288, 480
RED, BLUE = (slice(48, 144), slice(80, 240)), (slice(192, 240), slice(320, 400))


@pytest.fixture(scope="module")
def masker(clipseg: Path) -> TextMask:
    return TextMask(clipseg)


def _picture() -> NDArray[np.float32]:
    """Not square, so that mixed-up sides show."""
    colour = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    colour[RED] = COLOURS["red"]
    colour[BLUE] = COLOURS["blue"]
    return colour


def _truth(*places: tuple[slice, slice]) -> NDArray[np.bool_]:
    truth = np.zeros((HEIGHT, WIDTH), bool)
    for place in places:
        truth[place] = True
    return truth


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize(("word", "place"), [("red", RED), ("blue", BLUE)])
def test_what_is_named_is_found_where_it_is(
    masker: TextMask, word: str, place: tuple[slice, slice]
) -> None:
    found = masker.find(_picture(), word)
    assert found.shape == (HEIGHT, WIDTH)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    assert _overlap(found >= 0.5, _truth(place)) > 0.8


def test_several_words_find_all_that_they_name(masker: TextMask) -> None:
    found = masker.find(_picture(), "red, blue ,")
    assert _overlap(found >= 0.5, _truth(RED, BLUE)) > 0.8
    each = np.maximum(masker.find(_picture(), "red"), masker.find(_picture(), "blue"))
    assert (np.abs(found - each) < 1e-3).mean() > 0.95  # they differ where edges are smoothed


def test_what_is_not_there_is_not_found(masker: TextMask) -> None:
    assert (masker.find(_picture(), "green") < 0.5).mean() > 0.99


def test_no_words(masker: TextMask) -> None:
    with pytest.raises(InpaintError, match="no words"):
        masker.find(_picture(), " , ")


def test_the_preprocessing_is_the_one_of_transformers(masker: TextMask, clipseg: Path) -> None:
    """Against ViTImageProcessor, which the published model comes with."""
    from skimage import data
    from transformers import ViTImageProcessor

    processor = ViTImageProcessor(
        size={"height": 96, "width": 96},
        resample=3,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    theirs = processor(data.coffee(), return_tensors="np")["pixel_values"][0]
    seen = {}

    def spy(**inputs: object) -> None:
        seen.update(inputs)
        raise StopIteration

    original, masker._model = masker._model, spy
    try:
        with pytest.raises(StopIteration):
            masker.find(data.coffee().astype(np.float32) / 255, "red")
    finally:
        masker._model = original
    ours = seen["pixel_values"][0].numpy()
    assert np.abs(ours - theirs).mean() < 0.01


# -------------------------------------------------------------------------- through the worker


@pytest.fixture
def work(tmp_path: Path, clipseg: Path) -> Work:
    (tmp_path / "models.toml").write_text(f'[clipseg]\nsource = "{clipseg}"\n')
    return Work(tmp_path)


def _layer(alpha: NDArray[np.bool_] | None = None) -> Plane:
    pixels = np.floor(_picture() * 255 + 0.5).astype(np.uint8)
    if alpha is not None:
        pixels = np.dstack([pixels, np.where(alpha, 0, 255).astype(np.uint8)])
    return Plane(WIDTH, HEIGHT, pixels.shape[2], "u8", pixels.tobytes())


def _do(work: Work, request: Inpaint | MakeMask) -> Finished:
    return work.do(request, lambda *_, **__: None, lambda _message: None)


def _mask(
    work: Work, alpha: NDArray[np.bool_] | None = None, **settings: object
) -> NDArray[np.uint8]:
    given = replace(Settings(model="telea", text_mask="red"), **settings)
    plane = _do(work, MakeMask("r", _layer(alpha), given)).mask
    return np.frombuffer(plane.data, np.uint8).reshape(plane.height, plane.width)


def test_mask_request_threshold_soft_and_invert(work: Work) -> None:
    hard = _mask(work)
    assert set(np.unique(hard)) == {0, 255}
    assert _overlap(hard > 0, _truth(RED)) > 0.8
    soft = _mask(work, text_mask_threshold=0.0)
    assert len(np.unique(soft)) > 10
    assert ((soft >= 128) == (hard > 0)).mean() > 0.999
    low, high = (_mask(work, text_mask_threshold=t) > 0 for t in (0.05, 0.95))
    assert (high <= (hard > 0)).all()
    assert ((hard > 0) <= low).all()
    assert high.sum() < low.sum()
    assert (_mask(work, invert=True) == 255 - hard).all()


def test_combined_with_alpha(work: Work) -> None:
    left = np.zeros((HEIGHT, WIDTH), bool)
    left[:, :160] = True
    found = _mask(work) > 0
    assert ((_mask(work, left) > 0) == found).all(), "replace"
    assert ((_mask(work, left, text_mask_combine="union") > 0) == (found | left)).all()
    assert ((_mask(work, left, text_mask_combine="intersect") > 0) == (found & left)).all()


def test_inpaint_by_words(work: Work) -> None:
    answer = _do(
        work, Inpaint("r", _layer(), Settings(model="telea", text_mask="red", grow_pixels=9))
    )
    (layer,) = answer.layers
    pixels = np.frombuffer(layer.pixels.data, np.uint8).reshape(
        layer.pixels.height, layer.pixels.width, 4
    )
    x, y = RED[1].start - layer.offset[0] + 50, RED[0].start - layer.offset[1] + 50
    assert np.abs(pixels[y, x, :3].astype(int) - 128).max() < 25, "the red has gone"


def test_nothing_found(work: Work) -> None:
    with pytest.raises(InpaintError, match="looks like “green”") as error:
        _mask(work, text_mask="green", text_mask_threshold=0.9)
    assert error.value.code == "empty_mask"


def test_model_missing_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(InpaintError) as error:
        _mask(Work(tmp_path))
    assert error.value.code == "model_missing"
    assert "inpaintd models install clipseg" in error.value.hint
