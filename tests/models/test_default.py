"""The model of requests that name none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpaintd.models.installed import MARKER
from inpaintd.models.registry import Registry, load_registry
from inpaintd.models.user_file import set_default, unset_default
from inpaintd_protocol.settings import Settings


def with_network(home: Path, name: str) -> Registry:
    """A registry in which a network counts as installed."""
    source = load_registry(home).find(name).source
    folder = home / "models" / name
    folder.mkdir(parents=True)
    (folder / MARKER).write_text(json.dumps({"source": source, "revision": "1"}))
    return load_registry(home)


def test_the_built_in_fill_until_a_network_is_installed(tmp_path: Path) -> None:
    assert load_registry(tmp_path).chosen(Settings(prompt="a cat")).name == "patches"


@pytest.mark.parametrize("name", ["lama", "migan"])
def test_an_installed_network_fills_from_then_on(tmp_path: Path, name: str) -> None:
    registry = with_network(tmp_path, name)
    assert registry.default == registry.chosen(Settings()).name == name
    assert [info.name for info in registry.infos() if info.default] == [name]


def test_the_default_that_the_user_chose_stays(tmp_path: Path) -> None:
    set_default(tmp_path, "patches")
    registry = with_network(tmp_path, "lama")
    assert registry.default == "patches"
    unset_default(tmp_path, "patches")
    assert load_registry(tmp_path).default == "lama"


@pytest.mark.parametrize(
    "asked", [{"sampling_pixels": 64}, {"sampling_sides": "left"}, {"count": 3}]
)
def test_settings_of_the_built_in_fill_keep_it(tmp_path: Path, asked: dict) -> None:
    registry = with_network(tmp_path, "lama")
    assert registry.chosen(Settings(**asked)).name == "patches"
    assert registry.chosen(Settings(), sampled=True).name == "patches"
    assert registry.chosen(Settings(model="lama", **asked)).name == "lama"
    set_default(tmp_path, "lama")
    assert load_registry(tmp_path).chosen(Settings(**asked)).name == "lama"


def test_settings_without_effect_change_nothing(tmp_path: Path) -> None:
    registry = with_network(tmp_path, "lama")
    assert registry.chosen(Settings(sampling_sides="around", count=1)).name == "lama"
