"""From a source's rows to what moved: the pure pieces that all dialects share. No clock, no net, no guess.

Classified by the exchange's own type, never by sign alone: a staking reward is no deposit, and a transfer's fee is no trade. A type that
is not in a dialect's table becomes Unreadable with the word that was not understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Context, Decimal, InvalidOperation, localcontext
from typing import Any

from connectors.contract import Asset, Hint, Leg, RawRecord, Transaction, Unreadable

FIAT = frozenset(
    """
    AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK
    DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR
    KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB
    PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SDG SEK SGD SHP SLE SRD SSP STN SVC SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH
    UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a list of a hundred and fifty lines tells nobody more
)
"""Money by its code alone: the currencies of ISO 4217 (and those that ended since exchanges exist), without funds and metals, and without ALL,
BOB, ERN, GEL, MNT, SCR, SOS and TOP: coins trade under those codes (MNT is Mantle, SCR Scroll), so only a field that speaks of money makes
them money."""

Read = Transaction | Unreadable

EXACT = Context(prec=120)
"""The default context rounds at 28 digits, even where it only turns a sign."""


def asset(exchange: str, code: str) -> Asset:
    """ "fiat:EUR" for money, else the exchange's own code under its name: what a code means is decided later, by date."""
    return Asset(f"fiat:{code}") if code in FIAT else Asset(f"{exchange}:{code}")


def money(code: str) -> Asset:
    """What a field names that holds nothing but money."""
    return Asset(f"fiat:{code}")


def amount(value: Any) -> Decimal:
    """An exact amount. Raises ValueError for what is none: missing is not zero."""
    if isinstance(value, bool | float) or value is None or value == "":
        raise ValueError("an amount is missing")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("an amount is not a number") from None
    if not number.is_finite():
        raise ValueError("an amount is not finite")
    return number


def optional(value: Any) -> Decimal:
    """An amount that the source leaves out when there is none."""
    return Decimal(0) if value in (None, "") else amount(value)


def legs(*moved: tuple[Asset, Decimal, bool]) -> tuple[Leg, ...]:
    """Legs of what is not zero; (asset, signed quantity, is it a fee)."""
    return tuple(Leg(what, quantity, is_fee) for what, quantity, is_fee in moved if quantity)


def name(one: RawRecord) -> str:
    return f"{one.stream}/{one.key}"


def transaction(
    records: list[RawRecord],
    moved: tuple[Leg, ...],
    hint: Hint,
    *,
    chain_ref: Any = None,
    other: Any = None,
    final: bool = True,
    note: str = "",
) -> Iterator[Read]:
    """One transaction of these records, or nothing where nothing moved."""
    if not moved:
        return
    reference = str(chain_ref).strip().lower() if chain_ref else None
    yield Transaction(
        account=records[0].account,
        keys=tuple(name(one) for one in records),
        occurred_at=min(one.occurred_at for one in records),
        legs=moved,
        hint=hint,
        chain_ref=reference,
        counterparties=(str(other),) if other else (),
        final=final,
        note=note,
    )


def with_payment(reads: Iterable[Read]) -> Iterator[Read]:
    """A trade whose money side came from outside the account (a card, a bank): the trade stays whole, and the money that it gave is first paid in,
    or what it got is paid out after it, by a transaction of its own named "KEY#paid". So no balance of money is left that never was."""
    for one in reads:
        if not isinstance(one, Transaction):
            yield one
            continue
        totals: dict[Asset, Decimal] = {}
        for leg in one.legs:
            if leg.asset.startswith("fiat:"):
                totals[leg.asset] = totals.get(leg.asset, Decimal(0)) + leg.quantity
        paid = legs(*((what, -total, False) for what, total in totals.items()))
        hint: Hint = "deposit" if sum(leg.quantity for leg in paid) > 0 else "withdrawal"
        payment = replace(one, keys=(f"{one.keys[0]}#paid", *one.keys), legs=paid, hint=hint)
        yield from (payment, one)[:: 1 if hint == "deposit" else -1] if paid else (one,)


def unreadable(records: Iterable[RawRecord], why: str) -> Iterator[Read]:
    for one in records:
        yield Unreadable(one.account, name(one), why)


def guarded(records: list[RawRecord], read: Callable[[], Iterable[Read]]) -> Iterator[Read]:
    """What `read` says of the records, computed with every digit; Unreadable where a row is not of the shape that we know."""
    try:
        with localcontext(EXACT):
            found = list(read())
        yield from found
    except KeyError as missing:
        yield from unreadable(records, f"the row has no {missing.args[0]}")
    except (ValueError, TypeError, AttributeError) as wrong:
        yield from unreadable(records, str(wrong) if isinstance(wrong, ValueError) else "the row has a shape that is not known")


def parsed(one: RawRecord) -> dict[str, Any]:
    """The payload. Numbers keep their digits."""
    value = json.loads(one.payload, parse_float=Decimal)
    if not isinstance(value, dict):
        raise ValueError("the record is not an object")  # noqa: TRY004 - one kind of error for what cannot be read
    return value


def in_order(records: Iterable[RawRecord]) -> list[RawRecord]:
    return sorted(records, key=lambda one: (one.occurred_at, one.stream, one.key))
