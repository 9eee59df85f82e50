"""The daemon's log: a rotating file, and the terminal if there is one.

INPAINTD_LOG_LEVEL=debug adds a line for every change of a request's state; INPAINTD_LOG_FORMAT=json
makes each line one JSON object. Both also apply to daemons that are started automatically.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LOG_BYTES = 4 << 20
"""Maximum size of the log; beyond it daemon.log becomes daemon.log.1, and that daemon.log.2."""

OLD_LOGS = 2

ALIKE = 10
"""Refusals of one kind logged within ALIKE_SECONDS; further ones are only counted, or else anybody
who can connect could fill the disk."""

OUTPUT = 500
"""The same limit for lines that workers print; a traceback has dozens."""

ALIKE_SECONDS = 60.0

_OUTPUT = "inpaintd.workers.output"
_LIMITED = ("inpaintd.server.doors", "inpaintd.server.requests", _OUTPUT)
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_log(path: Path) -> None:
    """Send the log of this process to the file at `path`, and to standard error unless that is the
    file that a detached daemon starts with."""
    level = logging.getLevelName(os.environ.get("INPAINTD_LOG_LEVEL", "info").upper())
    as_json = os.environ.get("INPAINTD_LOG_FORMAT", "text").lower() == "json"
    formatter = JsonFormatter() if as_json else logging.Formatter(_TEXT)
    handlers: list[logging.Handler] = []
    if not _is_standard_error(start_path(path)):
        handlers.append(logging.StreamHandler())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(_Rotating(path))
    except OSError as error:  # such as a full disk, which must not stop the daemon from starting
        print(f"inpaintd: no log in {path}: {error.strerror}.", file=sys.stderr)
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(level if isinstance(level, int) else logging.INFO)
    logging.raiseExceptions = False  # a full disk cannot be reported in a log on that disk


def log_file(home: Path) -> Path:
    """Path of the log of the daemon with this home folder."""
    return home / "logs" / "daemon.log"


def start_path(log_path: Path) -> Path:
    """Path that a detached daemon's standard error goes to, before it has a log."""
    return log_path.with_name("start.log")


class _Rotating(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8", errors="replace"
        )

    def _open(self) -> TextIOWrapper:
        # Readable by this user alone, whatever the umask; so are the rotated files.
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(handle, "a", encoding=self.encoding, errors=self.errors)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (Unix seconds), level, logger, message and facts."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class RateLimit(logging.Filter):
    """Passes ALIKE lines of a kind per ALIKE_SECONDS, then says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_LIMITED) or record.levelno >= logging.ERROR:
            return True
        most = OUTPUT if record.name == _OUTPUT else ALIKE
        kind, now = (record.name, str(record.msg)), time.monotonic()
        since, count = self._kinds.get(kind, (now, 0))
        if now - since >= ALIKE_SECONDS:
            left_out = max(0, count - most)
            if left_out:
                record.msg = f"{record.getMessage()} (and {left_out} more lines like it)"
                record.args = ()
            since, count = now, 0
        self._kinds[kind] = (since, count + 1)
        return count < most


def _is_standard_error(path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(sys.stderr.fileno()), path.stat())
    except (OSError, ValueError):  # there is none, or it is not a file
        return False
