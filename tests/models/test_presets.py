"""Each intent is its written settings, under what the user sets and over the model's defaults."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from inpaintd.models.presets import KINDS, load_presets
from inpaintd.models.registry import load_registry
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings, Settled

WRITTEN: dict[str, Any] = tomllib.loads(
    files("inpaintd.models").joinpath("presets.toml").read_text(encoding="utf-8")
)
MODELS = {
    "patches": "",
    "patchmatch": "",
    "lama": "",
    "sdxl": "plain",
    "z-image-turbo": "plain",
    "sdxl-inpainting": "inpainting",
    "kandinsky-2.2": "inpainting",
    "flux.1-fill": "inpainting",
    "flux.1-kontext": "editing",
    "flux.2-klein": "editing",
    "qwen-image-edit": "editing",
}
"""A model of each way of working, and its kind."""


def settled(home: Path, **asked: Any) -> Settled:
    registry, settings = load_registry(home), Settings(**asked)
    return registry.settled(registry.find(settings.model), settings)


def test_the_intents_that_the_help_names() -> None:
    named = Settings.__dataclass_fields__["intent"].metadata["help"]
    assert all(name in named for name in WRITTEN)
    assert list(WRITTEN) == ["fill", "add", "remove", "replace-background", "expand", "refine"]


@pytest.mark.parametrize("intent", WRITTEN)
@pytest.mark.parametrize("model", MODELS)
def test_an_intent_equals_its_written_settings(tmp_path: Path, intent: str, model: str) -> None:
    table = WRITTEN[intent]
    written = {k: v for k, v in table.items() if k not in ("label", "help", *KINDS)}
    written |= table.get(MODELS[model], {})
    by_hand = settled(tmp_path, model=model, **written)
    assert settled(tmp_path, model=model, intent=intent).given() == by_hand.given() | {
        "intent": intent
    }


def test_what_the_user_sets_wins_even_at_its_default(tmp_path: Path) -> None:
    used = settled(tmp_path, model="sdxl", intent="remove", grow_pixels=0, strength=1.0)
    assert (used.grow_pixels, used.strength, used.feather_pixels) == (0, 1.0, 4)


def test_an_intent_wins_over_the_models_defaults(tmp_path: Path) -> None:
    assert settled(tmp_path, model="patchmatch").context_factor == 1.0
    assert settled(tmp_path, model="patchmatch", intent="refine").context_factor == 0.25
    assert settled(tmp_path, model="kandinsky-2.2", intent="refine").guidance_scale == 4.0


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("kandinsky-2.2", "inpainting"),
        ("flux.1-fill", "inpainting"),
        ("sd-1.5-inpainting", "inpainting"),
        ("flux.1-dev", "plain"),
        ("qwen-image-edit", "editing"),
        ("telea", ""),
    ],
)
def test_the_kind_of_each_model(tmp_path: Path, model: str, kind: str) -> None:
    assert load_registry(tmp_path).find(model).kind_for_presets == kind


def test_a_users_own_presets(tmp_path: Path) -> None:
    (tmp_path / "presets.toml").write_text(
        '[dust]\nhelp = "Specks of dust."\ngrow_pixels = 2\n[remove]\ngrow_pixels = 20\n'
        "[remove.plain]\nsteps = 12\n"
    )
    presets = load_presets(tmp_path)
    assert (presets["dust"].label, presets["dust"].help) == ("Dust", "Specks of dust.")
    assert settled(tmp_path, model="telea", intent="dust").grow_pixels == 2
    used = settled(tmp_path, model="sdxl", intent="remove")
    assert (used.grow_pixels, used.steps, used.strength) == (20, 12, 0.5), "shipped where not said"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\nstrengh = 1", "strengh"),
        ("[a]\nstrength = 7", "between"),
        ("[a]\nintent = 'fill'", "another intent"),
        ("a = 3", "table"),
        ("[a", "not a valid list"),
    ],
)
def test_a_slip_in_the_users_presets_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "presets.toml").write_text(text)
    with pytest.raises(InpaintError, match=said) as caught:
        load_presets(tmp_path)
    assert caught.value.code == "unreadable"


def test_an_unknown_intent_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match="Did you mean remove"):
        settled(tmp_path, intent="remov")
