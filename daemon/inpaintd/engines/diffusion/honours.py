"""Which settings the diffusion engine takes into account. Standard library only."""

HONOURS = frozenset(
    {
        "prompt",
        "negative_prompt",
        "strength",
        "steps",
        "guidance_scale",
        "seed",
        "count",
        "infill",
        "replace",
        "scheduler",
        "width",
        "height",
        "preview",
        "controls",
        "loras",
        "embeddings",
        "stages",
    }
)
