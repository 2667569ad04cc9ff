"""The shared hard cases of lot accounting, worked by hand: those of the United States with one pool for each account.

Left out, with the reason, in LEFT_OUT; what is unknown here (None, flagged) is 0 in the vectors' figures.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from decimal import Decimal

import pytest

from service.domain import ledger, valuation
from service.domain.ledger import book
from service.domain.rules import first_long_date, local_date, term
from tests.domain import neutral
from tests.tools import ROOT, shared

CENTS_OF_NOTHING = Decimal("1e-9")
LEFT_OUT = {
    "scope-universal": "one pool over all accounts is a view, not the ledger",
    "gift-dual-basis": "a gift worth less than its donor's basis has two bases; no source of ours tells of gifts",
    "uk-same-day": "United Kingdom",
    "uk-thirty-days": "United Kingdom",
    "uk-pool": "United Kingdom",
    "uk-summer-time": "United Kingdom",
}


def _vectors():
    place = ROOT.parent / "shared/ledger/vectors.json"
    return json.loads(place.read_text())["vectors"] if place.exists() else []


def booked(rows, method, zone="UTC"):
    events = [neutral.event(row) for row in rows]
    return book(events, neutral.by_method(method, {e.account for e in events}), zone=zone)


def rows_of(vector):
    return vector.get("reconciled_events") or sorted(vector["events"], key=lambda r: r["timestamp"])


@pytest.mark.parametrize("vector", [v for v in _vectors() if v["id"] not in LEFT_OUT], ids=lambda v: v["id"])
def test_the_ledger_gives_what_was_worked_out_by_hand(vector):
    settings, expected = vector["settings"], vector["expected"]
    made = booked(rows_of(vector), settings["method"], settings.get("tax_timezone", "UTC"))
    assert len(made.disposals) == len(expected["fragments"])
    for ours, told in zip(made.disposals, expected["fragments"], strict=True):
        assert (ours.event, ours.lot, ours.quantity, ours.term) == (
            told["disposal_id"],
            told["lot_id"],
            Decimal(told["quantity"]),
            told["term"],
        )
        assert abs(ours.proceeds - Decimal(told["proceeds_usd"])) <= CENTS_OF_NOTHING
        assert abs((ours.basis or 0) - Decimal(told["basis_usd"])) <= CENTS_OF_NOTHING
        if "tax_year" in told:
            assert local_date(ours.disposed_at, settings.get("tax_timezone", "UTC")).year == int(told["tax_year"])
    _compare_rest(vector, made)


def _compare_rest(vector, made):
    expected = vector["expected"]
    if "open_lots" in expected:
        ours = {(lot.id, lot.symbol, lot.account): (lot.quantity, lot.basis) for lot in made.lots}
        told = {(o["lot_id"], o["asset"], o["account"]): (Decimal(o["quantity"]), Decimal(o["basis_usd"])) for o in expected["open_lots"]}
        assert ours.keys() == told.keys()
        for key, (quantity, basis) in told.items():
            assert ours[key][0] == quantity
            assert abs(ours[key][1] - basis) <= CENTS_OF_NOTHING
    income = defaultdict(Decimal)
    for earned in made.incomes:
        income[str(earned.at.year)] += earned.value
    assert income == {year: Decimal(value) for year, value in expected.get("income_usd_by_year", {}).items()}
    told = {(i["code"], i["event_id"], i["asset"].lower(), i["quantity"]) for i in expected.get("issues", ())}
    short = {("missing_basis", d.event, d.coin, format(d.quantity, "f")) for d in made.disposals if not d.lot}
    unknown = {("unknown_basis", d.lot, d.coin, format(d.quantity, "f")) for d in made.disposals if d.lot and d.basis is None}
    assert short | unknown == told
    assert len(made.issues) == len(short)
    if "unrealised" in expected:
        _compare_unrealised(expected["unrealised"], made)


def _compare_unrealised(told, made):
    at, price = neutral.moment(told["at"]), Decimal(told["price_usd"])
    prices = {lot.coin: valuation.Price(lot.coin, price, at, ("import",), price, price) for lot in made.lots}
    seen = {p.lot.id: (p.unrealised, p.term) for p in valuation.value(made.lots, prices, at, "UTC")}
    assert seen == {lot["lot_id"]: (Decimal(lot["gain_usd"]), lot["term"]) for lot in told["lots"]}


def test_every_vector_is_run_or_left_out_for_a_reason():
    shared("ledger/vectors.json")
    assert LEFT_OUT.keys() <= {v["id"] for v in _vectors()}


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo"])
def test_a_thousand_rows_as_another_program_matches_them(method):
    with shared("ledger/golden/history.csv").open(newline="") as source:
        made = booked(list(csv.DictReader(source)), method)
    ours = _summed((d.event, d.lot, d.quantity, d.proceeds, d.basis, d.term) for d in made.disposals)
    with shared(f"ledger/golden/account_coinbasis/expected_{method}.csv").open(newline="") as source:
        rows = list(csv.DictReader(source))
    told = _summed((r["disposal_id"], r["lot_id"], r["quantity"], r["proceeds_usd"], r["basis_usd"], r["term"]) for r in rows)
    near = {(r["disposal_id"], r["lot_id"]) for r in rows if r["near_boundary"] == "1"}
    assert ours.keys() == told.keys()
    for key, (quantity, proceeds, basis, held) in told.items():
        assert ours[key][0] == quantity
        assert abs(ours[key][1] - proceeds) <= Decimal("0.000001")
        assert abs(ours[key][2] - basis) <= Decimal("0.000001")
        assert key in near or ours[key][3] == held


def _summed(rows):
    sums = {}
    with ledger.exact():
        for name, lot, quantity, proceeds, basis, held in rows:
            before = sums.get((name, lot), (Decimal(0), Decimal(0), Decimal(0), held))
            sums[name, lot] = (before[0] + Decimal(quantity), before[1] + Decimal(proceeds), before[2] + Decimal(basis), held)
    return sums


def _holding(kind):
    place = ROOT.parent / "shared/vectors/tax/vectors_holding_us.json"
    return json.loads(place.read_text())[kind] if place.exists() else []


@pytest.mark.parametrize("vector", _holding("date_vectors"), ids=lambda v: v["id"])
def test_long_from_the_day_that_the_law_counts(vector):
    acquired, sold = (neutral.moment(f"{vector[k]}T12:00:00Z") for k in ("acquired", "sold"))
    assert first_long_date(acquired.date()).isoformat() == vector["first_long_date"]
    assert term(acquired, sold, "UTC") == vector["expect"]


@pytest.mark.parametrize("vector", _holding("timestamp_vectors"), ids=lambda v: v["id"])
def test_the_taxpayers_own_day_decides(vector):
    acquired, sold = neutral.moment(vector["acquired_utc"]), neutral.moment(vector["sold_utc"])
    for zone, told in ((vector["taxpayer_tz"], vector["local"]), ("UTC", vector["utc"])):
        assert local_date(acquired, zone).isoformat() == told["acquired"]
        assert local_date(sold, zone).isoformat() == told["sold"]
        assert local_date(sold, zone).year == told["tax_year"]
        assert term(acquired, sold, zone) == told["expect"]
