"""`inpaintd chain`: several models one after the other, described in a file."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from inpaintd.files.fill import open_order
from inpaintd.launch.background import connect_or_start
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelInfo

from .chain_file import Step, read_chain
from .fill import fill_opened
from .options import output_option, overwrite_option
from .outcome import print_outcome

_PATH = click.Path(path_type=Path)


@click.command("chain")
@click.argument("steps", type=_PATH)
@output_option("The result, instead of the one that the file of steps names.")
@overwrite_option
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option("quiet", "-q", "--quiet", is_flag=True, help="Print paths and warnings only.")
def command(steps: Path, out: Path | None, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Run the steps in a TOML file: text-to-image, inpaint, image-to-image.

    \b
    size = [1024, 1024]            # of an empty canvas; or image = "room.png"
    output = "castle.png"          # optional
    [[step]]
    kind = "text-to-image"         # only as the first step
    model = "sdxl"
    prompt = "an elven castle"
    seed = 92
    [[step]]
    kind = "inpaint"
    model = "sdxl-inpainting"
    prompt = "a waterfall"
    mask = "waterfall.png"         # white where to repaint
    strength = 0.9
    [[step]]
    kind = "image-to-image"        # goes over everything
    model = "sdxl-refiner"
    strength = 0.2

    Paths are relative to this file. The first step takes all settings of: inpaintd fill
    --help. Later steps take strength, steps, and model, prompt, negative_prompt, guidance_scale,
    scheduler and seed, which default to those of the first. Between steps whose models share a VAE
    nothing is decoded: they pass on latents.

    With an image, only its transparent part may change, or the white part of a mask = "..." given
    beside it; a text-to-image step paints into that hole, and the next step continues from there.
    With neither, all of the image may change, and each inpaint step needs a mask.

    inpaintd again RESULT repeats the whole chain.
    """
    started = time.monotonic()
    chain = read_chain(steps)
    order = replace(chain.order, out=out or chain.order.out, overwrite=overwrite)
    opened = open_order(order, chain.picture, invert="invert = true")
    with connect_or_start("inpaintd chain") as client:
        _check_models(chain.steps, chain.order.settings.model, client.models().models)
        outcome = fill_opened(client, opened, opened.send(client), quiet=quiet or as_json)
    outcome.seconds["total"] = time.monotonic() - started
    print_outcome(outcome, as_json=as_json, quiet=quiet)


def _check_models(steps: Sequence[Step], usual: str | None, models: Sequence[ModelInfo]) -> None:
    """Check that the models are installed and can do their steps, before any of them runs.

    Unlisted names are left to the daemon, which suggests the nearest ones.
    """
    by_name: Mapping[str, ModelInfo] = {model.name: model for model in models}
    default = next((model.name for model in models if model.default), "")
    for step in steps:
        model = by_name.get(step.values.get("model") or usual or default)
        if model is None:
            continue
        if not model.installed:
            raise InpaintError(
                "model_missing",
                f"The model {model.name} of {step.name} is not installed.",
                f"Install it: {model.install}",
            )
        alone = len(steps) == 1 and step.kind == "inpaint"
        if not alone and "stages" not in model.honours:
            why = (
                "only fills holes; a chain of several steps runs on diffusion models"
                if step.kind == "inpaint"
                else "paints nothing by words; it only continues what is round a hole"
            )
            raise InpaintError(
                "unsupported",
                f"The model {model.name} of {step.name} {why}.",
                "Name a diffusion model in the step. See: inpaintd models list",
            )
