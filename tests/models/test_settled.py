"""A model's own defaults, for the request and for its stages."""

from __future__ import annotations

from pathlib import Path

from inpaintd.models.registry import load_registry
from inpaintd_protocol.settings import Settings, Settled, SettledStage, Stage


def settled(settings: Settings) -> Settled:
    registry = load_registry(Path("/nowhere"))
    return registry.settled(registry.find(settings.model), settings)


def test_what_the_user_has_not_set_is_as_the_model_wants_it() -> None:
    assert settled(Settings(model="kandinsky-2.2")).guidance_scale == 4.0
    assert settled(Settings(model="kandinsky-2.2", guidance_scale=9)).guidance_scale == 9
    assert settled(Settings(model="sd-1.5")).guidance_scale == 7.5


def test_a_value_that_equals_the_generic_default_is_honoured() -> None:
    assert settled(Settings(model="kandinsky-2.2", guidance_scale=7.5)).guidance_scale == 7.5
    assert settled(Settings(model="z-image-turbo", steps=30)).steps == 30
    assert settled(Settings(model="patchmatch", context_factor=0.5)).context_factor == 0.5


def test_a_stage_of_another_model_is_as_that_model_wants_it() -> None:
    stages = (
        Stage(),
        Stage(model="sdxl"),
        Stage(model="z-image-turbo"),
        Stage(model="z-image-turbo", steps=12, guidance_scale=1.0),
    )
    same, other, turbo, said = settled(Settings(model="kandinsky-2.2", stages=stages)).stages
    assert same == SettledStage(), "guidance as the request has it"
    assert (other.guidance_scale, other.steps) == (7.5, 30), "not what Kandinsky wants"
    assert (turbo.guidance_scale, turbo.steps) == (0.0, 9)
    assert (said.guidance_scale, said.steps) == (1.0, 12)


def test_a_stage_of_the_same_model_has_the_steps_that_the_model_wants() -> None:
    (stage,) = settled(Settings(model="z-image-turbo", stages=(Stage(),))).stages
    assert (stage.steps, stage.guidance_scale) == (9, None)


def test_clients_are_told_what_the_model_wants() -> None:
    infos = {info.name: info for info in load_registry(Path("/nowhere")).infos()}
    wanted = infos["z-image-turbo"].defaults
    assert wanted is not None
    assert (wanted.steps, wanted.guidance_scale, wanted.strength) == (9, 0.0, None)
    assert infos["telea"].defaults is None
