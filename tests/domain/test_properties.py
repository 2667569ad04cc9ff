"""Invariants 2 and 3 on random histories: transfers make and lose nothing, splits never lose a remainder; and what a ledger may not depend
on: the order in which rows arrived, and where the work was interrupted.

`book` asserts conservation in itself; here it is counted a third time, from its result alone. test_ledger_machine.py does it step by step.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connectors.contract import Asset, Leg, Stated, Transaction
from service.domain import pricing
from service.domain.assets import Coin
from service.domain.ledger import Group, book, choices, groups_of
from service.domain.ledger.checkpoint import resumed, state
from service.domain.ledger.choices import Calendar
from service.domain.methods import ordered
from service.domain.money import ZERO, exact, share, total
from service.domain.movements import Movement, of_event, places_of, ticks
from service.domain.reconcile import Amount, Event, Kind, reconcile
from service.domain.rules import term
from service.domain.statements import Statements
from tests.domain.neutral import by_method
from tests.domain.story import TABLE
from tests.domain.test_ledger_machine import EXAMPLES

USD = Amount(Coin("fiat:USD", "USD", "fiat"), Asset("fiat:USD"), Decimal(1))
COINS = [Coin(c, c.upper(), "coin") for c in ("eth", "btc")]
ACCOUNTS = ("kraken", "onekey", "binance")
QUANTITY = st.integers(1, 10**24).map(lambda n: Decimal(n).scaleb(-18))
MONEY = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-4))
METHODS = st.sampled_from(["fifo", "lifo", "hifo", "lofo", "specific"])


@st.composite
def histories(draw):
    events = []
    for n in range(draw(st.integers(1, 25))):
        kind = draw(st.sampled_from([Kind.BUY, Kind.BUY, Kind.SELL, Kind.SWAP, Kind.INCOME, Kind.TRANSFER, Kind.DEPOSIT, Kind.WITHDRAWAL]))
        coin, other = draw(st.permutations(COINS))
        account, to_account = draw(st.permutations(ACCOUNTS))[:2]
        amount = Amount(coin, Asset(f"{account}:{coin.id}"), draw(QUANTITY))
        value = draw(st.none() | MONEY) if kind in (Kind.BUY, Kind.SELL, Kind.SWAP, Kind.INCOME) else None
        sent, received = {
            Kind.BUY: ((USD,), (amount,)),
            Kind.SELL: ((amount,), (USD,)),
            Kind.SWAP: ((amount,), (Amount(other, Asset(f"{account}:{other.id}"), draw(QUANTITY)),)),
            Kind.INCOME: ((), (amount,)),
            Kind.TRANSFER: ((amount,), (amount,)),
            Kind.DEPOSIT: ((), (amount,)),
            Kind.WITHDRAWAL: ((amount,), ()),
        }[kind]
        fees = (Amount(coin, amount.asset, draw(QUANTITY)),) if draw(st.booleans()) else ()
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 2)) + n * 3)
        later = at + timedelta(hours=draw(st.integers(0, 12)))
        events.append(
            Event(
                id=f"e{n:02}",
                at=at,
                kind=kind,
                account=account,
                to_account=to_account if kind is Kind.TRANSFER else None,
                sent=sent,
                received=received,
                fees=fees,
                transactions=(f"e{n:02}",),
                value=value,
                sent_values=(value,) * len(sent),
                received_values=(value,) * len(received),
                fee_values=tuple(draw(st.none() | MONEY) for _ in fees),
                arrives_at=later if kind is Kind.TRANSFER and draw(st.booleans()) else None,
            )
        )
    return events


@settings(max_examples=150, deadline=None)
@given(histories(), METHODS)
def test_nothing_is_made_or_lost(events, method):
    made = book(events, by_method(method, ACCOUNTS), zone="UTC")
    assert made == book(events, by_method(method, ACCOUNTS), zone="UTC")
    assert all(lot.quantity > 0 for lot in made.lots)
    assert len({d.id for d in made.disposals}) == len(made.disposals)
    assert len({(lot.account, lot.coin, lot.id) for lot in made.lots}) == len(made.lots)
    with exact():
        for event in events:
            for name, amounts in ((event.id, event.sent), (f"{event.id}/fee", event.fees)):
                gone = {a.coin.id: a.quantity for a in amounts if a.coin.kind != "fiat"}
                matched = defaultdict(lambda: ZERO)
                for disposal in made.disposals:
                    if disposal.event == name:
                        matched[disposal.coin] += disposal.quantity
                if name.endswith("/fee") or event.kind in (Kind.SELL, Kind.SWAP):
                    assert matched == gone
                else:
                    assert not matched


@settings(max_examples=150, deadline=None)
@given(histories(), METHODS)
def test_a_known_sale_brings_just_its_proceeds_over_all_its_lots(events, method):
    made = book(events, by_method(method, ACCOUNTS), zone="UTC")
    with exact():
        for event in events:
            if event.kind in (Kind.SELL, Kind.SWAP) and event.value is not None and None not in event.fee_values:
                got = [d.proceeds for d in made.disposals if d.event == event.id]
                assert total(got) == event.value - total(event.fee_values)


@settings(max_examples=100, deadline=None)
@given(histories(), METHODS, st.data())
def test_what_a_method_would_take_is_what_it_takes(events, method, data):
    """The order that harvest shows is the order in which the ledger then takes the lots."""
    made = book(events, by_method(method, ACCOUNTS), zone="UTC")
    if not made.lots:
        return
    place = data.draw(st.sampled_from(sorted({(lot.account, lot.coin) for lot in made.lots})))
    line = ordered([lot for lot in made.lots if (lot.account, lot.coin) == place], method)
    coin = next(c for c in COINS if c.id == place[1])
    everything = Amount(coin, Asset("x"), total(lot.quantity for lot in line))
    last = Event(
        "zz", datetime(2030, 1, 1, tzinfo=UTC), Kind.SELL, place[0], None, (everything,), (USD,), (), ("zz",), ZERO, (ZERO,), (ZERO,)
    )
    sold = [d.lot for d in book([*events, last], by_method(method, ACCOUNTS), zone="UTC").disposals if d.event == "zz"]
    assert sold == [lot.id for lot in line]


@given(MONEY, st.lists(QUANTITY, min_size=1, max_size=20))
def test_parts_add_up_to_the_whole(whole, weights):
    left, weight = whole, total(weights)
    with exact():
        for part in weights:
            cut = share(left, part, weight)
            left, weight = left - cut, weight - part
    assert left == 0


# ------------------------------------------------------------------ order of arrival


@st.composite
def rows(draw):
    """Rows of the holder's files and of sources, many at one instant: buys, sales, gifts, rewards, transfers with their other half."""
    found = []
    for n in range(draw(st.integers(1, 14))):
        at = datetime(2024, 1, 1 + draw(st.integers(0, 3)), 12, tzinfo=UTC)
        place, to = draw(st.permutations(ACCOUNTS))[:2]
        quantity = Decimal(draw(st.integers(1, 3)))
        word = draw(st.sampled_from(["buy", "sell", "income", "gift_in", "transfer", "reward", "withdrawal", "deposit"]))
        coming, going = Leg(Asset(f"{place}:ETH"), quantity), Leg(Asset(f"{place}:ETH"), -quantity)
        legs = {"buy": (coming, Leg(Asset("fiat:USD"), Decimal(-100))), "sell": (going, Leg(Asset("fiat:USD"), Decimal(100)))}
        legs |= dict.fromkeys(("income", "gift_in", "reward", "deposit"), (coming,)) | dict.fromkeys(("transfer", "withdrawal"), (going,))
        if word in ("reward", "withdrawal", "deposit"):
            found.append(Transaction(place, (f"rows/{n}",), at, legs[word], word))
            continue
        value = draw(st.none() | MONEY)
        stated = Stated(f"r{n}", word, to if word == "transfer" else "", value, basis=value if word == "gift_in" else None)
        order = draw(st.integers(0, 2))
        found.append(Transaction(place, (f"csv/r{n}",), at, legs[word], "other", sequence=order, stated=stated))
        if word == "transfer":
            into = Stated(f"r{n}/in", "transfer")
            arrival = (Leg(Asset(f"{to}:ETH"), quantity),)
            found.append(Transaction(to, (f"csv/r{n}/in",), at, arrival, "other", sequence=order, stated=into))
    return found


def ledger_of(transactions):
    _, events, issues = reconcile(transactions, TABLE, Statements(), window=timedelta(days=1), currency="USD")
    priced, unpriced = pricing.price(events, pricing.PriceBook([], TABLE, "USD"))
    return book(priced, Statements(), zone="UTC"), issues, unpriced


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data(), rows())
def test_the_order_of_arrival_changes_nothing(data, told):
    shuffled = data.draw(st.permutations(told))
    assert ledger_of(shuffled) == ledger_of(told)


# ------------------------------------------------------------------ interrupted work


@settings(max_examples=EXAMPLES, deadline=None)
@given(histories(), METHODS, st.data())
def test_a_history_cut_anywhere_gives_the_whole(events, method, data):
    """Booked up to any movement, kept as text, and gone on with: the same matches and the same open lots."""
    places = places_of(a.quantity for e in events for a in (*e.sent, *e.received, *e.fees))
    movements = [m for e in events for m in of_event(e, places)]
    assume(movements)
    names = groups_of((m.coin for m in movements), ())
    mine = [m for m in movements if names[m.coin] == data.draw(st.sampled_from(sorted(set(names.values()))))]
    said = choices(by_method(method, ACCOUNTS), zone="UTC")
    whole = Group(said, places)
    whole.enter_all(mine)
    cut = data.draw(st.integers(0, len(mine)))
    first = Group(said, places)
    first.enter_all(mine[:cut])
    rest = resumed(said, state(first), places)
    rest.enter_all(mine[cut:])
    assert state(rest) == state(whole)
    for group in (whole, rest):
        group.close()
    assert first.matches + rest.matches == whole.matches
    assert rest.open() == whole.open()
    assert first.findings + rest.findings == whole.findings


# ------------------------------------------------------------------ the moving average


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**20), st.integers(0, 10**38), st.booleans()), min_size=1, max_size=20))
def test_an_average_is_cost_by_units_and_loses_nothing(told):
    """Each sale costs its share of what the pool cost at that moment; sales and what stays add up to what was paid, to the last unit."""
    group = Group(choices(Statements(), zone="UTC", method="average"))
    units = basis = paid = 0
    for n, (quantity, value, selling) in enumerate(told):
        if selling and units:
            sold = min(quantity, units)
            before = len(group.matches)
            group.enter(Movement("dispose", n, f"e{n}", "kraken", "eth", "kraken:ETH", sold, value))
            cost = sum(m.basis for m in group.matches[before:])
            assert abs(cost - Fraction(basis * sold, units)) <= len(group.matches) - before
            units, basis = units - sold, basis - cost
        else:
            group.enter(Movement("acquire", n, f"e{n}", "kraken", "eth", "kraken:ETH", quantity, value))
            units, basis, paid = units + quantity, basis + value, paid + value
    group.close()
    assert sum(m.basis for m in group.matches) + sum(lot.basis for lot in group.open()) == paid
    assert sum(lot.quantity for lot in group.open()) == units


# ------------------------------------------------------------------ terms

ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Australia/Lord_Howe", "Europe/London"])
INSTANT = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them bare


@given(INSTANT, INSTANT, ZONES)
def test_a_term_is_the_calendars_whoever_counts_it(acquired, disposed, zone):
    calendar = Calendar(zone)
    is_long = calendar.day(ticks(disposed)) >= calendar.long_from(calendar.day(ticks(acquired)))
    assert is_long == (term(acquired, disposed, zone) == "long")


@given(INSTANT, st.lists(st.timedeltas(timedelta(0), timedelta(days=500)), min_size=2, max_size=8), ZONES)
def test_once_long_a_lot_stays_long(acquired, later, zone):
    terms = [term(acquired, acquired + wait, zone) for wait in sorted(later)]
    assert terms == sorted(terms, key=["short", "long"].index)


@given(INSTANT, ZONES)
def test_a_year_and_two_days_is_always_long_and_a_year_less_a_day_never(acquired, zone):
    assert term(acquired, acquired + timedelta(days=368), zone) == "long"
    assert term(acquired, acquired + timedelta(days=364), zone) == "short"
