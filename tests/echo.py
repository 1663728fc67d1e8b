"""A process that answers twice, or ends in the middle."""

from __future__ import annotations

from collections.abc import Iterator

from mqlab.worker import serve


def said_twice(job: str) -> Iterator[str]:
    """The job, said twice; one that is called `fail` fails after the first time."""
    print("what is printed is no answer")
    yield job
    if job == "fail":
        raise RuntimeError(job)
    yield job * 2


if __name__ == "__main__":
    serve(said_twice)
