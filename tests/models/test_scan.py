"""Folders of other programs: every usable model listed where it lies, the rest named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpaintd.models.registry import load_registry
from inpaintd.models.scan import scan
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.models import hollow
from tests.models.test_checkpoint import CLIP, SD, VAE
from tests.models.test_parts import folder as whole_folder

__all__ = ["whole_folder"]


@pytest.fixture
def comfy(tmp_path: Path) -> Path:
    """As ComfyUI lays its models out."""
    root = tmp_path / "ComfyUI" / "models"
    for name in ("checkpoints/sub", "loras", "embeddings", "diffusion_models", "vae"):
        (root / name).mkdir(parents=True)
    hollow.write(root / "checkpoints" / "Dream.safetensors", SD | VAE | CLIP)
    hollow.write(root / "checkpoints" / "sub" / "Dream.safetensors", SD | VAE | CLIP)
    hollow.write(root / "loras" / "soft light.safetensors", {"x.lora_down.weight": (1,)})
    hollow.write(root / "embeddings" / "bad-hands.safetensors", {"emb_params": (2, 768)})
    hollow.write(root / "diffusion_models" / "f.safetensors", {"double_blocks.0.a.weight": (1,)})
    hollow.write(root / "vae" / "vae.safetensors", VAE)
    (root / "checkpoints" / "put_checkpoints_here").touch()
    return root


def test_every_usable_model_is_listed_where_it_lies(comfy: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    before = {p: p.stat().st_mtime_ns for p in comfy.rglob("*")}
    found = scan(home, comfy)
    assert found.listed == ["dream", "dream-2"]
    assert sorted(found.linked) == ["bad-hands", "soft light"]
    assert {Path(path).name for path in found.unusable} == {"f.safetensors", "vae.safetensors"}
    entry = load_registry(home).find("dream")
    assert Path(entry.source) == comfy / "checkpoints" / "Dream.safetensors"
    link = home / "loras" / "soft light.safetensors"
    assert link.resolve() == comfy / "loras" / "soft light.safetensors"
    assert {p: p.stat().st_mtime_ns for p in comfy.rglob("*")} == before
    again = scan(home, comfy)
    assert (again.listed, again.linked, again.known) == ([], [], 4)


def test_folders_in_the_layout_of_diffusers_are_one_model_each(
    whole_folder: Path,
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    assert scan(home, whole_folder.parent).listed == ["model"]
    assert load_registry(home).find("model").source == str(whole_folder)
    (whole_folder / "model_index.json").write_text(json.dumps({"_class_name": "AudioLDMPipeline"}))
    other = scan(tmp_path / "other", whole_folder.parent)
    assert "AudioLDMPipeline" in other.unusable[str(whole_folder)]


def test_the_command_tells(comfy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys)
    ran = run("models", "scan", comfy)
    assert ran.code == 0
    assert "Listed dream" in ran.out
    assert "the transformer of a FLUX.1 model" in ran.err
    assert run("models", "scan", tmp_path / "nowhere").code == 4
    with pytest.raises(InpaintError, match="There is no folder"):
        scan(tmp_path, tmp_path / "nowhere")
