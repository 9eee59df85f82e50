"""A command whose help lists its settings under headings, and that accepts `-tm orange 0.6`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from inpaintd.engines.catalogue import SCHEDULERS
from inpaintd_protocol.settings import Control, Settings, Stage, settings_fields

from .aliases import alias_options, with_aliases


def _of_group(group: str) -> tuple[str, ...]:
    return tuple(f.name for f in settings_fields() if f.metadata["group"] == group)


HEADINGS = {
    "Picture and hole": (
        *("input_option", "source", "mask_file", "left", "right", "top", "bottom", "to", "large"),
        *_of_group("hole"),
        "sampling_file",
    ),
    "What to paint": (*_of_group("paint"), "recipe_from"),
    "Result": (
        *("out", "folder", "overwrite", "layer", "soft", "grid"),
        *_of_group("result"),
        "with_recipe",
    ),
    "More": (),
    "Running": (
        *("as_json", "quiet", "detach"),
        *_of_group("running"),
        *("help", "_click_default_help", "help_all"),
    ),
}
"""Names of the parameters under each heading; "More" lists all others."""

_MANY = 25
"""Number of options beyond which --help shows only the common ones."""

_ADVANCED = frozenset(
    {"input_option", "overwrite", "recipe_from", "with_recipe", "detach", "output", "infill"}
    | {"reference_files", "region_files", "sampling_file"}
) | {field.name for field in settings_fields() if field.metadata["advanced"]}


class GroupedCommand(click.Command):
    """Prints its options under `HEADINGS`, and reads `-tm orange 0.6`.

    --help shows the common options, --help-all all of them.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        params = super().get_params(ctx)
        return [*params, _HELP_ALL, *_ALIASES] if len(params) > _MANY else params

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, _split_text_mask(args))
        with_aliases(ctx.params, ctx)
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            and (record := param.get_help_record(ctx)) is not None
        }
        if len(records) > _MANY and not ctx.meta.get(_ALL):
            records = {name: r for name, r in records.items() if name not in _ADVANCED}
        else:
            records = {name: _in_detail(name, *record) for name, record in records.items()}
        listed = {name for names in HEADINGS.values() for name in names}
        others = tuple(name for name in records if name not in listed)
        for heading, names in HEADINGS.items():
            rows = [records[name] for name in names or others if name in records]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def _in_detail(name: str | None, option: str, help_text: str) -> tuple[str, str]:
    """A row of the help, with the effect of each choice and its alternatives."""
    field = Settings.__dataclass_fields__.get(name or "")
    if field is None:
        return option, help_text
    details = [f"{choice}: {does}" for choice, does in (field.metadata["about"] or {}).items()]
    if name == "scheduler":
        details.append(", ".join(SCHEDULERS))
    if part := _PARTS.get(name or ""):
        kinds = next(f.metadata["choices"] for f in fields(part) if f.name == "kind")
        details.append(f"KIND is {', '.join(kinds[:-1])} or {kinds[-1]}")
    return option, f"{help_text} {'; '.join(details)}." if details else help_text


_PARTS: dict[str, type[Any]] = {"controls": Control, "stages": Stage}

_ALIASES = alias_options()

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
    """Accept a threshold as -tm's second word, as in `-tm orange 0.6`."""
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
