"""IP-Adapters: reference pictures for models that take none by themselves.

Each reference has an adapter of its own, all with the same weights, so that each has its own
weight and region.

Source: Ye et al., "IP-Adapter: Text Compatible Image Prompt Adapter for Text-to-Image Diffusion
Models" (2023).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import transformers
from diffusers.hooks.group_offloading import _maybe_remove_and_reapply_group_offloading
from diffusers.models.embeddings import ImageProjection
from PIL import Image

from inpaintd.engine import Array
from inpaintd_protocol.errors import InpaintError

from ..families import SD3
from .failures import is_device_failure, is_out_of_memory
from .library import IpAdapter, Library
from .model import Model
from .plan import Placement


@contextmanager
def with_ip_adapters(model: Model, library: Library, weights: Sequence[float]) -> Iterator[None]:
    """Apply an adapter for each reference, with its weight.

    Raises:
        InpaintError: `model_missing` naming one to install, `unsupported` if its files do not fit
            the model.
    """
    adapter = library.ip_adapter(model.family)
    pipe, denoiser = model.pipe, getattr(model.pipe, model.family.denoiser)
    processors, extractor = denoiser.attn_processors, getattr(pipe, "feature_extractor", None)
    try:
        _load(model, adapter, len(weights))
        pipe.set_ip_adapter_scale(weights[0] if len(weights) == 1 else list(weights))
        _stream_anew(model, denoiser)
        yield
    finally:
        # Not `unload_ip_adapter`: it knows only some models, and forgets their own processors.
        if model.family is SD3:
            denoiser.image_proj = None
        else:
            denoiser.encoder_hid_proj = None
            denoiser.config.encoder_hid_dim_type = None
        denoiser.set_attn_processor(processors)
        if hasattr(pipe, "feature_extractor"):
            pipe.register_modules(feature_extractor=extractor)
        _stream_anew(model, denoiser)


def _load(model: Model, adapter: IpAdapter, count: int) -> None:
    files: Any = [adapter.file.name] * count
    if model.family is SD3:
        files = adapter.file.name
    parameters = inspect.signature(model.pipe.load_ip_adapter).parameters
    encoder = next(name for name in parameters if name.startswith("image_encoder"))
    try:
        model.pipe.load_ip_adapter(
            str(adapter.file.parent),
            subfolder="",
            weight_name=files,
            local_files_only=True,
            **{encoder: None},  # the pictures are encoded here
        )
    except Exception as error:  # loaders raise many types on files for another model
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        raise InpaintError(
            "unsupported",
            f"The IP-Adapter {adapter.name} does not fit the model {model.source.name}.",
            f"Install one that was made for {model.family.name}.",
        ) from error


def _stream_anew(model: Model, denoiser: Any) -> None:
    if model.placement is Placement.STREAMED:
        _maybe_remove_and_reapply_group_offloading(denoiser)


def ip_adapter_arguments(
    model: Model,
    library: Library,
    pictures: Sequence[Array],
    regions: Sequence[Array | None],
    size: tuple[int, int],
    guidance_scale: float,
) -> dict[str, Any]:
    """The pipeline's arguments for the references of a job; to be made while they are applied.

    Args:
        pictures: (H, W, 3) float32 of any size.
        regions: (H, W) float32 for each, 1 where it counts; None for everywhere.
        size: height and width of the work area.
    """
    adapter, family = library.ip_adapter(model.family), model.family
    shown = [_in_bytes(picture) for picture in pictures]
    if family.flow and family is not SD3:
        nothing = np.zeros((size[1], size[0], 3), np.uint8)  # as diffusers encodes it
        embeddings = [_encoded(model, adapter, each)[0] for each in shown]
        negative = _encoded(model, adapter, nothing)[0]
        return {
            "ip_adapter_image_embeds": embeddings,
            "negative_ip_adapter_image_embeds": [negative] * len(embeddings),
        }
    denoiser = getattr(model.pipe, family.denoiser)
    guided = guidance_scale > 1 and denoiser.config.get("time_cond_proj_dim") is None
    pairs = [_encoded(model, adapter, each) for each in shown]
    embeddings = [torch.cat([negative, own]) if guided else own for own, negative in pairs]
    if family is SD3:
        return {"ip_adapter_image_embeds": embeddings[0]}
    arguments: dict[str, Any] = {"ip_adapter_image_embeds": embeddings}
    if any(region is not None for region in regions):
        masks = [_region(region, size, model) for region in regions]
        arguments["cross_attention_kwargs"] = {"ip_adapter_masks": masks}
    return arguments


def _region(region: Array | None, size: tuple[int, int], model: Model) -> torch.Tensor:
    plane = np.ones(size, np.float32) if region is None else region
    return torch.from_numpy(np.ascontiguousarray(plane))[None, None].to(model.device, model.dtype)


def _in_bytes(picture: Array) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(np.floor(np.clip(picture, 0, 1) * 255 + 0.5), np.uint8)


def _encoded(
    model: Model, adapter: IpAdapter, picture: np.ndarray[Any, np.dtype[np.uint8]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings of a picture and of none, each with a batch of one; cached."""
    digest = hashlib.blake2b(picture.tobytes(), digest_size=16).digest()
    hidden = _wants_hidden(model)
    key = ("reference", adapter.encoder, hidden, digest, picture.shape)
    made: tuple[torch.Tensor, torch.Tensor] = model.reuse.embeddings.get_or_make(
        key,
        lambda: _computed(model, adapter, picture, hidden=hidden),
        lambda pair: sum(one.nbytes for one in pair),
    )
    return made


def _wants_hidden(model: Model) -> bool:
    if model.family is SD3:
        return True
    projections = getattr(model.pipe, model.family.denoiser).encoder_hid_proj
    return not isinstance(projections.image_projection_layers[0], ImageProjection)


@torch.no_grad()
def _computed(
    model: Model,
    adapter: IpAdapter,
    picture: np.ndarray[Any, np.dtype[np.uint8]],
    *,
    hidden: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    kind = "SiglipVisionModel" if model.family is SD3 else "CLIPVisionModelWithProjection"
    try:
        encoder = getattr(transformers, kind).from_pretrained(
            adapter.encoder, dtype=model.dtype, local_files_only=True, use_safetensors=True
        )
        processor: Any
        if model.family is SD3:
            processor = transformers.SiglipImageProcessor.from_pretrained(adapter.encoder)
        else:
            side = encoder.config.image_size
            processor = transformers.CLIPImageProcessor(size=side, crop_size=side)
    except Exception as error:  # loaders raise many types on damaged files
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        raise InpaintError(
            "model_damaged",
            f"The picture encoder of the IP-Adapter {adapter.name} cannot be loaded.",
            f"See what is wrong: inpaintd models verify {adapter.name}",
        ) from error
    # Where memory is short, the encoder must not compete with the model for it.
    resident = model.placement is Placement.RESIDENT
    encoder = encoder.to(model.device if resident else "cpu").eval()
    pixels = processor(Image.fromarray(picture), return_tensors="pt").pixel_values
    pixels = pixels.to(encoder.device, model.dtype)
    if hidden:
        own = encoder(pixels, output_hidden_states=True).hidden_states[-2].to(model.device)
        if model.family is SD3:
            return own, torch.zeros_like(own)
        blank = encoder(torch.zeros_like(pixels), output_hidden_states=True).hidden_states[-2]
        return own[None], blank[None].to(model.device)
    own = encoder(pixels).image_embeds[None].to(model.device)
    return own, torch.zeros_like(own)
