"""Which of the few processes for pixels works on which job. No I/O.

The pixels of a job stay in the process that opened them. A suspect gets its turn with all others at
rest: then its memory is all that is free, and nobody else dies with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .job import Job

_OPEN_BESIDES = 2
"""How many more drops are worked on than there are processes: the daemon has them."""


class Slots:
    """The processes, by number, and the jobs that wait for one."""

    def __init__(self, count: int) -> None:
        self._running: list[Job | None] = [None] * count
        self._waiting: deque[Job] = deque()

    def wait(self, job: Job) -> None:
        """Have a job wait for its turn."""
        self._waiting.append(job)

    def drop_out(self, job: Job) -> None:
        """Have a job wait no more."""
        if job in self._waiting:
            self._waiting.remove(job)

    def starting(self) -> Iterator[Job]:
        """Hand out the waiting jobs whose turn it is, in the order in which they came."""
        for _ in range(len(self._waiting)):
            job = self._waiting.popleft()
            if self.start(job):
                yield job
            else:
                self._waiting.append(job)

    def start(self, job: Job) -> bool:
        """Give a job a process, if one is free for it."""
        if job.state == "opening" and None in self._running:
            job.slot = self._running.index(None)
        others = any(running is not None for running in self._running)
        if self._running[job.slot] is not None or self._one_is_alone or (job.alone and others):
            return False
        self._running[job.slot] = job
        return True

    def keep(self, job: Job) -> None:
        """Leave a job its process, though it does nothing at the moment."""
        self._running[job.slot] = job

    def free(self, ticket: int) -> None:
        """The process of this job has come back."""
        self._running = [
            None if job is not None and job.ticket == ticket else job for job in self._running
        ]

    def may_open(self, jobs: int) -> bool:
        """Whether another drop may be opened beside so many jobs; none while a suspect waits."""
        if self._one_is_alone or any(job.alone for job in self._waiting):
            return False
        return None in self._running and jobs < len(self._running) + _OPEN_BESIDES

    @property
    def _one_is_alone(self) -> bool:
        return any(job is not None and job.alone for job in self._running)
