"""Networks in ONNX files: installed from a hub or taken from this disk, then used for a fill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaintd.engines.diffusion.families import SD
from inpaintd.engines.diffusion.loading.library import Library
from inpaintd.models.registry import load_registry
from tests.engines import tiny_networks
from tests.models import hollow
from tests.models.hub import hub_with
from tests.models.test_install import inpaintd

FROM_TINY = '[{name}]\nsource = "tiny/model"\n'


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.full((120, 160, 4), (40, 90, 160, 255), np.uint8)
    pixels[40:80, 60:100] = 0
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def home_with(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "models.toml").write_text(text)
    return folder


def test_lama_is_installed_from_the_hub_and_fills(tmp_path: Path, photo: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    tiny_networks.lama(repository / "lama_fp32.onnx")
    (repository / "lama.pt").write_bytes(b"what is never fetched")
    home = home_with(tmp_path / "home", FROM_TINY.format(name="lama"))
    with hub_with(repository) as hub:
        installed = inpaintd(home, hub, "models", "install", "lama")
        assert installed.returncode == 0, installed.stderr
        assert not any("lama.pt" in path for path in hub.asked)
    assert "inpaintd models use patches" in installed.stdout
    try:
        filled = inpaintd(home, None, "fill", str(photo))
        assert filled.returncode == 0, filled.stderr
        listed = inpaintd(home, None, "models", "list").stdout
    finally:
        inpaintd(home, None, "stop")
    assert "prompt, the default" in " ".join(listed.split())
    assert "inpaintd models use NAME" in listed
    result = np.asarray(Image.open(filled.stdout.strip()))
    assert np.abs(result[40:80, 60:100, :3].astype(int) - (40, 90, 160)).max() <= 1
    assert (result[0, 0] == (40, 90, 160, 255)).all()


def test_a_repository_without_the_file_says_so(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "other.onnx").write_bytes(b"x")
    home = home_with(tmp_path / "home", FROM_TINY.format(name="migan"))
    with hub_with(repository) as hub:
        failed = inpaintd(home, hub, "models", "install", "migan")
    assert failed.returncode == 1
    assert "has no file migan_pipeline_v2.onnx any more" in failed.stderr


def test_an_onnx_file_of_this_disk_is_used_where_it_lies(tmp_path: Path) -> None:
    file = tiny_networks.migan(tmp_path / "own.onnx")
    home = home_with(tmp_path / "home", "")
    listed = inpaintd(home, None, "models", "install", str(file))
    assert listed.returncode == 0, listed.stderr
    entry = load_registry(home).find("own")
    assert (entry.engine, entry.source) == ("erase", str(file))
    about = inpaintd(home, None, "models", "info", "own")
    assert "safetensors" not in about.stdout


def test_an_onnx_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tiny_networks.classifier(tmp_path / "classifier.onnx")
    home = home_with(tmp_path / "home", "")
    refused = inpaintd(home, None, "models", "install", str(file))
    assert refused.returncode == 1
    assert "not an inpainting network" in refused.stderr
    assert not (home / "models.toml").read_text().strip()


def test_an_ip_adapter_is_installed_with_its_encoder_alone(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for name in ("models/ip-adapter_sd15", "models/image_encoder/model", "models/other"):
        file = repository / f"{name}.safetensors"
        file.parent.mkdir(parents=True, exist_ok=True)
        hollow.write(file, {"weight": (1,)})
    (repository / "models/image_encoder/config.json").write_text("{}")
    tables = "".join(FROM_TINY.format(name=n) for n in ("ip-adapter-sd", "ip-adapter-encoder"))
    home = home_with(tmp_path / "home", tables)
    with hub_with(repository) as hub:
        installed = inpaintd(home, hub, "models", "install", "ip-adapter-sd")
        assert installed.returncode == 0, installed.stderr
        assert not any("other.safetensors" in path for path in hub.asked)
    adapter = Library(lambda: load_registry(home)).ip_adapter(SD)
    assert adapter.file.is_file()
    assert {file.name for file in adapter.encoder.iterdir()} == {"model.safetensors", "config.json"}
    listed = inpaintd(home, None, "models", "info", "ip-adapter-sd").stdout
    assert "installed: yes" in listed
    refused = inpaintd(home, None, "models", "use", "ip-adapter-sd").stderr
    assert "is an IP-Adapter, which does not fill by itself" in refused
