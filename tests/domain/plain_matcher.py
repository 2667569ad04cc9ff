"""Lots matched the long way, to judge the ledger by: rows of the neutral history, fractions, one list of lots, sorted anew for every disposal.

Shares no code with the product, knows no speed and no rounding. Worked example: 1 bought for 100, 1 for 200, 1.5 sold for 300 by HIFO:
the list is sorted (200, 100), the sale takes 1 at 200 and 0.5 at 50, proceeds 200 and 100.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

NOTHING = Fraction(0)


@dataclass
class PlainLot:
    id: str
    asset: str
    pool: str
    """The account; "" while all accounts are one."""
    quantity: Fraction
    unit: Fraction
    """Basis of one unit; 0 where it is unknown."""
    acquired: datetime
    row: int
    fair: Fraction | None = None
    """Of a gift: value of one unit when it was received."""
    received: datetime | None = None
    known: bool = True


@dataclass
class PlainMatch:
    disposal: str
    lot: str
    asset: str
    account: str
    acquired: datetime | None
    disposed: datetime
    quantity: Fraction
    proceeds: Fraction
    basis: Fraction
    term: str

    def row(self):
        """As a file of matches has it (golden.differences)."""
        return {
            "disposal_id": self.disposal,
            "lot_id": self.lot,
            "quantity": self.quantity,
            "proceeds_usd": self.proceeds,
            "basis_usd": self.basis,
            "gain_usd": self.proceeds - self.basis,
            "term": self.term,
            "near_boundary": "0",
        }


@dataclass
class Plain:
    matches: list[PlainMatch] = field(default_factory=list)
    lots: list[PlainLot] = field(default_factory=list)
    income: dict[int, Fraction] = field(default_factory=dict)
    issues: list[tuple[str, str, str, Fraction]] = field(default_factory=list)


def moment(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def number(row, name):
    return Fraction(row.get(name) or 0)


def is_long(acquired, disposed, zone):
    """The day after acquisition, a year on; 1 March where that year has no 29 February."""
    start = acquired.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    first = date(start.year + 1, 3, 1) if (start.month, start.day) == (2, 29) else start.replace(year=start.year + 1)
    return disposed.astimezone(ZoneInfo(zone)).date() >= first


def wanted_order(method):
    age = lambda lot: (lot.acquired, lot.row)  # noqa: E731
    return {
        "fifo": lambda lots: sorted(lots, key=age),
        "lifo": lambda lots: sorted(lots, key=age, reverse=True),
        "hifo": lambda lots: sorted(lots, key=lambda lot: (-lot.unit, *age(lot))),
        "lofo": lambda lots: sorted(lots, key=lambda lot: (lot.unit, *age(lot))),
        "average": lambda lots: sorted(lots, key=age),
    }[method]


class Matcher:
    def __init__(self, method, scope, zone, account_scope_from, instructions):
        self.order = wanted_order(method)
        self.is_average = method == "average"
        self.oldest = wanted_order("fifo")
        self.zone = zone
        self.turn = None
        if account_scope_from:
            self.turn = datetime.combine(date.fromisoformat(account_scope_from), datetime.min.time(), ZoneInfo(zone))
        self.pooled = scope == "universal"
        self.chosen = {i["event_id"]: i["lots"] for i in instructions if i["kind"] == "select_lots"}
        self.allocations = {i["asset"]: i for i in instructions if i["kind"] == "allocate_basis"}
        self.held = {}
        self.seen = Plain()

    def run(self, rows):
        known = {}
        for row in rows:
            known.setdefault(row["id"], row)
        for place, row in enumerate(sorted(known.values(), key=lambda r: moment(r["timestamp"]))):
            at = moment(row["timestamp"])
            if self.turn and self.pooled and at >= self.turn:
                self.allocate()
            self.one(row, at, place)
        if self.turn and self.pooled:
            self.allocate()
        self.seen.lots = [lot for lot in self.seen.lots if lot.quantity]
        for account, asset in {(lot.pool, lot.asset): None for lot in self.seen.lots}:
            self.pool(account, asset)
        return self.seen

    def one(self, row, at, place):
        kind, name, here = row["kind"], row["id"], row["account"]
        fee_in_coin = bool(row.get("fee_asset")) and row["fee_asset"] != "USD"
        value, fee = number(row, "value_usd"), number(row, "fee_value_usd")
        out, sent = row.get("sent_asset"), number(row, "sent_quantity")
        if kind == "transfer" and fee_in_coin:
            self.dispose(f"{name}/fee", row["fee_asset"], here, number(row, "fee_quantity"), fee, at)
        if kind in ("sell", "spend", "swap"):
            self.dispose(name, out, here, sent, value - fee, at)
        if kind in ("gift_out", "withdrawal"):
            self.take(name, out, here, sent, self.order)
        if kind == "transfer":
            self.move(name, row["received_asset"], here, row["to_account"], number(row, "received_quantity"))
        if kind in ("buy", "swap", "income", "deposit", "gift_in"):
            self.acquire(row, at, place, {"buy": value + fee, "swap": value, "income": value}.get(kind, number(row, "basis_usd")))
        if fee_in_coin and kind != "transfer":
            self.dispose(f"{name}/fee", row["fee_asset"], here, number(row, "fee_quantity"), fee, at)

    def acquire(self, row, at, place, basis):
        kind, asset, quantity = row["kind"], row["received_asset"], number(row, "received_quantity")
        lot = PlainLot(row["id"], asset, "" if self.pooled else row["account"], quantity, basis / quantity, at, place)
        if kind in ("deposit", "gift_in"):
            lot.known = bool(row.get("basis_usd"))
            lot.acquired = moment(row["acquired_at"]) if row.get("acquired_at") else at
            if not lot.known:
                self.seen.issues.append(("unknown_basis", row["id"], asset, quantity))
        if kind == "gift_in" and lot.known and row.get("value_usd") and number(row, "value_usd") < basis:
            lot.fair, lot.received = number(row, "value_usd") / quantity, at
        if kind == "income":
            year = at.astimezone(ZoneInfo(self.zone)).year
            self.seen.income[year] = self.seen.income.get(year, NOTHING) + basis
        self.seen.lots.append(lot)
        self.hold(row["account"], asset, quantity)

    def hold(self, account, asset, quantity):
        self.held[account, asset] = self.held.get((account, asset), NOTHING) + quantity

    def pool(self, account, asset):
        name = "" if self.pooled else account
        return self.levelled([lot for lot in self.seen.lots if lot.asset == asset and lot.pool == name and lot.quantity])

    def levelled(self, lots):
        """Under the moving average all units of a pool cost the same whenever one looks."""
        units = sum(lot.quantity for lot in lots)
        if self.is_average and units:
            mean = sum(lot.quantity * lot.unit for lot in lots) / units
            for lot in lots:
                lot.unit, lot.fair = mean, None
        return lots

    def take(self, event, asset, account, quantity, order):
        """[(lot, quantity)] and what is left over; the lots lose what is taken."""
        taken, left = [], quantity
        for choice in self.chosen.get(event, ()):
            wanted, there = Fraction(choice["quantity"]), NOTHING
            for lot in self.oldest([lot for lot in self.pool(account, asset) if lot.id == choice["lot_id"]]):
                part = min(lot.quantity, wanted - there, left)
                if part:
                    taken.append((replace(lot), part))
                    lot.quantity, there, left = lot.quantity - part, there + part, left - part
            if there < wanted and left:
                self.seen.issues.append(("lot_not_available", event, asset, wanted - there))
        for lot in order(self.pool(account, asset)):
            part = min(lot.quantity, left)
            if part:
                taken.append((replace(lot), part))
                lot.quantity, left = lot.quantity - part, left - part
        self.hold(account, asset, left - quantity)
        return taken, left

    def dispose(self, name, asset, account, quantity, proceeds, at):  # noqa: PLR0917 - one line of the long way
        taken, left = self.take(name, asset, account, quantity, self.order)
        for lot, part in taken:
            got = proceeds * part / quantity
            basis, since = part * lot.unit, lot.acquired
            if lot.fair is not None and got < basis:
                if got < part * lot.fair:
                    basis, since = part * lot.fair, lot.received
                else:
                    basis = got
            term = "long" if is_long(since, at, self.zone) else "short"
            self.seen.matches.append(PlainMatch(name, lot.id, asset, account, since, at, part, got, basis, term))
        if left:
            self.seen.matches.append(PlainMatch(name, "", asset, account, None, at, left, proceeds * left / quantity, NOTHING, "short"))
            self.seen.issues.append(("missing_basis", name, asset, left))

    def move(self, name, asset, account, to_account, quantity):
        if self.pooled:
            self.hold(account, asset, -quantity)
            self.hold(to_account, asset, quantity)
            return
        taken, left = self.take(name, asset, account, quantity, self.oldest)
        for lot, part in taken:
            self.seen.lots.append(replace(lot, pool=to_account, quantity=part))
        self.hold(to_account, asset, quantity - left)

    def allocate(self):
        """One pool becomes one for each account: by the lots named, else in the order given; the only holder needs no word."""
        self.pooled = False
        before, self.seen.lots = [lot for lot in self.seen.lots if lot.quantity], []
        for asset in {lot.asset: None for lot in before}:
            lots = [lot for lot in before if lot.asset == asset]
            word = self.allocations.get(asset, {})
            if "lots" in word:
                for part in word["lots"]:
                    self.give(next(lot for lot in lots if lot.id == part["lot_id"]), part["account"], Fraction(part["quantity"]))
                continue
            holders = word.get("accounts") or [a for (a, coin), held in self.held.items() if coin == asset and held]
            queue = (wanted_order("hifo") if word.get("order") == "highest_basis_first" else self.oldest)(lots)
            for account in holders:
                room = self.held.get((account, asset), NOTHING)
                for lot in queue:
                    room -= self.give(lot, account, min(lot.quantity, room))

    def give(self, lot, account, quantity):
        if quantity:
            self.seen.lots.append(replace(lot, pool=account, quantity=quantity))
            lot.quantity -= quantity
        return quantity


def match(rows, method, *, scope="account", zone="UTC", account_scope_from=None, instructions=()):
    return Matcher(method, scope, zone, account_scope_from, instructions).run(rows)
