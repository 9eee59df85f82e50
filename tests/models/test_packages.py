"""Models whose weights need a library that may not be installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpaintd.models import packages
from inpaintd_protocol.errors import InpaintError


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ("bitsandbytes", "quantised by bitsandbytes, which is not installed"),
        ("magic", "quantised by 'magic', which is not offered"),
    ],
)
def test_a_library_that_is_lacking_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, says: str
) -> None:
    (tmp_path / "transformer").mkdir()
    values = {"quantization_config": {"quant_method": method, "load_in_4bit": True}}
    (tmp_path / "transformer" / "config.json").write_text(json.dumps(values))
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(InpaintError, match=says) as caught:
        packages.check_packages(tmp_path, "mine")
    assert caught.value.code == "unsupported"
    monkeypatch.setattr(packages, "find_spec", lambda _: object())
    if method == "bitsandbytes":
        packages.check_packages(tmp_path, "mine")


def test_other_models_need_none(tmp_path: Path) -> None:
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "config.json").write_text("[1]")
    packages.check_packages(tmp_path, "mine")
