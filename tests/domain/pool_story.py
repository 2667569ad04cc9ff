"""A holder's history in whole units of one coin, told in days, for the pooling laws. Money is in whole pounds or dollars unless a text says more."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from service.domain.money import plain
from service.domain.movements import NOTHING, More, Movement, decimal, money, ticks


def at(when):
    """A day (noon) or a time, in UTC."""
    found = datetime.fromisoformat(when)
    return ticks((found.replace(hour=12) if len(when) == 10 else found).replace(tzinfo=UTC))


def cash(amount):
    return None if amount is None else money(Decimal(amount))


def bought(when, quantity, cost, *, id="", coin="coin", account="exchange", more=NOTHING):
    """Cost with fees; None: unknown."""
    return Movement("acquire", at(when), id or f"bought {when}", account, coin, coin, quantity, cash(cost), 0, more)


def sold(when, quantity, value, fee=0, *, id="", coin="coin", account="exchange"):
    """Value before the fee."""
    return Movement("dispose", at(when), id or f"sold {when}", account, coin, coin, quantity, cash(value), cash(fee))


def given(when, quantity, *, kind="gift_out", coin="coin"):
    return Movement("leave", at(when), f"{kind} {when}", "exchange", coin, coin, quantity, None, 0, More(kind=kind))


def moved(when, quantity, *, coin="coin", to_coin="", received=None):
    more = More(to_account="wallet", to_coin=to_coin, received=received)
    return Movement("move", at(when), f"moved {when}", "exchange", coin, to_coin or coin, quantity, None, 0, more)


def pools(made):
    """Coin → (units, cost)."""
    return {pool.coin: (pool.quantity, plain(decimal(pool.cost))) for pool in made.pools}
