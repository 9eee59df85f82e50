"""`inpaintd chain`: several models one after the other, described in a file."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from inpaintd.files.fill import Order
from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings, Stage

from .fill import fill_order

_PATH = click.Path(path_type=Path)
_FILES = ("image", "mask", "output")


@click.command("chain")
@click.argument("steps", type=_PATH)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
def command(steps: Path, as_json: bool, quiet: bool) -> None:
    """Run the steps in a TOML file, such as text-to-image, inpaint, image-to-image.

    \b
    image = "room.png"             # relative to this file
    mask = "room.mask.png"         # optional; else where image is transparent
    output = "result.png"          # optional
    [[step]]
    kind = "text-to-image"
    model = "sdxl"
    prompt = "a cat"
    [[step]]
    kind = "inpaint"               # takes all settings of: inpaintd fill --help
    model = "sdxl-inpaint"
    [[step]]
    kind = "image-to-image"
    strength = 0.3
    """
    fill_order(read_chain(steps), as_json=as_json, quiet=quiet)


def read_chain(path: Path) -> Order:
    """What a file of steps asks for.

    The first step of kind inpaint is the request's own, with all settings; steps before it are
    text-to-image, steps after it are its further passes.

    Raises:
        InpaintError: `unreadable` naming what is wrong.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _invalid(path, str(error)) from error
    steps = table.pop("step", [])
    unknown = sorted(set(table) - set(_FILES))
    if unknown:
        raise _invalid(path, f"{unknown[0]} is not one of {', '.join(_FILES)}, [[step]]")
    if "image" not in table:
        raise _invalid(path, "image is missing")
    kinds = [step.get("kind") for step in steps]
    if "inpaint" not in kinds:
        raise _invalid(path, 'no [[step]] has kind = "inpaint"')
    own = kinds.index("inpaint")
    if any(kind != "text-to-image" for kind in kinds[:own]):
        raise _invalid(path, "only text-to-image can come before inpaint")
    stages = [_stage(path, step) for i, step in enumerate(steps) if i != own]
    values = {name: value for name, value in steps[own].items() if name != "kind"}
    settings: Settings = settings_from_map(Settings, values | {"stages": stages})
    place = path.parent
    return Order(
        source=place / table["image"],
        settings=settings,
        mask=place / table["mask"] if "mask" in table else None,
        out=place / table["output"] if "output" in table else None,
    )


def _stage(path: Path, step: dict[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(Stage)}
    unknown = sorted(set(step) - known)
    if unknown:
        raise _invalid(
            path,
            f"a step of kind {step.get('kind')} has no {unknown[0]}; "
            f"it has {', '.join(sorted(known))}",
        )
    return step


def _invalid(path: Path, reason: str) -> InpaintError:
    return InpaintError(
        "unreadable", f"{path} is no chain: {reason}.", "See: inpaintd chain --help"
    )
