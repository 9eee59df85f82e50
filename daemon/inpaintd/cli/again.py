"""`inpaintd again`: repeat a result by the recipe that it carries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from inpaintd.files.recipe import files_in, parse_recipe
from inpaintd.files.recipe_file import recipe_text
from inpaintd.files.repeat import repeated

from .fill import fill_order
from .help import GroupedCommand
from .options import output_option, overwrite_option, settings_from_options, settings_options
from .outpaint import fill_enlarged

_PATH = click.Path(path_type=Path)


class _AgainCommand(GroupedCommand):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # The usual --seed takes numbers and "none"; here "new" is clearer.
        words = [
            "none" if before == "--seed" and word == "new" else word
            for before, word in zip(["", *args], args, strict=False)
        ]
        return super().parse_args(ctx, words)


@click.command("again", cls=_AgainCommand)
@click.argument("result", type=_PATH)
@click.option("source", "-I", "--input", type=_PATH, help="The picture that was filled.")
@click.option("mask_file", "-M", "--mask", type=_PATH, help="The mask that was used.")
@output_option("The new result.")
@overwrite_option
@settings_options
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
def command(
    result: Path,
    source: Path | None,
    mask_file: Path | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Repeat the fill that made RESULT; options given here override its recipe.

    The same source, seed and model give the same picture. --seed new draws another seed. The
    picture and the mask that RESULT was made from are searched for beside it and in the folder
    above, and recognized by their contents; if they are elsewhere, name them with -I and -M.
    Outpaintings and chains can be repeated as well. The new result is written next to RESULT, under
    a new name.
    """
    recipe = recipe_text(result)
    base = parse_recipe(recipe, result.name, model=options["model"])
    settings = settings_from_options(base, options)
    order = repeated(files_in(recipe), result, settings, source=source, mask=mask_file)
    if out is None and order.source.parent.resolve() != result.parent.resolve():
        out = result.parent
    order = replace(order, out=out, overwrite=overwrite)
    repeat = fill_enlarged if order.enlarged else fill_order
    repeat(order, as_json=as_json, quiet=quiet)
