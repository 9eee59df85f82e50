"""Loading a model: from a folder of files to a callable pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from inpaintd_protocol.errors import InpaintError

from ..families import KANDINSKY, Family
from .files import configured, family_of, from_files, pipeline_of
from .library import Source
from .placing import place
from .plan import Placement
from .reuse import Reuse

REUSE_BYTES = 256 << 20
"""Memory for prompt embeddings and VAE posteriors."""


@dataclass(eq=False)
class Model:
    """A loaded model.

    Attributes:
        source: what it was loaded from.
        pipe: the stock inpainting pipeline.
        prior: Kandinsky's prior pipeline.
        conditioned: whether the mask is an input of the denoiser ("9 channels").
        scheduler: as loaded, never used itself.
        cell: pixels per latent cell and side.
        dtype: the type that it computes in.
        reuse: its caches.
        placement: the current location of its weights.
        eight_bits: whether the denoiser's weights are stored in 8 bits.
        controlnets: those that have been used with it, by folder.
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
    dtype: torch.dtype
    reuse: Reuse
    placement: Placement = Placement.RESIDENT
    eight_bits: bool = False
    controlnets: dict[Path, Any] = field(default_factory=dict)

    @property
    def offloaded(self) -> bool:
        """True if only the active component is on the device."""
        return self.placement is Placement.OFFLOADED

    @property
    def video_vae(self) -> bool:
        """True if its VAE treats pictures as videos of one frame."""
        return self.family.video

    @property
    def blends(self) -> bool:
        """True if its pipeline preserves the kept part at each step."""
        return self.family is KANDINSKY or not (self.conditioned or self.family.maskless)

    @property
    def distilled(self) -> bool:
        """True if it paints without guidance, as FLUX.2 klein's distilled versions."""
        return bool(self.pipe.config.get("is_distilled"))

    @property
    def guided_inside(self) -> bool:
        """True if the guidance scale is an input of its denoiser, as in latent consistency models.

        A negative prompt has no effect then.
        """
        config = getattr(self.pipe, self.family.denoiser).config
        return config.get("time_cond_proj_dim") is not None

    @property
    def vae(self) -> Any:
        return self.pipe.movq if self.family is KANDINSKY else self.pipe.vae

    def offload(self) -> None:
        """Keep only the active component on the device from now on."""
        self.placement = Placement.OFFLOADED
        for pipe in (self.pipe, self.prior):
            if pipe is not None:
                pipe.enable_model_cpu_offload(device=self.device)
        for net in self.controlnets.values():
            net.to("cpu")

    def forget(self) -> None:
        """Empty caches that diffusers keeps on classes, which would hold tensors for ever."""
        for module in getattr(self.pipe, self.family.denoiser).modules():
            for method in vars(type(module)).values():
                # Qwen-Image's positions are cached behind a wrapper, without a limit.
                for cell in getattr(method, "__closure__", None) or ():
                    if hasattr(cell.cell_contents, "cache_clear"):
                        cell.cell_contents.cache_clear()

    def settle(self) -> None:
        """Clean up after a request that was interrupted."""
        # SDXL's pipeline decodes in 32 bits, and switches back only on success.
        self.vae.to(self.dtype)
        if self.offloaded:
            self.offload()


def load(
    source: Source,
    device: torch.device,
    dtype: torch.dtype,
    *,
    placement: Placement = Placement.RESIDENT,
    eight_bits: bool = False,
    shared: Mapping[str, Any] | None = None,
) -> Model:
    """Load a model from its files: safetensors only, and nothing from the network.

    Args:
        dtype: of the weights.
        placement: the location for its weights.
        eight_bits: whether to store the denoiser's weights in 8 bits.
        shared: components that are already loaded.

    Raises:
        InpaintError: `unsupported` for a folder of the wrong kind, `model_damaged` for files
            that cannot be read.
        torch.OutOfMemoryError, MemoryError, RuntimeError: when memory runs out.
    """
    with configured(source) as configuration:
        family = family_of(configuration)
        pipe = pipeline_of(family, source, configuration, dtype, shared or {})
    prior = None
    if family is KANDINSKY:
        if source.prior is None:
            raise InpaintError(
                "unsupported",
                f"The model {source.name} needs a prior, and its entry names none.",
                'Add prior = "kandinsky-2.2-prior" to its table in models.toml.',
            )
        prior = from_files("KandinskyV22PriorPipeline", source.prior, source.name, dtype=dtype)
        prior.set_progress_bar_config(disable=True)
    pipe.set_progress_bar_config(disable=True)
    # On the instance: the class would expose only what it thinks callbacks should change.
    if not family.maskless:
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
        cell=_cell(family, pipe),
        device=device,
        dtype=dtype,
        reuse=reuse,
        placement=placement,
        eight_bits=eight_bits,
    )
    place(pipe, placement, device, dtype, eight_bits=eight_bits)
    if prior is not None:
        place(prior, placement, device, dtype, eight_bits=False)
    return model


def _takes_mask(family: Family, pipe: Any) -> bool:
    if family.free_channels is None:
        return False
    return int(getattr(pipe, family.denoiser).config.in_channels) > family.free_channels


def _cell(family: Family, pipe: Any) -> int:
    if family is KANDINSKY:
        return int(pipe.movq_scale_factor)
    # FLUX.2 packs 2 x 2 of the VAE's latents into the channels of one cell.
    return int(pipe.vae_scale_factor) * (2 if hasattr(pipe.vae, "bn") else 1)


def _native_side(family: Family, pipe: Any) -> int:
    cells = getattr(pipe, family.denoiser).config.get("sample_size")
    return int(cells) * 8 if isinstance(cells, int) else family.native_side
