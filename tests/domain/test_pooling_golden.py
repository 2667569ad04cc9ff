"""The kit's history of 1,000 rows beside what another program made of it by United Kingdom rules, and the UK vectors worked by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal

import pytest

from service.domain.movements import of_event
from service.domain.pooling import UK_COLUMNS, UK_TOTALS, section104, uk_rows, uk_totals
from tests.domain import golden, neutral
from tests.tools import ROOT

VECTORS = [
    vector
    for name in ("shared_ledger.json", "ledger.json")
    for vector in json.loads((ROOT / "tests/vectors" / name).read_text())["vectors"]
    if vector["settings"]["regime"] == "uk"
]
PENCE = {"quantity": Decimal("1e-15"), "proceeds": Decimal("0.02"), "allowable_cost": Decimal("0.02"), "gain": Decimal("0.03")}
"""The other program rounds every match to pence."""


def by_coin(rows, zone="Europe/London"):
    """Coin → section 104 of its movements."""
    coins, symbols = defaultdict(list), {}
    for row in rows:
        event = neutral.event(row)
        symbols |= {a.coin.id: a.coin.symbol for a in (*event.sent, *event.received, *event.fees)}
        for movement in of_event(event):
            coins[movement.coin].append(movement)
    return {symbols[coin]: section104(found, zone=zone) for coin, found in coins.items()}, symbols


def rows_of(made, symbols):
    rows = uk_rows((m for one in made.values() for m in one.matches), symbols=symbols)
    return [dict(zip(UK_COLUMNS, row, strict=True)) for row in rows]


def key(row):
    return row["disposed"], row["asset"], row["rule"], row["acquired"]


def test_every_match_equals_the_other_programs():
    expected = golden.rows(golden.FOLDER / "uk_bittytax/expected_uk.csv")
    made, symbols = by_coin(golden.rows(golden.HISTORY))
    ours = rows_of(made, symbols)
    assert [key(row) for row in ours] == [key(row) for row in expected]
    for row, told in zip(ours, expected, strict=True):
        assert row["tax_year"] == told["tax_year"]
        off = {name: abs(Decimal(row[name]) - Decimal(told[name])) for name in PENCE}
        assert all(off[name] <= allowed for name, allowed in PENCE.items()), (row, told)


def test_the_totals_of_every_year_equal_the_other_programs():
    expected = golden.rows(golden.FOLDER / "uk_bittytax/totals_uk.csv")
    made, _ = by_coin(golden.rows(golden.HISTORY))
    ours = [dict(zip(UK_TOTALS, row, strict=True)) for row in uk_totals(m for one in made.values() for m in one.matches)]
    assert [(r["tax_year"], r["matches"]) for r in ours] == [(r["tax_year"], r["matches"]) for r in expected]
    for row, told in zip(ours, expected, strict=True):
        for name in ("proceeds", "allowable_cost", "gain"):
            assert abs(Decimal(row[name]) - Decimal(told[name])) <= PENCE[name] * int(told["matches"]) / 2


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_the_pool_gives_what_was_worked_out_by_hand(vector):
    rows = vector.get("reconciled_events") or sorted(vector["events"], key=lambda r: r["timestamp"])
    made, symbols = by_coin(rows, vector["settings"]["tax_timezone"])
    ours, expected = (
        sorted(found, key=lambda r: (r["disposed"], r["rule"], r["acquired"], Decimal(r["quantity"])))  # vectors name no asset
        for found in (rows_of(made, symbols), vector["expected"]["fragments"])
    )
    assert len(ours) == len(expected)
    for row, told in zip(ours, expected, strict=True):
        assert (row["disposed"], row["rule"], row["acquired"], row["tax_year"]) == (
            told["disposed"],
            told["rule"],
            told["acquired"],
            str(told["tax_year"]),
        )
        assert Decimal(row["quantity"]) == Decimal(told["quantity"])
        for name in ("proceeds", "allowable_cost", "gain"):
            assert abs(Decimal(row[name]) - Decimal(told[name])) <= Decimal("1e-9")
    for asset, told in vector["expected"].get("uk_pool", {}).items():
        (pool,) = made[asset].pools
        assert pool.quantity == Decimal(told["quantity"]).scaleb(18)
        assert abs(Decimal(pool.cost).scaleb(-30) - Decimal(told["cost"])) <= Decimal("1e-9")
