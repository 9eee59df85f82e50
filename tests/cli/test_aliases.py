"""Option names of other inpainting programs do what they do there."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from inpaintd.cli import group
from inpaintd.cli.help import GroupedCommand
from inpaintd.cli.options import settings_from_options, settings_options
from inpaintd_protocol.codec import settings_to_map
from inpaintd_protocol.settings import Settings


@click.command(cls=GroupedCommand)
@settings_options
def show(**options: object) -> None:
    click.echo(settings_to_map(settings_from_options(Settings(), options)))


def given(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(show, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    values = eval(result.output)
    assert isinstance(values, dict)
    return values


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "-s 50 -S 801380492 -C 20.0 -f 0.75 -A lms",
            "steps=50 seed=801380492 guidance_scale=20.0",
        ),
        ("-s50 -C20 -f0.75 -r0.6", "steps=50 guidance_scale=20.0 strength=0.75 replace=0.6"),
        ("--inpaint_replace 0.6", "replace=0.6"),
        ("--num_inference_steps 12 --guidance_scale 2.5", "steps=12 guidance_scale=2.5"),
        ("--negative_prompt ugly --text_mask hair", "negative_prompt='ugly' text_mask='hair'"),
        ("--mask-blur 33", "feather_pixels=33"),
        ("--padding-mask-crop 32", "context_pixels=32 context_factor=0.0 area='masked'"),
        ("--padding_mask_crop 32", "context_pixels=32 context_factor=0.0 area='masked'"),
        ("--only-masked", "area='masked'"),
        ("--whole-picture", "area='whole'"),
        ("--masked-content fill", "infill='fill'"),
        ("--masked-content 'latent noise'", "infill='noise'"),
        ("--masked-content latent-nothing", "infill='nothing'"),
        ("--sampler euler_a", "scheduler='euler_a'"),
        ("--denoising-strength 0.5 --cfg-scale 7", "strength=0.5 guidance_scale=7.0"),
    ],
)
def test_an_alias_sets_the_setting(typed: str, expected: str) -> None:
    import shlex

    wanted = dict(pair.split("=") for pair in expected.split())
    found = given(*shlex.split(typed))
    assert {name: found[name] for name in wanted} == {k: eval(v) for k, v in wanted.items()}


def test_the_settings_own_option_wins() -> None:
    assert given("--steps", "7", "-s", "9")["steps"] == 7
    assert given("-f", "0.5", "--strength", "0.25")["strength"] == 0.25


def test_aliases_are_not_shown() -> None:
    shown = CliRunner().invoke(group, ["fill", "--help-all"]).output
    assert "--mask-blur" not in shown
    assert "--guidance_scale" not in shown
    assert "--sampler" not in shown


@pytest.mark.parametrize("typed", ["-s many", "--masked-content magic", "--padding-mask-crop -1"])
def test_nonsense_is_told(typed: str) -> None:
    result = CliRunner().invoke(group, ["fill", "x.png", *typed.split()])
    assert result.exit_code != 0
