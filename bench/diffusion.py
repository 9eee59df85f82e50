"""Overhead of a request over the bare call of the diffusers pipeline, with a tiny model.

    python bench/diffusion.py

Both run the same steps of the same weights on one thread; the difference is the daemon, the worker,
the pixel pipeline and the step callback.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Two threads on a busy machine wait for each other ten times as long as they work.
os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
sys.path.insert(0, str(Path(__file__).parent.parent))

if not find_spec("diffusers"):
    print("skipped: needs the extra, pip install '.[diffusion]'")
    sys.exit(0)

import diffusers
import numpy as np
import torch
from tests.diffusion import tiny_models
from tests.diffusion.pictures import hole, photograph
from tests.running import running_daemon

from inpaintd_protocol.client import Client
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings

SIDE = 64
FEW, MANY = 5, 45
ROUNDS = 15


def bare_call(folder: Path) -> Any:
    """A function that runs the stock pipeline for so many steps."""
    diffusers.utils.logging.disable_progress_bar()
    pipe = diffusers.StableDiffusionInpaintPipeline.from_pretrained(folder, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    image = torch.from_numpy(photograph(SIDE, SIDE).transpose(2, 0, 1).copy())[None]
    mask = torch.from_numpy(hole(SIDE, SIDE))[None, None]

    def call(steps: int) -> None:
        pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
        pipe(
            "a cat",
            image=image,
            mask_image=mask,
            height=SIDE,
            width=SIDE,
            num_inference_steps=steps,
            generator=torch.Generator().manual_seed(1),
            output_type="np",
        )

    return call


def through_the_daemon(client: Client) -> Any:
    """A function that has a running daemon do the same."""
    rgba = np.dstack([photograph(SIDE, SIDE), 1 - hole(SIDE, SIDE)])
    plane = Plane(SIDE, SIDE, 4, "u8", np.round(rgba * 255).astype(np.uint8).tobytes())

    def call(steps: int) -> None:
        client.inpaint(plane, Settings(model="tiny", prompt="a cat", steps=steps, seed=1))

    return call


def seconds(call: Any, steps: int) -> float:
    start = time.perf_counter()
    call(steps)
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        model = tiny_models.build("sd15", Path(folder) / "sd15")
        with running_daemon(home) as daemon:
            table = f'[tiny]\ntitle = "Tiny"\nengine = "diffusion"\nsource = "{model}"\n'
            (home / "models.toml").write_text(table + "native_side = 64\nmultiple = 8\n")
            with daemon.connect() as client:
                report(bare_call(model), through_the_daemon(client))


def report(bare: Any, daemon: Any) -> None:
    for call in (bare, daemon):
        call(FEW)
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):  # in turn, so that a busy moment slows all alike
        for name, call in (("bare", bare), ("daemon", daemon)):
            for steps in (FEW, MANY):
                times.setdefault((name, steps), []).append(seconds(call, steps))
    best = {key: statistics.median(values) * 1000 for key, values in times.items()}
    step = {
        name: (best[name, MANY] - best[name, FEW]) / (MANY - FEW) for name in ("bare", "daemon")
    }
    more_a_step = step["daemon"] - step["bare"]
    more = best["daemon", FEW] - best["bare", FEW] - FEW * more_a_step
    print(f"a step: bare {step['bare']:.2f} ms, through the daemon {step['daemon']:.2f} ms")
    few = {name: best[name, FEW] for name in step}
    print(f"{FEW} steps: bare {few['bare']:.1f} ms, through the daemon {few['daemon']:.1f} ms")
    print(f"more a step     {more_a_step:6.2f} ms   (<= 3)")
    print(f"more a request  {more:6.1f} ms   (<= 30)")


if __name__ == "__main__":
    main()
