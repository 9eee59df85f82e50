"""A small hub on this machine, for the hub's own client to talk to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """One repository, `tiny/model`, with the files of a folder.

    Attributes:
        asked: paths that were asked for, in order.
        corrupt: name of a file that arrives damaged.
        unknown: status for another repository; 401 is what the real one says to strangers.
        cuts: after how many bytes the next answers with a file break off.
        ranges: the ranges of files that were asked for, in order.
        stall: whether an answer that breaks off hangs instead, until this is unset.
        busy: how many of the next questions are answered by 429.
        gated: the token that alone opens it; empty for a repository that is open to all.
    """

    def __init__(self, folder: Path) -> None:
        self.files = {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        }
        self.asked: list[str] = []
        self.corrupt = ""
        self.unknown = 404
        self.endpoint = ""
        self.cuts: list[int] = []
        self.ranges: list[str] = []
        self.stall = False
        self.busy = 0
        self.gated = ""

    def listing(self) -> bytes:
        siblings = []
        for name, data in self.files.items():
            entry: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": "0" * 40}
            if name.endswith((".safetensors", ".bin", ".onnx")):
                digest = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        about: dict[str, object] = {"id": "tiny/model", "modelId": "tiny/model", "sha": COMMIT}
        about |= {"siblings": siblings, "gated": "manual" if self.gated else False}
        about |= {"cardData": {"license": "tiny-licence"}}
        return json.dumps(about).encode()


@contextmanager
def hub_with(folder: Path) -> Iterator[Hub]:
    """Serve a folder as a repository until the block ends."""
    hub = Hub(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = urlsplit(self.path).path
            hub.asked.append(path)
            resolve = f"/tiny/model/resolve/{COMMIT}/"
            code = "RepoNotFound"
            start = 0
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if hub.busy:
                hub.busy -= 1
                status, data, code = 429, b"{}", ""
            elif path.startswith(resolve) and hub.gated not in ("", token):
                status, data, code = 401, b"{}", "GatedRepo"
            elif path.startswith("/api/models/tiny/model"):
                status, data = 200, hub.listing()
            elif path.startswith(resolve) and path.removeprefix(resolve) in hub.files:
                name = path.removeprefix(resolve)
                status, data = 200, hub.files[name]
                if name == hub.corrupt:
                    data = bytes(len(data))
                if wanted := self.headers.get("Range", "") if body else "":
                    hub.ranges.append(wanted)
                    start = int(wanted.removeprefix("bytes=").split("-")[0])
                    status = 206
            else:
                status, data = hub.unknown, b"{}"
            self.send_response(status)
            self.send_header("Content-Length", str(len(data) - start))
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", f'"{hashlib.sha256(path.encode()).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            if status >= 400 and code:
                self.send_header("X-Error-Code", code)
            self.end_headers()
            if not body:
                return
            if path.endswith(".safetensors") and hub.cuts:
                self.wfile.write(data[start : start + hub.cuts.pop(0)])
                self.wfile.flush()
                while hub.stall:
                    time.sleep(0.02)
                self.close_connection = True
                return
            self.wfile.write(data[start:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
