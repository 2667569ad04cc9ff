"""`thresher gains --from`, whole processes, beside the least code in Python and, where asked for, the other programs."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.histories import history
from tests.benchmarks.peers.environments import Peer, python_of
from tests.benchmarks.timing import PYTHON, Run, best, child, line, title

FLOOR = Path(__file__).parent / "floor.py"
PEERS = Path(__file__).parent / "peers"
LOTS = ("fifo", "lifo", "hifo", "lofo")
MILLION = 1_000_000


def thresher(*words: object) -> list[object]:
    """The command as it is installed beside this Python."""
    return [Path(sys.executable).parent / "thresher", *words]


def ours(path: Path, method: str, scope: str, runs: int = 3) -> Run:
    out = path.with_suffix(".out")
    return best(thresher("gains", "--from", path, "--method", method, "--scope", scope, "--csv", out), runs)


def bench_gains(folder: Path, rows: int, *, peers: bool) -> None:
    for style in ("balanced", "hoarder"):
        path = history(folder, rows, style=style)
        title(f"gains --from, {rows:,} rows, {style}; ratio to the floor of the same method")
        for method in LOTS:
            floor = best([PYTHON, FLOOR, path, method])
            line(f"floor in Python, one pool, {method}", floor)
            for scope in ("universal", "account"):
                line(f"thresher, {scope}, {method}", ours(path, method, scope), floor)
            if peers:
                _bench_peers(path, method, floor)
        fifo = best([PYTHON, FLOOR, path, "fifo"])
        for method, scope in (("average", "account"), ("section104", "universal"), ("acb", "universal")):
            line(f"thresher, {method}; beside the floor of fifo", ours(path, method, scope), fifo)


def _bench_peers(path: Path, method: str, floor: Run) -> None:
    out = path.with_suffix(".peer")
    line(f"RP2's API, universal, {method}", child([python_of(Peer.RP2), PEERS / "rp2_side.py", path, method, out]), floor)
    if method != "lofo":
        line(f"coinbasis, account, {method}", child([python_of(Peer.COINBASIS), PEERS / "coinbasis_side.py", path, method, out]), floor)


def bench_million(folder: Path, rows: int) -> None:
    """Ten times the rows: ten times the time."""
    title(f"gains --from, {MILLION:,} rows; ratio to {rows:,} rows (linear: {MILLION // rows})")
    small, large = history(folder, rows), history(folder, MILLION)
    for method in LOTS:
        for scope in ("universal", "account"):
            line(f"thresher, {scope}, {method}", ours(large, method, scope, runs=1), ours(small, method, scope))
