"""The ladder against the stage that it stands for: on either side of a rung, and everywhere within a span, assess says what the ladder says."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Asset
from service.domain.harvest import Costs, HarvestSettings, Thresholds, Year, assess
from service.domain.ladder import Ladder, Rungs, Span, Subject, highest, rungs, span
from service.domain.methods import Lot
from service.domain.money import exact
from service.domain.rules import Rules
from service.domain.tax import Profile, Realised
from service.domain.valuation import Price, value

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules("us-2026", "us", 2026, Decimal(3000), ())
HAIR = Decimal("1e-9")


def lot(name, quantity, basis, *, day="2025-11-01", asset="ETH"):
    cost = None if basis is None else Decimal(basis)
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    return Lot(name, "kraken", "eth", Asset(f"kraken:{asset}"), "ETH", Decimal(quantity), cost, at, int(name[1:]))


def subject(lots, *, method="fifo", told=None, realised=(0, 0), on_exchange=True):
    with exact():
        year = Year(Profile(), RULES, Realised(*map(Decimal, realised)), NOW)
    return Subject(lots, method, told or HarvestSettings(), year, on_exchange)


def at(price, high=None):
    return Price("eth", Decimal(price), NOW, ("a", "b"), Decimal(price), Decimal(high or price))


def level(of, price, high=None, realised=(0, 0)):
    seen = assess(
        value(of.lots, {"eth": at(price, high)}, NOW, "UTC"),
        lambda _: of.method,
        of.settings,
        Profile(),
        RULES,
        Realised(*map(Decimal, realised)),
        NOW,
        movable=lambda _: of.on_exchange,
    )
    return (any(not o.blocked_by for o in seen), any(o.keeps for o in seen))


SIZES = st.tuples(
    st.integers(1, 4000), st.integers(500, 5000), st.sampled_from(["2024-01-01", "2025-11-01"]), st.sampled_from(["ETH", "ETH2.S"])
)
HELD = st.lists(SIZES, min_size=1, max_size=5).map(
    lambda sizes: [
        lot(f"e{n}", Decimal(size) / 100, Decimal(size * each) / 100, day=day, asset=asset)
        for n, (size, each, day, asset) in enumerate(sizes)
    ]
)
METHODS = st.sampled_from(["fifo", "lifo", "hifo", "lofo", "specific"])
YEARS = st.tuples(st.integers(-4000, 9000), st.integers(-4000, 9000))
TOLD = st.builds(
    HarvestSettings,
    st.builds(Thresholds, st.sampled_from([Decimal(0), Decimal(100)]), st.sampled_from([Decimal(0), Decimal("0.2"), Decimal("0.5")])),
    costs=st.builds(Costs, st.sampled_from([Decimal("0.003"), Decimal("0.02")])),
)


# ------------------------------------------------------------------ rungs


def test_the_two_prices_of_a_coin():
    assert rungs(subject([lot("e1", 1, 3000)])) == Rungs(Decimal(2400), Decimal(2520))


def test_what_can_never_save_enough_has_no_rung():
    assert rungs(subject([lot("e1", "0.01", 30)])) == Rungs(None, None)
    assert rungs(subject([lot("e1", 1, 3000)], realised=(-9000, 0))) == Rungs(None, None)


def test_where_the_saving_decides_the_price_lies_where_the_saving_is_enough():
    found = rungs(subject([lot("e1", "0.1", 300)], told=HarvestSettings(Thresholds(loss=Decimal(0), loss_share=Decimal(0)))))
    assert found.fires is not None
    saved = (300 - found.fires / 10) * Decimal("0.24") - found.fires / 10 * Decimal("0.003")
    assert abs(saved - 25) < HAIR


@settings(deadline=None, max_examples=60)
@given(HELD, METHODS, YEARS, TOLD, st.booleans())
def test_on_either_side_of_a_rung_the_stage_agrees(lots, method, realised, told, on_exchange):
    of = subject(lots, method=method, told=told, realised=realised, on_exchange=on_exchange)
    for place, rung in enumerate(rungs(of)):
        if rung is None:
            assert not level(of, Decimal("0.01"), realised=realised)[place]
            continue
        for below in (rung, rung * Decimal("0.9"), rung / 3):
            assert level(of, below, realised=realised)[place]
        for above in (rung * (1 + HAIR), rung * Decimal("1.1"), rung * 3):
            assert not level(of, above, realised=realised)[place]


@settings(deadline=None)
@given(HELD, METHODS, st.integers(0, 2000), st.sampled_from(["0", "0.16", "0.2"]), st.integers(100, 5000))
def test_above_the_highest_price_no_sale_loses_enough(lots, method, loss, share, price):
    asked = HarvestSettings(Thresholds(Decimal(loss), Decimal(share), Decimal(-10) ** 9, Decimal(0)))
    with exact():
        bound = highest(lots, method, Decimal(loss), Decimal(share))
    if price > bound:
        assert not level(subject(lots, method=method, told=asked), price)[0]


# ------------------------------------------------------------------ spans


@settings(deadline=None, max_examples=60)
@given(
    HELD,
    METHODS,
    YEARS,
    TOLD,
    st.integers(300, 5000),
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(1, 6000), st.integers(0, 60)), max_size=6),
)
def test_within_a_span_nothing_changes(lots, method, realised, told, price, spread, others):  # noqa: PLR0917 - what is drawn
    of = subject(lots, method=method, told=told, realised=realised)
    here = at(price, price + spread)
    fires, keeps = level(of, price, price + spread, realised)
    found = span(of, here, fires=not fires, ends=keeps)
    for middle, more in others:
        inside = (found.low is None or middle > found.low) and (found.high is None or middle + more < found.high)
        if inside:
            seen = level(of, middle, middle + more, realised)
            assert fires or not seen[0]
            assert seen[1] or not keeps


def test_a_span_ends_where_an_alert_would_speak_again():
    of = subject([lot("e1", 1, 3000)])
    found = span(of, at(2000), fires=False, ends=True, worse_at=Decimal(351))
    assert found.low is not None
    assert Decimal(1504) < found.low < 2000
    assert found.high is not None
    assert found.high == 2520


def test_who_asks_for_what_is_left_after_later_tax_is_looked_at_anew_below_the_highest_price():
    of = subject([lot("e1", 1, 3000)], told=HarvestSettings(Thresholds(after_deferred=Decimal(0))))
    assert span(of, at(2600), fires=True, ends=False) == Span(Decimal(2400), None)
    assert span(of, at(2300), fires=True, ends=True) == Span(Decimal(2400), Decimal(2300))


# ------------------------------------------------------------------ ticks


def test_a_tick_gives_back_what_has_left_its_span_until_it_is_settled():
    ladder = Ladder()
    quiet = ladder.add("eth", Span(Decimal(2400), None))
    stands = ladder.add("eth", Span(Decimal(1800), Decimal(2500)))
    other = ladder.add("btc", Span(Decimal(50_000), None))
    assert [quiet, stands, other] == [0, 1, 2]
    assert ladder.tick({"eth": at(2450)}) == []
    assert ladder.tick({"eth": at(2400)}) == [quiet]
    assert ladder.tick({"eth": at(2450, 2500)}) == [stands]
    assert ladder.tick({"eth": at(1700), "btc": Price("btc", Decimal(60_000), NOW, ("a",), Decimal(1), Decimal(60_000))}) == [quiet, stands]
    ladder.settle(quiet, Span(Decimal(1600), None))
    assert ladder.tick({"eth": at(1700)}) == [stands]
    assert ladder.tick({"sol": at(1)}) == []
    assert len(ladder) == 3


@pytest.mark.parametrize("digits", ["0", "1e-20"])
def test_a_price_that_a_float_cannot_tell_from_an_end_has_left_the_span(digits):
    ladder = Ladder()
    ladder.add("eth", Span(Decimal(2400), None))
    assert ladder.tick({"eth": at(Decimal(2400) + Decimal(digits))}) == [0]
