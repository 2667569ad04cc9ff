"""Answers for people: money, quantities, times, the chart's bars, and the templates that show them.

Amounts arrive as decimal strings and are shortened as Decimals: no float touches them, and the exact text stays in the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from service.domain.money import exact, plain

HERE = Path(__file__).resolve().parent
PLACES_SHOWN = 8
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
UNKNOWN = Markup('<span class="unknown">unknown</span>')


def money(amount: str | None, currency: str = "USD") -> Markup:
    """ "−$1,234.50", the exact figure in a data element; "unknown" where there is no opinion."""
    if amount is None:
        return UNKNOWN
    value = Decimal(amount)
    shown = f"{value.copy_abs():,.2f}"  # abs() would round at 28 digits
    sign = "−" if value < 0 and Decimal(shown.replace(",", "")) else ""
    text = f"{sign}{SIGNS[currency]}{shown}" if currency in SIGNS else f"{sign}{shown}\u00a0{currency}"
    return Markup('<data value="{}">{}</data>').format(amount, text)


def quantity(amount: str | None) -> Markup:
    """Grouped, eight places at most; an ellipsis says that there are more, the title has them all."""
    if amount is None:
        return UNKNOWN
    whole, _, places = amount.lstrip("-").partition(".")
    sign = "−" if amount.startswith("-") else ""
    cut = places[:PLACES_SHOWN]
    text = f"{sign}{int(whole):,}" + (f".{cut}" if cut else "") + ("…" if len(places) > PLACES_SHOWN else "")
    title = Markup(' title="{}"').format(amount) if len(places) > PLACES_SHOWN else ""
    return Markup('<data value="{}"{}>{}</data>').format(amount, title, text)


def price(amount: str | None, currency: str = "USD") -> Markup:
    """Money, but a price under 1 has four figures that count: "$0.00001234", not "$0.00"."""
    if amount is None or abs(value := Decimal(amount)) >= 1 or not value:
        return money(amount, currency)
    with exact():
        shown = plain(value.quantize(Decimal(1).scaleb(value.adjusted() - 3)))
    text = f"{SIGNS[currency]}{shown}" if currency in SIGNS else f"{shown}\u00a0{currency}"
    return Markup('<data value="{}">{}</data>').format(amount, text)


def told(text: str, labels: Mapping[str, str]) -> Markup:
    """A sentence of the service: accounts by their labels, what stands in backticks as code."""
    for account, label in labels.items():
        text = text.replace(account, label)
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow is only a character
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts))


def minute(at: str | None, never: str = "never") -> Markup:
    if at is None:
        return Markup('<span class="unknown">{}</span>').format(never)
    return Markup('<time datetime="{}">{} {}&nbsp;UTC</time>').format(at, at[:10], at[11:16])


def day(at: str | None) -> Markup:
    return UNKNOWN if at is None else Markup('<time datetime="{}">{}</time>').format(at, at[:10])


def tone(amount: str | None) -> str:
    """A CSS class: a loss and a gain differ in more than colour, the sign is always written."""
    if amount is None or not Decimal(amount):
        return ""
    return "loss" if amount.startswith("-") else "gain"


@dataclass(frozen=True, slots=True)
class Bar:
    """One asset's loss, as a share of the chart's width in percent with two places."""

    symbol: str
    loss: str
    y: int
    short: str
    long: str


BAR_PITCH = 46
BAR_TOP = 24
LARGEST_SHARE = Decimal(100)


def loss_bars(opportunities: Iterable[Mapping[str, Any]]) -> list[Bar]:
    """The loss that could be taken, by asset, largest first; a bar has a short-term and a long-term part.

    A part that is a gain (a lot that must go along) makes the other one shorter: the bar is as long as the loss.
    """
    with exact():
        return _bars(opportunities)


def _bars(opportunities: Iterable[Mapping[str, Any]]) -> list[Bar]:
    parts: dict[str, tuple[Decimal, Decimal]] = {}
    for found in opportunities:
        short, long = parts.get(found["symbol"], (Decimal(0), Decimal(0)))
        parts[found["symbol"]] = (short + Decimal(found["short_loss"]), long + Decimal(found["long_loss"]))
    losses = sorted(((s + n, symbol, s, n) for symbol, (s, n) in parts.items() if s + n > 0), key=lambda x: (-x[0], x[1]))
    if not losses:
        return []
    most = losses[0][0]
    bars = []
    for index, (loss, symbol, short, long) in enumerate(losses):
        width = LARGEST_SHARE * loss / most
        short_width = min(max(LARGEST_SHARE * short / most, Decimal(0)), width) if long > 0 else (width if short > 0 else Decimal(0))
        bars.append(Bar(symbol, plain(loss), BAR_TOP + index * BAR_PITCH, f"{short_width:.2f}", f"{width - short_width:.2f}"))
    return bars


def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(told=told, price=price, money=money, quantity=quantity, minute=minute, day=day, tone=tone)
    return made


TEMPLATES = _templates()


def page(template: str, code: int = 200, headers: Mapping[str, str] | None = None, **told: Any) -> HTMLResponse:
    """A template with what it is told."""
    return HTMLResponse(TEMPLATES.get_template(template).render(**told), code, headers)
