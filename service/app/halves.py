"""Work by two processes: this one, and a fork of it that sends back what it made. One process where that does not pay.

The fork shares what was read already, so nothing is copied to it; its answer comes through a pipe. Not for a process with threads. What is sent
must be of plain tuples, lists, texts and ints: marshal carries those, faster than anything else.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORTH_IT = 20_000
"""Total weight from which a fork's price (some 50 ms) is less than what it saves."""


def can_fork() -> bool:
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1


class Aside(Generic[R]):
    """`work()` in a fork, begun at once. Where the fork fails the work is done when its result is asked for: the same, only later."""

    def __init__(self, work: Callable[[], R]) -> None:
        self._work = work
        source, sink = os.pipe()
        self._child = os.fork()
        if not self._child:
            _answer(work, source, sink)
        os.close(sink)
        self._source = source

    def result(self) -> R:
        """Waits for it. To be asked once."""
        with os.fdopen(self._source, "rb") as pipe:
            told = pipe.read()
        _, status = os.waitpid(self._child, 0)
        return marshal.loads(told) if status == 0 else self._work()  # noqa: S302 - from our own fork


def in_two(work: Callable[[Sequence[T]], R], parts: Sequence[T], weight: Callable[[T], int]) -> list[R]:
    """`work` of each half of the parts, halves of about equal weight; of all of them where there is one core or little to do."""
    if not can_fork() or sum(map(weight, parts)) < WORTH_IT:
        return [work(parts)]
    mine, theirs = _halves(parts, weight)
    if not theirs:
        return [work(mine)]
    later = Aside(lambda: work(theirs))
    return [work(mine), later.result()]


def _halves(parts: Sequence[T], weight: Callable[[T], int]) -> tuple[list[T], list[T]]:
    """Heaviest first, each to the lighter side."""
    sides: tuple[list[T], list[T]] = ([], [])
    weights = [0, 0]
    for part in sorted(parts, key=weight, reverse=True):
        lighter = 0 if weights[0] <= weights[1] else 1
        sides[lighter].append(part)
        weights[lighter] += weight(part)
    return sides


def _answer(work: Callable[[], Any], source: int, sink: int) -> None:
    """The fork's life: never returns, and runs nothing of what its parent had planned for its own end."""
    code = 1
    try:
        os.close(source)
        told = marshal.dumps(work())
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(told)
        code = 0
    finally:
        os._exit(code)
