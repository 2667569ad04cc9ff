"""What a refresh reads of the derived state and what it writes back: one value for each table, so that only what changed is replaced.

Lines are tuples in the order of their table's columns (without the portfolio): a history of 100,000 rows makes half a million of them.
Amounts in lines are plain decimals as text, times microseconds since 1970 UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from service.domain.assets import Coin
from service.domain.issues import Issue
from service.domain.money import ZERO
from service.domain.movements import Movement
from service.domain.reconcile import Booked


@dataclass(frozen=True, slots=True)
class State:
    """What the derived tables hold, and what they were made from."""

    ledger_id: str
    rests_on: Mapping[str, Any]
    """Everything but rows, quotes and the holder's words: where it differs, all is made anew."""
    said: int
    """How many statements it knows."""
    rev: int
    """The newest change of raw records that it has seen; the same for quotes."""
    quotes_rev: int


class Placed(NamedTuple):
    """A movement where it stands in the history: by coin, time, place within the instant, and number within its row's place."""

    coin: str
    at: int
    place: str
    n: int
    row: str
    """Id of the transaction that it comes from."""
    movement: Movement
    places: int
    """Of its quantities."""


class Movements(NamedTuple):
    """A whole history as the ledger books it."""

    movements: list[Movement]
    """Those of a pool in their order, pool after pool."""
    pool_of: dict[str, str]
    """Coin → pool, as ledger.run takes it."""
    places: int
    """Of all quantities."""
    symbols: dict[str, str]
    """Coin → symbol."""


class BySide(NamedTuple):
    coin: str
    at: int
    row: str
    hash: str


BookedLine = tuple[str, str, str, str, str, str, str, str, str | None, str, str, str, str, int, str | None]
"""id, account, occurred_at (ISO 8601, microseconds, Z), hint, kind, sent, received, fees (amounts_text), chain_ref, counterparties, flags,
matched_with, keys (JSON lists), sequence, stated (JSON)"""


def amounts_text(amounts: Iterable[tuple[str, Coin, str]]) -> str:
    """(asset, coin, plain quantity) each → JSON: [[asset, coin id, symbol, kind, known, peg, quantity], …]."""
    told = ",".join([f'{coin_text(asset, coin)}{quantity}"]' for asset, coin, quantity in amounts])
    return f"[{told}]"


@lru_cache(maxsize=4096)
def coin_text(asset: str, coin: Coin) -> str:
    """What stands before the quantity."""
    told = json.dumps([asset, coin.id, coin.symbol, coin.kind, coin.known, coin.peg], separators=(",", ":"))
    return f'{told[:-1]},"'


class Valued(NamedTuple):
    """A row rests on the quotes of a coin at a time; `missing`: there are none."""

    coin: str
    at: int
    row: str
    missing: bool


@dataclass(slots=True)
class Tally:
    """What rows add up to for one asset of an account as one coin. Changed in place; never negative counts."""

    coin: Coin
    quantity: Decimal = ZERO
    comes: Decimal = ZERO
    """By rows that are not final yet; the same for `goes`."""
    goes: Decimal = ZERO
    rows: int = 0
    live: int = 0
    spam: int = 0
    pending: int = 0
    unexplained: int = 0


TallyKey = tuple[str, str, str]
"""Account, asset, coin."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A coin that was ever moved, and the pool of lots that it is part of."""

    coin: str
    pool: str
    symbol: str
    movements: int
    renames: Mapping[str, int]
    """Coin → how many movements carry lots there."""
    fine: Mapping[int, int]
    """Places beyond 18 → how many movements have them."""
    digest: str = ""
    """Of the pool's ledger; on the coin that names it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    pool: str
    number: int
    at: int
    """It covers the movements before this time."""
    entered: int
    """How many these are."""
    body: str
    """ledger.checkpoint.state; empty where only the place is asked for."""
    digest: str


LotLine = tuple[str, str, str, str, str, str, str | None, int, int, str, str | None, int | None]
"""account, coin, id, pool, asset, quantity, basis, acquired, sequence, flags, fair, fair_at"""
DisposalLine = tuple[str, int, int, str, str, str, str, str, int | None, str | None, str | None, bool, str]
"""pool, disposed, n, event, lot, account, coin, quantity, acquired, proceeds, basis, long, flags"""


class Raised(NamedTuple):
    """An issue, and for whom it was raised."""

    origin: str
    """row, transfer, price, ledger, account, balance"""
    owner: str
    part: int
    issue: Issue


@dataclass(slots=True)
class Replay:
    """What a pool's ledger gives from `since` on; before it everything stays."""

    pool: str
    since: int | None
    """None: from the beginning."""
    part: int
    """Findings of this part and later ones are replaced."""
    disposals: list[DisposalLine] = field(default_factory=list)
    lots: list[LotLine] = field(default_factory=list)
    """New or changed."""
    lots_gone: list[tuple[str, str, str]] = field(default_factory=list)
    """(account, coin, id) of those that changed or are used up."""
    checkpoints: list[Checkpoint] = field(default_factory=list)
    checkpoints_gone: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """What a refresh changes of all but the ledgers: what is gone is deleted, then what is new is added."""

    whole: bool
    """Everything that stood is dropped first; then nothing is in `..._gone`."""
    made_at: datetime
    booked: list[Booked] = field(default_factory=list)
    lines: list[BookedLine] = field(default_factory=list)
    """The same, ready to be stored."""
    booked_gone: set[str] = field(default_factory=set)
    sides: list[BySide] = field(default_factory=list)
    tallies: dict[TallyKey, Tally] = field(default_factory=dict)
    tallies_gone: set[TallyKey] = field(default_factory=set)
    valued: list[Valued] = field(default_factory=list)
    valued_gone: set[str] = field(default_factory=set)
    """Rows."""
    movements: list[Placed] = field(default_factory=list)
    movements_gone: list[Placed] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    raised_gone: set[tuple[str, str]] = field(default_factory=set)
    """(origin, owner); an empty owner: all of that origin."""


@dataclass(slots=True)
class Ledgers:
    """What it changes of the ledgers, and the state that all of it leads to."""

    state: State
    pools: list[Pool] = field(default_factory=list)
    pools_gone: set[str] = field(default_factory=set)
    """Coins."""
    dropped: set[str] = field(default_factory=set)
    """Pools whose whole ledger goes, since their coins are another pool's now."""
    replays: list[Replay] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
