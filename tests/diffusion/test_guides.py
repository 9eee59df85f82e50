"""Every command of docs/from-the-guides.md, run as it stands, with tiny models under real names."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from tests.cli.run import Ran, Run
from tests.diffusion import full_size, single_file, tiny_adapters, tiny_models
from tests.diffusion.pictures import photograph
from tests.diffusion.tiny_models import Build
from tests.models import hollow
from tests.running import ROOT, running_daemon
from tests.textmask.clipseg import clipseg

PAGE = (ROOT / "docs" / "from-the-guides.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (inpaintd .+)$", PAGE, re.MULTILINE)
CHAINS = dict(re.findall(r"```toml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
"""The chain files that the page shows, by name."""

TINY = {
    "sd-1.5": "sd15",
    "sd-1.5-inpainting": "sd15-inpainting",
    "sdxl": "sdxl",
    "sdxl-inpainting": "sdxl-inpainting",
    "sdxl-refiner": "sdxl-refiner",
    "kandinsky-2.2": "kandinsky",
    "controlnet-inpaint": "controlnet",
    "controlnet-tile": "controlnet",
    "flux.2-klein": "flux2-klein",
}


@dataclass
class Desk:
    """A folder with the guides' pictures, beside a daemon that knows the guides' models."""

    folder: Path
    home: Path
    main: Run

    def run(self, command: str) -> Ran:
        program, *arguments = shlex.split(command)
        assert program == "inpaintd"
        return self.main(*arguments)


def save(file: Path, pixels: np.ndarray) -> None:
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(file)


def lay_out(folder: Path) -> None:
    """The pictures that the commands name, and checkpoints that are only looked at."""
    folder.mkdir()
    photo = photograph(96, 96)
    mask = np.zeros((96, 96), np.float32)
    mask[36:60, 40:66] = 1
    for name in ("init", "man"):
        save(folder / f"{name}.png", photo)
    redhead = np.full_like(photo, 0.5)
    redhead[32:64, 32:64] = (0.85, 0.15, 0.1)
    save(folder / "curly.png", redhead)
    save(folder / "mask.png", mask)
    save(folder / "man-transparent.png", np.dstack([photo, 1 - mask]))
    border = np.zeros((96, 96), np.float32)
    border[:, 70:] = 1
    save(folder / "widened.png", np.dstack([photo, 1 - border]))
    for name, kind in (("realisticVision", "sd-1.5"), ("sd_xl_base_1.0", "sdxl")):
        shapes = {tensor: w.shape for tensor, w in full_size.single_file(kind).items()}
        hollow.write(folder / f"{name}.safetensors", shapes)
    hollow.write(folder / "sdxl_vae.safetensors", {"encoder.conv_in.weight": (128, 3, 3, 3)})
    waterfall = np.zeros((128, 128), np.float32)
    waterfall[50:100, 25:75] = 1
    save(folder / "waterfall.png", waterfall)
    for name, text in CHAINS.items():
        # Small, for the small models: at 1024 pixels their denoising takes a minute.
        small = re.sub(r"\[(512|1024), \1\]", "[128, 128]", text)
        (folder / name).write_text(small, encoding="utf-8")


def tables(tiny: Build, home: Path) -> str:
    """models.toml: the shipped names with tiny files, and the page's own example."""
    lines = []
    for name, kind in TINY.items():
        lines += [f'["{name}"]', f'source = "{tiny(kind)}"', 'variant = ""']
        if "controlnet" not in name:
            lines.append("native_side = 64")
    lines.append(f'prior = "{tiny("kandinsky").with_name("kandinsky-prior")}"')
    at = lines.index('["kandinsky-2.2"]')
    lines.insert(at + 1, lines.pop())
    with torch.random.fork_rng(devices=[]):
        tiny_models.autoencoder().save_pretrained(home / "vae-ft-mse")
    for name, folder in (
        ("vae-ft-mse", home / "vae-ft-mse"),
        ("clipseg", clipseg(("hair", "green", "blue"))),
    ):
        lines += [f'["{name}"]', f'source = "{folder}"']
    return "\n".join(lines) + "\n"


@pytest.fixture
def desk(served: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk that all tests share, as the current folder."""
    monkeypatch.chdir(served / "desk")
    monkeypatch.setenv("INPAINTD_HOME", str(served / "home"))
    return Desk(served / "desk", served / "home", Run(capsys))


@pytest.fixture(scope="module")
def served(tiny: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the pictures in desk/ and a running daemon's home in home/."""
    root = tmp_path_factory.mktemp("guides")
    lay_out(root / "desk")
    home = root / "home"
    with pytest.MonkeyPatch.context() as environment:
        # Two threads on a busy machine wait for each other ten times as long as they work.
        environment.setenv("OMP_NUM_THREADS", "1")
        with running_daemon(home):
            _prepare(home, tiny)
            yield root


def _prepare(home: Path, tiny: Build) -> None:
    (home / "models.toml").write_text(tables(tiny, home), encoding="utf-8")
    unet = diffusers.UNet2DConditionModel.from_pretrained(tiny("sd15"), subfolder="unet")
    tiny_adapters.lora(home / "loras" / "soft-light.safetensors", unet, 1)
    tiny_adapters.embedding(home / "embeddings" / "mystyle.safetensors")


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGBA"))


def check_chain(file: Path, results: list[Path]) -> None:
    """A chain gives one picture, as large as it says or as its image, changed all over."""
    chain = tomllib.loads(file.read_text(encoding="utf-8"))
    (result,) = results
    painted = pixels_of(result)
    if "image" in chain:
        original = pixels_of(file.with_name(chain["image"]))
        assert (painted != original).any(axis=2).mean() > 0.9, "image-to-image goes over all of it"
    else:
        assert painted.shape[1::-1] == tuple(chain["size"])
        assert painted[..., :3].std(axis=(0, 1)).min() > 1


def _cases() -> Iterator[Any]:
    """All commands; fills without a new option or model, and the one at full size, can wait."""
    seen: set[str] = set()
    for command in COMMANDS:
        words = shlex.split(command)
        has = {word for word in words if word.startswith("-")}
        has |= {words[words.index("--model") + 1]} if "--model" in words else set()
        # A mask that an earlier command writes is there only when that command runs, too.
        follows = any(word.endswith(".masked.png") for word in words)
        repeats = (has <= seen and not follows) or "-W" in has
        seen |= has
        fills = words[1] == "fill"
        yield pytest.param(command, marks=pytest.mark.exhaustive if fills and repeats else ())


@pytest.mark.parametrize("command", list(_cases()))
def test_the_command_works_as_it_stands(command: str, desk: Desk) -> None:
    before = set(desk.folder.iterdir())
    done = desk.run(command)
    assert done.code == 0, done.err
    results = sorted(set(desk.folder.iterdir()) - before)
    if command.startswith("inpaintd chain"):
        check_chain(desk.folder / command.split()[-1], results)
    if command.startswith("inpaintd again"):
        (again,) = results
        assert np.array_equal(pixels_of(again), pixels_of(desk.folder / command.split()[-1]))
    if not command.startswith("inpaintd fill"):
        return
    assert len(results) == (4 if "--count 4" in command else 1)
    source = next(word for word in shlex.split(command) if word.endswith(".png"))
    original = np.asarray(Image.open(desk.folder / source).convert("RGBA"))
    for result in results:
        painted = np.asarray(Image.open(result).convert("RGBA"))
        changed = (painted[..., :3] != original[..., :3]).any(axis=2)
        assert 0.02 < changed.mean() < 0.9
        result.unlink()


def test_the_page_is_complete() -> None:
    assert len(COMMANDS) > 30
    for name in TINY:
        assert name in PAGE or name.startswith("controlnet")


def test_the_models_toml_of_the_page_works(desk: Desk, tiny: Build) -> None:
    (block,) = re.findall(r"```toml\n([^#].*?)```", PAGE, re.DOTALL)
    ((name, table),) = tomllib.loads(block).items()
    local = block.replace(table["source"], str(tiny("sd15-inpainting"))).replace("512", "64")
    toml = desk.home / "models.toml"
    toml.write_text(toml.read_text() + local, encoding="utf-8")
    done = desk.run(f'inpaintd fill init.png -M mask.png --model {name} -p "a face" --json')
    assert done.code == 0, done.out
    assert json.loads(done.out)["model"] == name


def test_a_checkpoint_of_ones_own_fills(desk: Desk, tiny: Build) -> None:
    single_file.write(tiny("sdxl"), desk.folder / "my own.safetensors")
    installed = desk.run(f'inpaintd models install "my own.safetensors" --config "{tiny("sdxl")}"')
    assert installed.code == 0, installed.err
    toml = desk.home / "models.toml"
    before, table, after = toml.read_text(encoding="utf-8").rpartition("native_side = 1024")
    assert table, toml.read_text()
    toml.write_text(f"{before}native_side = 64{after}", encoding="utf-8")
    model = installed.out.partition("Use it with: ")[2]
    done = desk.run(f'inpaintd fill init.png -M mask.png {model} -p "a face" --steps 2 --json')
    assert done.code == 0, done.out
    assert json.loads(done.out)["model"] == "my own"


def test_a_model_that_is_not_installed_is_said_at_once(desk: Desk) -> None:
    done = desk.run('inpaintd fill init.png -M mask.png --model qwen-image -p "a face"')
    assert done.code == 1
    assert "inpaintd models install qwen-image" in done.err
