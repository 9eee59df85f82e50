"""Full-size SD 1.5 and SDXL on a GPU, through the engine and by plain diffusers, in one run.

    python bench/diffusion_gpu.py [--tiny]

The weights are random: speed and memory do not depend on them. `--tiny` runs the same with tiny
models on whatever device there is, to check the script itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent))

if not find_spec("diffusers"):
    print("skipped: needs the extra, pip install '.[diffusion]'")
    sys.exit(0)

import diffusers
import numpy as np
import torch
from skimage import data
from skimage.transform import resize
from tests.diffusion import tiny_models, tiny_text

from inpaintd.engine import Task
from inpaintd.engines.diffusion.engine import DiffusionEngine, best_device
from inpaintd.engines.diffusion.loading.library import Library
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.settings import Settings

STEPS = 20
ROUNDS = 5


def full_vae(scaling_factor: float) -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=4,
        sample_size=512,
        scaling_factor=scaling_factor,
    )


def full_sd15(folder: Path) -> None:
    clip = {"hidden_size": 768, "intermediate_size": 3072}
    diffusers.StableDiffusionPipeline(
        vae=full_vae(0.18215),
        text_encoder=tiny_text.clip_encoder(
            **clip, num_hidden_layers=12, num_attention_heads=12, projection_dim=768
        ),
        tokenizer=tiny_text.clip_tokenizer(),
        unet=diffusers.UNet2DConditionModel(cross_attention_dim=768, sample_size=64),
        scheduler=tiny_models.sdxl_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).to(torch.float16).save_pretrained(folder)


def full_sdxl(folder: Path) -> None:
    unet = diffusers.UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )
    small = {"hidden_size": 768, "intermediate_size": 3072, "projection_dim": 768}
    large = {"hidden_size": 1280, "intermediate_size": 5120, "projection_dim": 1280}
    diffusers.StableDiffusionXLPipeline(
        vae=full_vae(0.13025),
        text_encoder=tiny_text.clip_encoder(**small, num_hidden_layers=12, num_attention_heads=12),
        text_encoder_2=tiny_text.clip_encoder_with_projection(
            **large, num_hidden_layers=32, num_attention_heads=20
        ),
        tokenizer=tiny_text.clip_tokenizer(),
        tokenizer_2=tiny_text.clip_tokenizer(),
        unet=unet,
        scheduler=tiny_models.sdxl_scheduler(),
    ).to(torch.float16).save_pretrained(folder)


def picture(side: int) -> tuple[np.ndarray, np.ndarray]:
    colour = resize(data.astronaut(), (side, side)).astype(np.float32)
    mask = np.zeros((side, side), np.float32)
    mask[side // 4 : side // 2, side // 4 : side // 2] = 1
    return colour, mask


def by_engine(folder: Path, side: int) -> Callable[[], None]:
    entry = Entry("model", "", "diffusion", native_side=side, source=str(folder))
    library = Library(lambda: Registry({"model": entry}, "model", folder.parent))
    engine = DiffusionEngine(library)
    colour, mask = picture(side)

    def call() -> None:
        settings = Settings(prompt="a cat", steps=STEPS)
        painted = engine.paint([Task(colour, mask, seed=1)], settings, lambda *_, **__: None)
        assert not painted.notices, painted.notices  # more bits or a smaller size compare nothing
        # Plain diffusers encodes prompt and picture each time, so the engine has to as well.
        assert engine._model is not None
        engine._model.reuse.clear()

    return call


def by_diffusers(folder: Path, class_name: str, side: int) -> Callable[[], None]:
    device = best_device()
    dtype = torch.float32 if device.type == "cpu" else torch.float16
    pipe = getattr(diffusers, class_name).from_pretrained(folder, dtype=dtype).to(device)
    pipe.set_progress_bar_config(disable=True)
    colour, mask = picture(side)

    def call() -> None:
        pipe(
            "a cat",
            image=torch.from_numpy(colour.transpose(2, 0, 1).copy())[None],
            mask_image=torch.from_numpy(mask)[None, None],
            height=side,
            width=side,
            strength=1.0,
            num_inference_steps=STEPS,
            generator=torch.Generator("cpu").manual_seed(1),
            output_type="np",
        )

    return call


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_gigabytes(call: Callable[[], None]) -> float:
    """Device memory that a call takes beyond that held before; 0 on the CPU."""
    call()  # the first loads the weights
    if not torch.cuda.is_available():
        return 0.0
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    return (torch.cuda.max_memory_allocated() - before) / 1e9


def compare(name: str, folder: Path, class_name: str, side: int) -> None:
    calls = {"engine": by_engine(folder, side), "diffusers": by_diffusers(folder, class_name, side)}
    peaks = {key: peak_gigabytes(call) for key, call in calls.items()}
    times: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(ROUNDS):  # in turn, so that a busy moment slows both alike
        for key, call in calls.items():
            times[key].append(seconds(call))
    ours, theirs = (statistics.median(times[key]) for key in ("engine", "diffusers"))
    print(
        f"{name:8} {side} px, {STEPS} steps: engine {ours:.3f} s, diffusers {theirs:.3f} s,"
        f" ratio {ours / theirs:.3f}; work took {peaks['engine']:.2f} and"
        f" {peaks['diffusers']:.2f} GB beside the weights"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", action="store_true")
    tiny = parser.parse_args().tiny
    if not tiny and not torch.cuda.is_available():
        print("skipped: needs a CUDA device")
        return
    diffusers.utils.logging.disable_progress_bar()
    builders: dict[str, Any] = (
        tiny_models.BUILDERS if tiny else {"sd15": full_sd15, "sdxl": full_sdxl}
    )
    sides = {"sd15": 64 if tiny else 512, "sdxl": 64 if tiny else 1024}
    classes = {
        "sd15": "StableDiffusionInpaintPipeline",
        "sdxl": "StableDiffusionXLInpaintPipeline",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, side in sides.items():
            builders[name](Path(folder) / name)
            compare(name, Path(folder) / name, classes[name], side)


if __name__ == "__main__":
    main()
