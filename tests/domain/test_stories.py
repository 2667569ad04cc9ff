"""Runs tests/stories/*.story; their README has the language. A line that no rule reads fails the test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contract import Asset, Leg, Quote, Transaction
from service.domain import harvest, pricing, valuation
from service.domain.assets import AssetTable, Coin, Naming
from service.domain.ledger import book
from service.domain.money import plain
from service.domain.reconcile import reconcile
from service.domain.rules import Rules, local_date
from service.domain.statements import Identification, LotChoice, MethodChoice, gathered
from service.domain.tax import Profile
from tests.tools import ROOT

STORIES = sorted((ROOT / "tests/stories").glob("*.story"))
PLACES = ("kraken", "binance", "onekey", "ledger")
COINS = {"BTC": "", "ETH": "", "BNB": "", "USDC": "USD"}
TABLE = AssetTable([Naming(Asset(f"{p}:{c}"), Coin(c.lower(), c, "coin", peg=peg)) for p in PLACES for c, peg in COINS.items()], "story")
RULES = Rules("us-story", "us", 2024, Decimal(3000), ())
SIGNS = {"buys": (1, -1), "sells": (-1, 1), "swaps": (-1, 1), "earns": (1, 0), "receives": (1, 0), "sends": (-1, 0), "pays": (-1, 0)}
HINTS = {
    "buys": "trade",
    "sells": "trade",
    "swaps": "convert",
    "earns": "reward",
    "receives": "deposit",
    "sends": "withdrawal",
    "pays": "fee",
}
HAPPENED = re.compile(r"(\S+) (\w+) (buys|sells|swaps|earns|sends|receives|pays) (\S+) (\w+)(?: for (\S+) (\w+))?((?:, \w+ [^,]+)*)")
PRICE = re.compile(r"(\S+) price (\w+) (\S+)")
METHOD = re.compile(r"(\S+) method (\w+) (\w+)")
IDENTIFY = re.compile(r"(\S+) identify (\w+) (\S+) (\w+) of (\S+)")


def noon(day):
    return datetime.fromisoformat(f"{day}T12:00:00+00:00").astimezone(UTC)


def asset(place, coin):
    return Asset(f"fiat:{coin}" if coin in ("USD", "EUR") else f"{place}:{coin}")


@dataclass
class Story:
    """What is told, and what must follow from it."""

    transactions: list = field(default_factory=list)
    quotes: list = field(default_factory=list)
    statements: list = field(default_factory=list)
    identified: list = field(default_factory=list)
    now: datetime | None = None
    expected: list = field(default_factory=list)

    def tell(self, line):
        if found := PRICE.fullmatch(line):
            day, coin, price = found.groups()
            name = f"fiat:{coin}" if coin == "EUR" else coin.lower()
            self.quotes.append(Quote(name, "USD", Decimal(price), noon(day) - timedelta(hours=12), "import", "day"))
        elif found := METHOD.fullmatch(line):
            day, place, method = found.groups()
            self.statements.append(MethodChoice(place, method, date.fromisoformat(day), noon(day)))
        elif found := IDENTIFY.fullmatch(line):
            self.identified.append(found.groups())
        elif line.endswith(" now"):
            self.now = noon(line.removesuffix(" now"))
        elif found := HAPPENED.fullmatch(line):
            self._happen(found.groups())
        else:
            pytest.fail(f"no rule reads: {line}")

    def _happen(self, words):
        day, place, verb, quantity, coin, other_quantity, other_coin, extras = words
        main, other = SIGNS[verb]
        legs = [Leg(asset(place, coin), main * Decimal(quantity))]
        if other_coin:
            legs.append(Leg(asset(place, other_coin), other * Decimal(other_quantity)))
        chain_ref = None
        for name, *rest in (extra.split() for extra in extras.split(", ")[1:]):
            if name == "fee":
                legs.append(Leg(asset(place, rest[1]), -Decimal(rest[0]), is_fee=True))
            else:
                assert name == "hash"
                chain_ref = rest[0]
        key = f"rows/{len(self.transactions) + 1}"
        self.transactions.append(Transaction(place, (key,), noon(day), tuple(legs), HINTS[verb], chain_ref=chain_ref))

    def booked(self):
        said = gathered(self.statements)
        _, events, issues = reconcile(self.transactions, TABLE, said, window=timedelta(days=2), currency="USD")
        priced, unpriced = pricing.price(events, pricing.PriceBook(self.quotes, TABLE, "USD"))
        if self.identified:
            said = gathered([*self.statements, *(self._identification(words, priced) for words in self.identified)])
        made = book(priced, said, zone="UTC")
        return said, made, [*issues, *unpriced, *made.issues]

    @staticmethod
    def _identification(words, events):
        day, place, quantity, coin, acquired = words
        lot = next(e.id for e in events if e.at == noon(acquired) and any(a.coin.symbol == coin for a in e.received))
        return Identification(place, coin.lower(), (LotChoice(lot, Decimal(quantity)),), noon(day) - timedelta(minutes=1))


def read(text):
    story, then = Story(), False
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if not line.strip() or line.startswith("#"):
            continue
        assert word in ("given", "when", "and", "then"), line
        then = then or word == "then"
        if then:
            story.expected.append(" ".join(rest.split()))
        else:
            story.tell(" ".join(rest.split()))
    return story


def money(value):
    return "unknown" if value is None else f"{plain(value)} USD"


def gain(disposal):
    word = "loss" if disposal.gain is not None and disposal.gain < 0 else "gain"
    amount = "unknown" if disposal.gain is None else f"{disposal.term} {money(abs(disposal.gain))}"
    return f"{word} {disposal.account} {plain(disposal.quantity)} {disposal.symbol} {amount}"


def opportunities(story, said, made):
    day = story.now.date()
    quotes = [q for q in story.quotes if q.at.date() == day]
    prices = {}
    for coin in TABLE.coins():
        price, _ = valuation.agree(
            quotes,
            coin,
            story.now,
            max_age=timedelta(minutes=10),
            import_max_age=timedelta(days=1),
            max_spread=Decimal("0.02"),
        )
        prices |= {coin.id: price} if price else {}
    found = harvest.assess(
        valuation.value(made.lots, prices, story.now, "UTC"),
        lambda place: said.method(place, local_date(story.now, "UTC")),
        harvest.HarvestSettings(),
        Profile(),
        RULES,
        (Decimal(0), Decimal(0)),
        story.now,
        movable=lambda place: place in ("kraken", "binance"),
    )
    return [f"harvest {o.account} {o.symbol} loss {money(o.loss)} saving {money(o.saving)}" for o in found] or ["harvest nothing"]


@pytest.mark.parametrize("path", STORIES, ids=lambda p: p.stem)
def test_the_story_ends_as_told(path):
    story = read(path.read_text())
    said, made, issues = story.booked()
    happened = [
        f"lot {x.account} {plain(x.quantity)} {x.symbol} acquired {x.acquired_at:%Y-%m-%d} basis {money(x.basis)}" for x in made.lots
    ]
    happened = happened or ["no lots"]
    happened += [gain(d) for d in made.disposals] or ["no gains"]
    happened += [f"income {i.account} {plain(i.quantity)} {i.coin.upper()} {money(i.value)}" for i in made.incomes]
    happened += [f"issue {i.kind}" for i in issues] or ["no issues"]
    happened += opportunities(story, said, made) if story.now else []
    assert sorted(story.expected) == sorted(happened)


def test_there_are_stories():
    assert len(STORIES) >= 10
