"""Running things side by side: seconds and memory of whole processes, ratios of one run. Machines differ: only ratios mean something."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

PYTHON = sys.executable
KIB_PER_MIB = 1024
MEASURED = Path(__file__).parent / "measured.py"


class Run(NamedTuple):
    seconds: float
    mib: float


def child(arguments: Sequence[object], environment: dict[str, str] | None = None) -> Run:
    """One process from start to end, and the most memory that it held. Raises CalledProcessError with what it said."""
    words = [PYTHON, "-I", "-S", str(MEASURED), *(str(a) for a in arguments)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    seconds, kib = done.stdout.splitlines()[-1].split()
    return Run(float(seconds), int(kib) / KIB_PER_MIB)


def best(arguments: Sequence[object], runs: int = 3, environment: dict[str, str] | None = None) -> Run:
    """The quickest of several: what else the machine did is left out."""
    return min((child(arguments, environment) for _ in range(runs)), key=lambda r: r.seconds)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def title(text: str) -> None:
    print(f"\n{text}\n{'what':<58}{'seconds':>10}{'ratio':>9}{'MiB':>7}", flush=True)


def line(what: str, run: Run, beside: Run | None = None) -> None:
    """`beside`: what the ratio is of."""
    ratio = f"{run.seconds / beside.seconds:9.2f}" if beside else " " * 9
    print(f"{what:<58}{run.seconds:10.3f}{ratio}{run.mib:7.0f}" if run.mib else f"{what:<58}{run.seconds:10.3f}{ratio}", flush=True)


def paired(ours: Callable[[], object], least: Callable[[], object], runs: int = 3) -> tuple[Run, Run]:
    """Medians of both, run in turns."""
    pairs = [(seconds(ours), seconds(least)) for _ in range(runs)]
    return Run(statistics.median(p[0] for p in pairs), 0), Run(statistics.median(p[1] for p in pairs), 0)
