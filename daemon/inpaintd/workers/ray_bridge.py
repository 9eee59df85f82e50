"""A worker process that delegates its work to a Ray actor on a cluster.

Started by processes.py as `python -m inpaintd.workers.ray_bridge HOST:PORT`. To the daemon it looks
like any other worker: ending this process ends the actor, and it ends itself when the actor dies.
Ray stays out of the daemon, for two reasons: it needs more memory than all the rest of the daemon,
and it ends its whole process when the cluster's head is gone for a minute.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError

from inpaintd import __version__
from inpaintd.workers import wire
from inpaintd.workers.cluster import CONNECT_SECONDS, PLACE_SECONDS
from inpaintd.workers.link import Link, link_from_standard_input
from inpaintd.workers.ray_actor import Filler, portable
from inpaintd_protocol import codec
from inpaintd_protocol.messages import Job

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
_FETCH_SECONDS = 60.0
_CONTROL = "control"


class UnusableClusterError(Exception):
    """The cluster cannot be used; the text is a clause without a full stop."""


def main() -> None:
    link, _ = link_from_standard_input()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        actor = _hire(sys.argv[1])
        link.ready()
        while _pass_through(link, actor, link.next()):
            pass
    except UnusableClusterError as error:
        link.ending(str(error))
    except RayActorError as error:
        log.warning("the Ray actor died: %s", error)
        link.ending("the Ray actor that filled it died")
    except RayError as error:
        log.warning("Ray failed: %s", error)
        link.ending(f"Ray failed ({_gist(error)})")
    link.close()
    sys.stderr.flush()
    # Skip Ray's own shutdown, which can hang: the cluster notices the loss and cleans up.
    os._exit(1)


def _hire(address: str) -> Any:
    """Start an actor on the cluster at this address, and wait until it is ready to work.

    Raises:
        UnusableClusterError: when the cluster does not answer, is full, or has another inpaintd.
    """
    try:
        # Ray offers no time limit for this call alone, so its thread may be left hanging.
        gpus = ThreadPoolExecutor(1).submit(_connect, address).result(CONNECT_SECONDS)
    except TimeoutError:
        raise UnusableClusterError(f"the Ray cluster at {address} does not answer") from None
    except (RayError, RuntimeError, OSError, ValueError) as error:
        raise UnusableClusterError(
            f"the Ray cluster at {address} did not let this computer in ({_gist(error)}; Ray here "
            f"is {ray.__version__}; a missing or wrong token looks like this too)"
        ) from error
    # Ray restarts an actor that dies while idle; one that dies at work is replaced by the daemon,
    # which counts how often a request has been tried.
    hire = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=-1, concurrency_groups={_CONTROL: 1})(
        Filler
    )
    actor = hire.remote()
    try:
        version = ray.get(actor.version.remote(), timeout=PLACE_SECONDS)
    except GetTimeoutError:
        place = "GPU" if gpus else "processor"
        raise UnusableClusterError(
            f"the Ray cluster at {address} has had no free {place} for {PLACE_SECONDS:.0f} seconds"
        ) from None
    except RayError as error:
        log.warning("no actor on the cluster: %s", error)
        raise UnusableClusterError(
            f"inpaintd does not run on the Ray cluster at {address} ({_gist(error)})"
        ) from error
    if version != __version__:
        raise UnusableClusterError(
            f"inpaintd is {version} on the Ray cluster at {address} and {__version__} here"
        )
    return actor


def _connect(address: str) -> int:
    """Join the cluster; return the number of GPUs that each actor gets."""
    ray.init(address=address, logging_level=logging.ERROR)
    return min(1, int(ray.cluster_resources().get("GPU", 0)))


def _pass_through(link: Link, actor: Any, request: Job) -> bool:
    """Have the request answered; return whether the actor can continue afterwards."""
    request_id = request.request_id
    stream = actor.answer.remote(portable(codec.encode(request)))
    del request
    cancelling = False
    with suppress(StopIteration):
        while True:
            if not cancelling and link.cancelled(request_id):
                cancelling = True
                actor.cancel.options(concurrency_group=_CONTROL).remote(request_id)
            ready, _ = ray.wait([stream], timeout=_POLL_SECONDS)
            if ready:
                said = ray.get(next(stream), timeout=_FETCH_SECONDS)
                if said[0] == wire.SPOILED:
                    return False
                link.pass_on(said)
    return True


def _gist(error: BaseException) -> str:
    """The one line of Ray's long explanations that names the cause."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    return lines[-1][:300].rstrip(".") if lines else type(error).__name__


if __name__ == "__main__":
    main()
