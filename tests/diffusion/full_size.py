"""The true models in full size, of tensors without numbers, by the shipped configurations."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import diffusers
import torch
import transformers

from inpaintd.models.configurations import KINDS, lay_out
from tests.diffusion import single_file as traded

NETWORKS = {
    "unet": diffusers.UNet2DConditionModel,
    "vae": diffusers.AutoencoderKL,
    "text_encoder": transformers.CLIPTextModel,
    "text_encoder_2": transformers.CLIPTextModelWithProjection,
}


@cache
def networks(kind: str) -> dict[str, torch.nn.Module]:
    """The networks of a kind of model by component."""
    made: dict[str, torch.nn.Module] = {}
    with tempfile.TemporaryDirectory() as name, torch.device("meta"):
        lay_out(KINDS[kind], Path(name))
        for part in KINDS[kind].components.keys() & NETWORKS.keys():
            network = NETWORKS[part]
            if part.startswith("text"):
                made[part] = network(transformers.CLIPTextConfig.from_pretrained(f"{name}/{part}"))
            else:
                made[part] = network.from_config(network.load_config(f"{name}/{part}"))
    return made


def single_file(kind: str) -> dict[str, torch.Tensor]:
    """Its weights as in a single file."""
    return traded.original({part: n.state_dict() for part, n in networks(kind).items()})
