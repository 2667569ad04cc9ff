"""The back-test: hand-worked harvests and their taxes, that harvesting makes and loses nothing, and that none is the plain ledger."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Asset, Quote
from service.domain import backtest, ledger
from service.domain.backtest import NOTHING, Past, Policy, Terms
from service.domain.harvest import Costs, Thresholds
from service.domain.ledger.choices import Calendar
from service.domain.movements import More, Movement, calendar_day, day_number, moment, money, ticks
from service.domain.reports.matches import ordered
from service.domain.rules import Rules
from service.domain.statements import Identification, LotChoice, MethodChoice, PoolingChoice, gathered
from service.domain.tax import Profile

UNIT = 10**18
FREE = Costs(Decimal(0), Decimal(0))
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
TWENTY = Policy("20%", Decimal("0.20"))
YEAR_END = Policy("year end", sweeps=True)


def at(text, zone="UTC"):
    day = datetime.fromisoformat(text if "T" in text else f"{text}T12:00")
    return ticks(day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


def buys(id, day, quantity, cost, *, account="kraken", coin="btc", **more):
    value = None if cost is None else money(Decimal(cost))
    return Movement("acquire", at(day), id, account, coin, coin, int(Decimal(quantity) * UNIT), value, 0, More(**more))


def sells(id, day, quantity, price, *, account="kraken", coin="btc"):
    return Movement("dispose", at(day), id, account, coin, coin, int(Decimal(quantity) * UNIT), money(Decimal(price)))


def moves(id, day, quantity, *, account="kraken", to="wallet", arrives=None, coin="btc"):
    more = More(to_account=to, arrives_at=arrives and at(arrives))
    return Movement("move", at(day), id, account, coin, coin, int(Decimal(quantity) * UNIT), None, 0, more)


def methods(method, *accounts, since="1970-01-01"):
    return [MethodChoice(account, method, date.fromisoformat(since), ALWAYS) for account in accounts]


def a_past(movements, prices, *, said=(), zone="UTC"):
    """`prices`: day → price of one btc, or coin → that."""
    by_coin = prices if all(isinstance(of, dict) for of in prices.values()) else {"btc": prices}
    groups = {}
    for m in sorted(movements, key=lambda m: m.at):
        groups.setdefault(m.coin, []).append(m)
    choices = ledger.choices(gathered(list(said)), zone=zone)
    days = {coin: {day_number(date.fromisoformat(d)): money(Decimal(p)) for d, p in of.items()} for coin, of in by_coin.items()}
    return Past(list(groups.values()), choices, 18, days)


def terms(first="2024-01-01", last="2025-12-31", *, costs=FREE, least=0, rate="0.24", movable=("kraken",)):
    first, last = (day_number(date.fromisoformat(day)) for day in (first, last))
    return Terms(
        first,
        last,
        costs,
        Decimal(rate),
        lambda _: Thresholds(loss=Decimal(least), cost_multiple=Decimal(3)),
        lambda account: account in movable,
    )


def harvested(run):
    """(day, account, units, what it realised) of each."""
    amount = ledger.amount
    return [
        (calendar_day(h.day).isoformat(), h.account, float(amount(h.quantity, 18)), float(amount(h.short + h.long))) for h in run.harvests
    ]


def rules(year):
    return Rules(f"us-{year}", "us", year, Decimal(3000), ())


def judged(past, policy, span=None, profile=None):
    runs = [backtest.simulate(past, one, span or terms()) for one in (NOTHING, policy)]
    return backtest.results(runs, lambda _: profile or Profile(), rules)[1]


# ------------------------------------------------------------------ one lot, two years

ONE = [buys("e1", "2024-01-05", 1, 40_000), sells("e2", "2025-03-01", 1, 50_000)]
FELL = {"2024-06-09": 33_000, "2024-06-10": 31_000, "2024-06-11": 31_500, "2024-12-30": 45_000}


def test_one_harvest_moves_tax_between_years_and_terms():
    """2024: 9,000 short-term loss, of which 3,000 meets income: 720 saved, 93 paid. 2025: 19,000 gain of a lot bought in June is short; 6,000 was
    carried on: 13,000 at 24 percent is 3,120, where 10,000 of long-term gain would have been 1,500."""
    found = judged(a_past(ONE, FELL), TWENTY, terms(costs=Costs(Decimal("0.003"), Decimal(5))))
    assert harvested(found.run) == [("2024-06-10", "kraken", 1.0, -9000.0)]
    first, second = found.years
    assert (first.harvests, first.short_loss, first.long_loss, first.costs) == (1, 9000, 0, 93)
    assert (first.tax.total, first.saving, first.net, first.tax.carry_short) == (-720, 720, 627, 6000)
    assert (second.harvests, second.tax.total, second.saving, second.net) == (0, 3120, -1620, -1620)
    assert (found.net, found.carry, found.deferred, found.after_later) == (-993, 0, 0, -993)


def test_the_lot_of_the_harvest_is_what_was_really_sold_later():
    run = backtest.simulate(a_past(ONE, FELL), TWENTY, terms())
    real = [m for m in run.matches if m.id == "e2"]
    assert [(m.lot, m.acquired, m.long) for m in real] == [("backtest/2024-06-10/kraken/btc", at("2024-06-11T00:00") - 1, False)]


def test_a_coin_that_is_still_held_defers_its_tax_and_that_is_told_apart():
    """9,000 of basis less: at 15 percent in 3 years, at 5 percent a year, 1,350 / 1.157625 = 1,166.18 of today."""
    found = judged(a_past(ONE[:1], FELL), TWENTY, terms(last="2024-12-31"))
    assert found.net == 720
    assert found.deferred.quantize(Decimal("0.01")) == Decimal("1166.18")
    assert found.carry.quantize(Decimal("0.01")) == Decimal("1338.78")  # 6,000 at 720 a year: 720 / 1.05 + 720 / 1.05²
    assert found.after_later.quantize(Decimal("0.01")) == Decimal("892.59")


def test_long_after_a_year_is_a_long_loss():
    found = judged(a_past(ONE[:1], {"2025-01-05": 41_000, "2025-01-06": 31_000}), TWENTY)
    assert (found.years[1].short_loss, found.years[1].long_loss) == (0, 9000)


# ------------------------------------------------------------------ when


@pytest.mark.parametrize(("price", "times"), [("32000.01", 0), ("32000", 1), ("31999", 1)])
def test_the_trigger_is_a_share_of_the_basis(price, times):
    assert len(backtest.simulate(a_past(ONE, {"2024-06-10": price}), TWENTY, terms()).harvests) == times


def test_after_a_harvest_the_next_one_is_measured_from_its_price():
    fell = {"2024-06-01": 31_000, "2024-06-02": 25_000, "2024-06-03": 24_800, "2024-06-04": 24_000}
    run = backtest.simulate(a_past(ONE, fell), TWENTY, terms())
    assert [row[0] for row in harvested(run)] == ["2024-06-01", "2024-06-03"]


def test_a_day_without_a_price_and_a_day_outside_of_the_span_have_none():
    past = a_past(ONE, {"2024-06-10": 31_000, "2024-06-12": 30_000})
    assert [row[0] for row in harvested(backtest.simulate(past, TWENTY, terms(first="2024-06-11")))] == ["2024-06-12"]
    assert harvested(backtest.simulate(past, TWENTY, terms(last="2024-06-09"))) == []


def test_what_moves_on_a_day_has_moved_by_its_end():
    """Bought at noon in New York and harvested at the end of that day there."""
    run = backtest.simulate(a_past([buys("e1", "2024-06-10T23:00", 1, 40_000)], FELL), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "kraken", 1.0, -9000.0)]
    bought = buys("e1", "2024-06-10", 1, 40_000)._replace(at=at("2024-06-10T23:30", "America/New_York"))
    run = backtest.simulate(a_past([bought], FELL, zone="America/New_York"), TWENTY, terms())
    assert [(row[0], moment(run.matches[0].disposed).hour) for row in harvested(run)] == [("2024-06-10", 3)]


def test_a_loss_under_the_least_is_left_alone():
    past = a_past(ONE, FELL)
    assert len(backtest.simulate(past, TWENTY, terms(least=9000)).harvests) == 1
    assert len(backtest.simulate(past, TWENTY, terms(least=9001)).harvests) == 0


# ------------------------------------------------------------------ year end


def test_year_end_is_the_last_day_with_a_price_of_each_year_and_coin():
    movements = [buys("e1", "2024-01-05", 1, 100), buys("e2", "2024-01-05", 1, 100, coin="eth")]
    prices = {"btc": {"2024-12-29": 90, "2024-12-30": 95, "2025-02-01": 50}, "eth": {"2024-11-11": 80, "2025-02-01": 70, "2025-02-02": 60}}
    run = backtest.simulate(a_past(movements, prices), YEAR_END, terms())
    told = [(calendar_day(h.day).isoformat(), h.coin) for h in run.harvests]
    assert told == [("2024-11-11", "eth"), ("2024-12-30", "btc"), ("2025-02-01", "btc"), ("2025-02-02", "eth")]


@pytest.mark.parametrize(("price", "times"), [("96.4", 0), ("96.3", 1)])
def test_the_sweep_asks_for_three_times_its_costs(price, times):
    """0.3 percent: 0.24 × loss ≥ 0.009 × value is a loss of 3.614 percent of the basis."""
    span = terms(costs=Costs(Decimal("0.003"), Decimal(0)))
    assert len(backtest.simulate(a_past([buys("e1", "2024-01-05", 1, 100)], {"2024-12-30": price}), YEAR_END, span).harvests) == times


def test_moving_coins_out_of_a_wallet_is_a_cost_of_each_harvest_and_weighs_in_the_sweep():
    movements, prices = [buys("e1", "2024-01-05", 1, 100, account="wallet")], {"2024-12-30": 50}
    run = backtest.simulate(a_past(movements, prices), YEAR_END, terms(costs=Costs(Decimal("0.01"), Decimal("3.5"))))
    assert [h.costs for h in run.harvests] == [4]  # 3 × 4 is just what 50 at 24 percent saves
    assert backtest.simulate(a_past(movements, prices), YEAR_END, terms(costs=Costs(Decimal("0.01"), Decimal("3.51")))).harvests == ()


def test_a_rate_of_nothing_sweeps_nothing():
    assert backtest.simulate(a_past(ONE, {"2024-12-30": 1}), YEAR_END, terms(rate="0")).harvests == ()


def test_a_trigger_may_sweep_too():
    past = a_past(ONE, {"2024-06-10": 31_000, "2024-12-30": 28_000})
    both = backtest.simulate(past, Policy("both", Decimal("0.20"), sweeps=True), terms())
    assert [row[0] for row in harvested(both)] == ["2024-06-10", "2024-12-30"]
    assert [row[0] for row in harvested(backtest.simulate(past, TWENTY, terms()))] == ["2024-06-10"]


# ------------------------------------------------------------------ which lots

OLD_GAINS = [buys("old", "2023-01-05", 1, 10), buys("new", "2024-01-05", 1, 100)]


def test_by_fifo_a_loss_behind_a_gain_is_reached_only_where_both_together_lose_enough():
    said = methods("fifo", "kraken")
    assert harvested(backtest.simulate(a_past(OLD_GAINS, {"2024-06-10": 50}, said=said), TWENTY, terms())) == []
    run = backtest.simulate(a_past(OLD_GAINS, {"2024-06-10": 44}, said=said), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "kraken", 2.0, -22.0)]


def test_once_the_gain_in_front_is_sold_the_loss_is_reached_at_the_same_price():
    movements = [*OLD_GAINS, sells("sale", "2024-06-11", 1, 50)]
    run = backtest.simulate(a_past(movements, {"2024-06-10": 50, "2024-06-11": 50}, said=methods("fifo", "kraken")), TWENTY, terms())
    assert harvested(run) == [("2024-06-11", "kraken", 1.0, -50.0)]


def test_a_lot_that_was_moved_is_looked_at_where_it_lies():
    movements = [buys("a", "2024-01-05", 1, 100), buys("b", "2024-01-05", 1, 50, account="wallet"), moves("m", "2024-06-11", 1)]
    run = backtest.simulate(a_past(movements, {"2024-06-10": 95, "2024-06-12": 60}, said=methods("hifo", "wallet")), TWENTY, terms())
    assert harvested(run) == [("2024-06-12", "wallet", 1.0, -40.0)]


@pytest.mark.parametrize("method", ["hifo", "specific", "lifo"])
def test_other_methods_take_the_loss_alone(method):
    run = backtest.simulate(a_past(OLD_GAINS, {"2024-06-10": 50}, said=methods(method, "kraken")), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "kraken", 1.0, -50.0)]
    assert run.matches[0].lot == "new"


def test_a_method_begins_with_its_day():
    said = methods("fifo", "kraken") + methods("hifo", "kraken", since="2024-06-12")
    prices = {"2024-06-10": 50, "2024-06-11": 50, "2024-06-12": 50}
    assert [row[0] for row in harvested(backtest.simulate(a_past(OLD_GAINS, prices, said=said), TWENTY, terms()))] == ["2024-06-12"]


def test_no_lot_is_taken_along_that_did_not_lose_the_share():
    movements = [buys("a", "2024-01-05", 1, 100), buys("b", "2024-01-06", 1, 60)]
    run = backtest.simulate(a_past(movements, {"2024-06-10": 55}, said=methods("hifo", "kraken")), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "kraken", 1.0, -45.0)]


def test_an_unknown_cost_ends_the_line_by_fifo_and_is_passed_over_by_identification():
    movements = [buys("gift", "2023-01-05", 1, None), buys("b", "2024-01-06", 1, 100)]
    fell = {"2024-06-10": 50}
    assert harvested(backtest.simulate(a_past(movements, fell), TWENTY, terms())) == []
    run = backtest.simulate(a_past(movements, fell, said=methods("specific", "kraken")), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "kraken", 1.0, -50.0)]


def test_what_was_bought_after_more_was_sold_than_held_can_be_harvested():
    movements = [sells("short", "2023-01-05", 1, 10), buys("b", "2024-01-06", 1, 100)]
    run = backtest.simulate(a_past(movements, {"2024-06-10": 50}), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "kraken", 1.0, -50.0)]


def test_a_gift_loses_from_its_value_at_the_gift_only():
    gift = buys("g", "2024-01-05", 1, 100, fair=money(Decimal(60)), kind="gift_in")
    assert harvested(backtest.simulate(a_past([gift], {"2024-06-10": 61}), TWENTY, terms())) == []
    assert harvested(backtest.simulate(a_past([gift], {"2024-06-10": 40}), TWENTY, terms())) == [("2024-06-10", "kraken", 1.0, -20.0)]


def test_an_order_of_the_holder_is_for_their_own_sale():
    order = Identification("kraken", "btc", (LotChoice("old", Decimal(1)),), datetime(2024, 6, 1, tzinfo=UTC))
    said = [*methods("specific", "kraken"), order]
    past = a_past([*OLD_GAINS, sells("sale", "2024-07-01", 1, 70)], {"2024-06-10": 50}, said=said)
    run = backtest.simulate(past, TWENTY, terms())
    assert [(m.id.split("/")[0], m.lot) for m in run.matches] == [("backtest", "new"), ("sale", "old")]
    assert run.not_there == 0


def test_a_named_lot_that_was_harvested_is_told():
    order = Identification("kraken", "btc", (LotChoice("new", Decimal(1)),), datetime(2024, 6, 20, tzinfo=UTC))
    past = a_past([*OLD_GAINS, sells("sale", "2024-07-01", 1, 70)], {"2024-06-10": 50}, said=[*methods("specific", "kraken"), order])
    assert [backtest.simulate(past, policy, terms()).not_there for policy in (NOTHING, TWENTY)] == [0, 1]


def test_what_arrived_long_ago_is_harvested_where_it_lies_though_nothing_moved_since():
    movements = [buys("e1", "2024-01-05", 1, 40_000), moves("e2", "2024-02-01T12:00", 1, arrives="2024-02-01T13:00")]
    run = backtest.simulate(a_past(movements, FELL), TWENTY, terms())
    assert harvested(run) == [("2024-06-10", "wallet", 1.0, -9000.0)]


def test_one_pool_for_all_is_sold_from_by_each_account_up_to_what_it_holds_and_ends_on_its_day():
    movements = [buys("a", "2024-01-05", 1, 100), buys("b", "2024-01-06", 2, 200, account="wallet")]
    said = [PoolingChoice(date(2025, 1, 1), ALWAYS)]
    run = backtest.simulate(a_past(movements, {"2024-06-10": 50, "2025-06-10": 20}, said=said), TWENTY, terms())
    assert harvested(run) == [
        ("2024-06-10", "kraken", 1.0, -50.0),
        ("2024-06-10", "wallet", 2.0, -100.0),
        ("2025-06-10", "kraken", 1.0, -30.0),
        ("2025-06-10", "wallet", 2.0, -60.0),
    ]


# ------------------------------------------------------------------ costs (tax reference, 4.4)


def walk(seed, days=730, volatility=0.6):
    """Daily prices of a geometric Brownian motion without drift."""
    draw, step, price, found = random.Random(seed), volatility / math.sqrt(365), 10_000.0, {}
    for day in range(days):
        price *= math.exp(draw.gauss(-step * step / 2, step))
        found[(date(2024, 1, 2) + timedelta(days=day)).isoformat()] = f"{price:.2f}"
    return found


def test_at_one_percent_of_costs_a_trigger_of_two_percent_loses_and_twenty_percent_earns():
    """All losses meet gains from elsewhere at 24 percent, the rest is taxed at 15 percent later: the table's −8.80 beside 1.69 percent."""
    profile = Profile(other_short=Decimal(1_000_000), later_years=Decimal(0))
    span, worth = terms(last="2025-12-31", costs=Costs(Decimal("0.01"), Decimal(0))), {"2%": [], "20%": []}
    for seed in range(12):
        past = a_past([buys("e1", "2024-01-01", 1, 10_000)], walk(seed))
        for policy in (Policy("2%", Decimal("0.02")), TWENTY):
            worth[policy.name].append(judged(past, policy, span, profile).after_later)
    assert sum(worth["2%"]) < 0 < sum(worth["20%"])


# ------------------------------------------------------------------ prices


def quote(price, when, span="day", source="import", asset="btc"):
    return Quote(Asset(asset), "USD", Decimal(price), datetime.fromisoformat(when).replace(tzinfo=UTC), source, span)


def test_the_price_of_the_whole_day_goes_before_the_last_one_within_it():
    quotes = [
        quote(10, "2024-06-10"),
        quote(12, "2024-06-10", source="kraken"),
        quote(99, "2024-06-10T12:00", "instant"),
        quote(20, "2024-06-11T09:00", "instant"),
        quote(21, "2024-06-11T10:00", "instant"),
        quote(23, "2024-06-11T10:00", "instant", source="kraken"),
    ]
    found = backtest.daily(quotes, Calendar("UTC"))["btc"]
    assert {calendar_day(day).isoformat(): ledger.amount(price) for day, price in found.items()} == {"2024-06-10": 11, "2024-06-11": 22}


def test_a_price_within_the_day_is_of_the_holders_day():
    found = backtest.daily([quote(20, "2024-06-11T02:00", "instant")], Calendar("America/New_York"))["btc"]
    assert [calendar_day(day).isoformat() for day in found] == ["2024-06-10"]


def test_days_without_a_price_are_counted_while_something_is_held():
    movements = [buys("e1", "2024-01-05", 1, 100), sells("e2", "2024-01-09", 1, 100), buys("e3", "2024-01-05", 1, 1, coin="usdc")]
    past = a_past(movements, {"2024-01-06": 90, "2024-01-20": 90})
    assert backtest.without_price(past, terms(last="2024-01-31"), {"usdc"}.__contains__) == {"btc": 3}  # 5, 7, 8 January


# ------------------------------------------------------------------ what is unknown


def test_a_disposal_of_unknown_gain_is_counted_and_in_no_sum():
    run = backtest.simulate(a_past([sells("e1", "2024-06-01", 1, 100)], {}), NOTHING, terms())
    assert (run.unknown, run.realised[2024].short) == ({2024: 1, 2025: 0}, 0)


# ------------------------------------------------------------------ properties

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "buy", "sell", "move"]),
        st.integers(0, 20),
        st.integers(1, 5),
        st.integers(1, 9),
        st.sampled_from(["kraken", "wallet"]),
        st.sampled_from(["btc", "eth"]),
    ),
    min_size=1,
    max_size=30,
)
PRICES = st.dictionaries(st.integers(0, 400), st.integers(1, 9), max_size=60)


def history(steps):
    """Never more sold or moved than is there."""
    held, day, movements = {}, date(2024, 1, 1), []
    for place, (what, later, wanted, price, account, coin) in enumerate(steps):
        day += timedelta(days=later)
        when, there = f"{day}T12:{place:02}", held.get((account, coin), 0)
        units = wanted if what == "buy" else min(wanted, there)
        if not units:
            continue
        held[account, coin] = there + (units if what == "buy" else -units)
        if what == "move":
            other = "wallet" if account == "kraken" else "kraken"
            held[other, coin] = held.get((other, coin), 0) + units
            movements.append(moves(f"e{place}", when, units, account=account, to=other, arrives=f"{day}T18:00", coin=coin))
        else:
            make = buys if what == "buy" else sells
            movements.append(make(f"e{place}", when, units, units * price, account=account, coin=coin))
    return movements


def priced(prices):
    return {(date(2024, 1, 1) + timedelta(days=day)).isoformat(): price for day, price in prices.items()}


def conserved(run):
    """What was earned by all sales less what is left of the bases: no harvest changes it, since it buys back for what it got."""
    return sum(m.proceeds - m.basis for m in run.matches) - money(run.open_basis)


@settings(max_examples=200, deadline=None)
@given(STEPS, PRICES, PRICES, st.sampled_from(["fifo", "lifo", "hifo", "lofo", "specific"]), st.sampled_from(["0.05", "0.2", "0.5"]))
def test_harvesting_makes_and_loses_nothing(steps, btc, eth, method, trigger):
    past = a_past(history(steps), {"btc": priced(btc), "eth": priced(eth)}, said=methods(method, "kraken", "wallet"))
    none = backtest.simulate(past, NOTHING, terms())
    for policy in (Policy("trigger", Decimal(trigger)), YEAR_END, Policy("both", Decimal(trigger), sweeps=True)):
        run = backtest.simulate(past, policy, terms())
        assert run.held == none.held
        assert conserved(run) == conserved(none)
        real = [{m.id: sum(x.quantity for x in r.matches if x.id == m.id) for m in r.matches} for r in (none, run)]
        assert real[0] == {name: quantity for name, quantity in real[1].items() if not name.startswith("backtest/")}
        assert all(h.short + h.long < 0 for h in run.harvests)
        assert backtest.simulate(past, policy, terms()) == run


@settings(max_examples=100, deadline=None)
@given(STEPS, PRICES, st.sampled_from(["fifo", "hifo", "specific"]))
def test_no_harvest_is_the_plain_ledger(steps, prices, method):
    movements = history(steps)
    past = a_past(movements, priced(prices), said=methods(method, "kraken", "wallet"))
    run = backtest.simulate(past, NOTHING, terms())
    in_order = sorted(movements, key=lambda m: m.at)
    groups = ledger.run(in_order, {m.coin: m.coin for m in in_order}, past.said, 18)
    assert list(run.matches) == ordered(m for group in groups for m in group.matches)
    assert money(run.open_basis) == sum(o.basis for group in groups for o in group.open())


@settings(max_examples=100, deadline=None)
@given(STEPS, PRICES, PRICES, st.sampled_from(["fifo", "lifo", "hifo", "lofo"]))
def test_a_run_is_the_ledger_of_the_history_with_its_harvests_written_in(steps, btc, eth, method):
    movements = history(steps)
    past = a_past(movements, {"btc": priced(btc), "eth": priced(eth)}, said=methods(method, "kraken", "wallet"))
    run = backtest.simulate(past, TWENTY, terms())
    written = []
    for h in run.harvests:
        end = ticks(datetime.combine(calendar_day(h.day) + timedelta(days=1), datetime.min.time(), UTC)) - 1
        name = f"backtest/{calendar_day(h.day)}/{h.account}/{h.coin}"
        written += [Movement(act, end, name, h.account, h.coin, h.coin, h.quantity, h.value) for act in ("dispose", "acquire")]
    in_order = sorted([*movements, *written], key=lambda m: m.at)
    groups = ledger.run(in_order, {m.coin: m.coin for m in in_order}, past.said, 18)
    assert list(run.matches) == ordered(m for group in groups for m in group.matches)


@settings(max_examples=100, deadline=None)
@given(STEPS, PRICES, st.sampled_from(["fifo", "lifo", "hifo", "specific"]))
def test_what_is_skipped_without_a_look_has_no_harvest(steps, prices, method):
    """Every pool looked at on every day gives the same run."""
    past = a_past(history(steps), priced(prices), said=methods(method, "kraken", "wallet"))
    quick = backtest.simulate(past, TWENTY, terms())
    assert quick == looked_at_daily(past, TWENTY, terms())


def looked_at_daily(past, policy, span):
    from service.domain.backtest import book

    class Forgetful(dict):
        def __getitem__(self, key):
            return {}

        def get(self, key, default=None):
            return default

    kept = book.Book.__init__

    def forgets(self, *given):
        kept(self, *given)
        self.watched = Forgetful()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book.Book, "__init__", forgets)
        return backtest.simulate(past, policy, span)


def test_a_past_in_any_order_of_its_groups_is_the_same_run():
    movements = [buys("a", "2024-01-05", 1, 100), buys("b", "2024-01-05", 1, 100, coin="eth")]
    past = a_past(movements, {"btc": {"2024-06-10": 50}, "eth": {"2024-06-10": 50}})
    other = Past(past.groups[::-1], past.said, past.places, past.prices)
    assert backtest.simulate(past, TWENTY, terms()) == backtest.simulate(other, TWENTY, terms())


def test_losses_are_carried_from_year_to_year_by_each_run_itself():
    """10,000 lost in 2024: 3,000 a year, 7,000 and 4,000 carried on."""
    past = a_past([buys("e1", "2024-01-05", 1, 20_000)], {"2024-06-10": 10_000})
    found = judged(past, TWENTY)
    assert [(year.saving, year.tax.carry_short) for year in found.years] == [(720, 7000), (720, 4000)]
    assert (found.carry > 0, judged(past, NOTHING).carry) == (True, 0)
