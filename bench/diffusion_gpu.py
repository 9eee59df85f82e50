"""SD 1.5, SDXL and blocks of FLUX.1 at full size, through the engine and by plain diffusers.

    python bench/diffusion_gpu.py [--tiny] [--write]

The weights are random: speed and memory do not depend on them. `--tiny` runs the same with tiny
models on the CPU, which shows what the engine adds to each request. `--write` puts the table into
docs/performance.md.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
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
from inpaintd_protocol.settings import Settled

ROUNDS = 5
VARIANTS = 4
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- speed -->", "<!-- end of speed -->"


@dataclass(frozen=True)
class Case:
    """One model: its builder by size, its pipeline in diffusers, its side and steps."""

    name: str
    pipeline: str
    side: int
    steps: int
    guidance: float = 7.5


def full_vae(scaling_factor: float, latent_channels: int = 4) -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=latent_channels,
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


def flux_blocks(folder: Path) -> None:
    """Blocks of FLUX.1 in full width, few of them: random weights for all would fill the disk."""
    diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=tiny_text.clip_encoder(),
        tokenizer=tiny_text.clip_tokenizer(),
        text_encoder_2=tiny_text.t5_encoder(),
        tokenizer_2=tiny_text.t5_tokenizer(),
        transformer=diffusers.FluxTransformer2DModel(
            num_layers=2,
            num_single_layers=4,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            guidance_embeds=True,
        ),
        vae=full_vae(0.3611, latent_channels=16),
    ).to(torch.bfloat16).save_pretrained(folder)


def picture(side: int) -> tuple[np.ndarray, np.ndarray]:
    colour = resize(data.astronaut(), (side, side)).astype(np.float32)
    mask = np.zeros((side, side), np.float32)
    mask[side // 4 : side // 2, side // 4 : side // 2] = 1
    return colour, mask


Fill = Callable[..., Any]
"""Fills the picture once; by seed, number of variants, and speed."""


def by_engine(folder: Path, case: Case) -> Fill:
    entry = Entry("model", "", "diffusion", native_side=case.side, source=str(folder))
    engine = DiffusionEngine(Library(lambda: Registry({"model": entry}, "model", folder.parent)))
    colour, mask = picture(case.side)

    def call(seed: int = 1, count: int = 1, speed: str = "exact", *, anew: bool = True) -> Any:
        settings = Settled(
            prompt="a cat",
            steps=case.steps,
            guidance_scale=case.guidance,
            width=case.side,
            height=case.side,
            speed=speed,
        )
        if anew and engine._model is not None:
            # Plain diffusers encodes prompt and picture each time.
            engine._model.reuse.clear()
        tasks = [Task(colour, mask, seed=seed + n, variant=n) for n in range(count)]
        return engine.paint(tasks, settings, lambda *_, **__: None).colours

    return call


def by_diffusers(folder: Path, case: Case) -> Fill:
    device = best_device()
    half = torch.bfloat16 if case.name == "flux" else torch.float16
    dtype = torch.float32 if device.type == "cpu" else half
    pipe = getattr(diffusers, case.pipeline).from_pretrained(folder, dtype=dtype).to(device)
    pipe.set_progress_bar_config(disable=True)
    colour, mask = picture(case.side)

    def call(seed: int = 1, count: int = 1) -> Any:
        return [
            pipe(
                "a cat",
                image=torch.from_numpy(colour.transpose(2, 0, 1).copy())[None],
                mask_image=torch.from_numpy(mask)[None, None],
                height=case.side,
                width=case.side,
                strength=1.0,
                guidance_scale=case.guidance,
                num_inference_steps=case.steps,
                generator=torch.Generator("cpu").manual_seed(seed + n),
                output_type="np",
            )
            for n in range(count)
        ]

    return call


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def rows(case: Case, folder: Path) -> Iterator[str]:
    """The rows of one model: each kind of request beside plain diffusers, in the same run."""
    made: dict[str, Fill] = {}
    first = {
        "ours": seconds(lambda: made.setdefault("ours", by_engine(folder, case))()),
        "theirs": seconds(lambda: made.setdefault("theirs", by_diffusers(folder, case))()),
    }
    ours, theirs = made["ours"], made["theirs"]
    yield _row(case, "first, with loading", first["ours"], first["theirs"])
    seeds = itertools.count(100)
    kinds: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "warm": (ours, theirs),
        "re-roll": (lambda: ours(next(seeds), anew=False), theirs),
        f"{VARIANTS} variants": (lambda: ours(count=VARIANTS), lambda: theirs(count=VARIANTS)),
    }
    if case.name == "flux":
        kinds["balanced"] = (lambda: ours(speed="balanced"), theirs)
    for kind, pair in kinds.items():
        for call in pair:
            call()
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):  # in turn, so that a busy moment slows both alike
            for call, taken in zip(pair, times, strict=True):
                taken.append(seconds(call))
        yield _row(case, kind, *(statistics.median(taken) for taken in times))
    if case.name == "flux":
        change = np.abs(ours(speed="balanced")[0] - ours()[0])
        what = f"balanced changes {change.mean():.4f} on average, {change.max():.4f} at most"
        yield f"| {case.name} | {what} | | | | |"


def _row(case: Case, kind: str, ours: float, theirs: float) -> str:
    added = (ours - theirs) * 1000
    return (
        f"| {case.name} {case.side} px, {case.steps} steps | {kind} | {ours:.3f} | {theirs:.3f} "
        f"| {ours / theirs:.3f} | {added:+.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if not asked.tiny and not torch.cuda.is_available():
        print("skipped: needs a CUDA device; --tiny shows what the engine adds, on the CPU")
        return
    if not torch.cuda.is_available():
        torch.set_num_threads(1)  # two on a busy machine wait for each other
    diffusers.utils.logging.disable_progress_bar()
    builders: dict[str, Any] = (
        tiny_models.BUILDERS
        if asked.tiny
        else {"sd15": full_sd15, "sdxl": full_sdxl, "flux": flux_blocks}
    )
    cases = (
        Case("sd15", "StableDiffusionInpaintPipeline", 64 if asked.tiny else 512, 50),
        Case("sdxl", "StableDiffusionXLInpaintPipeline", 64 if asked.tiny else 1024, 30),
        Case("flux", "FluxInpaintPipeline", 64 if asked.tiny else 1024, 28, guidance=3.5),
    )
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "processor"
    lines = [
        f"{date.today()}, {card}, torch {torch.__version__}, diffusers {diffusers.__version__}, "
        f"`python bench/diffusion_gpu.py{' --tiny' if asked.tiny else ''}`:",
        "",
        "| model | request | inpaintd, s | diffusers, s | ratio | added, ms |",
        "|---|---|--:|--:|--:|--:|",
    ]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            builders[case.name](Path(folder) / case.name)
            for line in rows(case, Path(folder) / case.name):
                lines.append(line)
                print(line, flush=True)
    if asked.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        made = "\n".join(lines)
        PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
