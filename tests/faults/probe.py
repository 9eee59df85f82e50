"""One more client, which asks for the status: python -m tests.faults.probe HOME SECONDS

A process of its own: among the threads of a program under load it would measure those.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from inpaintd_protocol.client import connect

_PAUSE_SECONDS = 0.02


def main() -> None:
    home, seconds = Path(sys.argv[1]), float(sys.argv[2])
    found = []
    deadline = time.monotonic() + seconds
    with connect(home, name="probe", transport="zmq") as client:
        while time.monotonic() < deadline:
            began = time.perf_counter()
            resident = client.status().resident_bytes
            found.append((time.perf_counter() - began, resident))
            time.sleep(_PAUSE_SECONDS)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
