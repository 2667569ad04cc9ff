"""Random histories through the production import and ledger beside the plain matchers: every method, both scopes, the change between them, chosen lots."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from connectors.files.connector import FileConnector
from service.app import conformance
from tests.domain import plain_matcher, plain_pool
from tests.domain.random_history import ACCOUNTS, COINS, History, choices, raw

METHODS = ("fifo", "lifo", "hifo", "lofo")


def text(number):
    return format(Decimal(number.numerator) / number.denominator, ".12f") if isinstance(number, Fraction) else str(number)


def exact(number):
    """A sum of decimals is a decimal."""
    whole, places = number.numerator * 10**40 // number.denominator, 40
    return format(Decimal(whole).scaleb(-places), "f")


def checked(vector):
    found = conformance.check(
        json.dumps({"format": "neutral-lot-vectors/1", "vectors": [{"id": "random", **vector}]}), FileConnector.normalise
    )
    assert found.vectors == ("random",)
    return [(d.field, d.expected, d.got) for d in found.differences]


def us(history, method, *, scope="account", zone="UTC", since=None, instructions=()):
    seen = plain_matcher.match(history.rows, method, scope=scope, zone=zone, account_scope_from=since, instructions=instructions)
    settings = {"regime": "us", "method": method, "scope": scope, "tax_timezone": zone}
    expected = {
        "fragments": [
            {
                "disposal_id": m.disposal,
                "lot_id": m.lot,
                "quantity": exact(m.quantity),
                "proceeds_usd": text(m.proceeds),
                "basis_usd": text(m.basis),
                "gain_usd": text(m.proceeds - m.basis),
                "term": m.term,
                "tax_year": m.disposed.astimezone(ZoneInfo(zone)).year,
            }
            for m in seen.matches
        ],
        "income_usd_by_year": {str(year): text(value) for year, value in seen.income.items()},
        "issues": [{"code": code, "event_id": event, "asset": asset, "quantity": exact(q)} for code, event, asset, q in seen.issues],
    }
    if scope == "account" or since:
        expected["open_lots"] = [
            {
                "lot_id": lot.id,
                "asset": lot.asset,
                "account": lot.pool,
                "quantity": exact(lot.quantity),
                "basis_usd": text(lot.quantity * lot.unit),
            }
            for lot in seen.lots
        ]
    vector = {"settings": settings | ({"account_scope_from": since} if since else {}), "events": history.rows, "expected": expected}
    return vector | ({"instructions": list(instructions)} if instructions else {})


@pytest.mark.parametrize("style", ["trader", "hoarder"])
@pytest.mark.parametrize("method", METHODS)
def test_each_account_its_own_pool_with_shortfalls(method, style):
    for seed in range(6):
        assert checked(us(History(seed, 120, style=style, short=True), method, zone="America/New_York")) == []


@pytest.mark.parametrize("method", METHODS)
def test_one_pool_for_all_accounts(method):
    for seed in range(6):
        assert checked(us(History(seed, 120), method, scope="universal")) == []


@pytest.mark.parametrize("order", ["oldest_first", "highest_basis_first"])
@pytest.mark.parametrize("method", METHODS)
def test_one_pool_until_a_day_and_then_one_for_each_account(method, order):
    said = [{"kind": "allocate_basis", "asset": coin, "order": order, "accounts": list(ACCOUNTS)} for coin in COINS]
    for seed in range(4):
        history = History(seed, 120)
        turn = history.rows[60]["timestamp"][:10]
        assert checked(us(history, method, scope="universal", zone="Asia/Tokyo", since=turn, instructions=said)) == []


def named(history, turn, method, seed):
    """All that is left of the pool at the turn, lot by lot in a random order, to the accounts up to what each holds."""
    before = plain_matcher.Matcher(method, "universal", "UTC", None, ())
    left = before.run([r for r in history.rows if r["timestamp"][:10] < turn]).lots
    dice = random.Random(seed)
    said = {}
    for lot in dice.sample(left, len(left)):
        for account in dice.sample(ACCOUNTS, len(ACCOUNTS)):
            part = min(lot.quantity, before.held.get((account, lot.asset), Fraction(0)))
            if part:
                lot.quantity -= part
                before.held[account, lot.asset] -= part
                said.setdefault(lot.asset, []).append({"lot_id": lot.id, "account": account, "quantity": exact(part)})
    return [{"kind": "allocate_basis", "asset": asset, "lots": lots} for asset, lots in said.items()]


@pytest.mark.parametrize("method", METHODS)
def test_one_pool_whose_lots_go_where_the_holder_says(method):
    for seed in range(4):
        history = History(seed, 120)
        turn = history.rows[60]["timestamp"][:10]
        assert checked(us(history, method, scope="universal", since=turn, instructions=named(history, turn, method, seed))) == []


@pytest.mark.parametrize("method", METHODS)
def test_lots_that_the_holder_chose(method):
    for seed in range(6):
        history = History(seed, 120)
        assert checked(us(history, method, instructions=choices(history))) == []


@pytest.mark.parametrize("method", METHODS)
def test_raw_rows_of_two_sources_in_any_order(method):
    for seed in range(6):
        history = History(seed, 120, known=True)
        vector = us(history, method)
        assert checked(vector | {"events": raw(history), "reconciled_events": history.rows}) == []


@pytest.mark.parametrize("scope", ["account", "universal"])
def test_the_moving_average(scope):
    for seed in range(6):
        assert checked(us(History(seed, 120, known=True), "average", scope=scope)) == []


def earned(rows):
    """By the tax year of the London day."""
    by = {}
    for row in rows:
        if row["kind"] == "income":
            day = plain_matcher.moment(row["timestamp"]).astimezone(ZoneInfo("Europe/London")).date()
            year = str(plain_pool.tax_year(day))
            by[year] = by.get(year, 0) + Decimal(row["value_usd"])
    return {year: str(value) for year, value in by.items()}


def test_the_united_kingdoms_days():
    for seed in range(8):
        rows = [r for r in History(seed, 150, short=False).rows if r["kind"] not in ("gift_out", "withdrawal", "gift_in", "deposit")]
        seen = plain_pool.match(rows)
        if seen.short:
            rows = [r for r in rows if r["kind"] not in ("sell", "swap", "spend")]
            seen = plain_pool.match(rows)
        expected = {
            "fragments": [
                {
                    "disposed": day.isoformat(),
                    "rule": rule,
                    "acquired": bought,
                    "quantity": exact(quantity),
                    "proceeds": text(proceeds),
                    "allowable_cost": text(cost),
                    "gain": text(proceeds - cost),
                    "tax_year": plain_pool.tax_year(day),
                }
                for (day, _, rule, bought), (quantity, proceeds, cost) in seen.matches.items()
            ],
            "uk_pool": {asset: {"quantity": exact(held), "cost": text(cost)} for asset, (held, cost) in seen.pools.items()},
            "income_usd_by_year": earned(rows),
        }
        found = checked({"settings": {"regime": "uk", "tax_timezone": "Europe/London"}, "events": rows, "expected": expected})
        assert found == []
