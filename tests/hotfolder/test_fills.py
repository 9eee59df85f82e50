"""A connection that nothing was asked of for long is as good as a new one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaintd.files.exchange import plane_of
from inpaintd.hotfolder import fills as module
from inpaintd.hotfolder.fills import Fills
from inpaintd_protocol.client import new_request_id
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Inpaint, Message
from inpaintd_protocol.settings import Settings
from tests.hotfolder.pictures import with_hole
from tests.running import eventually


class Clock:
    """The time, moved on at will."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def request() -> Inpaint:
    layer = plane_of(np.ascontiguousarray(with_hole()))
    return Inpaint(new_request_id(), layer, Settings(model="identity"), on_disconnect="keep")


def answered(fills: Fills, request: Inpaint) -> None:
    found: list[Message] = []
    fills.add(request)

    def finished() -> bool:
        found.extend(fills.answers())
        return any(m.type == "finished" and m.request_id == request.request_id for m in found)

    eventually(finished, "the fill is done")


def test_a_drop_after_a_long_silence_is_no_trouble(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(daemon_home))
    clock: Any = Clock()
    monkeypatch.setattr(module, "time", clock)
    troubles: list[InpaintError] = []
    fills = Fills(troubles.append)
    try:
        answered(fills, request())
        clock.ahead += 1000
        answered(fills, request())
    finally:
        fills.close()
    assert not troubles
