"""A machine of any system, with the card and the disk that a test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inpaintd.install.machine import Machine


@dataclass(frozen=True)
class FakeMachine(Machine):
    """A machine that says what a test wants.

    Attributes:
        programs: what each program prints, by its name.
        free: bytes on every disk.
    """

    programs: Mapping[str, str] = field(default_factory=dict)
    free: int = 1 << 40

    def output_of(self, command: Sequence[str]) -> str | None:
        return self.programs.get(Path(command[0]).stem)

    def free_bytes(self, folder: Path) -> int:
        return self.free
