"""Options are the settings' fields, and nothing is said twice."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from inpaintd.cli import group
from inpaintd.cli.fill import command, expanded
from inpaintd.cli.help import _split_text_mask
from inpaintd.cli.options import settings_from_options, settings_options
from inpaintd.setting_names import option_name
from inpaintd_protocol.settings import Control, Lora, Settings, Stage, settings_fields

NOTHING = {field.name: None for field in settings_fields()}


@click.command()
@settings_options
def show(**options: object) -> None:
    click.echo(repr(settings_from_options(Settings(seed=4, text_mask_threshold=0.3), options)))


def given(*arguments: str) -> Settings:
    result = CliRunner().invoke(show, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    settings = eval(result.output, {c.__name__: c for c in (Settings, Control, Lora, Stage)})
    assert isinstance(settings, Settings)
    return settings


def test_every_setting_has_an_option_and_its_help() -> None:
    shown = " ".join(
        CliRunner().invoke(command, ["--help-all"], terminal_width=10_000).output.split()
    )
    for field in settings_fields():
        assert option_name(field.name) in shown
        assert field.metadata["help"].removesuffix(".") in shown


def test_what_is_not_given_stays_as_in_the_base() -> None:
    assert given() == Settings(seed=4, text_mask_threshold=0.3)
    assert settings_from_options(Settings(steps=9), NOTHING) == Settings(steps=9)


def test_every_kind_of_option() -> None:
    settings = given(
        *("-p", "a, b=c", "--grow", "-3", "--feather", "9", "--context", "5", "--no-match-colour"),
        *("--seed", "none", "--text-mask-threshold", "none", "-r", "0.5", "-W", "64", "--invert"),
        *("--control", "tile:weight=0.8,downsampling_rate=2", "--control", "inpaint"),
        *("--lora", "ink:weight=-1", "--embedding", "cat", "--output-kind", "masked"),
        *("--stage", "inpaint:prompt=red, blue,steps=5"),
        *(
            "--stage",
            "image-to-image:negative_prompt=a, b,guidance_scale=2.5,scheduler=ddim,seed=3",
        ),
        *("--stage", "image-to-image:guidance_scale=none,seed=none"),
    )
    assert settings == Settings(
        prompt="a, b=c",
        grow_pixels=-3,
        feather_pixels=9,
        context_pixels=5,
        match_colour=False,
        seed=None,
        text_mask_threshold=0.0,
        replace=0.5,
        width=64,
        invert=True,
        controls=(Control("tile", weight=0.8, downsampling_rate=2.0), Control()),
        loras=(Lora("ink", weight=-1.0),),
        embeddings=("cat",),
        output="masked",
        stages=(
            Stage("inpaint", prompt="red, blue", steps=5),
            Stage(negative_prompt="a, b", guidance_scale=2.5, scheduler="ddim", seed=3),
            Stage(),
        ),
    )


def test_a_shell_completes_the_names_of_models() -> None:
    completion = BashComplete(group, {}, "inpaintd", "_INPAINTD_COMPLETE")
    found = completion.get_completions(["fill", "--model"], "patch")
    assert [item.value for item in found] == ["patches", "patchmatch"]
    assert not completion.get_completions(["fill", "--model"], "clipseg")


def test_patterns_that_the_shell_left_alone_are_expanded(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.jpg", "x[1].png"):
        (tmp_path / name).touch()
    assert [p.name for p in expanded(tmp_path / "?.png")] == ["a.png", "b.png"]
    assert expanded(tmp_path / "x[1].png") == [tmp_path / "x[1].png"]
    assert expanded(tmp_path / "*.tif") == [tmp_path / "*.tif"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["-tm", "orange", "0.6"], ["-tm", "orange", "--text-mask-threshold", "0.6"]),
        (["-tm", "orange", "a.png"], ["-tm", "orange", "a.png"]),
        (["-tm", "orange"], ["-tm", "orange"]),
        (["a.png"], ["a.png"]),
    ],
)
def test_a_text_mask_takes_its_threshold_as_a_second_word(
    typed: list[str], meant: list[str]
) -> None:
    assert _split_text_mask(typed) == meant
