"""Our engine against diffusers' own pipelines, loaded and called on their own.

Inside the hole the pixels must be the same, exactly: whatever the engine adds must not change what
a model paints. The mask is the one thing that differs on purpose; test_latent_mask.py shows why.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from inpaintd.engines.diffusion.loading.vision import qwen_processor
from inpaintd_protocol.settings import Settings
from tests.diffusion import pictures
from tests.diffusion.tiny_models import Build, cell_of

PROMPT = "a black cat with glowing eyes"
NEGATIVE = "bad anatomy"
STEPS = 4
SEED = 7

# What a user of diffusers would write for each model, beyond image, mask, size and seed.
ORACLES: dict[str, tuple[str, dict[str, Any]]] = {
    "sd15": ("StableDiffusionInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "sd15-inpainting": ("StableDiffusionInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "sdxl": ("StableDiffusionXLInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "sdxl-inpainting": ("StableDiffusionXLInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "sdxl-refiner": ("StableDiffusionXLInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "sd3": ("StableDiffusion3InpaintPipeline", {"negative_prompt": NEGATIVE}),
    "flux": ("FluxInpaintPipeline", {"negative_prompt": NEGATIVE, "true_cfg_scale": 3.0}),
    "flux-fill": ("FluxFillPipeline", {}),
    "flux-kontext": (
        "FluxKontextInpaintPipeline",
        {
            "negative_prompt": NEGATIVE,
            "true_cfg_scale": 3.0,
            "max_area": 64 * 64,
            "_auto_resize": False,
        },
    ),
    "chroma": ("ChromaInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "qwen-image": ("QwenImageInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "z-image": ("ZImageInpaintPipeline", {"negative_prompt": NEGATIVE}),
}


def settings(**changes: Any) -> Settings:
    return pictures.settings(prompt=PROMPT, negative_prompt=NEGATIVE, steps=STEPS, **changes)


def widened_to_cells(mask: np.ndarray, cell: int = 8) -> np.ndarray:
    """The hole, widened to whole latent cells; written anew here to check the engine's own."""
    widened = np.zeros_like(mask)
    for top in range(0, mask.shape[0], cell):
        for left in range(0, mask.shape[1], cell):
            if mask[top : top + cell, left : left + cell].any():
                widened[top : top + cell, left : left + cell] = 1
    return widened


def tensors(name: str, task: Any) -> dict[str, Any]:
    mask = task.mask if name == "flux-fill" else widened_to_cells(task.mask, cell_of(name))
    return {
        "image": torch.from_numpy(task.colour.transpose(2, 0, 1).copy())[None],
        "mask_image": torch.from_numpy(mask)[None, None].clone(),
        "height": 64,
        "width": 64,
        "generator": torch.Generator().manual_seed(SEED),
        "num_inference_steps": STEPS,
        "output_type": "np",
    }


def decoded_with_the_shift(stock: Any, **call: Any) -> np.ndarray:
    """The picture as SD 3's other pipelines decode it; its inpainting forgets the VAE's shift."""
    latents = stock(**call | {"output_type": "latent"}).images
    config = stock.vae.config
    with torch.no_grad():
        pixels = stock.vae.decode(latents / config.scaling_factor + config.shift_factor).sample
    return np.asarray(stock.image_processor.postprocess(pixels, output_type="np"))[0]


@pytest.mark.parametrize("name", ORACLES)
def test_equals_the_stock_pipeline_inside_the_hole(name: str, tiny: Build) -> None:
    task = pictures.task(seed=SEED)
    ours = pictures.shared(tiny(name)).paint([task], settings(), pictures.quiet).colours[0]

    class_name, extra = ORACLES[name]
    stock = getattr(diffusers, class_name).from_pretrained(tiny(name))
    if name == "chroma":  # the pipeline asks for what its transformer does not say
        stock.transformer.register_to_config(guidance_embeds=False)
    guidance = "true_cfg_scale" if name == "qwen-image" else "guidance_scale"
    call = {"prompt": PROMPT, "strength": 0.75, guidance: 3.0} | extra | tensors(name, task)
    theirs = decoded_with_the_shift(stock, **call) if name == "sd3" else stock(**call).images[0]

    inside = task.mask == 1
    assert np.array_equal(ours[inside], theirs[inside])
    assert np.ptp(ours[inside]) > 0.02  # a flat picture would equal anything


def test_a_negative_prompt_of_klein_is_that_of_diffusers(tiny: Build) -> None:
    """Its pipeline takes one only as embeddings."""
    task = pictures.task(seed=SEED)
    ours = pictures.shared(tiny("flux2-klein")).paint([task], settings(), pictures.quiet)

    stock = diffusers.Flux2KleinInpaintPipeline.from_pretrained(tiny("flux2-klein"))
    call = {"prompt": PROMPT, "strength": 0.75, "guidance_scale": 3.0}
    call |= tensors("flux2-klein", task)
    plain = stock(**call).images[0]
    embeddings, _ = stock.encode_prompt(prompt=NEGATIVE)
    call["generator"] = torch.Generator().manual_seed(SEED)
    theirs = stock(negative_prompt_embeds=embeddings, **call).images[0]
    inside = task.mask == 1
    assert np.array_equal(ours.colours[0][inside], theirs[inside])
    assert not np.array_equal(plain[inside], theirs[inside])
    assert "not_honoured" not in [code for code, *_ in ours.notices]


def test_equals_kandinsky_called_as_prior_and_decoder(tiny: Build) -> None:
    task = pictures.task(seed=SEED)
    folder = tiny("kandinsky")
    asked = settings(strength=1.0, infill="fill")
    ours = pictures.shared(folder).paint([task], asked, pictures.quiet).colours[0]

    prior = diffusers.KandinskyV22PriorPipeline.from_pretrained(folder.with_name("kandinsky-prior"))
    decoder = diffusers.KandinskyV22InpaintPipeline.from_pretrained(folder)
    positive, negative = prior(
        PROMPT,
        NEGATIVE,
        generator=torch.Generator().manual_seed(SEED),
        return_dict=False,
    )
    call = tensors("kandinsky", task)
    call["image"] = 2 * call["image"] - 1
    theirs = decoder(
        image_embeds=positive, negative_image_embeds=negative, guidance_scale=3.0, **call
    ).images[0]

    inside = task.mask == 1
    assert np.array_equal(ours[inside], theirs[inside])


EDITORS = {
    "qwen-edit": ("QwenImageEditInpaintPipeline", {"negative_prompt": NEGATIVE}),
    "qwen-edit-plus": ("QwenImageEditPlusPipeline", {"negative_prompt": NEGATIVE}),
    "flux2": ("Flux2Pipeline", {}),
    "fibo-edit": ("BriaFiboEditPipeline", {"negative_prompt": NEGATIVE}),
}


@pytest.mark.parametrize("name", EDITORS)
def test_equals_the_pipeline_of_an_editing_model(
    name: str, tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mask over everything, for pipelines that take none."""
    everything = np.ones((64, 64), np.float32)
    task = pictures.task(None if name == "qwen-edit" else everything, seed=SEED)
    strength = 0.75 if name == "qwen-edit" else 1.0
    asked = settings(strength=strength)
    ours = pictures.shared(tiny(name)).paint([task], asked, pictures.quiet).colours[0]

    class_name, extra = EDITORS[name]
    folder = tiny(name)
    qwen = name.startswith("qwen")
    if qwen:
        extra = extra | {"true_cfg_scale": 3.0}
        processor = {"processor": qwen_processor(folder, name)}
    else:
        extra, processor = extra | {"guidance_scale": 3.0}, {}
    kind = getattr(diffusers, class_name)
    module = sys.modules[kind.__module__]
    if qwen:  # a picture of this size would be scaled to a million pixels
        real = module.calculate_dimensions
        size = (64, 64) if name == "qwen-edit-plus" else (64, 64, None)
        monkeypatch.setattr(
            module, "calculate_dimensions", lambda a, r: size if a == 1024 * 1024 else real(a, r)
        )
    stock = kind.from_pretrained(folder, **processor)
    call = {"prompt": PROMPT} | extra | tensors(name, task)
    call["image"] = Image.fromarray(np.round(task.colour * 255).astype(np.uint8))
    if name == "fibo-edit":
        call["prompt"] = {"edit_instruction": PROMPT}
    if name == "qwen-edit":
        call["strength"] = strength
    else:
        del call["mask_image"]
    theirs = stock(**call).images[0]
    # But for the last bit: FLUX.2's weights are used where they lie in memory, aligned or not.
    assert np.abs(ours[task.mask == 1] - theirs[task.mask == 1]).max() < 1e-5
    assert np.ptp(ours[task.mask == 1]) > 0.02


EXACT = ["sd15", "sd15-inpainting", "sdxl", "sdxl-inpainting", "sd3", "flux", "flux-fill"]
EXACT += ["flux-kontext", "chroma", "qwen-image", "z-image"]


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
def test_exactly_diffusers_means_its_mask_and_its_picture_too(
    name: str, soft: bool, tiny: Build
) -> None:
    """At full strength, where the engine else hides what is in the hole, with the mask as it is."""
    task = pictures.task(seed=SEED)
    if soft:
        task = replace(task, mask=np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(64, axis=0))
    asked = settings(strength=1.0, exact_diffusers=True)
    ours = pictures.shared(tiny(name)).paint([task], asked, pictures.quiet).colours[0]

    class_name, extra = ORACLES[name]
    stock = getattr(diffusers, class_name).from_pretrained(tiny(name))
    if name == "chroma":  # the pipeline asks for what its transformer does not say
        stock.transformer.register_to_config(guidance_embeds=False)
    guidance = "true_cfg_scale" if name == "qwen-image" else "guidance_scale"
    call = {"prompt": PROMPT, "strength": 1.0, guidance: 3.0} | extra | tensors(name, task)
    call["mask_image"] = torch.from_numpy(task.mask)[None, None].clone()
    theirs = decoded_with_the_shift(stock, **call) if name == "sd3" else stock(**call).images[0]
    assert np.array_equal(ours, theirs)
    if name == "flux-fill" and not soft:
        return  # it is told each pixel of the mask, and shown nothing of the hole
    widened = pictures.shared(tiny(name)).paint([task], settings(strength=1.0), pictures.quiet)
    assert not np.array_equal(ours, widened.colours[0])
