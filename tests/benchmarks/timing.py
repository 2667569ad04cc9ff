"""Running things side by side: seconds and memory of whole processes, ratios of one run. Machines differ: only ratios mean something."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import NamedTuple

PYTHON = sys.executable
KIB_PER_MIB = 1024
MEASURED = Path(__file__).parent / "measured.py"


class Run(NamedTuple):
    seconds: float
    """By the clock."""
    work: float = 0
    """Of the processor, where it is known: what a busy machine changes less."""
    mib: float = 0


def child(arguments: Sequence[object], environment: dict[str, str] | None = None) -> Run:
    """One process from start to end, and the most memory that it held. Ends the benchmark with what it said when it fails.

    It runs elsewhere than here: RP2 leaves a folder of logs where it runs.
    """
    words = [PYTHON, "-I", "-S", str(MEASURED), *(str(a) for a in arguments)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=gettempdir(), env={**os.environ, **(environment or {})})
    if done.returncode:
        raise SystemExit(f"{' '.join(words[4:])}\n{done.stdout[-500:]}{done.stderr[-2000:]}")
    seconds, work, kib = done.stdout.splitlines()[-1].split()
    return Run(float(seconds), float(work), int(kib) / KIB_PER_MIB)


def best(arguments: Sequence[object], runs: int = 3, environment: dict[str, str] | None = None) -> Run:
    """The quickest of several: what else the machine did is left out."""
    return min((child(arguments, environment) for _ in range(runs)), key=lambda r: r.seconds)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def title(text: str) -> None:
    print(f"\n{text}\n{'what':<56}{'seconds':>9}{'ratio':>8}{'work s':>9}{'ratio':>8}{'MiB':>6}", flush=True)


def line(what: str, run: Run, beside: Run | None = None) -> None:
    """`beside`: what the ratios are of."""
    told = f"{what:<56}{run.seconds:9.3f}{_ratio(run.seconds, beside and beside.seconds)}"
    if run.mib:
        told += f"{run.work:9.3f}{_ratio(run.work, beside and beside.work)}{run.mib:6.0f}"
    print(told, flush=True)


def _ratio(seconds: float, beside: float | None) -> str:
    return f"{seconds / beside:8.2f}" if beside else " " * 8


def paired(ours: Callable[[], object], least: Callable[[], object], runs: int = 3) -> tuple[Run, Run]:
    """Medians of both, run in turns."""
    pairs = [(seconds(ours), seconds(least)) for _ in range(runs)]
    return Run(statistics.median(p[0] for p in pairs)), Run(statistics.median(p[1] for p in pairs))
