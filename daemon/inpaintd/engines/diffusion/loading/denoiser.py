"""Loading of a denoiser from a file of its own: GGUF, fp8, or plain .safetensors."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import diffusers
import safetensors.torch
import torch

from inpaintd.models.denoisers import FOLDER, Denoiser, plain_name, read_denoiser
from inpaintd_protocol.errors import InpaintError

from .failures import is_device_failure, is_out_of_memory

log = logging.getLogger(__name__)

_EIGHT_BITS = (torch.float8_e4m3fn, torch.float8_e5m2)

_SCALES = (".scale_weight", ".weight_scale")
"""Suffixes of the factors by which weights in 8 bits were divided, one for each layer."""

_NO_WEIGHTS = (".scale_input", ".input_scale", "scaled_fp8", ".comfy_quant")
"""Notes for other programs among the tensors."""


def load_denoiser(file: Path, configuration: Path, model: str, dtype: torch.dtype) -> Any:
    """Load a denoiser.

    Args:
        configuration: folder of the model with its configuration.
        model: its name, for messages.
        dtype: the type to compute in; weights of a GGUF file stay packed until they are used.

    Raises:
        InpaintError: `not_a_model`, or `model_damaged` when something is missing or does not fit.
        torch.OutOfMemoryError, MemoryError, RuntimeError: when memory runs out.
    """
    found = read_denoiser(file)
    if found is None:
        raise InpaintError("not_a_model", f"{file} is no longer the transformer of a model.")
    options: dict[str, Any] = {}
    if found.packed:
        options["quantization_config"] = _packed(dtype)
    try:
        weights = _weights(found, dtype)
        network = getattr(diffusers, found.architecture.network).from_single_file(
            weights,
            config=str(configuration),
            subfolder=FOLDER,
            local_files_only=True,
            dtype=dtype,
            **options,
        )
    except Exception as error:  # the converters raise many types on what they do not expect
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        log.warning("%s cannot be loaded", file, exc_info=True)
        raise _does_not_fit(file, configuration, model, "its tensors have other shapes") from error
    if found.packed:
        _unpack_small(network, dtype)
    lacking = [name for name, one in network.named_parameters() if one.device.type == "meta"]
    if lacking:
        raise _does_not_fit(file, configuration, model, f"it lacks {lacking[0]}")
    return network


def _unpack_small(network: torch.nn.Module, dtype: torch.dtype) -> None:
    """Unpack the parameters of modules that, unlike linear layers, do not unpack by themselves."""
    from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter, dequantize_gguf_tensor

    unpacked: Any = dequantize_gguf_tensor
    for module in network.modules():
        if isinstance(module, GGUFLinear):
            continue
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(parameter, GGUFParameter):
                plain = unpacked(parameter).to(dtype)
                setattr(module, name, torch.nn.Parameter(plain, requires_grad=False))


def _packed(dtype: torch.dtype) -> Any:
    if find_spec("gguf") is None:
        raise InpaintError(
            "unsupported",
            "The library that reads GGUF files is not installed.",
            "Install it with the others: inpaintd setup",
        )
    return diffusers.GGUFQuantizationConfig(compute_dtype=dtype)  # type: ignore[no-untyped-call]


def _weights(found: Denoiser, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    if found.packed:
        from diffusers.models.model_loading_utils import load_gguf_checkpoint

        read: Any = load_gguf_checkpoint
        tensors: dict[str, torch.Tensor] = read(str(found.file))
    else:
        tensors = safetensors.torch.load_file(found.file)
    tensors = {plain_name(name): tensor for name, tensor in tensors.items()}
    if any(tensor.dtype in _EIGHT_BITS for tensor in tensors.values()):
        tensors = _widened(tensors, dtype)
    return {n: tensor for n, tensor in tensors.items() if not n.endswith(_NO_WEIGHTS)}


def _widened(tensors: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Weights in 8 bits in the type to compute in, multiplied by their factors if there are any."""
    factors = {
        name.removesuffix(suffix): tensors[name]
        for name in tensors
        for suffix in _SCALES
        if name.endswith(suffix)
    }
    wide = {}
    for name, tensor in tensors.items():
        if name.endswith(_SCALES):
            continue
        widened = tensor.to(dtype)
        factor = factors.get(name.removesuffix(".weight")) if name.endswith(".weight") else None
        if factor is not None:
            # In 32 bits, since the product has more digits than either.
            widened = (tensor.to(torch.float32) * factor.to(torch.float32)).to(dtype)
        wide[name] = widened
    return wide


def _does_not_fit(file: Path, configuration: Path, model: str, why: str) -> InpaintError:
    return InpaintError(
        "model_damaged",
        f"The transformer of {model} cannot be used with {configuration.name}: {why}.",
        f"Fetch {file} again, or name the model that it was made from: inpaintd models install "
        "FILE --base MODEL",
    )
