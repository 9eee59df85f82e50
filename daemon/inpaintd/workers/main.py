"""A worker process: takes requests from the daemon and answers them one at a time.

Started by processes.py as `python -m inpaintd.workers.main`.
"""

from __future__ import annotations

import logging

from inpaintd.workers.answering import answer
from inpaintd.workers.link import link_from_standard_input
from inpaintd.workers.work import Work


def main() -> None:
    link, home = link_from_standard_input()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    link.ready()
    work = Work(home)
    healthy = True
    while healthy:
        request = link.next()
        terminal, healthy = answer(work, link, request)
        link.send(terminal)
        del request, terminal  # frees tens of megabytes now rather than at the next request
    link.close()


if __name__ == "__main__":
    main()
