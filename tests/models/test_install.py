"""Installing with the hub's real client, from a hub on this machine, by the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from inpaintd.install import environment
from inpaintd.models.registry import load_registry
from inpaintd.models.repository import wanted_files
from inpaintd.models.unlisted import install_unlisted
from inpaintd.models.user_file import set_default
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings
from tests.models import hollow
from tests.models.hub import COMMIT, hub_with
from tests.models.tiny import inpaintd

pytest.importorskip("huggingface_hub")


def test_safetensors_alone_are_fetched_and_pinned(repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        done = inpaintd(home, hub, "models", "install", "tiny")
        assert done.returncode == 0, done.stderr
        assert f"at revision {COMMIT[:12]}" in done.stdout
        fetched = len(hub.asked)
        again = inpaintd(home, hub, "models", "install", "tiny")
        assert "is installed" in again.stdout
        assert len(hub.asked) == fetched  # offline once installed
    folder = home / "models" / "tiny"
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {n for n in names if not n.startswith(".")} == {
        "README.md",
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
    }
    marker = json.loads((folder / ".installed.json").read_text())
    assert (marker["source"], marker["revision"]) == ("tiny/model", COMMIT)
    assert set(marker["hashes"]) == {n for n in names if n.endswith(".safetensors")}
    registry = load_registry(home)
    assert registry.installed(registry.find("tiny"))


def test_a_file_that_arrives_damaged_is_not_kept(repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        hub.corrupt = "unet/diffusion_pytorch_model.safetensors"
        failed = inpaintd(home, hub, "models", "install", "tiny")
        assert failed.returncode == 1
        assert "was damaged in transit" in failed.stderr
        assert not load_registry(home).installed(load_registry(home).find("tiny"))
        hub.corrupt = ""
        assert inpaintd(home, hub, "models", "install", "tiny").returncode == 0


def test_a_file_that_is_damaged_later_is_found_and_fetched_alone(
    repository: Path, home: Path
) -> None:
    """No advice ends in a circle: what is advised for a damaged model mends it."""
    damaged = "vae/diffusion_pytorch_model.safetensors"
    with hub_with(repository) as hub:
        inpaintd(home, hub, "models", "install", "tiny")
        path = home / "models" / "tiny" / damaged
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        found = inpaintd(home, hub, "models", "verify", "tiny")
        assert found.returncode == 1
        assert damaged in found.stderr
        assert "inpaintd models install tiny" in found.stderr
        hub.asked.clear()
        assert inpaintd(home, hub, "models", "install", "tiny").returncode == 0
        assert not [p for p in hub.asked if "unet" in p and p.endswith(".safetensors")]
        assert inpaintd(home, hub, "models", "verify", "tiny").returncode == 0


def test_installing_again_fetches_what_is_missing(repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        inpaintd(home, hub, "models", "install", "tiny")
        shutil.rmtree(home / "models" / "tiny" / "tokenizer")
        again = inpaintd(home, hub, "models", "install", "tiny")
        assert again.returncode == 0, again.stderr
        assert "the folder tokenizer" in again.stdout
    assert (home / "models" / "tiny" / "tokenizer" / "vocab.json").exists()


def test_a_repository_that_is_not_whole_is_not_fetched(repository: Path, home: Path) -> None:
    (repository / "tokenizer" / "vocab.json").unlink()
    with hub_with(repository) as hub:
        failed = inpaintd(home, hub, "models", "install", "tiny")
    assert failed.returncode == 1
    assert "the vocabulary in tokenizer" in failed.stderr
    assert not [path for path in hub.asked if path.endswith(".safetensors")]
    assert not (home / "models").exists()


def test_no_hub_says_so_in_a_sentence(home: Path) -> None:
    failed = inpaintd(home, None, "models", "install", "tiny")
    assert failed.returncode == 1
    assert "tiny/model could not be fetched" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("status", [404, 401])
def test_an_unknown_repository_says_so(status: int, repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        hub.unknown = status
        failed = inpaintd(home, hub, "models", "install", "tiny/other")
    assert "The hub has no tiny/other" in failed.stderr


def test_a_repository_that_is_not_listed_gets_listed(repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        done = inpaintd(home, hub, "models", "install", "tiny/model", "--name", "mine")
    assert done.returncode == 0, done.stderr
    entry = load_registry(home).find("mine")
    assert (entry.source, entry.native_side, entry.multiple) == ("tiny/model", 512, 8)


@pytest.mark.parametrize(
    ("telling", "config", "said"),
    [
        ("model_index.json", {"_class_name": "AudioLDMPipeline"}, "cannot inpaint"),
        ("config.json", {"_class_name": "ControlNetModel"}, "not one for inpaint or tile"),
    ],
)
def test_a_repository_that_is_of_no_use_is_not_fetched(
    repository: Path, home: Path, telling: str, config: dict[str, str], said: str
) -> None:
    (repository / "model_index.json").unlink()
    (repository / telling).write_text(json.dumps(config))
    with hub_with(repository) as hub:
        failed = inpaintd(home, hub, "models", "install", "tiny/model", "--vae", "vae-ft-mse")
    assert failed.returncode == 1
    assert "tiny/model" in failed.stderr
    assert said in failed.stderr
    assert {path.rpartition("/")[2] for path in hub.asked if "resolve" in path} == {telling}
    assert not (home / "models").exists()
    assert "model" not in load_registry(home).entries


def test_a_listed_repository_is_fetched_again_when_its_files_are_gone(
    repository: Path, home: Path
) -> None:
    with hub_with(repository) as hub:
        assert inpaintd(home, hub, "models", "install", "tiny/model").returncode == 0
        shutil.rmtree(home / "models" / "model")
        again = inpaintd(home, hub, "models", "install", "tiny/model")
    assert again.returncode == 0, again.stderr
    registry = load_registry(home)
    assert registry.installed(registry.find("model"))


def test_a_controlnet_for_something_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "control_v11p_sd15_canny"
    folder.mkdir()
    (folder / "config.json").write_text('{"_class_name": "ControlNetModel"}')
    with pytest.raises(InpaintError, match="not one for inpaint or tile by its name"):
        install_unlisted(load_registry(tmp_path), str(folder), "", lambda _: None)
    assert not (tmp_path / "models.toml").exists()


def test_a_controlnet_is_known_by_the_name_that_its_maker_gave_it(tmp_path: Path) -> None:
    """Not by a folder that it happens to lie in, nor by what it is called here."""
    kinds = {}
    for name in ("control_sd15_inpaint", "control_sd15_Tile"):
        folder = tmp_path / "textiles" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text('{"_class_name": "ControlNetModel"}')
        hollow.write(folder / "diffusion_pytorch_model.safetensors", {"weight": (1,)})
        install_unlisted(load_registry(tmp_path), str(folder), name[-4:], lambda _: None)
        kinds[name] = load_registry(tmp_path).find(name[-4:]).control
    assert kinds == {"control_sd15_inpaint": "inpaint", "control_sd15_Tile": "tile"}


def test_a_list_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file where the folder should be")
    with pytest.raises(InpaintError, match=r"models.toml cannot be written") as caught:
        set_default(home, "telea")
    assert caught.value.code == "unwritable"


def test_a_link_to_the_list_stays_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere.toml"
    kept.write_text("# mine\n")
    (tmp_path / "models.toml").symlink_to(kept)
    set_default(tmp_path, "telea")
    assert (tmp_path / "models.toml").is_symlink()
    assert kept.read_text() == 'default = "telea"\n# mine\n'


def test_use_and_info(repository: Path, home: Path) -> None:
    missing = inpaintd(home, None, "models", "use", "tiny")
    assert "inpaintd models install tiny" in missing.stderr
    with hub_with(repository) as hub:
        inpaintd(home, hub, "models", "install", "tiny")
    assert inpaintd(home, None, "models", "use", "tiny").returncode == 0
    assert load_registry(home).default == "tiny"
    assert load_registry(home).find("tiny").native_side == 64
    told = inpaintd(home, None, "models", "info", "tiny").stdout
    assert COMMIT in told
    assert "installed: yes" in told


@pytest.mark.parametrize("name", ["controlnet-tile", "vae-ft-mse"])
def test_what_cannot_fill_cannot_be_the_default(tmp_path: Path, name: str) -> None:
    refused = inpaintd(tmp_path, None, "models", "use", name)
    assert refused.returncode == 1
    assert f"{name} is a" in refused.stderr
    assert "does not fill by itself" in refused.stderr
    assert "telea" in refused.stderr
    assert load_registry(tmp_path).default == "patches"


def test_info_shows_defaults_of_any_kind(home: Path) -> None:
    with (home / "models.toml").open("a") as file:
        file.write('defaults = { infill = "fill", steps = 9, guidance_scale = 4.0 }\n')
    told = inpaintd(home, None, "models", "info", "tiny")
    settings = next(line for line in told.stdout.splitlines() if "settings:" in line)
    words = settings.split(":")[1].split(",")
    assert {word.strip() for word in words} == {"infill fill", "steps 9", "guidance_scale 4"}


def test_a_missing_model_names_its_command(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    with pytest.raises(InpaintError, match="inpaintd models install sdxl-inpainting") as caught:
        registry.folder(registry.find("sdxl-inpainting"))
    assert caught.value.code == "model_missing"


@pytest.mark.parametrize("there", [True, False])
def test_a_missing_model_names_the_extra_that_is_missing_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _: there or None)
    registry = load_registry(tmp_path)
    with pytest.raises(InpaintError) as caught:
        registry.folder(registry.find("sdxl"))
    assert ("inpaintd setup" in caught.value.hint) == (not there)
    assert "inpaintd models install sdxl" in caught.value.hint


def test_the_model_is_missing_until_its_part_is_there(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    decoder = registry.find("kandinsky-2.2")
    for name in ("kandinsky-2.2", "kandinsky-2.2-prior"):
        assert not registry.installed(decoder)
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        marker = {"source": registry.find(name).source, "revision": COMMIT}
        (folder / ".installed.json").write_text(json.dumps(marker))
    assert registry.installed(decoder)


def test_a_variant_is_chosen_for_each_component_that_has_it() -> None:
    names = [
        "model_index.json",
        "unet/m.fp16-00001-of-00002.safetensors",
        "unet/m.fp16-00002-of-00002.safetensors",
        "unet/m.safetensors.index.fp16.json",
        "unet/m-00001-of-00002.safetensors",
        "unet/m-00002-of-00002.safetensors",
        "unet/m.safetensors.index.json",
        "vae/m.safetensors",
    ]
    half = ["unet/m.fp16-00001-of-00002.safetensors", "unet/m.fp16-00002-of-00002.safetensors"]
    half += ["unet/m.safetensors.index.fp16.json"]
    assert set(wanted_files(names, "fp16")) == {"model_index.json", *half, "vae/m.safetensors"}
    assert not set(wanted_files(names, "")) & set(half)
    assert wanted_files(["config.json", "m.safetensors"], "") == ["config.json", "m.safetensors"]


def test_every_shipped_entry_is_sound(tmp_path: Path) -> None:
    registry = load_registry(tmp_path)
    for entry in registry.entries.values():
        assert all(part in registry.entries for part in entry.parts)
        registry.settled(entry, Settings())
        if entry.engine == "diffusion":
            assert not entry.name.startswith(".")
            assert entry.source.count("/") == 1
