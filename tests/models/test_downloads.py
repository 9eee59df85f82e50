"""Downloads against a hub that misbehaves: broken off, refused, slowed, and a disk too small."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inpaintd.models import install as install_module
from inpaintd.models.hub_token import read_token, write_token
from inpaintd.models.registry import load_registry
from inpaintd.models.remove import remove, usage
from inpaintd.models.transfer import Transfer, watching
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run
from tests.models import hollow
from tests.models.hub import hub_with
from tests.models.tiny import ENTRY, inpaintd
from tests.running import eventually
from tests.small_disk import small_disk

BIG = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def large(repository: Path) -> Path:
    hollow.write(repository / BIG, {"weight": (3 << 20,)})  # 6 MB
    return repository


def test_a_download_that_breaks_off_goes_on_where_it_was(large: Path, home: Path) -> None:
    with hub_with(large) as hub:
        hub.cuts = [1 << 20, 1 << 20]
        done = inpaintd(home, hub, "models", "install", "tiny")
        assert done.returncode == 0, done.stderr
        starts = [int(r.removeprefix("bytes=").split("-")[0]) for r in hub.ranges]
    assert [start for start in starts if start] == [1 << 20, 2 << 20]
    assert (home / "models" / "tiny" / BIG).read_bytes() == (large / BIG).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX means")
def test_a_download_that_is_killed_goes_on_where_it_was(large: Path, home: Path) -> None:
    with hub_with(large) as hub:
        hub.cuts, hub.stall = [2 << 20], True
        environment = os.environ | {"INPAINTD_HOME": str(home), "HF_ENDPOINT": hub.endpoint}
        environment |= {"HF_HOME": str(home / "cache"), "NO_PROXY": "127.0.0.1", "HF_TOKEN": ""}
        process = subprocess.Popen(
            [sys.executable, "-m", "inpaintd", "models", "install", "tiny"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        folder = home / "models" / "tiny"
        eventually(lambda: _largest(folder) >= 2 << 20, "2 MB have arrived")
        process.send_signal(signal.SIGKILL)
        process.wait()
        hub.stall = False
        again = inpaintd(home, hub, "models", "install", "tiny")
        assert again.returncode == 0, again.stderr
        assert f"bytes={2 << 20}-" in hub.ranges
    assert (folder / BIG).read_bytes() == (large / BIG).read_bytes()


def _largest(folder: Path) -> int:
    try:
        return max((p.stat().st_size for p in folder.rglob("*") if p.is_file()), default=0)
    except OSError:
        return 0


def test_a_hub_that_asks_for_a_pause_is_said(repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        hub.busy = 1000
        failed = inpaintd(home, hub, "models", "install", "tiny")
    assert failed.returncode == 1
    assert (
        "refuses further requests for now" in failed.stderr
        or "could not be fetched" in failed.stderr
    )
    assert "inpaintd models install tiny" in failed.stderr


def test_a_gated_model_needs_its_licence_accepted_and_a_token(repository: Path, home: Path) -> None:
    with hub_with(repository) as hub:
        hub.gated = "hf_secret"
        shown = inpaintd(home, hub, "models", "install", "tiny")
        assert shown.returncode == 1
        assert "licence of its own (tiny-licence)" in shown.stderr
        assert "models install tiny --accept-licence" in shown.stderr
        refused = inpaintd(home, hub, "models", "install", "tiny", "--accept-licence")
        assert "inpaintd models login" in refused.stderr
        write_token(home, "hf_secret")
        done = inpaintd(home, hub, "models", "install", "tiny", "--accept-licence")
        assert done.returncode == 0, done.stderr
        assert "hf_secret" not in done.stdout + done.stderr + shown.stderr


def test_what_is_not_listed_names_the_command_that_goes_on_with_it(
    repository: Path, home: Path
) -> None:
    with hub_with(repository) as hub:
        hub.corrupt = BIG
        failed = inpaintd(home, hub, "models", "install", "tiny/model", "--name", "mine")
    assert "inpaintd models install tiny/model --name mine" in failed.stderr


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX'")
def test_the_token_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_token(tmp_path, " hf_secret\n")
    finally:
        os.umask(old)
    assert read_token(tmp_path) == "hf_secret"
    assert stat.S_IMODE((tmp_path / "hub-token").stat().st_mode) == 0o600
    with pytest.raises(InpaintError, match="not a token"):
        write_token(tmp_path, "hf secret")
    write_token(tmp_path, "")
    assert read_token(tmp_path) is None


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(
    repository: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_module, "SPARE_BYTES", 1 << 60)
    with hub_with(repository) as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        registry = load_registry(home)
        with pytest.raises(InpaintError) as caught:
            install_module.install(registry, registry.find("tiny"), lambda _: None)
    assert caught.value.code in ("unwritable", "unreachable")
    assert not (home / "models" / "tiny").exists()


def test_a_disk_that_fills_up_keeps_what_has_arrived(large: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path, "4m") as disk, hub_with(large) as hub:
        (disk / "models.toml").write_text(ENTRY)
        code = (
            "import sys; from inpaintd.models import install; install.SPARE_BYTES = -(1 << 40);"
            "from inpaintd.__main__ import main; sys.argv[1:] = ['models', 'install', 'tiny'];"
            "sys.exit(main())"
        )
        environment = os.environ | {"INPAINTD_HOME": str(disk), "HF_ENDPOINT": hub.endpoint}
        environment |= {"HF_HOME": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
        failed = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in failed.stderr
        assert "is full" in failed.stderr
        assert _largest(disk / "models") > 1 << 20


def test_two_processes_never_fetch_the_same_model(repository: Path, home: Path) -> None:
    entry = load_registry(home).find("tiny")
    with install_module._alone(home, entry):
        with hub_with(repository) as hub:
            failed = inpaintd(home, hub, "models", "install", "tiny")
        assert "is being fetched already" in failed.stderr


def test_progress_is_in_bytes_and_never_goes_back(tmp_path: Path) -> None:
    seen: list[Transfer] = []
    with watching(tmp_path, 100, seen.append):
        for count in (10, 60, 100):
            (tmp_path / "file").write_bytes(bytes(count))
            eventually(lambda: seen[-1].done_bytes >= count, "it is seen")  # noqa: B023
    assert [t.done_bytes for t in seen] == sorted(t.done_bytes for t in seen)
    assert (seen[-1].done_bytes, seen[-1].total_bytes) == (100, 100)


def test_removing_frees_what_was_fetched_and_leaves_what_was_not(
    repository: Path, home: Path, tmp_path: Path
) -> None:
    with hub_with(repository) as hub:
        inpaintd(home, hub, "models", "install", "tiny")
        inpaintd(home, hub, "models", "install", "tiny/model", "--name", "mine")
    own = tmp_path / "own.safetensors"
    own.write_bytes(b"mine")
    with (home / "models.toml").open("a") as file:
        file.write(f'[own]\ntitle = "Own"\nengine = "diffusion"\nsource = "{own}"\n')
    registry = load_registry(home)
    assert {one.name: one.own for one in usage(registry)} == {
        "tiny": True,
        "mine": True,
        "own": False,
    }
    assert remove(registry, registry.find("mine")) > 0
    assert remove(registry, registry.find("own")) == 0
    assert own.exists()
    assert not (home / "models" / "mine").exists()
    left = load_registry(home)
    assert {"mine", "own"} & set(left.entries) == set()
    with pytest.raises(InpaintError, match="is built in"):
        remove(left, left.find("telea"))


def test_a_part_of_an_installed_model_is_kept(tmp_path: Path) -> None:
    for name in ("kandinsky-2.2", "kandinsky-2.2-prior"):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        source = load_registry(tmp_path).find(name).source
        marker = {"source": source, "revision": "0"}
        (folder / ".installed.json").write_text(json.dumps(marker))
    registry = load_registry(tmp_path)
    prior = registry.find("kandinsky-2.2-prior")
    with pytest.raises(InpaintError, match=r"is a part of kandinsky-2\.2"):
        remove(registry, prior)
    remove(registry, prior, force=True)
    assert not (tmp_path / "models" / "kandinsky-2.2-prior").exists()


def test_disk_says_what_models_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "home" / "models" / "sdxl"
    folder.mkdir(parents=True)
    (folder / "half").write_bytes(bytes(20_000_000))
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "home"))
    run = Run(capsys)
    assert "0.02 GB  sdxl, not whole" in run("models", "disk").out
    [told] = run("models", "disk", "--json").json["models"]
    assert (told["name"], told["bytes"], told["whole"]) == ("sdxl", 20_000_000, False)
    assert run("models", "remove", "sdxl").code == 0
    assert not folder.exists()
