"""A command with the options of settings: listed under headings, and read as the seeds do."""

from __future__ import annotations

from pathlib import Path

import click

HEADINGS = {
    "Picture": ("input_option", "mask_file", "out", "layer", "recipe_from", "with_recipe"),
    "What to paint": ("prompt", "negative_prompt", "seed", "count"),
    "Where": (
        "invert",
        "grow_pixels",
        "feather_pixels",
        "threshold",
        "text_mask",
        "text_mask_threshold",
        "text_mask_combine",
        "area",
        "context_pixels",
        "context_factor",
    ),
    "How": ("model", "strength", "steps", "guidance_scale", "infill", "replace", "scheduler"),
    "More": (),
    "Running": ("as_json", "quiet", "detach", "preview", "help", "_click_default_help"),
}
"""Names of parameters under each heading; "More" takes all others."""


class GroupedCommand(click.Command):
    """Prints its options under `HEADINGS`, and reads `-tm orange 0.6`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _split_text_mask(args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            and (record := param.get_help_record(ctx)) is not None
        }
        listed = {name for names in HEADINGS.values() for name in names}
        others = tuple(name for name in records if name not in listed)
        for heading, names in HEADINGS.items():
            rows = [records[name] for name in names or others if name in records]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def _split_text_mask(args: list[str]) -> list[str]:
    """Let -tm take its threshold as a second word, as in `-tm orange 0.6`."""
    result = list(args)
    for option in ("-tm", "--text", "--text-mask"):
        if option in result:
            index = result.index(option) + 2
            if index < len(result) and _is_number(result[index]):
                result.insert(index, "--text-mask-threshold")
    return result


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not Path(text).exists()
