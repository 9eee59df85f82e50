"""Selecting objects by clicks and boxes: as transformers' own model answers, and computed once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import Sam2Model

from inpaintd.engines.edges import snapped_to_edges
from inpaintd.engines.object_mask import ObjectMask
from inpaintd_protocol.messages import Click, ObjectPrompt
from inpaintd_protocol.rectangle import Rectangle
from tests.objectmask.tiny_sam import SIDE

HEIGHT, WIDTH = 96, 160


@pytest.fixture(scope="module")
def masker(sam: Path) -> ObjectMask:
    return ObjectMask(sam)


@pytest.fixture
def picture() -> NDArray[np.float32]:
    """Not square, so that mixed-up sides show."""
    rng = np.random.default_rng(1)
    colour = rng.uniform(0.2, 0.4, (HEIGHT, WIDTH, 3)).astype(np.float32)
    colour[20:60, 30:90] = (0.9, 0.3, 0.1)
    return colour


def transformers_own(folder: Path, colour: NDArray[np.float32], **prompt: Any) -> Any:
    """The masks and scores of the model called directly, with preprocessing written out."""
    small = torch.nn.functional.interpolate(
        torch.from_numpy(colour.transpose(2, 0, 1).copy())[None],
        (SIDE, SIDE),
        mode="bilinear",
        antialias=True,
    )
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    with torch.inference_mode():
        return Sam2Model.from_pretrained(folder).eval()(
            pixel_values=(small - mean) / deviation, **prompt
        )


def test_a_click_is_answered_as_by_transformers(
    masker: ObjectMask, sam: Path, picture: NDArray[np.float32]
) -> None:
    points = [[60 * SIDE / WIDTH, 40 * SIDE / HEIGHT], [10 * SIDE / WIDTH, 5 * SIDE / HEIGHT]]
    own = transformers_own(
        sam,
        picture,
        input_points=torch.tensor([[points]]),
        input_labels=torch.tensor([[[1, 0]]]),
        multimask_output=False,
    )
    prompt = ObjectPrompt((Click(60, 40), Click(10, 5, inside=False)))
    logits = masker._logits(masker._embedding(picture), prompt, WIDTH, HEIGHT)
    assert torch.allclose(logits, own.pred_masks[0, 0, 0], atol=1e-5)


def test_a_box_is_answered_as_by_transformers(
    masker: ObjectMask, sam: Path, picture: NDArray[np.float32]
) -> None:
    corners = [30 * SIDE / WIDTH, 20 * SIDE / HEIGHT, 90 * SIDE / WIDTH, 60 * SIDE / HEIGHT]
    own = transformers_own(
        sam, picture, input_boxes=torch.tensor([[corners]]), multimask_output=False
    )
    prompt = ObjectPrompt(boxes=(Rectangle(30, 20, 60, 40),))
    logits = masker._logits(masker._embedding(picture), prompt, WIDTH, HEIGHT)
    assert torch.allclose(logits, own.pred_masks[0, 0, 0], atol=1e-5)


def test_choices_go_from_the_smallest_to_the_largest(
    masker: ObjectMask, picture: NDArray[np.float32]
) -> None:
    embedding = masker._embedding(picture)
    prompts = [ObjectPrompt((Click(60, 40),), choice=choice) for choice in (0, 1, 2)]
    logits = [masker._logits(embedding, prompt, WIDTH, HEIGHT) for prompt in prompts]
    sizes = [int((one > 0).sum()) for one in logits]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 1


def test_a_second_click_does_not_look_at_the_picture_again(
    sam: Path, picture: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    masker = ObjectMask(sam)
    looked: list[int] = []
    own = masker._model.get_image_embeddings
    monkeypatch.setattr(
        masker._model, "get_image_embeddings", lambda pixels: looked.append(1) or own(pixels)
    )
    first = masker.find(picture, ObjectPrompt((Click(60, 40),)))
    again = masker.find(picture.copy(), ObjectPrompt((Click(60, 40),)))
    masker.find(picture, ObjectPrompt((Click(10, 10),)))
    assert len(looked) == 1
    assert (first == again).all()
    masker.find(1 - picture, ObjectPrompt((Click(60, 40),)))
    assert len(looked) == 2


def test_several_boxes_select_several_objects(
    masker: ObjectMask, picture: NDArray[np.float32]
) -> None:
    boxes = (Rectangle(30, 20, 60, 40), Rectangle(100, 50, 30, 30))
    alone = [masker.find(picture, ObjectPrompt(boxes=(box,))) for box in boxes]
    both = masker.find(picture, ObjectPrompt(boxes=boxes))
    assert both.shape == (HEIGHT, WIDTH)
    assert ((both > 0.5) >= ((alone[0] > 0.9) & (alone[1] > 0.9))).all()


def test_a_coarse_edge_snaps_to_the_pictures_own() -> None:
    truth = np.zeros((200, 300), np.float32)
    truth[50:150, 80:220] = 1
    colour = np.stack([0.2 + 0.6 * truth] * 3, axis=2).astype(np.float32)
    ramp = np.clip((np.arange(300) - 70) / 24, 0, 1) * np.clip((230 - np.arange(300)) / 24, 0, 1)
    rows = np.clip((np.arange(200) - 40) / 24, 0, 1) * np.clip((160 - np.arange(200)) / 24, 0, 1)
    coarse = np.minimum(rows[:, None], ramp[None]).astype(np.float32)
    fine = snapped_to_edges(coarse, colour, 12)
    assert np.abs(coarse - truth).mean() > 0.03
    assert np.abs(fine - truth).mean() < 0.3 * np.abs(coarse - truth).mean()
    assert (fine[:20] == 0).all()
    assert (fine[90:110, 130:170] == 1).all()


def test_nothing_found_stays_nothing() -> None:
    nothing = np.zeros((30, 40), np.float32)
    assert not snapped_to_edges(nothing, np.zeros((30, 40, 3), np.float32), 4).any()
