"""Kandinsky 2.2: a prior makes embeddings of a picture from the prompt, the decoder paints by them.

diffusers has a pipeline that combines both, whose progress bar switches offloading on as a side
effect; so the two are called one after the other.
"""

from __future__ import annotations

from typing import Any

import torch

PRIOR_STEPS = 25
PRIOR_GUIDANCE_SCALE = 4.0


def embeddings(
    prior: Any, prompt: str, negative_prompt: str | None, seed: int
) -> dict[str, torch.Tensor]:
    """The decoder's arguments that stand for the prompt. They depend on the seed."""
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
