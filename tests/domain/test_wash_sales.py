"""The shadow ledger of wash sales: which losses section 1091 would disallow, where they go, and that none is made or lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import ledger
from service.domain.ledger.choices import Calendar
from service.domain.movements import More, Movement, day_number, money, ticks
from service.domain.rules import Window
from service.domain.statements import Statements
from service.domain.wash_sales import shadow, totals

WINDOW = Window("days", ("crypto",), 30, 30, same_day=True)
UNIT = 10**18


def at(text, zone="UTC"):
    day = datetime.fromisoformat(text if "T" in text else f"{text}T12:00")
    return ticks(day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


def buys(id, day, quantity, cost, *, account="exchange", coin="btc", **more):
    return Movement("acquire", at(day), id, account, coin, coin, quantity * UNIT, money(Decimal(cost)), 0, More(**more))


def sells(id, day, quantity, price, *, account="exchange", coin="btc"):
    return Movement("dispose", at(day), id, account, coin, coin, quantity * UNIT, money(Decimal(price)))


class Told:
    """A history under a method, and its shadow, in plain figures."""

    def __init__(self, *movements, window=WINDOW, zone="UTC", since=None, method="fifo", scope="account"):
        ordered = sorted(movements, key=lambda m: m.at)
        said = ledger.choices(Statements(), zone=zone, method=method, scope=scope)
        groups = ledger.run(ordered, {m.coin: m.coin for m in ordered}, said, 18)
        self.matches = [match for group in groups for match in group.matches]
        self.calendar = Calendar(zone)
        self.found = shadow(self.matches, ordered, window, self.calendar, since=since and day_number(datetime.fromisoformat(since).date()))

    def of(self, sale):
        return [w for w in self.found.washed if w.match.id == sale]

    def disallowed(self, sale):
        return ledger.amount(sum(w.disallowed for w in self.of(sale)))

    def counted(self, sale):
        return ledger.amount(sum(w.counted for w in self.of(sale)))

    def replaced(self, sale):
        return [(r.lot, r.quantity // UNIT, ledger.amount(r.amount)) for w in self.of(sale) for r in w.replaced]


# ------------------------------------------------------------------ 26 CFR 1.1091-1, -2


def test_seventy_five_of_a_hundred_were_replaced():
    """26 CFR 1.1091-1(h), example 1: the shares of September are sold at a loss of 1,000; 75 were bought in the 61 days."""
    told = Told(
        buys("september", "1954-09-21", 100, 5000),
        buys("first", "1954-12-21", 50, 2750),
        buys("second", "1954-12-27", 25, 1125),
        sells("sale", "1955-01-03", 100, 4000),
    )
    assert (told.disallowed("sale"), told.counted("sale")) == (750, -250)
    assert told.replaced("sale") == [("first", 50, 500), ("second", 25, 250)]


@pytest.mark.parametrize(("paid", "basis"), [(90, 110), (70, 90)])
def test_the_basis_of_the_new_is_that_of_the_old_and_what_more_was_paid(paid, basis):
    """26 CFR 1.1091-2, examples 1 and 2: cost 100, sold for 80, replaced for 90: 110; for 70: 90."""
    told = Told(
        buys("old", "1935-01-10", 1, 100),
        sells("sale", "1955-01-15", 1, 80),
        buys("new", "1955-02-01", 1, paid),
        sells("end", "1955-06-01", 1, 500),
    )
    assert told.counted("sale") == 0
    (end,) = told.of("end")
    assert (ledger.amount(end.basis), ledger.amount(end.added)) == (basis, 20)


def test_the_new_counts_as_held_as_long_as_the_old_was():
    """26 U.S.C. 1223(3): held 20 years and four months more; the ledger alone would say short."""
    told = Told(
        buys("old", "1935-01-10", 1, 100),
        sells("sale", "1955-01-15", 1, 80),
        buys("new", "1955-02-01", 1, 90),
        sells("end", "1955-06-01", 1, 100),
    )
    (end,) = told.of("end")
    assert (end.match.long, end.long, ledger.amount(end.gain)) == (False, True, -10)
    year = {t.long: t for t in totals(told.found, told.calendar)}
    assert {term: (ledger.amount(t.real), ledger.amount(t.shadow)) for term, t in year.items()} == {False: (10, 0), True: (-20, -10)}


def test_days_are_added_to_the_day_and_decide_to_the_day():
    """Held 200 days and replaced by what was bought on 1 August: that counts as bought on 14 January, so it is long from 15 January on."""
    story = [
        buys("old", "2024-01-01", 1, 100),
        sells("sale", "2024-07-19", 1, 80),
        buys("new", "2024-08-01", 1, 80),
    ]
    last_short, first_long = (Told(*story, sells("end", day, 1, 70)).of("end")[0] for day in ("2025-01-14", "2025-01-15"))
    assert (last_short.days, last_short.long, first_long.long) == (200, False, True)


# ------------------------------------------------------------------ what replaces what


def test_a_gain_is_left_alone():
    told = Told(buys("a", "2024-01-01", 2, 100), sells("sale", "2024-05-01", 1, 80), buys("b", "2024-05-02", 1, 80))
    assert (told.disallowed("sale"), told.counted("sale"), told.found.waiting) == (0, 30, {})


def test_a_purchase_before_the_sale_replaces_while_it_is_still_held():
    told = Told(buys("a", "2024-01-01", 1, 100), buys("b", "2024-04-20", 1, 70), sells("sale", "2024-05-01", 1, 60))
    assert told.replaced("sale") == [("b", 1, 40)]
    assert {lot: ledger.amount(amount) for lot, amount in told.found.waiting.items()} == {"b": 40}


def test_what_was_sold_before_replaces_nothing():
    bought, gone = buys("b", "2024-04-20", 1, 50), sells("gone", "2024-04-25", 1, 65)
    told = Told(buys("a", "2024-01-01", 1, 100), bought, gone, sells("sale", "2024-05-01", 1, 60), method="lifo")
    assert (told.of("gone")[0].match.lot, told.disallowed("sale")) == ("b", 0)


def test_what_is_sold_together_replaces_nothing_of_it():
    told = Told(buys("a", "2024-01-01", 1, 100), buys("b", "2024-04-20", 1, 90), sells("sale", "2024-05-01", 2, 120))
    assert (told.disallowed("sale"), told.counted("sale")) == (0, -70)


def test_the_rest_of_the_lot_that_was_sold_replaces_nothing():
    """Rev. Rul. 56-602: a part of one purchase is sold within 30 days."""
    told = Told(buys("a", "2024-05-01", 100, 1000), sells("sale", "2024-05-10", 50, 400))
    assert told.disallowed("sale") == 0


def test_each_unit_replaces_once_and_the_earlier_sale_comes_first():
    told = Told(
        buys("a", "2024-01-01", 2, 200),
        sells("first", "2024-05-01", 1, 70),
        sells("second", "2024-05-02", 1, 60),
        buys("b", "2024-05-10", 1, 70),
    )
    assert (told.replaced("first"), told.replaced("second")) == ([("b", 1, 30)], [])


def test_of_one_sale_the_lot_that_was_acquired_first_is_replaced_first():
    """26 CFR 1.1091-1(b); by HIFO the dearer, later lot is the first of the ledger."""
    told = Told(
        buys("a", "2024-01-01", 1, 100),
        buys("b", "2024-01-02", 1, 200),
        sells("sale", "2024-05-01", 2, 100),
        buys("c", "2024-05-10", 1, 50),
        method="hifo",
    )
    assert [(w.match.lot, ledger.amount(w.disallowed)) for w in told.of("sale")] == [("a", 50), ("b", 0)]


def test_the_other_account_counts_and_the_other_coin_does_not():
    sold = buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60)
    assert Told(*sold, buys("b", "2024-05-10", 1, 60, account="wallet")).replaced("sale") == [("b", 1, 40)]
    assert Told(*sold, buys("b", "2024-05-10", 1, 60, coin="eth")).replaced("sale") == []


@pytest.mark.parametrize(
    "more", [{"income": True}, {"kind": "gift_in"}, {"unknown": "missing_basis"}, {"acquired_at": at("2020-01-01")}], ids=str
)
def test_rewards_gifts_and_what_came_from_elsewhere_were_not_bought(more):
    told = Told(buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60), buys("b", "2024-05-10", 1, 60, **more))
    assert told.disallowed("sale") == 0


def test_a_chain_carries_the_loss_on_until_nothing_is_bought_any_more():
    told = Told(
        buys("a", "2024-01-01", 1, 100),
        sells("one", "2024-05-01", 1, 80),
        buys("b", "2024-05-10", 1, 80),
        sells("two", "2024-05-20", 1, 70),
        buys("c", "2024-06-01", 1, 75),
        sells("three", "2024-12-01", 1, 60),
    )
    assert [told.disallowed(sale) for sale in ("one", "two", "three")] == [20, 30, 0]
    (end,) = told.of("three")
    assert (ledger.amount(end.gain), end.days) == (-45, 121 + 10)
    assert told.found.waiting == {}


def test_units_that_took_over_a_loss_go_first_and_stand_apart():
    told = Told(
        buys("a", "2024-01-01", 1, 100),
        sells("sale", "2024-05-01", 1, 60),
        buys("b", "2024-05-10", 4, 200),
        sells("half", "2024-12-01", 2, 120),
    )
    assert [(w.quantity // UNIT, ledger.amount(w.basis), ledger.amount(w.added), w.days) for w in told.of("half")] == [
        (1, 90, 40, 121),
        (1, 50, 0, 0),
    ]


def test_of_the_long_results_the_collectible_ones_are_told():
    told = Told(
        buys("a", "2023-01-01", 1, 100, coin="nft:ape"),
        sells("sale", "2024-05-01", 1, 60, coin="nft:ape"),
        buys("b", "2024-05-10", 1, 60),
        buys("c", "2024-05-10", 1, 60, coin="nft:ape"),
    )
    (year,) = totals(told.found, told.calendar)
    assert (ledger.amount(year.real_collectibles), ledger.amount(year.shadow_collectibles)) == (-40, 0)


# ------------------------------------------------------------------ days


@pytest.mark.parametrize(
    ("bought", "counts"),
    [("2024-05-31", True), ("2024-06-01", False), ("2024-04-01", True), ("2024-03-31", False), ("2024-05-01T23:00", True)],
)
def test_thirty_days_on_either_side_and_the_day_itself(bought, counts):
    told = Told(buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60), buys("b", bought, 1, 60))
    assert bool(told.replaced("sale")) is counts


def test_the_day_itself_may_be_left_out():
    history = buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60), buys("b", "2024-05-01T23:00", 1, 60)
    assert Told(*history, window=replace(WINDOW, same_day=False)).disallowed("sale") == 0


def test_days_are_those_of_the_holders_calendar():
    """Sold on 30 April, 22:00 in New York, bought on 31 May, 01:00 there: 31 days. In UTC it is 1 May to 31 May: 30."""
    sold, bought = at("2024-04-30T22:00", "America/New_York"), at("2024-05-31T01:00", "America/New_York")
    history = buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60)._replace(at=sold), buys("b", "2024-05-31", 1, 60)
    history = (*history[:2], history[2]._replace(at=bought))
    assert (Told(*history, zone="America/New_York").disallowed("sale"), Told(*history).disallowed("sale")) == (0, 40)


def test_sales_before_the_first_day_are_not_covered():
    history = buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60), buys("b", "2024-05-10", 1, 60)
    assert Told(*history, since="2024-05-02").disallowed("sale") == 0
    assert Told(*history, since="2024-05-01").disallowed("sale") == 40


# ------------------------------------------------------------------ what is unknown


def test_a_sale_for_an_unknown_price_is_told_and_so_is_the_loss_in_its_basis():
    unknown = sells("end", "2024-12-01", 1, 0)._replace(value=None)
    told = Told(buys("a", "2024-01-01", 1, 100), sells("sale", "2024-05-01", 1, 60), buys("b", "2024-05-10", 1, 60), unknown)
    assert ([m.id for m in told.found.unknown], ledger.amount(told.found.untold)) == (["end"], 40)


def test_more_sold_than_held_is_no_loss_to_judge():
    told = Told(sells("sale", "2024-05-01", 1, 60), buys("b", "2024-05-10", 1, 60))
    assert (len(told.found.unknown), told.found.washed) == (1, ())


# ------------------------------------------------------------------ properties

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "buy", "sell", "reward"]),
        st.integers(0, 20),
        st.integers(1, 5),
        st.integers(1, 9),
        st.sampled_from(["exchange", "wallet"]),
    ),
    max_size=40,
)


def history(steps):
    """Days on, units, price, account; never more sold than the account holds."""
    held, day, movements = {"exchange": 0, "wallet": 0}, datetime(2024, 1, 1, 12, tzinfo=UTC).toordinal(), []
    for place, (what, later, wanted, price, account) in enumerate(steps):
        day += later
        when = datetime.fromordinal(day).replace(hour=12, minute=place).isoformat()
        units = min(wanted, held[account]) if what == "sell" else wanted
        if not units:
            continue
        held[account] += -units if what == "sell" else units
        make = sells if what == "sell" else buys
        movements.append(make(f"e{place}", when, units, units * price, account=account, **({"income": True} if what == "reward" else {})))
    return movements


@settings(max_examples=300, deadline=None)
@given(STEPS, st.sampled_from(["fifo", "lifo", "hifo"]))
def test_no_loss_is_made_or_lost_and_each_unit_replaces_once(steps, method):
    told = Told(*(movements := history(steps)), method=method)
    units, given_to = {m.id: m.quantity for m in movements if m.act == "acquire"}, {}
    for w in told.found.washed:
        assert 0 <= w.disallowed <= max(0, -w.gain)
        assert sum(r.amount for r in w.replaced) == w.disallowed
        assert sum(r.quantity for r in w.replaced) <= w.quantity
        for r in w.replaced:
            assert r.lot != w.match.lot
            given_to[r.lot] = given_to.get(r.lot, 0) + r.quantity
    assert all(quantity <= units[lot] for lot, quantity in given_to.items())
    real = sum(m.proceeds - m.basis for m in told.matches)
    counted = sum(w.counted for w in told.found.washed)
    assert counted - real == sum(told.found.waiting.values())
    assert sum(w.quantity for w in told.found.washed) == sum(m.quantity for m in told.matches)
    assert (sum(t.real for t in totals(told.found, told.calendar)), sum(t.shadow for t in totals(told.found, told.calendar))) == (
        real,
        counted,
    )


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_without_a_purchase_in_the_window_the_shadow_is_the_ledger(steps):
    told = Told(*history(steps), window=Window("days", ("crypto",), 0, 0, same_day=False))
    assert all(not w.disallowed and w.counted == w.match.proceeds - w.match.basis and w.long == w.match.long for w in told.found.washed)


@settings(max_examples=100, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_the_order_in_which_matches_are_given_does_not_matter(steps, random):
    told = Told(*(movements := history(steps)))
    mixed = random.sample(told.matches, len(told.matches))
    assert shadow(mixed, movements, WINDOW, told.calendar) == told.found
