"""The derived tables: what a refresh makes of the truth. Keyed by what a row is about, so that what changed is replaced alone.

The tables that a long history fills (movement, disposal, lot, checkpoint) say times as microseconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import Index

from service.store.tables import (
    CLUSTERED,
    Amount,
    Json,
    Key,
    MaybeAmount,
    MaybeJson,
    MaybeNumber,
    MaybeText,
    Number,
    NumberKey,
    Place,
    Row,
    Text,
    Time,
    one_of,
)


class DerivedRow(Row, table=True):
    """Which derived state the tables below hold: the ledger's id and what it was made from.

    rests_on: what else than rows and quotes it depends on; where that differs, everything is made anew. said: how many of the holder's
    statements it knows. rev, quotes_rev: the newest change of raw records and of quotes that it has seen.
    """

    __tablename__ = "derived"
    portfolio: Key
    ledger_id: Text
    rests_on: Json
    said: int
    rev: Number
    quotes_rev: Number
    made_at: Time


class BookedRow(Row, table=True):
    """One transaction of one account, as `transactions` shows it, with all that later stages need of it.

    sent, received, fees: lists of [asset, coin id, symbol, kind, known, peg, quantity].
    """

    __tablename__ = "booked"
    __table_args__ = (Index(None, "account"), CLUSTERED)
    portfolio: Key
    id: Key
    account: Text
    occurred_at: Time
    hint: Text
    kind: Text
    sent: Json
    received: Json
    fees: Json
    chain_ref: MaybeText
    counterparties: Json
    flags: Json
    matched_with: Json
    keys: Json
    sequence: Number
    stated: MaybeJson


class SideRow(Row, table=True):
    """Rows that can be one side of a transfer, by coin and time, and by the hash on their chain: what is paired again when one changes."""

    __tablename__ = "side"
    __table_args__ = (Index(None, "row"), Index(None, "hash"), CLUSTERED)
    portfolio: Key
    coin: Key
    at: NumberKey
    row: Key
    hash: Text


class BalanceRow(Row, table=True):
    """What the rows of an account add up to for one asset (as one coin: codes change their meaning), and how many of them are odd.

    comes, goes: of rows that are not final yet. rows: all of them; live: those that count.
    """

    __tablename__ = "balance"
    __table_args__ = (CLUSTERED,)
    portfolio: Key
    account: Key
    asset: Key
    coin: Key
    symbol: Text
    kind: Text
    known: bool
    quantity: Amount
    comes: Amount
    goes: Amount
    rows: int
    live: int
    spam: int
    pending: int
    unexplained: int


class ValuedRow(Row, table=True):
    """Which rows rest on which coin's quotes, and when: a new quote finds the rows that it touches. missing: none was found yet."""

    __tablename__ = "valued"
    __table_args__ = (Index(None, "row"), CLUSTERED)
    portfolio: Key
    coin: Key
    at: NumberKey
    row: Key
    missing: bool


class MovementRow(Row, table=True):
    """What the ledger books, in its order (at, place, n). row: the transaction that it comes from.

    Counts are whole numbers as text: quantities in 10^-18 (finer ones with their own exponent, "15e-20"), money in 10^-30.
    more: what few movements have, as JSON; empty for none.
    """

    __tablename__ = "movement"
    __table_args__ = (CLUSTERED,)
    portfolio: Key
    coin: Key
    at: NumberKey
    place: Key
    n: Place
    row: Text
    act: Text
    id: Text
    account: Text
    asset: Text
    quantity: Text
    value: MaybeText
    fee: Text
    more: Text


class PoolRow(Row, table=True):
    """A coin that was ever moved. pool: name of the coins whose lots are one ledger (itself, unless it was renamed).

    renames: coin → how many movements carry lots there. fine: places beyond 18 → how many quantities have them.
    digest: of all that the ledger of the pool gave; empty where the coin is not the one that names it.
    """

    __tablename__ = "pool"
    __table_args__ = (Index(None, "portfolio", "pool"), CLUSTERED)
    portfolio: Key
    coin: Key
    pool: Text
    symbol: Text
    movements: Number
    renames: Json
    fine: Json
    digest: Text


class CheckpointRow(Row, table=True):
    """A pool's ledger as it stood before `at`, after `entered` movements; digest: of all that it had given by then."""

    __tablename__ = "checkpoint"
    portfolio: Key
    pool: Key
    number: NumberKey
    at: Number
    entered: Number
    body: Text
    digest: Text


class LotRow(Row, table=True):
    """An open lot, or the part of it that lies in one account."""

    __tablename__ = "lot"
    __table_args__ = (Index(None, "portfolio", "pool"), CLUSTERED)
    portfolio: Key
    account: Key
    coin: Key
    id: Key
    pool: Text
    asset: Text
    quantity: Amount
    basis: MaybeAmount
    acquired: Number
    sequence: Number
    flags: Text
    fair: MaybeAmount
    fair_at: MaybeNumber


class DisposalRow(Row, table=True):
    """One match of a disposal with a lot, or with nothing. n: its place among those of its pool at one instant. flags: words."""

    __tablename__ = "disposal"
    __table_args__ = (CLUSTERED,)
    portfolio: Key
    pool: Key
    disposed: NumberKey
    n: Place
    event: Text
    lot: Text
    account: Text
    coin: Text
    quantity: Amount
    acquired: MaybeNumber
    proceeds: MaybeAmount
    basis: MaybeAmount
    long: bool
    flags: Text


class IssueRow(Row, table=True):
    """origin: the stage that raised it; owner: the row, pool or account that it was raised for; part: which stretch of a pool.

    The issues of an owner are replaced as a whole.
    """

    __tablename__ = "issue"
    __table_args__ = (
        one_of("origin", "account", "row", "transfer", "price", "ledger", "balance", "evaluation"),
        one_of("severity", "info", "warning", "error"),
    )
    portfolio: Key
    origin: Key
    owner: Key
    part: NumberKey
    id: Key
    kind: Text
    severity: Text
    subject: Text
    says: Text
    remedy: Text
