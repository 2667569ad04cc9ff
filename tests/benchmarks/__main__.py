"""`make bench`: our code beside the least code that does the same, in one run, as ratios. No figure here is asserted.

    python -m tests.benchmarks                     all parts on 100,000 rows
    python -m tests.benchmarks gains one_trade     some of them: start gains import one_trade plan records backtest
    python -m tests.benchmarks gains --peers       beside RP2 and coinbasis, installed apart (minutes)
    python -m tests.benchmarks gains --million     and 1,000,000 rows

Machines differ and are shared: only the ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.backtest import bench_backtest
from tests.benchmarks.gains import bench_gains, bench_million, thresher
from tests.benchmarks.harvest import bench_harvest
from tests.benchmarks.plan import bench_plan
from tests.benchmarks.store import bench_import, bench_one_trade, bench_records
from tests.benchmarks.timing import PYTHON, best, line, title


def bench_start() -> None:
    title("start of the command; ratio to a bare Python")
    bare = best([PYTHON, "-c", "pass"], 7)
    line("python -c pass", bare)
    line("thresher --help", best(thresher("--help"), 7), bare)
    line("thresher gains --help", best(thresher("gains", "--help"), 7), bare)


def main() -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("parts", nargs="*", help="start gains import one_trade plan records backtest; all of them if none is named")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--peers", action="store_true", help="install RP2 and coinbasis apart, and run them beside")
    parser.add_argument("--million", action="store_true", help="gains on 1,000,000 rows too")
    parser.add_argument("--keep", help="folder for the histories, to be used again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder, rows = Path(asked.keep or made).resolve(), asked.rows

        def gains() -> None:
            bench_gains(folder, rows, peers=asked.peers)
            if asked.million:
                bench_million(folder, rows)

        parts: dict[str, Callable[[], None]] = {
            "start": bench_start,
            "gains": gains,
            "import": lambda: bench_import(folder, rows),
            "one_trade": lambda: bench_one_trade(folder, rows),
            "plan": bench_plan,
            "records": lambda: bench_records(folder, rows // 2),
            "harvest": bench_harvest,
            "backtest": bench_backtest,
        }
        if unknown := set(asked.parts) - parts.keys():
            parser.error(f"no part is called {', '.join(sorted(unknown))}")
        for name in asked.parts or parts:
            parts[name]()


if __name__ == "__main__":
    main()
