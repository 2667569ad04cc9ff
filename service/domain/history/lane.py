"""Rows of a file → movements, straight: what an import, its records, reconcile and pricing make of the same file, without storing anything.

What each row means is said by movements.py for both ways. Rows that may be one side of a transfer, and transfers whose two sides differ, go through
reconcile like those of every source; the others need no other row. A test compares both ways on random histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from connectors.contract import Asset, Hint, Leg, Stated, Transaction
from service.domain.assets import AssetTable, Coin
from service.domain.history.rows import Row, asset_id, chain_ref
from service.domain.issues import Issue
from service.domain.money import EXACT
from service.domain.movements import PLACES, Movement, Part, came, decimal, earned, groups_of, left, moment, moved, of_event, paid, traded
from service.domain.pricing import PriceBook, price
from service.domain.reconcile import Event, booked_rows, events, open_ends, pair
from service.domain.statements import Statements

TRADES = frozenset({"buy", "sell", "swap", "spend"})
MOVES = frozenset({"transfer", "wrap", "bridge"})
BY_MONEY = frozenset({"buy", "sell", "swap"})
"""Worth their side in money where the file states no value."""
VALUED = TRADES | {"income", "airdrop", "gift_in"}
LEAVES = {"gift_out": "gift_out", "lost": "lost", "stolen": "lost", "worthless": "worthless"}
_new = tuple.__new__
_SCALE = 10**12
"""From a quantity of money (10^-18) to money (10^-30)."""


@dataclass(frozen=True, slots=True)
class Booking:
    movements: list[Movement]
    """In order."""
    coins: dict[str, Coin]
    issues: list[Issue]
    """Of rows that may be one side of a transfer: what matched nothing."""
    is_plain: bool = False
    """Each row was booked by itself."""
    joined: Sequence[Event] = ()
    """What became, with its values, of the rows that hang on others; `transactions` names the rows ("<id>/in" the second half of one)."""

    def groups(self) -> list[list[Movement]]:
        """The movements of each group of coins (a coin and those that its lots are carried to), in order."""
        names = groups_of(self.coins, ((m.coin, m.more.to_coin) for m in self.movements if m.more.to_coin))
        by: dict[str, list[Movement]] = {name: [] for name in names.values()}
        lists = {coin: by[name] for coin, name in names.items()}
        for movement in self.movements:
            lists[movement.coin].append(movement)
        return list(by.values())


def booking(rows: Sequence[Row], table: AssetTable, *, window: timedelta, currency: str = "USD") -> Booking:
    """`window`: a receipt may come this long after its withdrawal. Without statements or quotes: only what the file says."""
    lane = Lane(table)
    ordered = sorted(rows, key=lambda row: (row.at, row.n))
    odd = [row for row in ordered if _is_odd(row)]
    if not odd:
        return Booking([m for row in ordered for m in lane.of_row(row)], lane.coins, [], is_plain=True)
    names = {row.id for row in odd}
    happened, issues = _reconciled(odd, table, window, currency)
    place = {row.id: (row.at, row.n) for row in odd}
    steps = [((row.at, row.n, ""), lane.of_row(row)) for row in ordered if row.id not in names]
    for event in happened:
        lane.know(event)
        movements = of_event(event)
        at = movements[0].at if movements else 0
        n = max((place[name][1] for name in (t.removesuffix("/in") for t in event.transactions) if place[name][0] == at), default=0)
        steps.append(((at, n, event.place), movements))
    return Booking([m for _, movements in sorted(steps, key=lambda step: step[0]) for m in movements], lane.coins, issues, joined=happened)


_COMES = frozenset({"deposit", "gift_in"})


def _is_odd(row: Row) -> bool:
    """Whether what the row means hangs on another row, on both of its sides, or on a value that the file leaves out."""
    kind = row.kind
    if row.fee and row.fee_value is None and row.fee_asset != "USD":
        return True
    if kind in MOVES:
        return not _is_plain(row)
    if kind == "spend" and row.received:
        return True
    if row.value is None and kind in VALUED:
        return kind not in BY_MONEY or "USD" not in (row.sent_asset, row.received_asset)
    return kind == "withdrawal" or (kind in _COMES and row.basis is None)


def _is_plain(row: Row) -> bool:
    """A transfer of one coin that arrives as it left, in another account."""
    return row.sent == row.received and row.sent_asset == row.received_asset and bool(row.to_account) and row.to_account != row.account


class Lane:
    """The movements of one row, where they need no other row."""

    def __init__(self, table: AssetTable) -> None:
        self.coins: dict[str, Coin] = {}
        self._table = table
        self._known: dict[str, tuple[str, str]] = {}
        """Word → coin id and asset, where the word always means the same coin; an empty coin id is money."""

    def know(self, event: Event) -> None:
        for amount in (*event.sent, *event.received, *event.fees):
            self.coins[amount.coin.id] = amount.coin

    def of_row(self, row: Row) -> list[Movement]:
        """A row's movements, as movements.of_event would order them."""
        (
            name, at, kind, account, to_account, sent_asset, sent, received_asset, received, fee_asset, fee_units,
            value, fee_value, _, basis, acquired_at, _, _,
        ) = row  # fmt: skip
        gave = self._part(sent_asset, at, sent, value) if sent_asset else None
        got = self._part(received_asset, at, received, value) if received_asset else None
        if value is None and kind in TRADES:
            value = (received if received_asset == "USD" else sent) * _SCALE
            gave = gave and gave._replace(value=value)
            got = got and got._replace(value=value)
        fees: list[Movement] = []
        cost = 0
        if fee_asset:
            cost = fee_units * _SCALE if fee_value is None else fee_value  # without a value it is in dollars, else the row is odd
            fee = self._part(fee_asset, at, fee_units, cost)
            if fee is not None:
                fees = paid(name, at, account, (fee,))
        if kind in TRADES:
            main = traded(name, at, account, (gave,) if gave else (), (got,) if got else (), cost)
            return main + fees if fees else main
        if kind in MOVES:
            main = moved(name, at, account, to_account or account, (gave,), (got,), None) if gave and got else []
            return fees + main
        if kind in LEAVES:
            main = left(name, at, account, (gave,), LEAVES[kind]) if gave else []
        elif got is None:
            main = []
        elif kind in ("income", "airdrop"):
            main = earned(name, at, account, (got,))
        else:
            stated = 0 if kind == "fork" and basis is None else basis
            main = came(name, at, account, (got,), stated, acquired_at, is_gift=kind == "gift_in")
        return main + fees

    def _part(self, word: str, at: int, units: int, value: int | None) -> Part | None:
        """None for money."""
        known = self._known.get(word)
        if known is None:
            known = self._resolved(word, at)
        coin, asset = known
        return _new(Part, (coin, asset, units, value)) if coin else None

    def _resolved(self, word: str, at: int) -> tuple[str, str]:
        asset = Asset(asset_id(word))
        coin = self._table.resolve(asset, moment(at))
        found = ("" if coin.kind == "fiat" else coin.id, str(asset))
        if self._table.is_lasting(asset):
            self._known[word] = found
        if found[0]:
            self.coins[coin.id] = coin
        return found


# ------------------------------------------------------------------ rows that hang on others


_HINTS: dict[str, Hint] = {"withdrawal": "withdrawal", "deposit": "deposit"}


def _reconciled(rows: Sequence[Row], table: AssetTable, window: timedelta, currency: str) -> tuple[list[Event], list[Issue]]:
    booked = booked_rows((t for row in rows for t in _transactions(row)), table)
    paired = pair(booked, Statements(), window)
    happened = events(booked, paired)
    priced, missing = price(happened, PriceBook([], table, currency))
    return priced, [*paired.issues, *open_ends(happened, booked, paired), *missing]


def _transactions(row: Row) -> list[Transaction]:
    """What the files connector reads from the row's record."""
    value, fee_value, basis = (None if v is None else _plain(decimal(v)) for v in (row.value, row.fee_value, row.basis))
    since = None if row.acquired_at is None else moment(row.acquired_at)
    stated = Stated(row.id, row.kind, row.to_account, value, fee_value, basis, since)

    def leg(asset: str, units: int, sign: int, *, is_fee: bool = False) -> list[Leg]:
        return [Leg(Asset(asset_id(asset)), _plain(decimal(units * sign, PLACES)), is_fee)] if asset else []

    sent, received = leg(row.sent_asset, row.sent, -1), leg(row.received_asset, row.received, 1)
    fees = leg(row.fee_asset, row.fee, -1, is_fee=True)
    at, hint, keys = moment(row.at), _HINTS.get(row.kind, "other"), (f"csv/{row.id}",)
    ref = chain_ref(row.note)
    if row.kind not in MOVES or not row.to_account or row.to_account == row.account:
        return [Transaction(row.account, keys, at, (*sent, *received, *fees), hint, ref, sequence=row.n, stated=stated)]
    into = Stated(f"{row.id}/in", row.kind)
    return [
        Transaction(row.account, keys, at, (*sent, *fees), hint, ref, sequence=row.n, stated=stated),
        Transaction(row.to_account, keys, at, tuple(received), hint, ref, sequence=row.n, stated=into),
    ]


def _plain(value: Decimal) -> Decimal:
    return value.normalize(EXACT)
