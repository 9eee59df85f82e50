"""A command with the options of settings: listed under headings, and read as the seeds do."""

from __future__ import annotations

from pathlib import Path

import click

from inpaintd_protocol.settings import settings_fields

HEADINGS = {
    "Picture and hole": (
        "input_option",
        "source",
        "mask_file",
        "left",
        "right",
        "top",
        "bottom",
        "to",
        "large",
        "invert",
        "grow_pixels",
        "feather_pixels",
        "threshold",
        "text_mask",
        "text_mask_threshold",
        "text_mask_combine",
    ),
    "What to paint": (
        "prompt",
        "negative_prompt",
        "model",
        "strength",
        "steps",
        "guidance_scale",
        "seed",
        "count",
        "infill",
        "replace",
        "area",
        "context_pixels",
        "context_factor",
        "scheduler",
        "recipe_from",
    ),
    "Result": ("out", "folder", "overwrite", "layer", "soft", "grid", "output", "with_recipe"),
    "More": (),
    "Running": (
        "as_json",
        "quiet",
        "detach",
        "preview",
        "help",
        "_click_default_help",
        "help_all",
    ),
}
"""Names of parameters under each heading; "More" takes all others."""

_MANY = 25
"""A command with more options than this shows only those for every day, until asked for all."""

_ADVANCED = frozenset(
    {"input_option", "overwrite", "recipe_from", "with_recipe", "detach", "output", "infill"}
) | {field.name for field in settings_fields() if field.metadata["advanced"]}


class GroupedCommand(click.Command):
    """Prints its options under `HEADINGS`, and reads `-tm orange 0.6`.

    --help shows the options for every day, --help-all all of them.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        params = super().get_params(ctx)
        return [*params, _HELP_ALL] if len(params) > _MANY else params

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _split_text_mask(args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            and (record := param.get_help_record(ctx)) is not None
        }
        if len(records) > _MANY and not ctx.meta.get(_ALL):
            records = {name: r for name, r in records.items() if name not in _ADVANCED}
        listed = {name for names in HEADINGS.values() for name in names}
        others = tuple(name for name in records if name not in listed)
        for heading, names in HEADINGS.items():
            rows = [records[name] for name in names or others if name in records]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


_ALL = "inpaintd.help_all"


def _show_all(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_ALL] = True
        click.echo(ctx.get_help())
        ctx.exit()


_HELP_ALL = click.Option(
    ["--help-all"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show all options and exit.",
)


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
