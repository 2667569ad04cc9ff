"""Work on independent parts by two processes: this one and a fork of it, which sends back what it made. One process where that does not pay.

The fork shares what was read already, so nothing is copied to it; its answer comes through a pipe. Not for a process with threads.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_NO_REFERENCES = 2
"""Version of marshal's format that does not look for values that repeat."""
WORTH_IT = 20_000
"""Total weight from which a fork's price (some 50 ms) is less than what it saves."""


def in_two(work: Callable[[Sequence[T]], R], parts: Sequence[T], weight: Callable[[T], int]) -> list[R]:
    """`work` of each half of the parts, halves of about equal weight; of all of them where there is one core or little to do.

    What `work` gives must be of plain tuples, lists, dicts, texts and ints: marshal carries those, faster than anything else.
    Where the fork fails its half is done here: the answer is the same, only later.
    """
    if not hasattr(os, "fork") or (os.cpu_count() or 1) < 2 or sum(map(weight, parts)) < WORTH_IT:
        return [work(parts)]
    mine, theirs = _halves(parts, weight)
    if not theirs:
        return [work(mine)]
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        _answer(work, theirs, source, sink)
    os.close(sink)
    first = work(mine)
    with os.fdopen(source, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return [first, marshal.loads(told) if status == 0 else work(theirs)]  # noqa: S302 - from our own fork


def _halves(parts: Sequence[T], weight: Callable[[T], int]) -> tuple[list[T], list[T]]:
    """Heaviest first, each to the lighter side."""
    sides: tuple[list[T], list[T]] = ([], [])
    weights = [0, 0]
    for part in sorted(parts, key=weight, reverse=True):
        lighter = 0 if weights[0] <= weights[1] else 1
        sides[lighter].append(part)
        weights[lighter] += weight(part)
    return sides


def _answer(work: Callable[[Sequence[T]], R], parts: Sequence[T], source: int, sink: int) -> None:
    """The fork's life: never returns, and runs nothing of what its parent had planned for its own end."""
    code = 1
    try:
        os.close(source)
        told = marshal.dumps(work(parts), _NO_REFERENCES)  # type: ignore[arg-type]  # as promised above
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(told)
        code = 0
    finally:
        os._exit(code)
