"""`make peers`: every match of `thresher gains --from` beside the other programs' on fresh random histories.

Keys (disposal and lot) and quantities equal, money within 0.000001, terms equal but in the days around a year, where RP2 and coinbasis count
otherwise. UK: day, coin, rule and day bought back equal; BittyTax rounds every match to pence. A difference leaves the shortest history that
shows it. Exit 1 if there is any.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.gains import thresher
from tests.benchmarks.histories import history, ties
from tests.benchmarks.peers.environments import Peer, folder_of, python_of

HERE = Path(__file__).parent
MONEY = Decimal("0.000001")
PENCE = {"proceeds": Decimal("0.02"), "allowable_cost": Decimal("0.02"), "gain": Decimal("0.03")}
BITTYTAX_ENDS = date(2026, 4, 5)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as source:
        return list(csv.DictReader(source))


Sums = dict[tuple[str, ...], dict[str, Decimal]]
"""Key of a match → its amounts by column."""


def summed(path: Path, keys: tuple[str, ...], amounts: tuple[str, ...]) -> Sums:
    found: Sums = defaultdict(lambda: dict.fromkeys(amounts, Decimal(0)))
    for row in rows(path):
        for name in amounts:
            found[tuple(row[k] for k in keys)][name] += Decimal(row[name] or "0")
    return found


def apart(mine: Sums, other: Sums, allowed: Mapping[str, Decimal]) -> list[str]:
    """What only one of them has, and amounts that differ by more than is allowed (nothing, where no figure is given)."""
    found = [f"{key}: only {'ours' if key in mine else 'theirs'}" for key in sorted(mine.keys() ^ other.keys())]
    for key in sorted(mine.keys() & other.keys()):
        for name, amount in mine[key].items():
            if abs(amount - other[key][name]) > allowed.get(name, 0):
                found.append(f"{key} {name}: {amount} and {other[key][name]}")
    return found


def near_a_year(row: dict[str, str]) -> bool:
    days = (datetime.fromisoformat(row["disposed"]).date() - datetime.fromisoformat(row["acquired"]).date()).days
    return 364 <= days <= 367


def compare_lots(ours: Path, theirs: Path) -> list[str]:
    keys, amounts = ("disposal_id", "lot_id"), ("quantity", "proceeds_usd", "basis_usd", "gain_usd")
    found = apart(summed(ours, keys, amounts), summed(theirs, keys, amounts), dict.fromkeys(amounts[1:], MONEY))
    terms = {(r["disposal_id"], r["lot_id"]): r["term"] for r in rows(theirs) if not near_a_year(r)}
    for row in rows(ours):
        key = (row["disposal_id"], row["lot_id"])
        if terms.get(key, row["term"]) != row["term"]:
            found.append(f"{key} term: {row['term']} and {terms[key]}")
    return found


def compare_days(ours: Path, theirs: Path) -> list[str]:
    keys, amounts = ("disposed", "asset", "rule", "acquired"), ("quantity", *PENCE)
    mine, other = summed(ours, keys, amounts), summed(theirs, keys, amounts)
    mine = {key: sums for key, sums in mine.items() if date.fromisoformat(key[0]) <= BITTYTAX_ENDS}
    return apart(mine, other, {"quantity": Decimal("1e-15"), **PENCE})


def differences(path: Path, peer: Peer, method: str) -> list[str]:
    """What differs on one history."""
    ours, theirs = path.with_suffix(".ours"), path.with_suffix(".theirs")
    scope = "account" if peer is Peer.COINBASIS else "universal"
    side = {
        Peer.RP2: lambda: [python_of(peer), HERE / "rp2_side.py", path, method, theirs],
        Peer.COINBASIS: lambda: [python_of(peer), HERE / "coinbasis_side.py", path, method, theirs],
        Peer.BITTYTAX: lambda: [sys.executable, HERE / "bittytax_side.py", folder_of(peer) / "bittytax", path, theirs],
    }[peer]()
    scoped = () if method == "section104" else ("--scope", scope)
    for words in (side, thresher("gains", "--from", path, "--method", method, *scoped, "--csv", ours)):
        subprocess.run([str(w) for w in words], check=True, capture_output=True, cwd=path.parent)  # RP2 leaves logs where it runs
    return compare_days(ours, theirs) if peer is Peer.BITTYTAX else compare_lots(ours, theirs)


def shortest(path: Path, peer: Peer, method: str) -> Path:
    """The history cut as far as it still differs: from the end by halves, then one row after another."""
    head, *lines = path.read_text().splitlines(keepends=True)
    cut = path.with_name(f"{path.stem}-{peer.name.lower()}-{method}.csv")

    def differs(part: list[str]) -> bool:
        cut.write_text(head + "".join(part))
        try:
            return bool(differences(cut, peer, method))
        except subprocess.CalledProcessError:
            return False  # more sold than held: they refuse

    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if differs(lines[:middle]) else (middle + 1, high)
    part = lines[:high]
    size = max(1, len(part) // 8)
    while size:
        for first in range(0, len(part), size):
            less = part[:first] + part[first + size :]
            if differs(less):
                part = less
                break
        else:
            size //= 2
    differs(part)
    return cut


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--keep", help="folder for the shortest histories that differ")
    asked = parser.parse_args()
    cases = [*((Peer.RP2, m) for m in ("fifo", "lifo", "hifo", "lofo")), *((Peer.COINBASIS, m) for m in ("fifo", "lifo", "hifo"))]
    cases.append((Peer.BITTYTAX, "section104"))
    wrong = 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(asked.keep or made).resolve()
        for seed in asked.seeds:
            sizes = {"assets": 5 + seed % 7, "accounts": 2 + seed % 4}
            paths = [history(folder, asked.rows, seed=seed, style=style, **sizes) for style in ("balanced", "hoarder")]
            for path in [*paths, ties(folder, asked.rows // 3, seed=seed)]:
                for peer, method in cases:
                    found = differences(path, peer, method)
                    wrong += bool(found)
                    print(f"{peer.name.lower():<10}{method:<11}{path.stem:<38}{len(found)} differences", flush=True)
                    for text in found[:3]:
                        print(f"    {text}")
                    if found:
                        print(f"    shortest: {len(shortest(path, peer, method).read_text().splitlines()) - 1} rows")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
