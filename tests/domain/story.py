"""The language of tests/stories: lines → what is told and what must follow. A line that no rule reads fails the test.

Rows of exchanges and wallets are told as a source gives them; `is given`, `moves`, `wraps` and the like, and whatever has a `worth`, are rows
of the holder's own file, which states kind, value, cost and date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Asset, Leg, Quote, Stated, Transaction
from service.domain import pricing
from service.domain.assets import AssetTable, Coin, Naming
from service.domain.reconcile import reconcile
from service.domain.reconcile.values import Event
from service.domain.statements import (
    Allocation,
    Identification,
    LotChoice,
    LotPlace,
    LotSelection,
    MethodChoice,
    PoolingChoice,
    Statements,
    gathered,
)

PLACES = ("kraken", "binance", "onekey", "ledger")
COINS = {"BTC": "", "ETH": "", "BNB": "", "WSTETH": "", "WBTC": "", "BCH": "", "UNI": "", "LUNA": "", "USDC": "USD"}
NFT = Coin("punk-7", "PUNK-7", "nft")
TABLE = AssetTable(
    [
        *(Naming(Asset(f"{p}:{c}"), Coin(c.lower(), c, "coin", peg=peg)) for p in PLACES for c, peg in COINS.items()),
        *(Naming(Asset(f"{p}:PUNK-7"), NFT) for p in PLACES),
    ],
    "story",
)


@dataclass(frozen=True)
class Verb:
    """What a word of the stories is: the source's hint, the word of the holder's file, and which side the first amount is on."""

    hint: str
    kind: str
    sign: int


VERBS = {
    "buys": Verb("trade", "buy", 1),
    "sells": Verb("trade", "sell", -1),
    "swaps": Verb("convert", "swap", -1),
    "earns": Verb("reward", "income", 1),
    "receives": Verb("deposit", "deposit", 1),
    "sends": Verb("withdrawal", "withdrawal", -1),
    "pays": Verb("fee", "fee", -1),
    "spends": Verb("other", "spend", -1),
    "brings": Verb("other", "deposit", 1),
    "is given": Verb("other", "gift_in", 1),
    "gives": Verb("other", "gift_out", -1),
    "loses": Verb("other", "lost", -1),
    "is robbed of": Verb("other", "stolen", -1),
    "writes off": Verb("other", "worthless", -1),
    "forks off": Verb("other", "fork", 1),
    "is airdropped": Verb("other", "airdrop", 1),
    "moves": Verb("other", "transfer", -1),
    "wraps": Verb("other", "wrap", -1),
    "bridges": Verb("other", "bridge", -1),
}
FILED = {name for name, verb in VERBS.items() if verb.hint == "other"}
"""Told by the holder's file alone."""

HAPPENED = re.compile(rf"(\S+) (\w+) ({'|'.join(VERBS)}) ([^,]+)((?:, [^,]+)*)")
MAIN = re.compile(r"(\S+) (\S+)(?: (?:for|into) (\S+) (\S+))?(?: (?:to|at) (\w+))?")
PRICE = re.compile(r"(\S+) price (\w+) (\S+)")
METHOD = re.compile(r"(\S+) method (\w+) (\w+)")
IDENTIFY = re.compile(r"(\S+) identify (\w+) (\S+) (\w+) of (\S+)")
ZONE = re.compile(r"zone (\S+)")
POOL = re.compile(r"one pool(?: until (\S+))?")
LAW = re.compile(r"by (average cost|the law of the United Kingdom|the law of Canada)")
RULE = re.compile(r"allocate (\w+) (oldest|dearest) first to (.+)")
NAMES = re.compile(r"allocate (\w+) (.+)")
PART = re.compile(r"(?:fee )?from (\S+) of (\S+)")
GIVEN = re.compile(r"(\S+) of (\S+) to (\w+)")


def moment(text):
    """A day is its noon, in UTC; `2024-12-31T23:30` is that minute."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T12:00").replace(tzinfo=UTC)


def asset(place, coin):
    return Asset(f"fiat:{coin}" if coin in ("USD", "EUR") else f"{place}:{coin}")


@dataclass
class Row:
    """One line of what happens, before it is a transaction."""

    place: str
    verb: Verb
    legs: list[Leg]
    at: datetime
    to: str = ""
    there: datetime | None = None
    chain_ref: str | None = None
    worth: Decimal | None = None
    fee_worth: Decimal | None = None
    cost: Decimal | None = None
    since: datetime | None = None
    parts: list = field(default_factory=list)
    fee_parts: list = field(default_factory=list)


@dataclass
class Story:
    """What is told, and what must follow from it."""

    transactions: list = field(default_factory=list)
    quotes: list = field(default_factory=list)
    statements: list = field(default_factory=list)
    named: list = field(default_factory=list)
    """(maker of a statement) that needs the lots' ids: they are known once the rows are events."""
    zone: str = "UTC"
    law: str = ""
    universal: bool = False
    now: datetime | None = None
    expected: list = field(default_factory=list)

    def tell(self, line):
        rules = (
            (PRICE, self._price),
            (METHOD, self._method),
            (IDENTIFY, self._identify),
            (ZONE, self._zone),
            (POOL, self._pool),
            (LAW, self._law),
            (RULE, self._rule),
            (NAMES, self._names),
            (re.compile(r"(\S+) now"), self._now),
            (HAPPENED, self._happen),
        )
        for pattern, act in rules:
            if found := pattern.fullmatch(line):
                act(*found.groups())
                return
        pytest.fail(f"no rule reads: {line}")

    # ------------------------------------------------------------------ what is said

    def _price(self, day, coin, price):
        name = f"fiat:{coin}" if coin == "EUR" else coin.lower()
        self.quotes.append(Quote(name, "USD", Decimal(price), moment(day) - timedelta(hours=12), "import", "day"))

    def _method(self, day, place, method):
        self.statements.append(MethodChoice(place, method, date.fromisoformat(day), moment(day)))

    def _zone(self, zone):
        self.zone = zone

    def _now(self, day):
        self.now = moment(day)

    def _pool(self, until):
        if until is None:
            self.universal = True
        else:
            self.statements.append(PoolingChoice(date.fromisoformat(until) + timedelta(days=1), moment(until)))

    def _law(self, law):
        self.law = law

    def _rule(self, coin, order, places):
        order = {"oldest": "oldest_first", "dearest": "highest_basis_first"}[order]
        self.statements.append(Allocation(coin.lower(), moment("2024-12-31"), (), order, tuple(re.split(r", | and ", places))))

    def _names(self, coin, parts):
        said = [GIVEN.fullmatch(part).groups() for part in re.split(r", | and ", parts)]

        def made(events):
            lots = tuple(LotPlace(lot(events, coin, day), place, Decimal(q)) for q, day, place in said)
            return Allocation(coin.lower(), moment("2024-12-31"), lots)

        self.named.append(made)

    def _identify(self, day, place, quantity, coin, acquired):
        def made(events):
            chosen = (LotChoice(lot(events, coin, acquired), Decimal(quantity)),)
            return Identification(place, coin.lower(), chosen, moment(day) - timedelta(minutes=1))

        self.named.append(made)

    # ------------------------------------------------------------------ what happens

    def _happen(self, day, place, verb, main, extras):
        quantity, coin, other_quantity, other_coin, to = MAIN.fullmatch(main).groups()
        sign = VERBS[verb].sign
        row = Row(place, VERBS[verb], [Leg(asset(place, coin), sign * Decimal(quantity))], moment(day), to or "")
        if other_coin:
            row.legs.append(Leg(asset(to or place, other_coin), -sign * Decimal(other_quantity)))
        for extra in extras.split(", ")[1:]:
            self._add(row, extra)
        number = len(self.transactions) + 1
        is_filed = verb in FILED or row.worth is not None
        self.transactions += filed(row, f"row-{number}") if is_filed else [plain_row(row, number)]
        self._name_lots(row, number, coin)

    @staticmethod
    def _add(row, extra):
        word, *rest = extra.split()
        if PART.fullmatch(extra):
            (row.fee_parts if word == "fee" else row.parts).append(PART.fullmatch(extra).groups())
        elif word == "fee":
            row.legs.append(Leg(asset(row.place, rest[1]), -Decimal(rest[0]), is_fee=True))
            row.fee_worth = Decimal(rest[3]) if len(rest) > 2 else Decimal(rest[0]) if rest[1] == "USD" else None
        elif word in ("worth", "cost"):
            setattr(row, word, Decimal(rest[0]))
        elif word in ("since", "there"):
            setattr(row, word, moment(rest[0]))
        else:
            assert word == "hash", extra
            row.chain_ref = rest[0]

    def _name_lots(self, row, number, coin):
        """`from 0.5 of 2024-01-02`: the lots named for this event, the day before it."""
        paid = next((leg.asset.split(":")[1] for leg in row.legs if leg.is_fee), "")
        for suffix, parts, of in (("", row.parts, coin), ("/fee", row.fee_parts, paid)):
            if parts:
                self.named.append(
                    lambda events, parts=parts, of=of, suffix=suffix: LotSelection(
                        event_at(events, row.place, row.at) + suffix,
                        tuple(LotChoice(lot(events, of, day), Decimal(q)) for q, day in parts),
                        row.at - timedelta(days=1),
                    )
                )

    # ------------------------------------------------------------------ the way of the data

    def events(self) -> tuple[Statements, list[Event], list]:
        said = gathered(self.statements)
        _, events, issues = reconcile(self.transactions, TABLE, said, window=timedelta(days=2), currency="USD")
        priced, unpriced = pricing.price(events, pricing.PriceBook(self.quotes, TABLE, "USD"))
        said = gathered([*self.statements, *(make(priced) for make in self.named)])
        return said, priced, [*issues, *unpriced]


def lot(events, coin, day):
    """Id of the lot of a coin that came on that day."""
    return next(
        e.id for e in events if e.at == moment(day) and e.kind.value != "transfer" and any(a.coin.symbol == coin for a in e.received)
    )


def event_at(events, place, at):
    return next(e.id for e in events if (e.at, e.account) == (at, place))


def plain_row(row, number):
    """As an exchange or a wallet gives it."""
    return Transaction(row.place, (f"rows/{number}",), row.at, tuple(row.legs), row.verb.hint, chain_ref=row.chain_ref)


def filed(row, name):
    """As the holder's file states it; a transfer to another account is a row of each of them."""
    stated = Stated(name, row.verb.kind, row.to, row.worth, row.fee_worth, row.cost, row.since)
    legs = tuple(row.legs)
    if not row.to:
        return [Transaction(row.place, (f"csv/{name}",), row.at, legs, "other", stated=stated)]
    out, *others = legs
    got = next((leg for leg in others if not leg.is_fee), Leg(asset(row.to, out.asset.split(":")[1]), -out.quantity))
    given = tuple(leg for leg in legs if leg.quantity < 0)
    sent = Transaction(row.place, (f"csv/{name}",), row.at, given, "other", stated=stated)
    into = Stated(f"{name}/in", "transfer")
    return [sent, Transaction(row.to, (f"csv/{name}/in",), row.there or row.at, (got,), "other", stated=into)]


def read(text):
    story, then = Story(), False
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if not line.strip() or line.startswith("#"):
            continue
        assert word in ("given", "when", "and", "then"), line
        then = then or word == "then"
        told = " ".join(rest.split())
        if then:
            story.expected.append(told)
        else:
            story.tell(told)
    return story
