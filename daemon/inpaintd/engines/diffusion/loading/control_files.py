"""ControlNets in single files without a configuration: those of Z-Image, called Fun.

Their makers give out weights alone, and the configuration follows from their shapes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import safetensors
import safetensors.torch
import torch

from inpaintd_protocol.errors import InpaintError

Z_IMAGE_NET = "ZImageControlNetModel"

_PATCH = 4
"""Latent cells of one patch, whose channels an embedder takes together."""

_WITHOUT_MASK = 32
"""Channels of a control picture and a picture; those with a mask have more."""


def config_of_file(file: Path, depth: int) -> dict[str, Any]:
    """The configuration of the ControlNet in a file, by the names and shapes of its weights.

    Args:
        depth: layers of the model that it guides, over which its own are spread.

    Raises:
        InpaintError: `unsupported` when it is another kind of file, `model_damaged` when it cannot
            be read.
    """
    try:
        with safetensors.safe_open(file, framework="pt") as weights:
            names = set(weights.keys())
            embedder = next((n for n in names if n.startswith("control_all_x_embedder")), None)
            if embedder is None:
                raise _unknown(file)
            key = embedder.removesuffix(".bias").removesuffix(".weight") + ".weight"
            dim, channels = weights.get_slice(key).get_shape()
            before = "control_noise_refiner.0.before_proj.weight"
            head = weights.get_slice("control_layers.0.attention.norm_q.weight").get_shape()[0]
            # Version 2.0 carries a refiner that it does not use, all zeros.
            refines = before in names and bool(weights.get_tensor(before).any())
    except (OSError, safetensors.SafetensorError) as error:
        raise InpaintError(
            "model_damaged", f"{file.name} is damaged: it cannot be read.", "Download it again."
        ) from error
    layers = _count(names, "control_layers.")
    refiners = _count(names, "control_noise_refiner.")
    if channels // _PATCH <= _WITHOUT_MASK:
        raise InpaintError(
            "unsupported",
            f"The ControlNet {file.name} was not trained with masks, so it cannot inpaint.",
            "Install the one that was: inpaintd models install controlnet-fun-z-image",
        )
    return {
        "control_layers_places": [k * depth // layers for k in range(layers)],
        "control_refiner_layers_places": list(range(refiners)),
        "control_in_dim": channels // _PATCH,
        "add_control_noise_refiner": "control_noise_refiner" if refines else "control_layers",
        "dim": dim,
        "n_refiner_layers": refiners,
        "n_heads": dim // head,
        "n_kv_heads": dim // head,
    }


def net_of_file(file: Path, depth: int, dtype: torch.dtype) -> Any:
    """Load the ControlNet in a file.

    Args:
        depth: layers of the model that it guides.

    Raises:
        InpaintError: as `config_of_file`.
        RuntimeError: when the weights do not belong to one.
    """
    config = config_of_file(file, depth)
    weights = safetensors.torch.load_file(file)
    if config["add_control_noise_refiner"] == "control_layers":
        weights = {k: v for k, v in weights.items() if not k.startswith("control_noise_refiner.")}
    with torch.device("meta"):
        net = getattr(diffusers, Z_IMAGE_NET)(**config)
    net.load_state_dict(weights, strict=True, assign=True)
    return net.to(dtype).eval()


def _count(names: set[str], start: str) -> int:
    return len({name.removeprefix(start).split(".")[0] for name in names if name.startswith(start)})


def _unknown(file: Path) -> InpaintError:
    return InpaintError(
        "unsupported",
        f"{file.name} is no ControlNet that is known as a single file.",
        "Usable in this form are those of Z-Image, called Fun; others come as folders.",
    )
