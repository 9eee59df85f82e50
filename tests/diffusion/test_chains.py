"""Chains of the guide, compared with diffusers' own pipelines called one after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from inpaintd.engine import CancelledError, Task
from inpaintd.engines.diffusion.engine import DiffusionEngine
from inpaintd.engines.diffusion.painting import after_step, attempt
from inpaintd.engines.diffusion.painting.passes import passes
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control, Lora, Stage
from tests.diffusion.pictures import (
    distance,
    engine,
    hole,
    library,
    model,
    paint,
    photograph,
    quiet,
    settings,
    task,
)
from tests.diffusion.test_oracle import widened_to_cells
from tests.diffusion.tiny_models import Build

WHOLE = np.ones((64, 64), np.float32)
ASKED: dict[str, Any] = {"prompt": "a cat", "guidance_scale": 3.0}


def chain(tiny: Build, first: str, *others: str) -> DiffusionEngine:
    return engine(tiny(first), **{name: model(tiny(name)) for name in others})


def canvas(*stage_masks: np.ndarray | None, seed: int = 7) -> Task:
    """A task without a picture, as `inpaintd chain` makes it of a size."""
    return Task(np.zeros((64, 64, 3), np.float32), WHOLE, seed, stage_masks=stage_masks)


def seeded(seed: int = 7) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]


def mask_tensor(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(widened_to_cells(mask))[None, None]


def stock(tiny: Build, kind: str, name: str) -> Any:
    """A stock pipeline; its safety checker, which the tiny ones lack, left out."""
    loaded = getattr(diffusers, kind).from_pretrained(tiny(name))
    loaded.set_progress_bar_config(disable=True)
    return loaded


@pytest.fixture
def vae_calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls that encode and decode, of any VAE."""
    calls: Counter[str] = Counter()
    for name in ("encode", "decode"):
        real = getattr(diffusers.AutoencoderKL, name)

        def counted(
            self: Any, *args: Any, _real: Any = real, _name: str = name, **more: Any
        ) -> Any:
            calls[_name] += 1
            return _real(self, *args, **more)

        monkeypatch.setattr(diffusers.AutoencoderKL, name, counted)
    return calls


@pytest.mark.parametrize("scheduler", ["", "euler_a"])
@pytest.mark.parametrize(
    ("name", "kind"), [("sd15", "StableDiffusionPipeline"), ("sdxl", "StableDiffusionXLPipeline")]
)
def test_an_empty_canvas_is_painted_as_by_the_text_to_image_pipeline(
    name: str, kind: str, scheduler: str, tiny: Build, vae_calls: Counter[str]
) -> None:
    painted = paint(engine(tiny(name)), canvas(), strength=1.0, scheduler=scheduler)
    assert vae_calls == {"decode": 1}, "there is nothing to encode"
    pipe = stock(tiny, kind, name)
    if scheduler:
        of_config = diffusers.EulerAncestralDiscreteScheduler.from_config
        pipe.scheduler = of_config(pipe.scheduler.config)
    theirs = pipe(
        **ASKED,
        height=64,
        width=64,
        num_inference_steps=4,
        generator=seeded(),
        output_type="np",
    ).images[0]
    assert np.array_equal(painted.colours[0], theirs)
    assert np.ptp(theirs) > 0.02
    assert not painted.notices


def test_text_to_image_then_the_refiner_in_latents(tiny: Build, vae_calls: Counter[str]) -> None:
    both = chain(tiny, "sdxl", "sdxl-refiner")
    stages = (Stage(model="sdxl-refiner", strength=0.5, steps=6),)
    ours = paint(both, canvas(), strength=1.0, stages=stages).colours[0]
    assert vae_calls == {"decode": 1}, "nothing is decoded or encoded between the two"

    latents = stock(tiny, "StableDiffusionXLPipeline", "sdxl")(
        **ASKED,
        height=64,
        width=64,
        num_inference_steps=4,
        generator=seeded(),
        output_type="latent",
    ).images
    theirs = stock(tiny, "StableDiffusionXLImg2ImgPipeline", "sdxl-refiner")(
        **ASKED,
        image=latents,
        strength=0.5,
        num_inference_steps=6,
        generator=seeded(),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, theirs)


def test_each_pass_has_its_own_settings(tiny: Build) -> None:
    stage = Stage(
        prompt="a lake",
        negative_prompt="people",
        strength=0.5,
        steps=6,
        guidance_scale=6.0,
        scheduler="ddim",
        seed=31,
    )
    asked = {"strength": 1.0, "scheduler": "euler", "negative_prompt": "dogs"}
    ours = paint(engine(tiny("sd15")), canvas(), **asked, stages=(stage,)).colours[0]

    first = stock(tiny, "StableDiffusionPipeline", "sd15")
    own = first.scheduler.config
    first.scheduler = diffusers.EulerDiscreteScheduler.from_config(own)
    latents = first(
        **ASKED,
        negative_prompt="dogs",
        height=64,
        width=64,
        num_inference_steps=4,
        generator=seeded(),
        output_type="latent",
    ).images
    second = diffusers.StableDiffusionImg2ImgPipeline.from_pipe(first)
    second.scheduler = diffusers.DDIMScheduler.from_config(own)
    theirs = second(
        prompt="a lake",
        negative_prompt="people",
        guidance_scale=6.0,
        image=latents,
        strength=0.5,
        num_inference_steps=6,
        generator=seeded(31),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, theirs)
    plain = {"prompt": "", "negative_prompt": "", "guidance_scale": None, "scheduler": ""}
    for name, value in {**plain, "seed": None}.items():
        other = replace(stage, **{name: value})
        painted = paint(engine(tiny("sd15")), canvas(), **asked, stages=(other,)).colours[0]
        assert not np.array_equal(painted, ours), f"{name} makes no difference"


def test_text_to_image_then_inpaint_in_latents(tiny: Build, vae_calls: Counter[str]) -> None:
    stages = (Stage("inpaint", strength=0.75, steps=8),)
    ours = paint(engine(tiny("sd15")), canvas(hole()), strength=1.0, stages=stages).colours[0]
    assert vae_calls == {"decode": 1}

    first = stock(tiny, "StableDiffusionPipeline", "sd15")
    size = {"height": 64, "width": 64}
    latents = first(
        **ASKED, **size, num_inference_steps=4, generator=seeded(), output_type="latent"
    ).images
    second = stock(tiny, "StableDiffusionInpaintPipeline", "sd15")
    theirs = second(
        **ASKED,
        **size,
        image=latents,
        masked_image_latents=latents,
        mask_image=mask_tensor(hole()),
        strength=0.75,
        num_inference_steps=8,
        generator=seeded(),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("own", ["sd15", "sd15-inpainting"])
def test_text_to_image_in_a_hole_is_inpainted_into_its_surroundings(own: str, tiny: Build) -> None:
    """Its latents show what nobody will see round the hole, so they are not gone on from."""
    both = chain(tiny, own, "sd15")
    stages = (Stage("text-to-image", "sd15", prompt="a castle", steps=4),)
    ours = paint(both, stages=stages).colours[0]

    size = {"height": 64, "width": 64}
    castle = stock(tiny, "StableDiffusionPipeline", "sd15")(
        prompt="a castle",
        guidance_scale=3.0,
        **size,
        num_inference_steps=4,
        generator=seeded(),
        output_type="np",
    ).images[0]
    theirs = stock(tiny, "StableDiffusionInpaintPipeline", own)(
        **ASKED,
        **size,
        image=tensor(np.where(hole()[..., None] > 0, castle, photograph())),
        mask_image=mask_tensor(hole()),
        strength=0.75,
        num_inference_steps=4,
        generator=seeded(),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours[hole() > 0], theirs[hole() > 0])


def test_text_to_image_then_an_inpainting_model_as_the_guide_does_it(tiny: Build) -> None:
    """That model needs to see the picture; what its mask keeps stays as it was painted."""
    both = chain(tiny, "sd15", "sd15-inpainting")
    stages = (Stage("inpaint", "sd15-inpainting", prompt="a waterfall", strength=0.75, steps=8),)
    ours = paint(both, canvas(hole()), strength=1.0, stages=stages).colours[0]

    size = {"height": 64, "width": 64}
    castle = stock(tiny, "StableDiffusionPipeline", "sd15")(
        **ASKED, **size, num_inference_steps=4, generator=seeded(), output_type="np"
    ).images[0]
    waterfall = stock(tiny, "StableDiffusionInpaintPipeline", "sd15-inpainting")(
        prompt="a waterfall",
        guidance_scale=3.0,
        **size,
        image=tensor(castle),
        mask_image=mask_tensor(hole()),
        strength=0.75,
        num_inference_steps=8,
        generator=seeded(),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, np.where(hole()[..., None] > 0, waterfall, castle))
    assert (waterfall != castle)[hole() > 0].any()


def test_inpaint_then_refine_then_go_over_all_as_the_guide_does_it(
    tiny: Build, vae_calls: Counter[str]
) -> None:
    all_three = chain(tiny, "sd15-inpainting", "sdxl-refiner")
    stages = (
        Stage("inpaint", "sdxl-refiner", strength=0.75, steps=8),
        Stage("image-to-image", "sdxl-refiner", strength=0.5, steps=6),
    )
    ours = paint(all_three, stages=stages).colours[0]
    assert vae_calls["decode"] == 2, "none between the refiner's two passes"

    inpainted = stock(tiny, "StableDiffusionInpaintPipeline", "sd15-inpainting")(
        **ASKED,
        height=64,
        width=64,
        image=tensor(photograph()),
        mask_image=mask_tensor(hole()),
        strength=0.75,
        num_inference_steps=4,
        generator=seeded(),
        output_type="np",
    ).images[0]
    inpainted = np.where(hole()[..., None] > 0, inpainted, photograph())
    refiner = stock(tiny, "StableDiffusionXLInpaintPipeline", "sdxl-refiner")
    latents = refiner(
        **ASKED,
        height=64,
        width=64,
        image=tensor(inpainted),
        mask_image=mask_tensor(hole()),
        strength=0.75,
        num_inference_steps=8,
        generator=seeded(),
        output_type="latent",
    ).images
    over_all = diffusers.StableDiffusionXLImg2ImgPipeline.from_pipe(refiner)
    over_all.scheduler = type(refiner.scheduler).from_config(refiner.scheduler.config)
    theirs = over_all(
        **ASKED,
        image=latents,
        strength=0.5,
        num_inference_steps=6,
        generator=seeded(),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours, theirs)


def test_models_that_work_at_other_sizes_get_a_picture(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Latents of 8 × 8 cells are no picture for one that paints 12 × 12."""
    larger = replace(model(tiny("sd15-inpainting")), name="larger", source=str(tiny("sd15")))
    larger = replace(larger, native_side=96)

    def painted() -> np.ndarray:
        stages = (Stage(model="larger", strength=0.5, steps=6),)
        both = engine(tiny("sd15"), larger=larger)
        return paint(both, canvas(), strength=1.0, stages=stages).colours[0]

    handed_over = painted()
    monkeypatch.setattr(attempt, "same_vae", lambda _, __: False)
    assert np.array_equal(handed_over, painted())


def test_in_16_bits_a_chain_paints_nearly_the_same(tiny: Build) -> None:
    others = {name: model(tiny(name)) for name in ("sdxl-inpainting", "sdxl-refiner")}
    stages = (
        Stage("inpaint", "sdxl-inpainting", strength=0.5, steps=8),
        Stage(model="sdxl-refiner", strength=0.5, steps=8),
    )

    def painted(dtype: torch.dtype) -> np.ndarray:
        one = DiffusionEngine(library(tiny("sdxl"), **others), torch.device("cpu"), dtype)
        return paint(one, canvas(hole(), None), strength=1.0, stages=stages).colours[0]

    assert distance(painted(torch.float16), painted(torch.float32)) < 0.01


def test_each_stage_paints_within_its_own_mask(tiny: Build) -> None:
    left, right = np.zeros_like(WHOLE), np.zeros_like(WHOLE)
    left[8:40, 8:24] = right[16:56, 40:56] = 1
    both = chain(tiny, "sd15", "sdxl")
    one = replace(task(left), stage_masks=(right,))
    stages = (Stage("inpaint", "sdxl", prompt="a lake", strength=0.75, steps=4),)
    result = paint(both, one, stages=stages).colours[0]
    alone = paint(both, task(left)).colours[0]
    assert np.array_equal(result[left > 0], alone[left > 0]), "the first pass's hole is kept"
    after = replace(task(right), colour=np.where(left[..., None] > 0, alone, photograph()))
    second = paint(engine(tiny("sdxl")), after, prompt="a lake").colours[0]
    assert np.array_equal(result[right > 0], second[right > 0])


def test_variants_equal_single_runs_and_count_the_stages_seeds_on(tiny: Build) -> None:
    both = chain(tiny, "sdxl", "sdxl-refiner")
    stage = Stage(model="sdxl-refiner", strength=0.5, steps=6, seed=40)
    first, second = canvas(), replace(canvas(seed=8), variant=1)
    together = paint(both, [first, second], strength=1.0, stages=(stage,)).colours
    for variant, seed in enumerate((7, 8)):
        own = (replace(stage, seed=40 + variant),)
        alone = paint(both, canvas(seed=seed), strength=1.0, stages=own).colours[0]
        assert np.array_equal(together[variant], alone)
    assert not np.array_equal(*together)


def test_cancelling_in_the_second_stage_leaves_no_trace(tiny: Build) -> None:
    both = chain(tiny, "sdxl", "sdxl-refiner")
    asked = settings(
        strength=1.0, stages=(Stage(model="sdxl-refiner", strength=0.5, steps=8, scheduler="heun"),)
    )
    steps: list[int] = []

    def cancel_in_the_second(phase: str, step: int = 0, *_: Any, **__: Any) -> None:
        if phase == "denoising":
            steps.append(step)
            if step == 6:
                raise CancelledError

    with pytest.raises(CancelledError):
        both.paint([canvas()], asked, cancel_in_the_second)
    assert steps == sorted(steps)
    assert 5 in steps or 6 in steps
    afterwards = both.paint([canvas()], asked, quiet).colours[0]
    fresh = chain(tiny, "sdxl", "sdxl-refiner").paint([canvas()], asked, quiet).colours[0]
    assert np.array_equal(afterwards, fresh)


def test_each_stage_shows_previews_of_its_own(tiny: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(after_step, "PREVIEW_SECONDS", 0)
    both = chain(tiny, "sdxl", "sd15")
    shown: list[tuple[int, tuple[int, ...]]] = []

    def keep(
        _: str, step: int = 0, *__: Any, preview: np.ndarray | None = None, **___: Any
    ) -> None:
        if preview is not None:
            shown.append((step, preview.shape))

    asked = settings(
        strength=1.0, preview=True, stages=(Stage(model="sd15", steps=8, strength=0.5),)
    )
    with_previews = both.paint([canvas()], asked, keep).colours[0]
    assert min(step for step, _ in shown) <= 4 < max(step for step, _ in shown)
    assert {shape for _, shape in shown} == {(8, 8, 3)}
    without = both.paint([canvas()], replace(asked, preview=False), quiet).colours[0]
    assert np.array_equal(with_previews, without)


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Stage(model="nowhere"), "no model named 'nowhere'"),
        (Stage(model="gone"), "not installed"),
        (Stage(model="net"), "is a ControlNet"),
        (Stage(scheduler="eulerr"), "no scheduler named 'eulerr'"),
        (Stage(model="flux", scheduler="ddim"), "cannot use the scheduler 'ddim'"),
        (Stage(strength=0.1, steps=5), "none of the 5 steps would run"),
        (Stage(prompt="a cat <lora:gone:1>"), "no LoRA named 'gone'"),
    ],
)
def test_what_cannot_run_is_said_before_anything_does(stage: Stage, said: str, tiny: Build) -> None:
    gone = replace(model(tiny("sd15")), name="gone", source="/nowhere/at/all")
    net = replace(model(tiny("controlnet")), name="net", kind="controlnet")
    one = engine(tiny("sd15"), gone=gone, net=net, flux=model(tiny("flux")))
    phases: list[str] = []
    with pytest.raises(InpaintError) as error:
        one.paint(
            [canvas()], settings(stages=(stage,)), lambda phase, *_, **__: phases.append(phase)
        )
    assert said in str(error.value)
    assert not phases


def test_a_model_made_for_inpainting_says_so_when_it_paints_a_whole_picture(tiny: Build) -> None:
    one = engine(tiny("sd15-inpainting"))
    painted = paint(one, canvas(), strength=1.0)
    assert [code for code, *_ in painted.notices] == ["made_for_inpainting"]
    assert np.ptp(painted.colours[0]) > 0.02
    assert not paint(one).notices


def test_controls_and_loras_of_the_request_stay_out_of_later_stages() -> None:
    asked = settings(
        prompt="a cat <lora:mine:1>",
        loras=(Lora("other"),),
        controls=(Control("tile"),),
        stages=(Stage(), Stage(model="b"), Stage(model="b", prompt="a dog <lora:its:1>")),
    )
    own, same, another, with_own = (one.settings for one in passes(asked))
    assert (own.controls, same.controls) == ((Control("tile"),), ())
    assert (same.prompt, same.loras) == (own.prompt, own.loras)
    assert (another.prompt, another.loras) == ("a cat ", ())
    assert with_own.prompt == "a dog <lora:its:1>"
