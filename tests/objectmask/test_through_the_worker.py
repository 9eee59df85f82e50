"""The `mask` request with an object, from the pixels on the wire to the mask, and by the CLI."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaintd.engine import Array
from inpaintd.pipeline.run import run
from inpaintd.workers.work import Work
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Click, Finished, MakeMask, ObjectPrompt
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings
from tests.cli.run import Run
from tests.synthetic_engines import identity

HEIGHT, WIDTH, OFFSET = 60, 90, (100, -20)
LAYER = Plane(WIDTH, HEIGHT, 3, "u8", bytes(range(256)) * 63 + bytes(72))


def asked(request: MakeMask) -> tuple[ObjectPrompt, Finished]:
    """Record what the masker is asked for a request; it finds the first box."""
    prompts: list[ObjectPrompt] = []

    def masker(colour: Array, prompt: ObjectPrompt) -> Array:
        assert colour.shape == (HEIGHT, WIDTH, 3)
        prompts.append(prompt)
        found = np.zeros((HEIGHT, WIDTH), np.float32)
        found[10:20, 30:50] = 1
        return found

    answer = run(request, identity(), lambda _: None, object_masker=masker)
    return prompts[0], answer


def request(prompt: ObjectPrompt, **fields: object) -> MakeMask:
    whole = MakeMask("r", LAYER, offset=OFFSET, object=prompt)
    return replace(whole, **fields)  # type: ignore[arg-type]


def test_a_prompt_arrives_in_pixels_of_the_layer() -> None:
    prompt = ObjectPrompt(
        (Click(130.5, -5.5), Click(99, 0), Click(110, -10, inside=False)),
        (Rectangle(90, -30, 40, 40),),
        choice=1,
    )
    here, answer = asked(request(prompt))
    assert here.clicks == (Click(30.5, 14.5), Click(10, 10, inside=False))
    assert here.boxes == (Rectangle(0, 0, 30, 30),)
    assert here.choice == 1
    assert answer.mask_offset == OFFSET
    mask = np.frombuffer(answer.mask.data, np.uint8).reshape(HEIGHT, WIDTH)
    assert (mask[10:20, 30:50] == 255).all()
    assert mask.sum() == 255 * 200


def test_the_found_mask_is_grown_as_any_other() -> None:
    prompt = ObjectPrompt((Click(140, -5),))
    _, answer = asked(request(prompt, settings=Settings(grow_pixels=2)))
    mask = np.frombuffer(answer.mask.data, np.uint8).reshape(HEIGHT, WIDTH)
    assert (mask[8:22, 30:50] == 255).all()


def test_a_rough_selection_becomes_a_box_and_a_click_in_its_depth() -> None:
    rough = np.zeros((HEIGHT, WIDTH), np.uint8)
    rough[10:31, 20:61] = 200
    plane = Plane(WIDTH, HEIGHT, 1, "u8", rough.tobytes())
    here, _ = asked(request(ObjectPrompt(rough=True), mask=plane))
    assert here.boxes == (Rectangle(20, 10, 41, 21),)
    (middle,) = here.clicks
    assert middle.y == 20.5
    assert 30 <= middle.x <= 51


@pytest.mark.parametrize(
    "prompt", [ObjectPrompt(), ObjectPrompt(rough=True), ObjectPrompt((Click(0, 0),))]
)
def test_a_prompt_that_means_nothing_is_answered_with_what_to_do(prompt: ObjectPrompt) -> None:
    with pytest.raises(InpaintError) as error:
        asked(request(prompt))
    assert "Click the object" in error.value.hint


def home_with(folder: Path, sam: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "models.toml").write_text(f'["sam-2.1"]\nsource = "{sam.as_posix()}"\n')
    return folder


def test_a_worker_finds_an_object(tmp_path: Path, sam: Path) -> None:
    work = Work(home_with(tmp_path, sam))
    prompt = ObjectPrompt((Click(50, 20),), choice=2)
    found = work._find_object(np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), prompt)
    assert found.shape == (HEIGHT, WIDTH)


def test_without_the_model_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(InpaintError) as error:
        Work(tmp_path).do(
            request(ObjectPrompt((Click(150, 0),))), lambda *_, **__: None, lambda _: None
        )
    assert "inpaintd models install sam-2.1" in error.value.hint


@pytest.mark.parametrize("wrong", ["640", "a,b", "1,2,3", "nan,1"])
def test_a_click_that_is_no_point_is_wrong_usage(
    tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    done = Run(capsys)("mask", tmp_path / "photo.png", "--click", wrong)
    assert done.code == 2
    assert "X,Y in pixels" in done.err
