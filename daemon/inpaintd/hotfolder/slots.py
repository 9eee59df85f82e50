"""Assignment of jobs to the few processes for pixels. No I/O.

The pixels of a job stay in the process that opened them. A suspect gets its turn with all others
idle: then it has all the free memory, and no other process dies with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .job import Job


class Slots:
    """The processes, by number, and the jobs waiting for one.

    Args:
        ahead: how many more drops are in progress than there are processes: the daemon has them.
    """

    def __init__(self, count: int, ahead: int) -> None:
        self._ahead = ahead
        self._running: list[Job | None] = [None] * count
        self._waiting: deque[Job] = deque()

    def wait(self, job: Job) -> None:
        """Queue a job."""
        self._waiting.append(job)

    def drop_out(self, job: Job) -> None:
        """Remove a job from the queue."""
        if job in self._waiting:
            self._waiting.remove(job)

    def starting(self) -> Iterator[Job]:
        """Hand out the waiting jobs whose turn it is, in the order of arrival."""
        for _ in range(len(self._waiting)):
            job = self._waiting.popleft()
            if self.start(job):
                yield job
            else:
                self._waiting.append(job)

    def start(self, job: Job) -> bool:
        """Assign a process to a job, if one is free for it."""
        if job.state == "opening" and None in self._running:
            job.slot = self._running.index(None)
        others = any(running is not None for running in self._running)
        if self._running[job.slot] is not None or self._one_is_alone or (job.alone and others):
            return False
        self._running[job.slot] = job
        return True

    def keep(self, job: Job) -> None:
        """Let a job keep its process while it is idle."""
        self._running[job.slot] = job

    def free(self, ticket: int) -> None:
        """Mark the process of this job as idle."""
        self._running = [
            None if job is not None and job.ticket == ticket else job for job in self._running
        ]

    def may_open(self, jobs: int) -> bool:
        """Test whether a drop may be opened beside this many jobs; not while a suspect waits."""
        if self._one_is_alone or any(job.alone for job in self._waiting):
            return False
        return None in self._running and jobs < len(self._running) + self._ahead

    @property
    def _one_is_alone(self) -> bool:
        return any(job is not None and job.alone for job in self._running)
