"""Figures, times and prices in words. Amounts come as the engine's ints or as decimals; nothing is computed here."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo

from service.app.explain.past import Past
from service.app.queries import iso
from service.domain.money import exact, plain
from service.domain.movements import MONEY_PLACES, decimal, moment

SHOWN = Decimal(1).scaleb(-10)
"""A line shows ten places; an ellipsis says that there are more. The figures beside it are exact."""


def exactly(count: int | None, places: int = MONEY_PLACES) -> str | None:
    """The plain decimal of an answer; None is unknown."""
    return None if count is None else plain(decimal(count, places))


def figure(value: Decimal) -> str:
    """ "40,010", "663.3333333333…"."""
    with exact():
        short = value.quantize(SHOWN, rounding=ROUND_DOWN)
        more = "…" if short != value else ""
    return plain_grouped(short) + more


def plain_grouped(value: Decimal) -> str:
    text = format(value, ",f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def money(count: int | None) -> str:
    return "unknown" if count is None else figure(decimal(count))


def units(past: Past, count: int) -> str:
    """A quantity, exact to its last place."""
    return plain(decimal(count, past.places))


def amounts(parts: tuple[tuple[Decimal, str], ...]) -> str:
    return " + ".join(f"{plain_grouped(quantity)} {symbol}" for quantity, symbol in parts)


def instant(past: Past, at: int) -> dict[str, str | None]:
    """In UTC and in the taxpayer's zone."""
    when = moment(at)
    return {"utc": iso(when), "local": when.astimezone(ZoneInfo(past.zone)).isoformat()}


def clock(past: Past, at: int) -> str:
    """ "2024-01-01 00:30 UTC (2023-12-31 19:30 America/New_York)"; seconds where there are some."""
    when = moment(at)
    mine = when.astimezone(ZoneInfo(past.zone))
    form = "%Y-%m-%d %H:%M:%S" if when.second or when.microsecond else "%Y-%m-%d %H:%M"
    if mine.utcoffset() == timedelta(0):
        return f"{when:{form}} UTC"
    return f"{when:{form}} UTC ({mine:{form}} {past.zone})"


def price(source: str, currency: str) -> str:
    """Where a value is from, as pricing notes it: "kraken+import:day" → "quotes of kraken and import, price of the day"."""
    return "; ".join(_one(word, currency) for word in source.split()) or "no price is known"


_SPANS = {"instant": "price of the moment", "hour": "price of the hour", "day": "price of the day"}


def _one(word: str, currency: str) -> str:
    name, _, span = word.partition(":")
    if word == "stated":
        return "stated in the file"
    if word == "money":
        return "the money of the trade itself"
    if word == "trade":
        return "the price of the trade itself"
    if name == "peg":
        return f"peg to {span or currency}"
    names = name.split("+")
    return f"{'quotes' if len(names) > 1 else 'quote'} of {' and '.join(names)}, {_SPANS.get(span, span)}"
