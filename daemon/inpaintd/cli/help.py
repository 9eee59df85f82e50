"""A command whose options are listed under headings."""

from __future__ import annotations

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
    "Running": ("as_json", "quiet", "detach", "preview", "help"),
}
"""Names of parameters under each heading; all others come under "More"."""


class GroupedCommand(click.Command):
    """Prints its options under `HEADINGS`."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if (record := param.get_help_record(ctx)) is not None
        }
        for heading, names in HEADINGS.items():
            rows = [records.pop(name) for name in names if name in records]
            if heading == "Running":
                self._section(formatter, "More", list(records.values()))
            self._section(formatter, heading, rows)

    @staticmethod
    def _section(formatter: click.HelpFormatter, heading: str, rows: list[tuple[str, str]]) -> None:
        # `records` loses what a heading has taken, so "More" is listed before the last one.
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)
