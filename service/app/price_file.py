"""`thresher prices import FILE`: the holder's own prices, `date,asset,price_usd` or `time,asset,price_usd`.

All lines or none: a bad line is named by number and column, and nothing is stored. An asset is a symbol or id of the tables, a
currency ("EUR" or "fiat:EUR": its exchange rate), or the full id of anything that an issue names ("kraken:FOO",
"eip155:1/erc20:0x…"): what no table knows can still be worth something, and only the holder can say how much.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from connectors.contract import Asset, Quote
from service.app.ports import App, Refused
from service.domain.assets import AssetTable, Coin
from service.domain.money import plain

IMPORT = "import"
MOST_ERRORS = 5
"""Named in one refusal; the rest is counted."""
MONEY = "fiat:USD"
"""What the column price_usd is in."""
_CODES = (
    "AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW KZT MXN MYR NGN NOK NZD PEN PHP PLN RON RUB SAR SEK"
    " SGD THB TRY TWD UAH USD VND ZAR"
)
CURRENCIES = frozenset(_CODES.split())
"""ISO 4217 codes that can stand without "fiat:" before them."""
_CURRENCY = re.compile(r"fiat:[A-Z]{3}")
_ASSET = re.compile(r"[a-z0-9][a-z0-9_.-]*:[^\s,]+")


async def import_prices(app: App, lines: Iterable[str]) -> tuple[int, int]:
    """(new, known already). Raises Refused naming each bad line, nothing stored."""
    quotes = read(lines, app.assets)
    _not_contradicted(quotes, await app.store.quotes(sorted({q.asset for q in quotes}), "USD"))
    new = await app.store.save_quotes(quotes, app.now())
    return new, len(quotes) - new


def _not_contradicted(quotes: list[Quote], stored: list[Quote]) -> None:
    """Quotes are kept as they came. A second price for the same asset and time would be silently ignored, so it is refused."""
    known = {(q.asset, q.at, q.span): q.price for q in stored if q.source == IMPORT}
    for quote in quotes:
        before = known.setdefault((quote.asset, quote.at, quote.span), quote.price)
        if before != quote.price:
            raise Refused(
                "prices",
                f"{quote.asset} at {quote.at:%Y-%m-%d %H:%M} was given as {plain(before)} before and is {plain(quote.price)} now. "
                "Nothing was stored; give the better price with a time of its own",
            )


def read(lines: Iterable[str], assets: AssetTable) -> list[Quote]:
    """The quotes of a price file. A date is a price of that whole day (UTC), a time one of that instant."""
    rows = csv.reader(lines)
    header = [name.strip().lower() for name in next(rows, [])]
    when = next((name for name in ("date", "time") if name in header), None)
    if when is None or "asset" not in header or "price_usd" not in header:
        raise Refused("line 1", "the first line must name the columns date (or time), asset and price_usd")
    quotes, wrong = [], []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            wrong.append(f"line {rows.line_num}: has {len(row)} columns, the first line names {len(header)}")
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        try:
            quotes.append(_quote(cells, when, assets))
        except _Bad as bad:
            wrong.append(f"line {rows.line_num}, {bad.column}: {bad}")
    if wrong:
        more = f" (and {len(wrong) - MOST_ERRORS} more)" if len(wrong) > MOST_ERRORS else ""
        raise Refused("prices", "; ".join(wrong[:MOST_ERRORS]) + more + ". Nothing was stored; mend the file and import it again")
    return quotes


class _Bad(ValueError):
    def __init__(self, column: str, says: str) -> None:
        super().__init__(says)
        self.column = column


def _quote(cells: dict[str, str], when: str, assets: AssetTable) -> Quote:
    at, whole_day = _at(cells[when], when)
    coin = _coin(cells["asset"], at, assets)
    try:
        price = Decimal(cells["price_usd"])
    except InvalidOperation:
        raise _Bad("price_usd", f"{cells['price_usd']!r} is not a decimal number") from None
    if not price.is_finite() or price <= 0:
        raise _Bad("price_usd", "a price is a finite number above zero")
    return Quote(coin.id, "USD", price, at, IMPORT, "day" if whole_day else "instant")


def _coin(word: str, at: datetime, assets: AssetTable) -> Coin:
    """What a price file calls `word`. An id of a source is what it was at that time: codes change their meaning."""
    named = f"fiat:{word.upper()}" if word.upper() in CURRENCIES and assets.find(word) is None else word
    named = f"fiat:{named[5:].upper()}" if named.startswith("fiat:") else named
    named = named.lower() if named.startswith("eip155:") else named
    if named == MONEY:
        raise _Bad("asset", "prices are in US dollars: the dollar itself has none")
    if named.startswith("fiat:") and not _CURRENCY.fullmatch(named):
        raise _Bad("asset", f"{word!r} is no currency; write its code of three letters, such as fiat:EUR")
    coin = assets.resolve(Asset(named), at) if _ASSET.fullmatch(named) else assets.find(named)
    if coin is None:
        raise _Bad("asset", f"{word!r} is in no asset table; use a symbol or id of config/assets.toml, or the full id that an issue names")
    return coin


def _at(text: str, column: str) -> tuple[datetime, bool]:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _Bad(column, f"{text!r} is no date such as 2026-01-31 and no time such as 2026-01-31T12:00:00Z") from None
    whole_day = len(text) == len("2026-01-31")
    if at.tzinfo is None and not whole_day:
        raise _Bad(column, "a time needs its zone: end it with Z for UTC")
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC), whole_day
