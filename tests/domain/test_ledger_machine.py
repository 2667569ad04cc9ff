"""The engine under random histories, step by step: never wrong by one unit, whatever comes, and beside the plain ledger the same matches.

One group of two coins (one is the other's wrapped form) in three accounts. What the holder says (methods, named lots, the end of the common
pool, its allocation) is drawn first, since it is recorded before the events; then buys, sells, gifts, transfers and losses come as they like.
`make prove` runs thousands of histories with a fixed seed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from service.domain.ledger import Group, choices
from service.domain.ledger.checkpoint import resumed, state
from service.domain.movements import NOTHING, More, Movement, decimal, moment, ticks
from service.domain.statements import (
    Allocation,
    Identification,
    LotChoice,
    LotPlace,
    LotSelection,
    MethodChoice,
    PoolingChoice,
    Statements,
)
from tests.domain.plain_ledger import PlainLedger

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "40"))
PLACES = 18
START = datetime(2023, 12, 28, tzinfo=UTC)
SAID_AT = datetime(2020, 1, 1, tzinfo=UTC)
ACCOUNTS = ("exchange", "ledger", "wallet")
COINS = ("eth", "weth")
HOUR = 3_600_000_000
UNITS = st.one_of(st.integers(1, 9), st.integers(1, 10**20))
MONEY = st.one_of(st.integers(0, 12).map(lambda n: n * 10**30), st.integers(0, 10**38))
ACCOUNT, COIN = st.sampled_from(ACCOUNTS), st.sampled_from(COINS)
DAY = st.sampled_from([0, 1, 2, 5, 10, 15, 20]).map(lambda n: START.date() + timedelta(days=n))
LOT = st.integers(1, 6).map(lambda n: f"e{n}")
EVENT = st.integers(3, 14).map(lambda n: f"e{n}")
HOURS = [0, 0, 1, 2, 24, 24, 2 * 24, 5 * 24, 5 * 24, 365 * 24]
GAP = st.sampled_from(HOURS).map(lambda n: n * HOUR)
NAMED = st.lists(st.tuples(LOT, UNITS), min_size=1, max_size=3, unique_by=lambda x: x[0])
ALLOCATION = st.one_of(
    st.tuples(st.just("lots"), st.lists(st.tuples(LOT, ACCOUNT, UNITS), min_size=1, max_size=5)),
    st.tuples(st.sampled_from(["oldest_first", "highest_basis_first"]), st.lists(ACCOUNT, max_size=3, unique=True)),
    st.none(),
)


def exactly(units):
    return decimal(units, PLACES)


def statements(methods, selections, split, allocation, orders):
    """What the plain ledger is told in its own words, as the holder's statements."""
    how, said = allocation or ("", [])
    allocations = tuple(
        Allocation(coin, SAID_AT, lots=tuple(LotPlace(lot, account, exactly(units)) for lot, account, units in said))
        if how == "lots"
        else Allocation(coin, SAID_AT, order=how, accounts=tuple(said))
        for coin in COINS
    )
    return Statements(
        methods=tuple(MethodChoice(account, method, since, SAID_AT + timedelta(n)) for n, (account, since, method) in enumerate(methods)),
        selections=tuple(
            LotSelection(event, tuple(LotChoice(lot, exactly(units)) for lot, units in lots), SAID_AT) for event, lots in selections.items()
        ),
        identifications=tuple(
            Identification(account, coin, tuple(LotChoice(lot, exactly(units)) for lot, units in lots.items()), moment(at))
            for account, coin, at, lots, _ in orders
        ),
        poolings=(PoolingChoice(split, SAID_AT),) if split else (),
        allocations=allocations if allocation else (),
    )


class LedgerMachine(RuleBasedStateMachine):
    @initialize(
        scope=st.sampled_from(["account", "split", "split", "universal"]),
        zone=st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]),
        methods=st.lists(st.tuples(ACCOUNT, DAY, st.sampled_from(["fifo", "lifo", "hifo", "lofo", "specific"])), max_size=6),
        selections=st.dictionaries(st.one_of(EVENT, EVENT.map(lambda e: f"{e}/fee")), NAMED, max_size=6),
        split=DAY,
        allocation=ALLOCATION,
        orders=st.lists(st.tuples(ACCOUNT, COIN, st.integers(0, 20), NAMED), max_size=3),
        opening=st.lists(st.tuples(ACCOUNT, UNITS, MONEY), max_size=4),
    )
    def say(self, *, scope, zone, methods, selections, split, allocation, orders, opening):
        split = split if scope == "split" else None
        standing = [[account, coin, ticks(START) + days * 24 * HOUR, dict(lots), None] for account, coin, days, lots in orders]
        said = statements(methods, selections, split, allocation, sorted(standing, key=lambda order: order[2]))
        self.choices = choices(said, zone=zone, scope=None if split else scope)
        orders = sorted(standing, key=lambda order: order[2])
        self.plain = PlainLedger(zone, scope != "account", split, methods, selections, allocation, orders)
        self.group = Group(self.choices, PLACES)
        self.given, self.movements = [], []
        self.at, self.events = ticks(START), 0
        self.acquired = 0
        for account, quantity, value in opening:
            self.happen("acquire", account, "eth", quantity, HOUR, value=value)

    def happen(self, act, account, coin, quantity, gap, *, value=None, fee=0, more=NOTHING, suffix=""):
        self.at += gap
        self.events += not suffix
        asset = f"{account}:{coin}"
        movement = Movement(act, self.at, f"e{self.events}{suffix}", account, coin, asset, quantity, value, fee, more)
        self.movements.append(movement)
        self.group.enter(movement)
        self.plain.enter(movement)
        if act == "acquire":
            self.acquired += value or 0

    def some(self, account, coin, part):
        """A quantity of what the account holds, or far more than that."""
        held = self.plain.held.get((account, coin), 0)
        return max(1, held * part // 4) if held > 0 else part + 1

    # ------------------------------------------------------------------ what happens

    @rule(account=ACCOUNT, coin=COIN, quantity=UNITS, value=st.none() | MONEY, gap=GAP, is_income=st.booleans())
    def come(self, *, account, coin, quantity, value, gap, is_income):
        more = More(unknown="unpriced", income=is_income)
        self.happen("acquire", account, coin, quantity, gap, value=value, more=more)

    @rule(
        account=ACCOUNT, coin=COIN, quantity=UNITS, value=MONEY, percent=st.none() | st.integers(0, 99), days=st.integers(0, 800), gap=GAP
    )
    def be_given(self, *, account, coin, quantity, value, percent, days, gap):
        """A gift, worth less than it cost the donor, who held it since long ago; or nobody knows what it was worth."""
        worth = None if percent is None else value * percent // 100
        fair = worth if worth is not None and worth < value else None
        more = More(acquired_at=self.at - days * 24 * HOUR, fair=fair, kind="gift_in", worth=worth)
        self.happen("acquire", account, coin, quantity, gap, value=value, more=more)

    @rule(account=ACCOUNT, coin=COIN, part=st.integers(0, 6), value=st.none() | MONEY, fee=st.integers(0, 10**30), gap=GAP)
    def sell(self, *, account, coin, part, value, fee, gap):
        self.happen("dispose", account, coin, self.some(account, coin, part), gap, value=value, fee=fee)

    @rule(account=ACCOUNT, part=st.integers(0, 4), got=UNITS, value=st.none() | MONEY, gap=GAP)
    def swap(self, *, account, part, got, value, gap):
        self.happen("dispose", account, "eth", self.some(account, "eth", part), gap, value=value)
        self.happen("acquire", account, "weth", got, 0, value=value, more=More(unknown="unpriced"), suffix="/2")

    @rule(
        account=ACCOUNT, coin=COIN, part=st.integers(0, 6), kind=st.sampled_from(["gift_out", "withdrawal", "lost", "worthless"]), gap=GAP
    )
    def part_with(self, *, account, coin, part, kind, gap):
        self.happen("leave", account, coin, self.some(account, coin, part), gap, more=More(kind=kind))

    @rule(
        account=ACCOUNT,
        to=ACCOUNT,
        coin=COIN,
        part=st.integers(0, 5),
        fee=st.integers(0, 3),
        value=MONEY,
        hours=st.sampled_from([0, 1, 2, 30]),
        gap=GAP,
    )
    def transfer(self, *, account, to, coin, part, fee, value, hours, gap):
        quantity = self.some(account, coin, part)
        if fee:
            self.events += 1
            self.happen("dispose", account, coin, fee, gap, value=value, more=More(is_fee=True), suffix="/fee")
            self.events -= 1
        arrives_at = self.at + (0 if fee else gap) + hours * HOUR if hours else None
        self.happen("move", account, coin, quantity, 0 if fee else gap, more=More(to_account=to, arrives_at=arrives_at))

    @rule(account=ACCOUNT, part=st.integers(0, 5), back=st.booleans(), times=st.sampled_from([1, 2, 3]), gap=GAP)
    def wrap(self, *, account, part, back, times, gap):
        coin, into = reversed(COINS) if back else COINS
        quantity = self.some(account, coin, part)
        self.happen("move", account, coin, quantity, gap, more=More(to_coin=into, received=quantity * times if times > 1 else None))

    @rule()
    def rest(self):
        """The work ends here and goes on from the checkpoint another day."""
        text = state(self.group)
        self.given += self.group.matches
        self.group = resumed(self.choices, text, PLACES)
        assert state(self.group) == text

    # ------------------------------------------------------------------ what holds

    @invariant()
    def quantities_are_conserved(self):
        """DESIGN invariant 2: what moved = open lots + what is on its way, but for the named shortfall."""
        if not hasattr(self, "group"):
            return
        there, moved = defaultdict(int), defaultdict(int)
        for lot in self.group.open():
            assert lot.quantity > 0
            there[lot.coin] += lot.quantity
        for *_, coin, parts in self.group.on_the_way:
            there[coin] += sum(part.quantity for part in parts)
        for m in self.movements:
            moved[m.coin] += m.quantity if m.act == "acquire" else -m.quantity
            if m.act == "move":
                moved[m.more.to_coin or m.coin] += m.quantity if m.more.received is None else m.more.received
        for (_, coin), units in self.group.short.items():
            moved[coin] += units
        assert {c: n for c, n in there.items() if n} == {c: n for c, n in moved.items() if n}
        self.group.conserved()

    @invariant()
    def bases_are_conserved(self):
        """DESIGN invariant 3: known bases disposed of, left and open = acquired, to the last 10^-30."""
        if not hasattr(self, "group"):
            return
        on_the_way = sum(part.basis or 0 for *_, parts in self.group.on_the_way for part in parts)
        still_there = sum(lot.basis or 0 for lot in self.group.open()) + on_the_way
        assert self.group.acquired == self.acquired
        assert self.group.disposed + self.group.left + still_there == self.acquired

    @invariant()
    def matches_are_those_of_the_plain_ledger(self):
        if hasattr(self, "group"):
            assert [tuple(m) for m in [*self.given, *self.group.matches]] == self.plain.matches

    def teardown(self):
        if not hasattr(self, "group"):
            return
        whole = Group(self.choices, PLACES)
        whole.enter_all(self.movements)
        assert state(whole) == state(self.group)
        assert whole.matches == [*self.given, *self.group.matches]
        self.group.close()
        self.plain.close()
        whole.close()
        given = defaultdict(lambda: (0, 0))
        for part in whole.allocated:
            units, basis = given[part.coin]
            given[part.coin] = (units + part.quantity, basis + (part.basis or 0))
        assert given == self.plain.common  # the end of the one pool lost nothing
        open_lots = sorted((lot.lot, lot.account, lot.coin, lot.quantity, lot.basis, lot.acquired) for lot in self.group.open())
        plain = sorted((lot.id, lot.pool or lot.home, lot.coin, lot.quantity, lot.basis, lot.acquired) for lot in self.plain.lots)
        assert open_lots == plain


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
