"""The actor's class, without Ray."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from inpaintd.engine import FatalEngineError, Painted, Report, Task
from inpaintd.workers import wire
from inpaintd.workers.ray_actor import Filler, portable
from inpaintd_protocol import codec
from inpaintd_protocol.messages import Failed, Finished, Inpaint
from inpaintd_protocol.plane import Plane
from inpaintd_protocol.settings import Settings


class Spoiled:
    """An engine that a CUDA error has spoiled."""

    honours: frozenset[str] = frozenset()
    soft = False
    interruptible = True

    def paint(self, tasks: Sequence[Task], settings: Settings, report: Report) -> Painted:
        raise FatalEngineError("engine_failed", "The GPU is gone.", "Try again.")


@pytest.fixture
def filler(tmp_path: Path) -> Filler:
    home = tmp_path / "home"
    home.mkdir()
    (home / "models.toml").write_text(
        '[identity]\ntitle = "i"\nengine = "tests.synthetic_engines:identity"\n'
        '[spoiled]\ntitle = "s"\nengine = "tests.workers.test_actor:Spoiled"\n'
    )
    return Filler()


def frames(model: str) -> list[bytes]:
    plane = Plane(2, 2, 4, "u8", b"\x80\x80\x80\xff" * 3 + b"\x80\x80\x80\x00")
    return portable(codec.encode(Inpaint("1", layer=plane, settings=Settings(model=model))))


def test_it_says_what_a_worker_process_says(filler: Filler) -> None:
    started, *told, last = filler.answer(frames("identity"))
    assert started == [wire.STARTED, b"identity", b"1", b"cpu"]
    assert {words[0] for words in told} == {wire.ANSWER}
    assert isinstance(codec.decode_answer(last[1:]), Finished)


def test_after_a_fatal_error_it_wants_to_be_replaced(filler: Filler) -> None:
    *_, failed, spoiled = filler.answer(frames("spoiled"))
    assert isinstance(codec.decode_answer(failed[1:]), Failed)
    assert spoiled == [wire.SPOILED]
