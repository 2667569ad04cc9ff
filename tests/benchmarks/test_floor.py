"""What the benchmarks compare with is right: the floor's totals are the ledger's, and the histories never sell what is not held."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

from service.domain.assets import AssetTable
from service.domain.history import booking, read
from service.domain.ledger import Group, choices
from service.domain.statements import Statements
from tests.benchmarks import histories
from tests.benchmarks.floor import by_age, by_price

ROWS = 400
MILLIONTHS = 10**24
"""Money is counted in 10^-30, the floor counts in 10^-6."""


@pytest.fixture(params=["balanced", "hoarder"])
def path(request, tmp_path, monkeypatch):
    monkeypatch.setattr(histories, "SHARED", tmp_path / "not here")
    return histories.history(tmp_path, ROWS, seed=5, style=request.param, assets=4, accounts=3)


def test_a_history_sells_only_what_is_held_and_is_in_order_of_time(path):
    held = defaultdict(Decimal)
    with path.open(newline="") as source:
        rows = list(csv.DictReader(source))
    for row in rows:
        for side, sign, account in (("sent", -1, "account"), ("received", 1, "to_account"), ("fee", -1, "account")):
            if row[f"{side}_asset"] not in ("", "USD"):
                held[row[account] or row["account"], row[f"{side}_asset"]] += sign * Decimal(row[f"{side}_quantity"])
        assert min(held.values()) >= 0
    assert len(rows) == ROWS
    assert [r["timestamp"] for r in rows] == sorted(r["timestamp"] for r in rows)
    assert {r["kind"] for r in rows} == {"buy", "sell", "swap", "income", "transfer"}


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "lofo"])
def test_the_floor_finds_the_ledgers_totals(path, method):
    with path.open(newline="") as source:
        told, problems = read(source)
    assert not problems
    made = booking(told, AssetTable([], "none"), window=timedelta(days=2))
    proceeds = basis = matches = 0
    for movements in made.groups():
        group = Group(choices(Statements(), zone="UTC", scope="universal", method=method))
        group.enter_all(movements)
        group.close()
        proceeds += sum(m.proceeds for m in group.matches)
        basis += sum(m.basis for m in group.matches)
        matches += len(group.matches)
    with path.open(newline="") as source:
        rows = list(csv.reader(source))[1:]
    least = by_age(rows, newest=method == "lifo") if method in ("fifo", "lifo") else by_price(rows, -1 if method == "hifo" else 1)
    assert least[0] * MILLIONTHS == proceeds
    assert abs(least[1] * MILLIONTHS - basis) < matches * MILLIONTHS
    assert matches > ROWS // 4
