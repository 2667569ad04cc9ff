"""Rows of the long tables, ready for the database and back: transactions, movements.

A row that is ready holds text, numbers and nothing else, in the order of its table's columns. What repeats (the coin of an amount, the
rare words of a movement) is put into words once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connectors.contract import Asset, Stated
from service.app.derived import Placed, amounts_text
from service.domain.assets import Coin
from service.domain.money import plain
from service.domain.movements import NOTHING, PLACES, More, Movement
from service.domain.reconcile import Amount, Booked, Kind
from service.store.rows import decode, encode
from service.store.types import canonical_json, iso, words

# ------------------------------------------------------------------ transactions


def booked_line(portfolio: str, row: Booked) -> tuple[Any, ...]:
    return (
        portfolio,
        row.id,
        row.account,
        iso(row.occurred_at),
        row.hint,
        row.kind.value,
        _amounts(row.sent),
        _amounts(row.received),
        _amounts(row.fees),
        None if row.chain_ref is None else words(row.chain_ref),
        _texts(row.counterparties),
        _texts(row.flags),
        _texts(row.matched_with),
        _texts(row.keys),
        row.sequence,
        None if row.stated is None else canonical_json(encode(row.stated)),
    )


def booked_of(row: Sequence[Any]) -> Booked:
    """`row`: the columns after the portfolio, JSON and times read."""
    name, account, at, hint, kind, sent, received, fees, chain_ref, counterparties, flags, matched, keys, sequence, stated = row
    return Booked(
        name, account, at, hint, Kind(kind), _read(sent), _read(received), _read(fees), chain_ref, tuple(counterparties), tuple(flags),
        tuple(matched), tuple(keys), sequence, None if stated is None else decode(Stated, stated),
    )  # fmt: skip


def _texts(texts: tuple[str, ...]) -> str:
    return canonical_json(texts) if texts else "[]"


def _amounts(amounts: tuple[Amount, ...]) -> str:
    return amounts_text([(a.asset, a.coin, plain(a.quantity)) for a in amounts]) if amounts else "[]"


def _read(amounts: Iterable[list[Any]]) -> tuple[Amount, ...]:
    return tuple([Amount(_coin(*coin), Asset(asset), Decimal(quantity)) for asset, *coin, quantity in amounts])


_coin = lru_cache(maxsize=4096)(Coin)


# ------------------------------------------------------------------ movements


def movement_line(portfolio: str, placed: Placed) -> tuple[Any, ...]:
    coin, at, place, n, row, (act, _, name, account, _, asset, quantity, value, fee, more), places = placed
    return (
        portfolio,
        coin,
        at,
        place,
        n,
        row,
        act,
        name,
        account,
        asset,
        str(quantity) if places == PLACES else f"{quantity}e-{places}",
        None if value is None else str(value),
        str(fee),
        "" if more == NOTHING else _more(more, places),
    )


@lru_cache(maxsize=4096)
def _more(more: More, places: int) -> str:
    told = {name: value for name, value in more._asdict().items() if value != More._field_defaults[name]}
    if more.received is not None:
        told["received"] = str(more.received) if places == PLACES else f"{more.received}e-{places}"
    return json.dumps(told, separators=(",", ":"))


def movement_of(row: Sequence[Any], places: int = PLACES) -> Movement:
    """`row`: coin, at, act, id, account, asset, quantity, value, fee, more; quantities in 10^-places, which must hold them."""
    coin, at, act, name, account, asset, quantity, value, fee, more = row
    return Movement(
        act,
        at,
        name,
        account,
        coin,
        asset,
        counted(quantity, places),
        None if value is None else int(value),
        int(fee),
        _more_of(more, places) if more else NOTHING,
    )


def counted(text: str, places: int) -> int:
    """The count that `movement_line` wrote, in units of 10^-places."""
    if places == PLACES and "e" not in text:
        return int(text)
    count, _, own = text.partition("e-")
    more = places - int(own or PLACES)
    if more < 0:
        raise ValueError(f"{text} has more than {places} places")
    scale: int = 10**more
    return int(count) * scale


@lru_cache(maxsize=4096)
def _more_of(text: str, places: int) -> More:
    told: Mapping[str, Any] = json.loads(text)
    if "received" in told:
        told = {**told, "received": counted(told["received"], places)}
    return More(**told)


def places_in(text: str) -> int:
    """Of a quantity as `movement_line` wrote it."""
    return int(text.partition("e-")[2] or PLACES)
