"""A node as a process of its own: begun, waited for until it says that it listens, ended."""

from __future__ import annotations

import subprocess
import tempfile
from collections import deque
from collections.abc import Sequence
from threading import Thread, Timer
from typing import IO

STARTS_WITHIN_SECONDS = 20


class NodeProcess:
    """anvil with its past states in a folder that goes with it."""

    def __init__(self, program: str, words: Sequence[str]) -> None:
        self._states = tempfile.TemporaryDirectory(prefix="states-")
        command = [program, *words, "--cache-path", self._states.name]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._process.stdout is not None
        self._said = self._process.stdout
        late = Timer(STARTS_WITHIN_SECONDS, self._process.kill)
        late.start()
        try:
            last = _read_until("Listening on", self._said)
        finally:
            late.cancel()
        if last is not None:
            self.end()
            raise AssertionError(f"the node ended before it listened: {last}")
        self._reader = Thread(target=deque, args=(self._said, 0), daemon=True)  # what it says of each request has to go somewhere
        self._reader.start()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        if hasattr(self, "_reader"):
            self._reader.join(10)
        self._said.close()
        self._states.cleanup()


def _read_until(word: str, said: IO[str]) -> str | None:
    """None when a line has the word; else the last line before the end."""
    last = ""
    for line in said:
        if word in line:
            return None
        last = line
    return last
