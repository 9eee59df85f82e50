"""A tiny repository, a list of models with its entry, and the command line with both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.models.hub import Hub

ENTRY = """
[tiny]
title = "Tiny"
engine = "diffusion"
source = "tiny/model"
native_side = 64
multiple = 8
"""

FILES = {
    "README.md": "about",
    ".gitattributes": "*",
    "model_index.json": json.dumps(
        {
            "_class_name": "StableDiffusionPipeline",
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
            "image_encoder": [None, None],
            "requires_safety_checker": True,
        }
    ),
    "unet/config.json": "{}",
    "unet/diffusion_pytorch_model.bin": "a program",
    "vae/config.json": "{}",
    "tokenizer/vocab.json": '{"a": 0}',
    "tokenizer/merges.txt": "#version: 0.2",
    "all-in-one.ckpt": "a program",
}
WEIGHTS = (
    "unet/diffusion_pytorch_model.safetensors",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
    "safety_checker/model.safetensors",
    "all-in-one.safetensors",
)


def inpaintd(home: Path, hub: Hub | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "INPAINTD_HOME": str(home),
        "HF_HOME": str(home / "hub-cache"),
        "HF_ENDPOINT": hub.endpoint if hub else "http://127.0.0.1:9",
        "HF_HUB_ETAG_TIMEOUT": "2",
        "HF_TOKEN": "",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, "-m", "inpaintd", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
