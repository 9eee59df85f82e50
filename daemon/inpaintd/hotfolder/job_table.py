"""The drops in progress, found by ticket, name, request and contents."""

from __future__ import annotations

from inpaintd_protocol.client import new_request_id

from .drops import Drop
from .job import Job


class JobTable:
    """All jobs of one hot folder, and the names parked until a job with the same pixels ends."""

    def __init__(self) -> None:
        self.tries: dict[str, int] = {}
        """Times that pixels crashed a process in earlier runs, by their drop's signature."""
        self._jobs: dict[int, Job] = {}
        self._names: set[str] = set()
        self._requests: dict[str, int] = {}
        self._parked: dict[str, list[str]] = {}
        self._next_ticket = 1

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def taken(self) -> int:
        """Number of jobs whose drop has been taken out of the inbox."""
        return sum(job.row is not None for job in self._jobs.values())

    def get(self, ticket: int) -> Job | None:
        """Find a job by its ticket; None once it has ended."""
        return self._jobs.get(ticket)

    def of_request(self, request_id: str) -> Job | None:
        """Find the job that a request to the daemon was sent for."""
        return self._jobs.get(self._requests.get(request_id, 0))

    def has_name(self, name: str) -> bool:
        """Test whether a drop of this name is in progress; one restored at the start is not."""
        return name in self._names

    def has_key(self, key: str) -> bool:
        """Test whether a job with this hash of files and settings is in progress."""
        return any(job.key == key for job in self._jobs.values())

    def add(self, name: str, signature: str, now: float, drop: Drop | None = None) -> Job:
        """Begin a job; without a drop, for one that an earlier run has taken."""
        job = Job(self._next_ticket, name, signature, now, drop)
        self._next_ticket += 1
        job.tries = self.tries.get(signature, 0)
        job.alone = job.tries > 0
        self._jobs[job.ticket] = job
        if drop is not None:
            self._names.add(name)
        return job

    def plan(self, job: Job) -> str:
        """Give the job's question for its rectangle an id."""
        job.plan_id = new_request_id()
        self._requests[job.plan_id] = job.ticket
        return job.plan_id

    def planned(self, job: Job) -> None:
        """Forget the answered question for the rectangle."""
        self._requests.pop(job.plan_id, None)

    def fill(self, job: Job) -> None:
        """Remember the request that the job's row names."""
        assert job.row is not None
        self._requests[job.row.request_id] = job.ticket

    def park(self, job: Job, key: str) -> None:
        """Remember a job's name until the job with the same contents ends."""
        self._parked.setdefault(key, []).append(job.name)

    def remove(self, job: Job) -> list[str]:
        """End a job; return the names that were parked for it."""
        self._jobs.pop(job.ticket, None)
        self._names.discard(job.name)
        self.tries.pop(job.signature, None)
        self._requests.pop(job.plan_id, None)
        if job.row is not None:
            self._requests.pop(job.row.request_id, None)
        if job.looked is None or self.has_key(job.looked.key):
            return []
        return self._parked.pop(job.looked.key, [])
