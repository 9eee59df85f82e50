"""Each parameter has its effect, in the right direction, on a model of each way of working."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from inpaintd.engine import Task
from inpaintd.engines.diffusion.painting.schedulers import FLOW_SCHEDULERS, SCHEDULERS, usual_name
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Control, Stage
from tests.diffusion import tiny_models
from tests.diffusion.pictures import controlnet, distance, hole, inside, paint, photograph, task
from tests.diffusion.pictures import engine as fresh
from tests.diffusion.pictures import shared as engine
from tests.diffusion.tiny_models import Build

LATENT = ["sd15", "sd15-inpainting", "sdxl", "sdxl-inpainting", "sd3", "flux", "flux-fill"]
LATENT += ["qwen-image", "z-image", "chroma"]
EVERY = [*LATENT, *sorted(tiny_models.SEES_HOLE)]


@pytest.mark.parametrize("kind", LATENT)
def test_a_lower_strength_stays_nearer_to_the_source(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    # At strength 1 an infill of one's own is not replaced by a smooth fill.
    little, much = (paint(model, strength=s, steps=10, infill="fill") for s in (0.1, 1.0))
    assert (little.steps, much.steps) in {(1, 10), (2, 11)}  # PNDM runs one more
    decoded = paint(model, strength=0.1, steps=10, infill="fill", guidance_scale=1.0)
    assert distance(inside(little), inside(decoded)) < distance(inside(much), inside(decoded))


def test_kandinskys_strength_is_a_soft_mask(tiny: Build) -> None:
    model = engine(tiny("kandinsky"))
    reference = inside(paint(model, strength=0.01, infill="fill"))
    away = [
        distance(inside(paint(model, strength=s, steps=8, infill="fill")), reference)
        for s in (0.25, 1.0)
    ]
    assert away[0] < away[1]


@pytest.mark.parametrize("kind", ["sd15", "sdxl-inpainting", "sd3", "qwen-image", "kandinsky"])
def test_guidance_drives_away_from_the_unguided_picture(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    unguided, some, more = (
        inside(paint(model, guidance_scale=g, negative_prompt="dog")) for g in (1.0, 2.0, 8.0)
    )
    assert 0 < distance(some, unguided) < distance(more, unguided)


@pytest.mark.parametrize("kind", ["sd15", "sdxl", "sd3", "z-image"])
def test_a_negative_prompt_like_the_prompt_cancels_guidance(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    unguided = 0.0 if kind == "z-image" else 1.0
    without = inside(paint(model, guidance_scale=unguided))
    against_itself = inside(paint(model, guidance_scale=6.0, negative_prompt="a cat"))
    against_another = inside(paint(model, guidance_scale=6.0, negative_prompt="ugly"))
    assert distance(against_itself, without) < 1e-5
    assert distance(against_another, without) > 1e-4


@pytest.mark.parametrize(
    ("kind", "guidance_scale", "remedy"),
    [
        ("sd15", 1.0, "above 1"),
        ("sd15", 1.5, ""),
        ("flux", 1.0, "above 1"),
        ("flux-fill", 3.0, "in the prompt"),
        ("z-image", 0.0, "above 0"),
        ("z-image", 0.5, ""),
        ("kandinsky", 1.0, ""),
    ],
)
def test_a_negative_prompt_without_effect_is_told(
    kind: str, guidance_scale: float, remedy: str, tiny: Build
) -> None:
    model = engine(tiny(kind))
    without, with_it = (
        paint(model, guidance_scale=guidance_scale, negative_prompt=words) for words in ("", "ugly")
    )
    assert without.notices == ()
    if remedy:
        ((code, message, hint),) = with_it.notices
        assert code == "not_honoured"
        assert "no negative prompt" in message
        assert remedy in hint
    else:
        assert with_it.notices == ()
    assert np.array_equal(inside(with_it), inside(without)) == bool(remedy)


def test_a_negative_prompt_that_a_controlnet_leaves_out_is_told(tiny: Build) -> None:
    net = controlnet(tiny("flux-controlnet"), "tile")
    model = engine(tiny("flux"), net=net)
    asked = {"controls": (Control(kind="tile"),), "guidance_scale": 3.0}
    assert not any("negative" in told[1] for told in paint(model, **asked).notices)
    told = paint(model, negative_prompt="ugly", **asked).notices
    assert any("negative prompt together with a ControlNet" in message for _, message, _ in told)


def test_more_steps_are_really_run(tiny: Build) -> None:
    model = engine(tiny("sdxl"))
    assert [paint(model, steps=n, strength=1.0).steps for n in (1, 2, 7)] == [1, 2, 7]
    assert paint(model, steps=50, strength=0.5, scheduler="euler").steps == 25


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_paints_its_own_picture(name: str, tiny: Build) -> None:
    model = engine(tiny("sdxl"))
    first = inside(paint(model, scheduler=name, steps=5))
    other = "ddim" if name != "ddim" else "euler"
    assert distance(first, inside(paint(model, scheduler=other, steps=5))) > 1e-6
    assert np.array_equal(first, inside(paint(model, scheduler=name, steps=5)))


@pytest.mark.parametrize("name", FLOW_SCHEDULERS)
def test_flow_models_have_their_own_schedulers(name: str, tiny: Build) -> None:
    assert np.ptp(inside(paint(engine(tiny("sd3")), scheduler=name))) > 0.02


def test_usual_names_are_understood() -> None:
    spellings = ["k_lms", "K_LMS", "DPM++ 2M Karras", "euler-a", "Euler a", "plms", "k_dpmpp_2"]
    known = ["lms", "lms", "dpmpp_2m_karras", "euler_a", "euler_a", "pndm", "dpmpp_2s"]
    assert [usual_name(s) for s in spellings] == known
    assert set(known) <= set(SCHEDULERS)


def test_an_unknown_scheduler_names_the_nearest(tiny: Build) -> None:
    with pytest.raises(InpaintError, match="dpmpp_2m_karras") as caught:
        paint(engine(tiny("sd15")), scheduler="dpmpp_2m_karas")
    assert caught.value.code == "unsupported"
    with pytest.raises(InpaintError, match="cannot use the scheduler 'ddim'"):
        paint(engine(tiny("flux")), scheduler="ddim")


@pytest.mark.parametrize("kind", EVERY)
def test_a_variant_is_the_picture_of_its_seed_alone(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    tasks = [task(seed=seed, variant=k) for k, seed in enumerate((1, 2, 3))]
    together = paint(model, tasks).colours
    alone = paint(engine(tiny(kind)), task(seed=3)).colours[0]
    assert np.array_equal(together[2], alone)
    assert distance(together[0], together[1]) > 1e-3


def test_it_works_at_the_size_that_is_asked_for(tiny: Build) -> None:
    model = engine(tiny("sd15"))
    sizes = []

    def seen(*_: object, **options: object) -> None:
        picture = options.get("preview")
        if isinstance(picture, np.ndarray):
            sizes.append(picture.shape[:2])

    from tests.diffusion.pictures import settings

    for width, height in ((128, 96), (100, None), (None, None)):
        asked = settings(width=width, height=height, preview=True, steps=2, strength=1.0)
        assert model.paint([task()], asked, seen).colours[0].shape == (64, 64, 3)
    assert sizes[0] == (12, 16)
    assert (12, 12) in sizes  # 100 is not a multiple of 8
    assert sizes[-1] == (8, 8)


@pytest.mark.parametrize("kind", LATENT)
@pytest.mark.parametrize("change", [{"infill": "noise"}, {"infill": "nothing"}, {"replace": 0.7}])
def test_latent_infill_and_replace_work(kind: str, change: dict[str, object], tiny: Build) -> None:
    model = engine(tiny(kind))
    plain = inside(paint(model, strength=0.5))
    changed = inside(paint(model, strength=0.5, **change))
    assert distance(plain, changed) > 1e-3
    assert np.array_equal(changed, inside(paint(model, strength=0.5, **change)))


@pytest.mark.parametrize("kind", ["sd15-inpainting", "sdxl-inpainting", "flux-fill"])
@pytest.mark.parametrize("change", [{"infill": "noise"}, {"infill": "nothing"}, {"replace": 0.7}])
def test_the_masked_picture_that_a_model_is_shown_stays_as_it_is_at_full_strength(
    kind: str, change: dict[str, object], tiny: Build
) -> None:
    model = engine(tiny(kind))
    plain = inside(paint(model, strength=1.0, infill="fill"))
    assert np.array_equal(inside(paint(model, strength=1.0, **{"infill": "fill"} | change)), plain)


@pytest.mark.parametrize("kind", ["sd15", "sd15-inpainting", "flux", "qwen-image"])
def test_replace_grows_towards_noise(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    plain, little, much, noise = (
        inside(paint(model, strength=0.5, **change))
        for change in ({}, {"replace": 0.2}, {"replace": 0.9}, {"infill": "noise"})
    )
    assert distance(plain, little) < distance(plain, much)
    assert distance(noise, much) < distance(noise, little)
    assert np.array_equal(noise, inside(paint(model, strength=0.5, replace=1.0)))


def test_what_is_hidden_under_the_hole_does_not_leak_at_full_strength(tiny: Build) -> None:
    for kind in ("sd15", "sd15-inpainting", "sdxl"):
        model = engine(tiny(kind))
        red = photograph()
        red[hole() == 1] = (1, 0, 0)
        results = [
            model_painted
            for colour in (photograph(), red)
            for model_painted in paint(model, Task(colour, hole(), 1), strength=1.0).colours
        ]
        assert np.array_equal(results[0], results[1])


def test_strength_0_gives_the_source_back_and_says_so(tiny: Build) -> None:
    painted = paint(engine(tiny("sd15")), strength=0.0)
    assert np.array_equal(painted.colours[0], photograph())
    assert [code for code, _, _ in painted.notices] == ["nothing_to_do"]


def test_stages_of_strength_0_are_left_out(tiny: Build) -> None:
    idle = Stage(strength=0.0)
    assert np.array_equal(
        inside(paint(engine(tiny("sd15")), stages=(idle,))), inside(paint(engine(tiny("sd15"))))
    )
    painted = paint(engine(tiny("sd15")), strength=0.0, stages=(idle,))
    assert [code for code, _, _ in painted.notices] == ["nothing_to_do"]


def test_a_strength_that_leaves_no_step_says_which_would(tiny: Build) -> None:
    with pytest.raises(
        InpaintError, match=r"at least 0\.1, or the number of steps to at least 20"
    ) as caught:
        paint(engine(tiny("sd15")), strength=0.05, steps=10)
    with pytest.raises(InpaintError, match=r"at least 0\.1\."):
        paint(engine(tiny("sd15")), strength=0.001, steps=10)
    assert caught.value.code == "unsupported"


def test_what_distillation_leaves_without_effect_is_told(
    tiny: Build,
) -> None:
    klein = fresh(tiny("flux2-klein"))
    paint(klein, guidance_scale=1.0)
    assert klein._model is not None
    klein._model.pipe.register_to_config(is_distilled=True)
    told = paint(klein, guidance_scale=4.0, negative_prompt="ugly").notices
    assert "distilled to paint without guidance" in told[0][1]
    assert "no negative prompt as this model was distilled" in told[1][1]
    quiet = paint(klein, guidance_scale=1.0).notices
    assert "not_honoured" not in [code for code, *_ in quiet]


def test_a_latent_consistency_model_has_no_use_for_a_negative_prompt(
    tiny: Build, tmp_path: Path
) -> None:
    """Its denoiser is told the guidance scale, so that there is no unguided half."""
    folder = tmp_path / "lcm"
    shutil.copytree(tiny("sd15"), folder)
    tiny_models.unet(4, time_cond_proj_dim=16).save_pretrained(folder / "unet")
    model = fresh(folder)
    plain, negated = (
        paint(model, guidance_scale=8.0, negative_prompt=words) for words in ("", "ugly")
    )
    assert not plain.notices
    assert "no negative prompt as this model was distilled" in negated.notices[0][1]
    assert np.array_equal(inside(plain), inside(negated))
    assert not np.array_equal(inside(plain), inside(paint(model, guidance_scale=2.0)))
