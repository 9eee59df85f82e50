"""Environments and ports, on each system."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from inpaintd.system import places, ports
from tests.system.conftest import SYSTEMS, Enter


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_environment_has_its_python_and_packages_where_venv_puts_them(
    system: str, enter: Enter
) -> None:
    enter(system)
    folder = Path("environment")
    found = (places.interpreter(folder), places.site_packages(folder, "3.12"))
    if system == "win32":
        assert found == (folder / "Scripts/python.exe", folder / "Lib/site-packages")
    else:
        assert found == (folder / "bin/python", folder / "lib/python3.12/site-packages")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_port_is_claimed_by_the_option_that_keeps_others_out(system: str, enter: Enter) -> None:
    enter(system)

    options: list[tuple[int, int, int]] = []

    class Listener:
        def setsockopt(self, level: int, option: int, value: int) -> None:
            options.append((level, option, value))

    ports.claim(Listener())  # type: ignore[arg-type]
    option = -5 if system == "win32" else socket.SO_REUSEADDR
    assert options == [(socket.SOL_SOCKET, option, 1)]
