"""Conversion of a prompt to a pipeline's arguments."""

from __future__ import annotations

import json
from typing import Any

import torch

from ..families import SD, SDXL, Family
from ..loading.model import Model
from ..loading.reuse import bytes_in
from .syntax import Fragment, Prompt, parse

Notice = tuple[str, str, str]


def prompt_arguments(
    model: Model, pipe: Any, prompt: str, negative_prompt: str, guidance_scale: float
) -> tuple[dict[str, Any], list[Notice]]:
    """The arguments for a prompt, and notices of its unsupported parts.

    A prompt without weights that fits into one pass goes to the pipeline as is, so it is encoded
    exactly as diffusers does.
    """
    family = model.family
    positive, negative = parse(prompt), parse(negative_prompt)
    notices: list[Notice] = []
    if family.chunked:
        if not (_fits(pipe, positive) and _fits(pipe, negative)):
            reuse = model.reuse
            made: dict[str, Any] = reuse.embeddings.get_or_make(
                (positive, negative, reuse.adapters),
                lambda: _weighted(pipe, family, positive, negative),
                bytes_in,
            )
            return made, notices
    else:
        notices = _left_out(model, positive, negative)
    wanted = positive.text
    if family.instructed:
        wanted = json.dumps({"edit_instruction": wanted}, ensure_ascii=False)
    arguments: dict[str, Any] = {"prompt": wanted}
    if family.negative_encoded:
        if negative.text and guidance_scale > family.unguided:
            arguments["negative_prompt_embeds"] = pipe.encode_prompt(prompt=negative.text)[0]
    elif family.negative:
        # None is not the same as empty: SDXL's unguided half is zeros then.
        arguments["negative_prompt"] = negative.text or family.no_negative
    if family.true_cfg and negative.text:
        arguments["true_cfg_scale"] = guidance_scale
    return arguments, notices


def _fits(pipe: Any, prompt: Prompt) -> bool:
    return prompt.plain and all(
        len(tokenizer(text).input_ids) <= tokenizer.model_max_length
        for tokenizer, _ in _encoders(pipe)
        for text in [_expanded(pipe, prompt.text, tokenizer)]
    )


def _encoders(pipe: Any) -> list[tuple[Any, Any]]:
    """(tokenizer, text encoder), in the order in which their embeddings are joined."""
    pairs = [(pipe.tokenizer, pipe.text_encoder)]
    if hasattr(pipe, "tokenizer_2"):
        pairs.append((pipe.tokenizer_2, pipe.text_encoder_2))
    return [pair for pair in pairs if pair[0] is not None]  # SDXL's refiner has the second alone


def _expanded(pipe: Any, text: str, tokenizer: Any) -> str:
    """The text with each multi-vector embedding repeated as often as it has vectors."""
    return str(pipe.maybe_convert_prompt(text, tokenizer))


@torch.no_grad()
def _weighted(pipe: Any, family: Family, positive: Prompt, negative: Prompt) -> dict[str, Any]:
    zeros = family is SDXL and not negative.text and pipe.config.get("force_zeros_for_empty_prompt")
    both = [_embedded(pipe, family, prompt) for prompt in (positive, negative)]
    longest = max(embeddings.shape[1] for embeddings, _ in both)
    (wanted, pooled), (unwanted, unwanted_pooled) = (
        (_lengthened(pipe, family, embeddings, longest), pool) for embeddings, pool in both
    )
    if zeros:
        unwanted, unwanted_pooled = torch.zeros_like(unwanted), torch.zeros_like(pooled)
    arguments = {"prompt_embeds": wanted, "negative_prompt_embeds": unwanted}
    if family is not SD:
        arguments |= {
            "pooled_prompt_embeds": pooled,
            "negative_pooled_prompt_embeds": unwanted_pooled,
        }
    return arguments


def _embedded(pipe: Any, family: Family, prompt: Prompt) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings (1, 77 × chunks, width), and the pooled ones of the whole text."""
    providers = _providers(pipe, family)
    rows = [
        torch.cat([_of_chunk(pipe, provider, chunk) for provider in providers], dim=-1)
        for chunk in prompt.chunks
    ]
    last = providers[-1]
    pooled = last.get_pooled_embeddings(
        [_expanded(pipe, prompt.text, last.tokenizer)], device=last.device
    )
    return torch.cat(rows, dim=1), pooled


def _of_chunk(pipe: Any, provider: Any, chunk: tuple[Fragment, ...]) -> torch.Tensor:
    texts = [_expanded(pipe, text, provider.tokenizer) for text, _ in chunk]
    weights = [weight for _, weight in chunk]
    embeddings = provider.get_embeddings_for_weighted_prompt_fragments(
        [texts], [weights], device=provider.device
    )
    assert isinstance(embeddings, torch.Tensor)
    return embeddings


def _lengthened(pipe: Any, family: Family, embeddings: torch.Tensor, length: int) -> torch.Tensor:
    """The embeddings padded with empty chunks."""
    empty = torch.cat([p.empty_z for p in _providers(pipe, family)], dim=-1).to(embeddings)
    missing = (length - embeddings.shape[1]) // empty.shape[1]
    return torch.cat([embeddings, *[empty] * missing], dim=1)


def _providers(pipe: Any, family: Family) -> list[Any]:
    from compel.embeddings_provider import EmbeddingsProvider, ReturnedEmbeddingsType

    kind = (
        ReturnedEmbeddingsType.LAST_HIDDEN_STATES_NORMALIZED
        if family is SD
        else ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED
    )
    return [
        EmbeddingsProvider(
            tokenizer=tokenizer,
            text_encoder=encoder,
            dtype_for_device_getter=lambda _, encoder=encoder: encoder.dtype,
            truncate=False,
            returned_embeddings_type=kind,
            device=pipe._execution_device,
        )
        for tokenizer, encoder in _encoders(pipe)
    ]


def _left_out(model: Model, *prompts: Prompt) -> list[Notice]:
    """Notices of the parts of its prompts that a model does not support."""
    notices = []
    if any(not prompt.plain for prompt in prompts):
        notices.append(
            (
                "weights_ignored",
                f"{model.family.name} takes no weights in prompts; they were read as plain words.",
                "Say it in words, or choose a Stable Diffusion model.",
            )
        )
    pipe = model.prior or model.pipe
    tokenizer = (
        getattr(pipe, "tokenizer_3", None) or getattr(pipe, "tokenizer_2", None) or pipe.tokenizer
    )
    if any(len(tokenizer(p.text).input_ids) - 2 > model.family.tokens for p in prompts):
        notices.append(
            (
                "prompt_cut",
                f"{model.family.name} reads about {model.family.tokens} tokens of a prompt;"
                " the rest of this one was left out.",
                "Shorten the prompt.",
            )
        )
    return notices


PRIOR_STEPS = 25
PRIOR_GUIDANCE_SCALE = 4.0


def kandinsky_embeddings(
    prior: Any, prompt: str, negative_prompt: str | None, seed: int
) -> dict[str, torch.Tensor]:
    """The arguments of Kandinsky's decoder that represent the prompt. They depend on the seed.

    diffusers has a pipeline that combines prior and decoder, but its progress bar switches
    offloading on as a side effect; so the two are called one after the other.
    """
    positive, negative = prior(
        prompt=prompt,
        negative_prompt=negative_prompt,
        num_inference_steps=PRIOR_STEPS,
        guidance_scale=PRIOR_GUIDANCE_SCALE,
        generator=torch.Generator("cpu").manual_seed(seed),
        output_type="pt",
        return_dict=False,
    )
    return {"image_embeds": positive, "negative_image_embeds": negative}
