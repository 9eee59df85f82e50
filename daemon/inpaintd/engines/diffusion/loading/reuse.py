"""Caches for another run with a new seed: prompt embeddings and VAE posteriors.

Both are exact: a hit returns the very tensors computed before. For the VAE the posterior is
stored rather than a sample of it, so that the random stream is the same with and without a cache.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch


class Lru:
    """Values by key; the sum of their sizes never exceeds `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.hits = 0
        self.misses = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get_or_make(
        self, key: Hashable, make: Callable[[], Any], size_of: Callable[[Any], int]
    ) -> Any:
        """The value of this key, computed now if it is not cached."""
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
            self.hits += 1
            return found[0]
        self.misses += 1
        value = make()
        size = size_of(value)
        if size <= self.limit_bytes:
            self._values[key] = (value, size)
            self.held_bytes += size
            while self.held_bytes > self.limit_bytes:
                _, (_, freed) = self._values.popitem(last=False)
                self.held_bytes -= freed
        return value

    def clear(self) -> None:
        self._values.clear()
        self.held_bytes = 0


LatentEdit = Callable[[torch.Tensor], torch.Tensor]
"""Changes the picture's latents, as returned by the VAE, before anything else sees them."""


class Reuse:
    """Wraps a pipeline's `vae.encode` and `encode_prompt`."""

    def __init__(self, limit_bytes: int) -> None:
        self.posteriors = Lru(limit_bytes // 2)
        self.embeddings = Lru(limit_bytes // 2)
        self.adapters: tuple[Any, ...] = ()
        """The changes to the text encoders (LoRAs, embeddings); part of each prompt's key."""
        self._edit: LatentEdit | None = None
        self._picture: torch.Tensor | None = None
        self._rounded: torch.Tensor | None = None

    def clear(self) -> None:
        """Clear the caches, to free memory."""
        self.posteriors.clear()
        self.embeddings.clear()

    def stand_before_vae(self, vae: Any) -> None:
        """Replace `vae.encode` with a caching one."""
        encode = vae.encode

        def remembered(pixels: torch.Tensor, *args: Any, **options: Any) -> Any:
            pixels = self._unrounded(pixels)
            key = (id(vae), _digest(pixels), vae.dtype, _tiling(vae))
            output = self.posteriors.get_or_make(
                key, lambda: encode(pixels, *args, **options), bytes_in
            )
            edit = self._edit_of(pixels)
            return output if edit is None else _edited(output, edit)

        vae.encode = remembered

    def stand_before_prompts(self, pipe: Any) -> None:
        """Replace `pipe.encode_prompt` with a caching one."""
        encode_prompt = pipe.encode_prompt

        def remembered(*args: Any, **options: Any) -> Any:
            if not _plain([*args, *options.values()]):
                return encode_prompt(*args, **options)
            key = (repr((args, sorted(options.items()))), self.adapters)
            return self.embeddings.get_or_make(
                key, lambda: encode_prompt(*args, **options), bytes_in
            )

        pipe.encode_prompt = remembered

    @contextmanager
    def showing(
        self,
        picture: torch.Tensor,
        *,
        edit: LatentEdit | None = None,
        rounded: torch.Tensor | None = None,
    ) -> Iterator[None]:
        """Change the latents of this picture, once.

        It is recognized by its pixels: a pipeline with the masked picture as an input encodes that
        one too: at strength 1 it is the only one it encodes, and must not change.

        Args:
            picture: (1, 3, H, W) float32 in [-1, 1], as the pipeline passes it to the VAE.
            edit: None for none.
            rounded: the same with 8 bits, if the pipeline accepts no other; the VAE gets the
                picture itself instead.
        """
        self._edit, self._picture, self._rounded = edit, picture, rounded
        try:
            yield
        finally:
            self._edit = self._picture = self._rounded = None

    def _edit_of(self, pixels: torch.Tensor) -> LatentEdit | None:
        picture, edit = self._picture, self._edit
        if edit is None or picture is None or not _same(pixels, picture):
            return None
        self._edit = None
        return edit

    def _unrounded(self, pixels: torch.Tensor) -> torch.Tensor:
        if self._rounded is None or self._picture is None or not _same(pixels, self._rounded):
            return pixels
        return self._picture.reshape(pixels.shape).to(pixels)


def _same(pixels: torch.Tensor, picture: torch.Tensor) -> bool:
    """Test whether the VAE is given this picture, in whatever type and on whatever device."""
    if pixels.numel() != picture.numel() or pixels.shape[-2:] != picture.shape[-2:]:
        return False
    given = pixels.detach().reshape(picture.shape).to("cpu")
    return torch.equal(given, picture.to(given.dtype))


@dataclass(frozen=True)
class _EditedPosterior:
    posterior: Any
    edit: LatentEdit

    def sample(self, generator: torch.Generator | None = None) -> torch.Tensor:
        return self.edit(self.posterior.sample(generator))

    def mode(self) -> torch.Tensor:
        return self.edit(self.posterior.mode())


def _edited(output: Any, edit: LatentEdit) -> Any:
    if hasattr(output, "latent_dist"):
        return SimpleNamespace(latent_dist=_EditedPosterior(output.latent_dist, edit))
    return {"latents": edit(output["latents"])}


def _plain(values: list[Any]) -> bool:
    """Test whether `repr` fully identifies these arguments: no tensors, no pictures."""
    simple = (str, int, float, bool, type(None), torch.device, torch.dtype)
    return all(
        isinstance(v, simple) or (isinstance(v, list) and all(isinstance(x, simple) for x in v))
        for v in values
    )


def _digest(pixels: torch.Tensor) -> tuple[bytes, torch.Size, torch.dtype, torch.device]:
    raw = pixels.detach().cpu().contiguous().view(torch.uint8).numpy()
    return (
        hashlib.blake2b(raw.data, digest_size=16).digest(),
        pixels.shape,
        pixels.dtype,
        pixels.device,
    )


def _tiling(vae: Any) -> tuple[bool, bool]:
    return getattr(vae, "use_tiling", False), getattr(vae, "use_slicing", False)


def bytes_in(value: Any) -> int:
    """Size in bytes of all tensors in an output, a posterior, or lists of them."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, dict):
        return sum(bytes_in(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return sum(bytes_in(v) for v in value)
    return bytes_in(vars(value)) if hasattr(value, "__dict__") else 0
