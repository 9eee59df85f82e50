"""A process for pixels, which a picture may crash or hang without affecting anything else.

The parent writes pickled instructions to its standard input and reads pickled events from its
standard output; both run as the same user, with the same code. The process exits when
its input closes. It may use only part of the free memory, and is the first that Linux's
out-of-memory killer takes.
"""

from __future__ import annotations

import copyreg
import io
import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any

from inpaintd.system.lifelines import end_with, end_with_this
from inpaintd.system.memory import limit_own_memory
from inpaintd.system.processes import describe_exit, offer_first_to_be_killed, windowless
from inpaintd_protocol.errors import InpaintError

from . import drop_events as e
from .layout import Layout

MOST_SECONDS = 600.0
"""Time limit for decoding or writing one picture; a hundred million pixels take ten."""

_LENGTH = struct.Struct(">Q")
_SHARE = 0.9
_LEAST_BYTES = 256 << 20


class PixelProcess:
    """The parent's end. Starts the process on demand; to be used by one thread at a time.

    Args:
        share: of the free memory, when other processes for pixels are working, too.
    """

    def __init__(self, layout: Layout, share: float) -> None:
        self._layout = layout
        self._share = share
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def ask(self, instruction: e.Pixels) -> e.Event:
        """Have the process carry out an instruction.

        Raises:
            InpaintError: when processes for pixels cannot run here at all.
        """
        timed_out = threading.Event()

        def end() -> None:
            timed_out.set()
            self.kill()

        timer = threading.Timer(MOST_SECONDS, end)
        timer.daemon = True
        timer.start()
        try:
            process = self._started()
            _write(process.stdin, (1.0 if instruction.alone else self._share, instruction))
            answer: e.Event = _read(process.stdout)
        except (OSError, EOFError):
            took = f"it took more than {MOST_SECONDS:.0f} seconds" if timed_out.is_set() else ""
            return e.Died(instruction.ticket, took or self._last_words())
        finally:
            timer.cancel()
        return answer

    def release(self, ticket: int) -> None:
        """Discard the pixels of a drop."""
        if self._process is not None and self._process.poll() is None:
            with suppress(OSError):  # it has just died: the next instruction starts another one
                _write(self._process.stdin, (1.0, ticket))

    def kill(self) -> None:
        """Kill the process immediately, from any thread."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Kill the process for good, from any thread."""
        self._closed = True
        self.kill()
        if self._process is not None:
            self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise EOFError
        if self._process is None or self._process.poll() is not None:
            self._forget()
            self._process = subprocess.Popen(
                # -P: nothing is imported from the current folder.
                [sys.executable, "-P", "-m", "inpaintd.hotfolder.pixel_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                **windowless(),
            )
            end_with_this(self._process)
            _write(self._process.stdin, self._layout)
            problem = _read(self._process.stdout)
            if isinstance(problem, InpaintError):
                raise problem
        return self._process

    def _last_words(self) -> str:
        """A clause that says why the process ended."""
        if self._process is None:
            return "it could not be started"
        code = self._process.wait()
        self._forget()
        return describe_exit(code)

    def _forget(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # unsent data is lost with the process
                        pipe.close()
            self._process = None


def main() -> None:
    """The child's end."""
    # Library output must not be mixed with the events.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent
    logging.basicConfig(format="%(message)s")
    offer_first_to_be_killed(1000)
    end_with(os.getppid())
    try:
        _serve(sys.stdin.buffer, answers)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # the parent is gone; data buffered for it cannot be flushed


def _serve(instructions: IO[bytes], answers: IO[bytes]) -> None:
    layout = _read(instructions)
    try:
        from inpaintd.files.room import of_the_system

        from .pixels import Pixels
    except InpaintError as error:
        _write(answers, error)
        return
    pixels = Pixels(layout)
    _write(answers, None)
    while True:
        share, instruction = _read(instructions)
        if isinstance(instruction, int):
            pixels.release(instruction)
            continue
        limit_own_memory(max(_LEAST_BYTES, int(of_the_system() * share * _SHARE)))
        _write(answers, pixels.handle(instruction))


def _write(file: Any, value: object) -> None:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | {memoryview: _reduced}
    pickler.dump(value)
    file.write(_LENGTH.pack(buffer.tell()))
    file.write(buffer.getbuffer())
    file.flush()


def _read(file: IO[bytes] | None) -> Any:
    assert file is not None
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def _reduced(view: memoryview) -> tuple[Any, ...]:
    """Pixels as plain bytes."""
    return memoryview, (view.tobytes(),)


if __name__ == "__main__":
    # Under its own name: classes of __main__ would be pickled under the wrong one.
    from inpaintd.hotfolder.pixel_process import main as run

    run()
