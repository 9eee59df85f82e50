"""The answer to `inpaintd status`."""

from __future__ import annotations

import os
import time
from pathlib import Path

from inpaintd import __version__
from inpaintd.install.notices import known_notices
from inpaintd.server.jobs import Jobs
from inpaintd.system.memory import resident_bytes
from inpaintd.workers.processes import WorkerProcesses
from inpaintd_protocol import messages as m


class Reporter:
    """Reports the daemon's current activity."""

    def __init__(
        self, home: Path, jobs: Jobs, workers: WorkerProcesses, endpoint: str, cluster: str
    ) -> None:
        self._home = home
        self._cluster = cluster
        self._jobs = jobs
        self._workers = workers
        self._endpoint = endpoint
        self._started_at = time.monotonic()

    def status(self, request: m.GetStatus) -> m.Status:
        return m.Status(
            request.request_id,
            daemon=__version__,
            pid=os.getpid(),
            uptime_seconds=round(time.monotonic() - self._started_at, 3),
            resident_bytes=resident_bytes(),
            endpoint=self._endpoint,
            requests=self._jobs.states(),
            workers=tuple(
                m.WorkerState(
                    self._workers.pid(number), slot.device, slot.state, slot.model, slot.problem
                )
                for number, slot in enumerate(self._jobs.slots)
                if slot.state != "absent" or slot.problem
            ),
            **self._jobs.counts,
            notices=known_notices(self._home),
            log=str(self._home / "logs" / "daemon.log"),
            story=self._story(request.about),
            cluster=self._cluster,
        )

    def _story(self, request_id: str) -> tuple[m.Moment, ...]:
        story = self._jobs.story(request_id)
        now = time.monotonic()
        return tuple(
            m.Moment(round(now - at, 3), text) for at, text in (story.moments if story else ())
        )
