"""Open lots at a current, fresh, agreed price; stale, missing or disputed: no opinion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from connectors.contract import Quote
from service.domain.assets import Coin
from service.domain.issues import Issue, IssueKind
from service.domain.methods import Lot
from service.domain.money import exact, plain
from service.domain.rules import Term, first_long_date, local_date


@dataclass(frozen=True, slots=True)
class Price:
    """What the quotes agree on."""

    coin: str
    price: Decimal
    at: datetime
    sources: tuple[str, ...]
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """An open lot and what it is worth now; value and unrealised are None where there is no opinion."""

    lot: Lot
    term: Term
    long_from: str
    """ISO day on which a sale becomes long term."""
    price: Price | None
    value: Decimal | None
    unrealised: Decimal | None


CLOCK_SKEW = timedelta(minutes=1)
"""A quote may be dated this much after now: the source's clock runs ahead."""
IMPORT = "import"
"""Source of the holder's own prices."""


def agree(
    quotes: Sequence[Quote], coin: Coin, now: datetime, *, max_age: timedelta, import_max_age: timedelta, max_spread: Decimal
) -> tuple[Price | None, list[Issue]]:
    """What the quotes of one coin, in one currency, say that it is worth now; None and an Issue where they do not.

    A fresh imported price counts on its own. Else the median of the newest fresh quote of each source, when they lie within
    `max_spread` (difference ÷ lowest); one source alone is taken, and `Price.sources` tells. Without a fresh quote a pegged
    coin is worth its peg. `Price.at` is the time of the oldest quote that counts.
    """
    newest: dict[str, Quote] = {}
    for quote in sorted(quotes, key=lambda q: (q.at, q.price)):
        if quote.asset == coin.id and quote.at <= now + CLOCK_SKEW:
            newest[quote.source] = quote
    imported = newest.pop(IMPORT, None)
    if imported is not None and now - imported.at <= import_max_age:
        return _price(coin, [imported]), []
    fresh = [q for q in newest.values() if now - q.at <= max_age]
    if not fresh and coin.peg and all(q.currency == coin.peg for q in quotes):
        return Price(coin.id, Decimal(1), now, (f"peg:{coin.peg}",), Decimal(1), Decimal(1)), []
    if not fresh:
        return None, [_no_price(coin, [*newest.values(), *([imported] if imported else [])], now)]
    price = _price(coin, fresh)
    with exact():
        if price.high - price.low > max_spread * price.low:
            return None, [_disagreement(coin, fresh)]
    return price, []


def _price(coin: Coin, quotes: Sequence[Quote]) -> Price:
    prices = [q.price for q in quotes]
    with exact():
        middle = median(prices)
    return Price(coin.id, middle, min(q.at for q in quotes), tuple(sorted(q.source for q in quotes)), min(prices), max(prices))


def _no_price(coin: Coin, old: Sequence[Quote], now: datetime) -> Issue:
    remedy = f"Check the price sources, or import a price: `thresher prices import FILE` with the line {now:%Y-%m-%d},{coin.id},PRICE."
    if not old:
        return Issue(
            IssueKind.MISSING_PRICE, "warning", coin.id, f"No source has a price of {coin.symbol}: no opinion on its lots.", remedy
        )
    last = max(old, key=lambda q: (q.at, q.source))
    says = f"The newest price of {coin.symbol} is of {last.at:%Y-%m-%d %H:%M} UTC ({last.source}), too old for an opinion."
    return Issue(IssueKind.STALE_PRICE, "warning", coin.id, says, remedy)


def _disagreement(coin: Coin, quotes: Sequence[Quote]) -> Issue:
    told = ", ".join(f"{q.source} {plain(q.price)}" for q in sorted(quotes, key=lambda q: q.source))
    return Issue(
        IssueKind.PRICE_DISAGREEMENT,
        "warning",
        coin.id,
        f"Sources differ on {coin.symbol}: {told}. No opinion until they agree.",
        "Wait for the next prices, or import one that you trust: `thresher prices import FILE`.",
    )


def value(lots: Iterable[Lot], prices: Mapping[str, Price], now: datetime, zone: str) -> list[Position]:
    """Each open lot with its worth by `prices` (canonical id → Price); no price or no basis: no opinion, None."""
    today = local_date(now, zone)
    positions = []
    with exact():
        for lot in lots:
            price = prices.get(lot.coin)
            worth = None if price is None else price.price * lot.quantity
            gain = None if worth is None else lot.gain(worth)
            long_from = first_long_date(local_date(lot.held_since(worth), zone))
            held: Term = "long" if today >= long_from else "short"
            positions.append(Position(lot, held, long_from.isoformat(), price, worth, gain))
    return positions
