"""Work for another process of this program, which goes on while this one does something else.

What such a process cannot do, because it cannot be started or ends in an error, is done here instead when it is asked
for: the same answer, later, and with its error told.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


class Worker:
    """A process that is given one job, and the answers it has for it, in their order."""

    def __init__(self, process: subprocess.Popen[bytes], waiting: ThreadPoolExecutor) -> None:
        self._process = process
        self._waiting = waiting

    def ask(self, job: Any) -> None:
        """Give the process its job; returns at once."""
        self._waiting.submit(self._send, pickle.dumps(job))

    def answer(self) -> Any:
        """The next answer, None where the process has none."""
        return self._waiting.submit(self._receive).result()

    def answers(self) -> Iterator[Any]:
        """Every answer; the next one is fetched while one is looked at."""
        coming = self._waiting.submit(self._receive)
        while (answer := coming.result()) is not None:
            coming = self._waiting.submit(self._receive)
            yield answer

    def _send(self, job: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job)
            self._process.stdin.close()
        except OSError:  # it has ended; so will say the answer
            self._process.kill()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            return None


@contextmanager
def worker(module: str) -> Iterator[Worker | None]:
    """A process that runs a module, which `serve`s, for as long as the block; None where none can be started."""
    try:
        process = subprocess.Popen(
            [sys.executable or "python", "-P", "-m", module],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        yield None
        return
    with process, ThreadPoolExecutor(max_workers=1) as waiting:
        try:
            yield Worker(process, waiting)
        finally:
            process.kill()


def serve(work: Callable[[Any], Iterable[Any]]) -> None:
    """What the module of a `worker` does: read the job, give every answer that `work` has for it."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    for answer in work(pickle.load(sys.stdin.buffer)):
        pickle.dump(answer, answers)
        answers.flush()
