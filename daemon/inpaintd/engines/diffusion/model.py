"""Loading a model: from a folder of files to a pipeline that is ready to be called."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers
import safetensors
import torch
import transformers

from inpaintd_protocol.errors import InpaintError

from .configured import configured
from .failures import is_device_failure, is_out_of_memory
from .families import FAMILY_OF_CLASS, KANDINSKY, QWEN, SD, Family
from .reuse import Reuse
from .source import Source

log = logging.getLogger(__name__)

REUSE_BYTES = 256 << 20
"""Memory for prompt embeddings and VAE posteriors."""

# All this would go into the daemon's log: bars, a warning for each cast of SDXL's VAE, that
# torchvision is not installed, that a prompt is long.
diffusers.utils.logging.disable_progress_bar()
diffusers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Model:
    """A loaded model.

    Attributes:
        source: what it was loaded from.
        pipe: the stock inpainting pipeline.
        prior: Kandinsky's prior pipeline.
        conditioned: whether the mask is an input of the denoiser ("9 channels").
        scheduler: as it was loaded, never used itself.
        cell: pixels per latent cell and side.
        reuse: what it need not compute twice.
        controlnets: those that were used with it, by their folders.
    """

    source: Source
    family: Family
    pipe: Any
    prior: Any
    conditioned: bool
    scheduler: Any
    native_side: int
    cell: int
    device: torch.device
    reuse: Reuse
    controlnets: dict[Path, Any] = field(default_factory=dict)

    @property
    def dtype(self) -> torch.dtype:
        """Of the denoiser's weights."""
        dtype: torch.dtype = getattr(self.pipe, self.family.denoiser).dtype
        return dtype

    @property
    def offloaded(self) -> bool:
        """Whether only the component that works is on the device."""
        return bool(getattr(self.pipe, "_all_hooks", None))

    @property
    def video_vae(self) -> bool:
        """Whether its VAE takes pictures as videos of one frame."""
        return self.family is QWEN

    @property
    def vae(self) -> Any:
        return self.pipe.movq if self.family is KANDINSKY else self.pipe.vae

    def offload(self) -> None:
        """Have only the component that works on the device from now on."""
        for pipe in (self.pipe, self.prior):
            if pipe is not None:
                pipe.enable_model_cpu_offload(device=self.device)
        for net in self.controlnets.values():
            net.to("cpu")

    def settle(self) -> None:
        """Undo what a request leaves behind when it breaks off in the middle."""
        # SDXL's pipeline decodes in 32 bits, and goes back only if that succeeds.
        self.vae.to(self.dtype)
        if self.offloaded:
            self.offload()


def family_of(folder: Path) -> Family:
    """The family of the model in a folder, by its files.

    Raises:
        InpaintError: `unsupported` when it is no model that can inpaint.
    """
    index = folder / "model_index.json"
    try:
        class_name = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InpaintError(
            "unsupported",
            f"{folder} is not the folder of a diffusion model: it has no valid model_index.json.",
            "Name the folder that holds model_index.json, or a single .safetensors file.",
        ) from error
    family = FAMILY_OF_CLASS.get(class_name)
    if family is None:
        raise InpaintError(
            "unsupported",
            f"{folder} holds a {class_name}, which cannot be used for inpainting here.",
            f"Usable are: {', '.join(sorted({f.name for f in FAMILY_OF_CLASS.values()}))}.",
        )
    return family


def load(
    source: Source,
    device: torch.device,
    dtype: torch.dtype,
    *,
    offloaded: bool = False,
    shared: Mapping[str, Any] | None = None,
) -> Model:
    """Load a model from its files: safetensors only, and nothing from the network.

    Args:
        dtype: of the weights.
        offloaded: whether only the component that works is to be on the device.
        shared: components that are loaded already.

    Raises:
        InpaintError: `unsupported` for a folder of the wrong kind, `model_damaged` for files
            that cannot be read.
        torch.OutOfMemoryError, MemoryError, RuntimeError: when memory runs out.
    """
    with configured(source) as configuration:
        family = family_of(configuration)
        pipe = _pipeline(family, source, configuration, dtype, shared or {})
    prior = None
    if family is KANDINSKY:
        if source.prior is None:
            raise InpaintError(
                "unsupported",
                f"The model {source.name} needs a prior, and its entry names none.",
                'Add prior = "kandinsky-2.2-prior" to its table in models.toml.',
            )
        prior = _from_files("KandinskyV22PriorPipeline", source.prior, source.name, dtype=dtype)
        prior.set_progress_bar_config(disable=True)
    pipe.set_progress_bar_config(disable=True)
    # On the instance: the class would hand out only what it thinks callbacks should change.
    pipe._callback_tensor_inputs = [*pipe._callback_tensor_inputs, family.mask]
    reuse = Reuse(REUSE_BYTES)
    reuse.stand_before_vae(pipe.movq if family is KANDINSKY else pipe.vae)
    if family is not KANDINSKY:
        reuse.stand_before_prompts(pipe)
    model = Model(
        source=source,
        family=family,
        pipe=pipe,
        prior=prior,
        conditioned=_takes_mask(family, pipe),
        scheduler=pipe.scheduler,
        native_side=source.native_side or _native_side(family, pipe),
        cell=pipe.movq_scale_factor if family is KANDINSKY else pipe.vae_scale_factor,
        device=device,
        reuse=reuse,
    )
    if offloaded:
        model.offload()
    else:
        pipe.to(device)
        if prior is not None:
            prior.to(device)
    return model


def best_type(source: Source, device: torch.device) -> torch.dtype:
    """The type that a model's weights have on a device."""
    if device.type == "cpu":
        return torch.float32
    half: torch.dtype = getattr(torch, family_of_source(source).half)
    return half


def family_of_source(source: Source) -> Family:
    """The family of a model, of which nothing is loaded.

    Raises:
        InpaintError: as `family_of`.
    """
    with configured(source) as configuration:
        return family_of(configuration)


def _pipeline(
    family: Family,
    source: Source,
    configuration: Path,
    dtype: torch.dtype,
    shared: Mapping[str, Any],
) -> Any:
    options: dict[str, Any] = {"dtype": dtype, **shared}
    if source.variant and any(source.folder.rglob(f"*.{source.variant}*.safetensors")):
        options["variant"] = source.variant
    if family is SD:
        # It blackens pictures it takes offence at; a black layer is not an answer.
        options |= {"safety_checker": None, "requires_safety_checker": False}
    if source.vae is not None and "vae" not in shared:
        options["vae"] = _vae(source, source.vae, configuration, dtype)
    if source.single_file:
        options["config"] = str(configuration)
    return _from_files(family.pipeline, source.folder, source.name, **options)


def _vae(source: Source, vae: Path, configuration: Path, dtype: torch.dtype) -> Any:
    """Another VAE; one in a single file is configured as the model's own."""
    options: dict[str, Any] = {"dtype": dtype}
    if vae.is_file():
        options |= {"config": str(configuration), "subfolder": "vae"}
    return _from_files("AutoencoderKL", vae, source.name, **options)


def _from_files(class_name: str, files: Path, model: str, **options: Any) -> Any:
    """A pipeline or a model; `files` is a folder, or a single file along with a `config`."""
    kind = getattr(diffusers, class_name)
    try:
        if "config" in options:
            return kind.from_single_file(str(files), local_files_only=True, **options)
        return kind.from_pretrained(files, use_safetensors=True, local_files_only=True, **options)
    except Exception as error:  # whatever a damaged file makes the loaders raise
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        log.warning("%s cannot be loaded", files, exc_info=True)
        damaged = ", ".join(_damaged(files)) or "they do not belong together, or one is missing"
        raise InpaintError(
            "model_damaged",
            f"The files of the model {model} cannot be loaded: {damaged}.",
            f"Fetch {files} again."
            if "config" in options
            else f"Install it again: inpaintd models install {model}",
        ) from error


def _damaged(files: Path) -> Iterator[str]:
    """Those of a model's files that cannot be read, by their names."""
    for file in sorted(files.rglob("*")) if files.is_dir() else [files]:
        try:
            if file.suffix == ".json":
                json.loads(file.read_text(encoding="utf-8"))
            if file.suffix == ".safetensors":
                with safetensors.safe_open(file, framework="pt"):
                    pass
        except Exception:  # safetensors has an error class of its own in Rust
            yield f"{file.relative_to(files.parent)} is damaged"


def _takes_mask(family: Family, pipe: Any) -> bool:
    if family.free_channels is None:
        return False
    return int(getattr(pipe, family.denoiser).config.in_channels) > family.free_channels


def _native_side(family: Family, pipe: Any) -> int:
    cells = getattr(pipe, family.denoiser).config.get("sample_size")
    return int(cells) * 8 if isinstance(cells, int) else family.native_side
