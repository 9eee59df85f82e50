"""There and back over both transports, against libzmq in a process of its own.

Prints milliseconds for a crop and for a 12-megapixel layer, and the ratio of the standard-library
transport to pyzmq: the best, which others' load only ever adds to, and the median.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from multiprocessing.connection import Connection as Pipe

import zmq

from inpaintd_protocol.transport import Transport
from inpaintd_protocol.zmq_transport import ZmqTransport
from inpaintd_protocol.zmtp import ZmtpTransport

SIZES = {"768 x 768 RGBA": (768 * 768 * 4, 60), "4000 x 3000 RGBA": (48_000_000, 15)}


def echo(pipe: Pipe) -> None:
    router = zmq.Context().socket(zmq.ROUTER)
    pipe.send(router.bind_to_random_port("tcp://127.0.0.1"))
    while len(frames := router.recv_multipart(copy=False)) > 1:
        router.send_multipart(frames, copy=False)


def round_trip_ms(transport: Transport, pixels: bytes) -> float:
    started = time.perf_counter()
    transport.send([b"header", pixels])
    answer = transport.receive(30)
    elapsed = time.perf_counter() - started
    assert answer is not None
    assert len(answer[1]) == len(pixels)
    return elapsed * 1000


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=echo, args=(theirs,), daemon=True)
    process.start()
    endpoint = f"tcp://127.0.0.1:{ours.recv()}"
    with ZmtpTransport(endpoint, None) as zmtp, ZmqTransport(endpoint, None) as pyzmq:
        for name, (size, repeats) in SIZES.items():
            pixels = os.urandom(size)
            times: dict[str, list[float]] = {"zmtp": [], "pyzmq": []}
            for _ in range(repeats):
                # In turns, so that both see the same machine.
                times["zmtp"].append(round_trip_ms(zmtp, pixels))
                times["pyzmq"].append(round_trip_ms(pyzmq, pixels))
            for what, figure in (("best", min), ("median", statistics.median)):
                taken = {kind: figure(values[2:]) for kind, values in times.items()}
                print(
                    f"{name}, {what}: standard library {taken['zmtp']:.2f} ms, "
                    f"pyzmq {taken['pyzmq']:.2f} ms, ratio {taken['zmtp'] / taken['pyzmq']:.2f}"
                )
    process.terminate()
    process.join()


if __name__ == "__main__":
    main()
