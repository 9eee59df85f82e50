"""LoRAs, textual embeddings and IP-Adapters, applied for the duration of one request.

They change the model in place; it is always restored afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import safetensors.torch
import torch

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settled

from ..prompts.syntax import parse
from .ip_adapters import with_ip_adapters
from .library import Library
from .model import Model


@contextmanager
def adapted(model: Model, library: Library, settings: Settled) -> Iterator[None]:
    """Apply the request's LoRAs, embeddings and IP-Adapters to the model.

    Raises:
        InpaintError: `unknown_model` naming the nearest names, `unsupported` for files that do not
            fit the model, `model_damaged` for a file that cannot be read.
    """
    lora_files = [(library.lora(name), weight) for name, weight in lora_names(settings)]
    embedding_files = [library.embedding(name) for name in settings.embeddings]
    with ExitStack() as stack:
        if settings.references and not model.family.references:
            weights = [reference.weight for reference in settings.references]
            stack.enter_context(with_ip_adapters(model, library, weights))
        if lora_files:
            stack.enter_context(_with_loras(model, lora_files))
        if embedding_files:
            stack.enter_context(_with_embeddings(model, embedding_files))
        model.reuse.adapters = (
            *((_version(file), weight) for file, weight in lora_files),
            *(_version(file) for file in embedding_files),
        )
        stack.callback(setattr, model.reuse, "adapters", ())
        yield


def lora_names(settings: Settled) -> list[tuple[str, float]]:
    """Name and weight of each LoRA named by the settings or their prompt."""
    return [(lora.name, lora.weight) for lora in settings.loras] + [*parse(settings.prompt).loras]


def _version(file: Path) -> tuple[str, int]:
    return str(file), file.stat().st_mtime_ns


@contextmanager
def _with_loras(model: Model, files: Sequence[tuple[Path, float]]) -> Iterator[None]:
    pipe = model.pipe
    if not hasattr(pipe, "load_lora_weights"):
        raise _does_not_fit(model, "LoRA", files[0][0])
    names = [f"lora{number}" for number in range(len(files))]
    try:
        for name, (file, _) in zip(names, files, strict=True):
            _load_lora(model, file, name)
        pipe.set_adapters(names, [weight for _, weight in files])
        yield
    finally:
        pipe.unload_lora_weights()


def _load_lora(model: Model, file: Path, name: str) -> None:
    pipe = model.pipe
    weights = _read(file)
    try:
        pipe.load_lora_weights(weights, adapter_name=name)
    except (ValueError, KeyError, RuntimeError) as error:
        raise _does_not_fit(model, "LoRA", file) from error
    if not any(name in adapters for adapters in pipe.get_list_adapters().values()):
        raise _does_not_fit(model, "LoRA", file)


@contextmanager
def _with_embeddings(model: Model, files: Sequence[Path]) -> Iterator[None]:
    pipe = model.pipe
    if not hasattr(pipe, "load_textual_inversion"):
        raise _does_not_fit(model, "embedding", files[0])
    pairs = [("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2")]
    pairs = [(t, e) for t, e in pairs if getattr(pipe, t, None) and getattr(pipe, e, None)]
    tokenizers = {t: getattr(pipe, t) for t, _ in pairs}
    embeddings = {e: getattr(pipe, e).get_input_embeddings() for _, e in pairs}
    try:
        for tokenizer in tokenizers:
            setattr(pipe, tokenizer, copy.deepcopy(tokenizers[tokenizer]))
        for file in files:
            vectors = _read(file)
            for pair in pairs:
                _load_embedding(model, file, vectors, *pair)
        if model.offloaded:
            model.offload()  # otherwise diffusers uses the device of the idle encoder: the CPU
        yield
    finally:
        for tokenizer, before in tokenizers.items():
            setattr(pipe, tokenizer, before)
        for name, rows in embeddings.items():
            encoder = getattr(pipe, name)
            encoder.set_input_embeddings(rows.to(encoder.device))
            encoder.config.vocab_size = rows.num_embeddings


def _load_embedding(
    model: Model, file: Path, vectors: dict[str, torch.Tensor], tokenizer: str, encoder: str
) -> None:
    """Select an embedding's tensors: SDXL's files have one per encoder, others one by any name."""
    text_encoder = getattr(model.pipe, encoder)
    width = text_encoder.get_input_embeddings().embedding_dim
    by_encoder = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}[encoder]
    found = vectors.get(by_encoder)
    if found is None:
        found = next((v for v in vectors.values() if v.shape[-1] == width), None)
    if found is None or found.shape[-1] != width:
        raise _does_not_fit(model, "embedding", file)
    model.pipe.load_textual_inversion(
        {file.stem: found.reshape(-1, width)},
        token=file.stem,
        tokenizer=getattr(model.pipe, tokenizer),
        text_encoder=text_encoder,
    )


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        return safetensors.torch.load_file(file)
    except Exception as error:  # safetensors raises its own class, defined in Rust
        raise InpaintError(
            "model_damaged",
            f"{file.name} is damaged: it cannot be read as safetensors.",
            "Download it again.",
        ) from error


def _does_not_fit(model: Model, what: str, file: Path) -> InpaintError:
    return InpaintError(
        "unsupported",
        f"The {what} {file.stem} does not fit the model {model.source.name}.",
        f"Choose one made for {model.family.name}.",
    )
