"""Detection of the graphics card, the torch that suits it, and the message when none does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpaintd.install.backends import BACKENDS, backend_for
from inpaintd.install.card import Card, find_card
from inpaintd.install.torch_build import installed_torch
from inpaintd_protocol.errors import InpaintError
from tests.install.fake_machine import FakeMachine

SMI = "NVIDIA GeForce RTX 4070, 581.29, 8.9, 12282\n"
VRAM = 12282 << 20


def nvidia(said: str, system: str = "linux") -> FakeMachine:
    return FakeMachine(system=system, processor="x86_64", programs={"nvidia-smi": said})


def windows(*names: str) -> FakeMachine:
    controllers = json.dumps([{"Name": name, "DriverVersion": "31.0"} for name in names])
    return FakeMachine("win32", "AMD64", programs={"powershell": controllers})


def linux(root: Path, *devices: tuple[str, str, str], processor: str = "x86_64") -> FakeMachine:
    """A machine with PCI devices of a vendor, a class and an identity each."""
    for number, values in enumerate(devices):
        folder = root / f"sys/bus/pci/devices/0000:0{number}:00.0"
        folder.mkdir(parents=True)
        for name, value in zip(("vendor", "class", "device"), values, strict=True):
            (folder / name).write_text(f"{value}\n")
    return FakeMachine("linux", processor, root)


def test_a_card_of_nvidia_is_told_by_its_driver() -> None:
    card = find_card(nvidia(SMI))
    assert card == Card("NVIDIA", "NVIDIA GeForce RTX 4070", "581.29", (8, 9), VRAM)
    assert str(card) == "NVIDIA GeForce RTX 4070, 12 GB, driver 581.29"


def test_of_several_cards_the_one_with_the_most_memory() -> None:
    two = "GTX 1050, 570.1, 6.1, 2000\n" + SMI
    assert find_card(nvidia(two)).name == "NVIDIA GeForce RTX 4070"


@pytest.mark.parametrize("said", ["", "No devices were found\n", "Failed to initialize NVML\n"])
def test_a_driver_that_does_not_work_is_no_card(said: str) -> None:
    assert find_card(nvidia(said)).vendor == ""


def test_on_linux_a_card_is_known_without_a_driver(tmp_path: Path) -> None:
    found = find_card(
        linux(tmp_path, ("0x8086", "0x030000", "0x3e92"), ("0x10de", "0x030200", "0"))
    )
    assert (found.vendor, found.driver) == ("NVIDIA", "")


@pytest.mark.parametrize(
    ("device", "vendor"),
    [
        (("0x1002", "0x030000", "0x744c"), "AMD"),
        (("0x1002", "0x040300", "0xab30"), ""),  # its sound
        (("0x8086", "0x030000", "0x56a0"), "Intel"),  # Arc A770
        (("0x8086", "0x038000", "0xe20b"), "Intel"),  # Arc B580
        (("0x8086", "0x030000", "0x3e92"), ""),  # UHD 630, which torch cannot use
    ],
)
def test_other_makes_on_linux(device: tuple[str, str, str], vendor: str, tmp_path: Path) -> None:
    assert find_card(linux(tmp_path, device)).vendor == vendor


@pytest.mark.parametrize(
    ("names", "vendor"),
    [
        (["Intel(R) UHD Graphics 630", "NVIDIA GeForce GTX 1060"], "NVIDIA"),
        (["AMD Radeon RX 7900 XTX"], "AMD"),
        (["Intel(R) Arc(TM) A770 Graphics"], "Intel"),
        (["Intel(R) UHD Graphics 630"], ""),
        (["Microsoft Basic Display Adapter"], ""),
    ],
)
def test_cards_on_windows(names: list[str], vendor: str) -> None:
    assert find_card(windows(*names)).vendor == vendor


def test_macs() -> None:
    assert find_card(FakeMachine("darwin", "arm64")).vendor == "Apple"
    assert find_card(FakeMachine("darwin", "x86_64")).vendor == ""


@pytest.mark.parametrize(
    ("card", "system", "backend"),
    [
        (Card("NVIDIA", "RTX 4070", "581.29", (8, 9)), "linux", "cu130"),
        (Card("NVIDIA", "RTX 5090", "572.16", (12, 0)), "win32", "cu128"),
        (Card("NVIDIA", "RTX 2060", "528.33", (7, 5)), "win32", "cu128"),
        (Card("NVIDIA", "GTX 1060", "581.29", (6, 1)), "win32", "cu126"),
        (Card("AMD"), "linux", "rocm7.1"),
        (Card("Intel"), "linux", "xpu"),
        (Card("Intel"), "win32", "xpu"),
        (Card("Apple"), "darwin", "mps"),
        (Card(""), "linux", "cpu"),
    ],
)
def test_the_torch_that_suits_a_card(card: Card, system: str, backend: str) -> None:
    assert backend_for(card, FakeMachine(system, "x86_64")).name == backend


@pytest.mark.parametrize(
    ("card", "system", "said"),
    [
        (Card("NVIDIA", "GTX 980", "470.82", (5, 2)), "linux", "torch needs 525.60.13 or newer"),
        (Card("NVIDIA", "GTX 980", "527.00", (5, 2)), "win32", "torch needs 528.33 or newer"),
        (Card("NVIDIA"), "linux", "no working driver"),
        (Card("AMD", "Radeon"), "win32", "no torch for AMD cards on this system"),
    ],
)
def test_what_no_torch_can_use_is_said_with_what_to_do(card: Card, system: str, said: str) -> None:
    with pytest.raises(InpaintError, match=said) as caught:
        backend_for(card, FakeMachine(system, "x86_64"))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (
            "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n",
            "cpu",
        ),
        (
            "__version__ = '2.13.0'\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n",
            "cuda",
        ),
        ("__version__ = '2.13.0+rocm7.1'\ncuda = None\nhip: Optional[str] = '7.1'\n", "cuda"),
        ("__version__ = '2.13.0+xpu'\ncuda = None\nxpu: Optional[str] = '20253'\n", "xpu"),
    ],
)
def test_what_a_torch_was_built_for_is_read_from_its_files(
    text: str, device: str, tmp_path: Path
) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text(text)
    found = installed_torch(tmp_path, Card(""))
    assert found is not None
    assert found.device == device
    assert found.can_use(Card("NVIDIA")) == (device != "cpu")
    assert found.can_use(Card(""))


def test_the_torch_of_this_environment_is_found_where_there_is_one() -> None:
    torch = pytest.importorskip("torch")
    found = installed_torch(None, Card(""))
    assert found is not None
    assert found.version == torch.__version__


def test_every_backend_has_a_size() -> None:
    assert all(0 < b.download_bytes < b.disk_bytes for b in BACKENDS.values())
