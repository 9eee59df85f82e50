"""Files of a transformer alone, as quantised models are traded: GGUF, fp8, fp8 with factors."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]


def weights_of(folder: Path) -> Weights:
    """The weights of the transformer of a model, under the names of diffusers."""
    return load_file(folder / "transformer" / "diffusion_pytorch_model.safetensors")


def write_gguf(
    file: Path, weights: Weights, kind: str = "Q8_0", plain: Weights | None = None
) -> Path:
    """Write a GGUF file; `plain`, and what cannot be packed in blocks, stays in 32 bits."""
    packed = gguf.GGMLQuantizationType[kind]
    block, _ = gguf.GGML_QUANT_SIZES[packed]
    writer = gguf.GGUFWriter(file, "flux")
    for name, tensor in weights.items():
        array = tensor.float().numpy()
        if array.ndim == 2 and array.shape[-1] % block == 0:
            writer.add_tensor(name, gguf.quants.quantize(array, packed), raw_dtype=packed)
        else:
            writer.add_tensor(name, array)
    for name, tensor in (plain or {}).items():
        writer.add_tensor(name, tensor.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def write_fp8(file: Path, weights: Weights, prefix: str = "") -> Path:
    save_file({prefix + name: t.to(torch.float8_e4m3fn) for name, t in weights.items()}, file)
    return file


def write_scaled_fp8(file: Path, weights: Weights) -> Path:
    """Write weights divided by a factor for each layer, as ComfyUI does."""
    stored: Weights = {"scaled_fp8": torch.zeros(2, dtype=torch.float8_e4m3fn)}
    for name, tensor in weights.items():
        if not name.endswith(".weight") or tensor.ndim != 2:
            stored[name] = tensor.to(torch.bfloat16)
            continue
        factor = tensor.abs().max() / 448
        stored[name] = (tensor / factor).to(torch.float8_e4m3fn)
        stored[name.removesuffix(".weight") + ".scale_weight"] = factor.reshape(1)
        stored[name.removesuffix(".weight") + ".scale_input"] = torch.ones(1)
    save_file(stored, file)
    return file
