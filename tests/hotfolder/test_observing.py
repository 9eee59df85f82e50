"""The system's reports that are worth a look through the inbox."""

from __future__ import annotations

import pytest
from watchdog import events as w

from inpaintd.hotfolder.observing import is_news


@pytest.mark.parametrize(
    ("event", "news"),
    [
        (w.FileCreatedEvent("/hot/inbox/a.png"), True),
        (w.FileModifiedEvent("/hot/inbox/a.png"), True),
        (w.FileMovedEvent("/hot/inbox/a.part", "/hot/inbox/a.png"), True),
        (w.DirMovedEvent("/elsewhere", "/hot/inbox/roll"), True),
        (w.FileDeletedEvent("/hot/inbox/a.png"), False),
        (w.DirModifiedEvent("/hot/inbox"), False),
        (w.FileOpenedEvent("/hot/inbox/a.png"), False),
    ],
)
def test_what_the_watch_takes_out_is_no_news(event: w.FileSystemEvent, news: bool) -> None:
    assert is_news(event, in_place=False) == news


@pytest.mark.parametrize("name", [".inpaintd/results/1.png", "a.inpainted.png"])
def test_results_beside_their_sources_are_no_news(name: str) -> None:
    event = w.FileCreatedEvent(f"/hot/{name}")
    assert not is_news(event, in_place=True)
    assert is_news(event, in_place=False)
