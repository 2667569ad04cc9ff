"""The tables. Portfolio and account stand in every key that belongs to one; ids derive from content, none is counted up.

Two databases that were given the same inputs hold the same rows in every table, except in the columns of OPERATIONAL. Derived
tables are keyed by what a row is about, so that what changed can be replaced alone and the order of arrival leaves no trace.
Names of columns are names of the fields of the values (rows.py turns one into the other). derived_tables.py has the derived ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, MetaData, Table
from sqlmodel import Field, SQLModel

from service.store.types import CanonicalJson, ExactDecimal, UtcTime, Words

Key = Annotated[str, Field(sa_type=Words, primary_key=True)]
Text = Annotated[str, Field(sa_type=Words)]
MaybeText = Annotated[str | None, Field(sa_type=Words)]
Place = Annotated[int, Field(primary_key=True)]
Amount = Annotated[Decimal, Field(sa_type=ExactDecimal)]
MaybeAmount = Annotated[Decimal | None, Field(sa_type=ExactDecimal)]
Time = Annotated[datetime, Field(sa_type=UtcTime)]
TimeKey = Annotated[datetime, Field(sa_type=UtcTime, primary_key=True)]
MaybeTime = Annotated[datetime | None, Field(sa_type=UtcTime)]
Json = Annotated[Any, Field(sa_type=CanonicalJson)]
Blob = Annotated[bytes, Field(sa_type=LargeBinary)]
MaybeJson = Annotated[Any, Field(sa_type=CanonicalJson, nullable=True)]
Number = Annotated[int, Field(sa_type=BigInteger)]
MaybeNumber = Annotated[int | None, Field(sa_type=BigInteger)]
NumberKey = Annotated[int, Field(sa_type=BigInteger, primary_key=True)]

CLUSTERED = {"sqlite_with_rowid": False}
"""Rows lie in the order of their key: one B-tree instead of two, and a span of a pool is read in one go."""

OPERATIONAL: Mapping[str, frozenset[str]] = {
    "account": frozenset({"added_at", "last_sync", "proved_until"}),
    "alert": frozenset({"created_at", "changed_at", "last_said_at", "message", "evidence"}),
    "coverage": frozenset({"until", "requests", "rows"}),
    "cursor": frozenset({"updated_at", "value"}),
    "declared": frozenset({"at", "reference"}),
    "delivery": frozenset({"body", "state", "attempts", "next_try", "says", "delivered_at"}),
    "derived": frozenset({"made_at", "rev", "quotes_rev"}),
    "channel": frozenset({"added_at"}),
    "owner": frozenset({"id", "encoded"}),
    "opportunity": frozenset({"price_at", "days_to_long", "turning_costs"}),
    "quote": frozenset({"fetched_at", "rev"}),
    "raw_record": frozenset({"fetched_at", "rev"}),
    "sealed": frozenset({"blob", "sealed_at"}),
    "session": frozenset({"id", "kind", "label", "digest", "created_at", "expires_at"}),
    "slot": frozenset({"job", "slot", "claimed_at"}),
    "vault_key": frozenset({"id", "wrapped", "made_at"}),
}
"""Table → columns that say when and how a row came, not what it says: clocks, the time up to which a stream was read (cursor),
the age of a price in the words of an alert, counts of requests, numbers of changes, ciphertext (a fresh nonce each time), how far a delivery has got, and all columns of sessions, runs and keys. Everything else is equal
in two databases that were given the same inputs, whether or not a process was killed in between."""


class Row(SQLModel):
    """Base of the tables: their own metadata, and a name for each constraint, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def one_of(column: str, *words: str) -> CheckConstraint:
    """The column holds one of these words."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(w) for w in words)})", name=column)


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["account"], ["account.id"], ondelete="CASCADE")


# ------------------------------------------------------------------ truth


class PortfolioRow(Row, table=True):
    __tablename__ = "portfolio"
    id: Key
    name: Text
    currency: Text
    profile: Json
    harvest: Json


class AccountRow(Row, table=True):
    __tablename__ = "account"
    __table_args__ = (
        one_of("kind", "exchange", "wallet", "file"),
        one_of("status", "active", "paused", "refused", "error"),
        Index(None, "portfolio", "label"),
    )
    id: Key
    portfolio: Text
    kind: Text
    connector: Text
    source: Text
    identity: Text
    address: Text
    label: Text
    settings: Json
    status: Text
    says: Text
    permissions: Text
    added_at: Time
    last_sync: MaybeTime
    proved_until: MaybeTime


class SealedRow(Row, table=True):
    """Ciphertext of one secret field of an account or channel; the vault alone opens it."""

    __tablename__ = "sealed"
    __table_args__ = (one_of("kind", "account", "channel"),)
    kind: Key
    owner: Key
    name: Key
    blob: Blob
    sealed_at: Time


class RawRecordRow(Row, table=True):
    """One version of one row of a source. The highest version of a key counts, unless it is withdrawn.

    rev: number of the change of the portfolio that wrote the row last; a refresh asks for what is newer than what it has seen.
    """

    __tablename__ = "raw_record"
    __table_args__ = (CheckConstraint("version >= 1", name="version"), _of_account(), Index(None, "portfolio", "rev"))
    account: Key
    stream: Key
    key: Key
    payload_hash: Key
    portfolio: Text
    version: int
    withdrawn: bool
    occurred_at: Time
    payload: Text
    fetched_at: Time
    rev: Number


class CursorRow(Row, table=True):
    __tablename__ = "cursor"
    __table_args__ = (_of_account(),)
    account: Key
    stream: Key
    portfolio: Text
    value: Text
    updated_at: Time


class CoverageRow(Row, table=True):
    __tablename__ = "coverage"
    __table_args__ = (_of_account(),)
    account: Key
    stream: Key
    portfolio: Text
    since: MaybeTime
    until: Time
    proof: Text
    requests: int
    rows: int
    unreachable: Json


class DeclaredRow(Row, table=True):
    __tablename__ = "declared"
    __table_args__ = (_of_account(),)
    account: Key
    asset: Key
    portfolio: Text
    quantity: Amount
    at: Time
    reference: Text


class QuoteRow(Row, table=True):
    """Prices are facts of the world: they belong to no portfolio. rev: number of the saving that brought it."""

    __tablename__ = "quote"
    __table_args__ = (one_of("span", "instant", "hour", "day"), Index(None, "rev"))
    asset: Key
    currency: Key
    at: TimeKey
    span: Key
    source: Key
    price: Amount
    fetched_at: Time
    rev: Number


class StatementRow(Row, table=True):
    """What the holder said, in the order of saying; never changed, never removed."""

    __tablename__ = "statement"
    portfolio: Key
    id: Key
    place: int
    kind: Text
    made_at: Time
    body: Json


# ------------------------------------------------------------------ evaluation


class OpportunityRow(Row, table=True):
    __tablename__ = "opportunity"
    __table_args__ = (
        one_of("term", "short", "long", "mixed"),
        one_of("certainty", "proven", "estimated", "low"),
        Index(None, "portfolio", "id"),
    )
    portfolio: Key
    place: Place
    id: Text
    account: Text
    coin: Text
    asset: Text
    symbol: Text
    lots: Json
    quantity: Amount
    value: Amount
    basis: Amount
    loss: Amount
    short_loss: Amount
    long_loss: Amount
    term: Text
    saving: Amount
    costs: Amount
    net: Amount
    net_low: Amount
    net_high: MaybeAmount
    deferred: Amount
    days_to_long: MaybeNumber
    turning_costs: Amount
    certainty: Text
    price: Amount
    price_at: Time
    price_sources: Json
    blocked_by: Json
    keeps: bool
    says: Text


# ------------------------------------------------------------------ alerts and outbox


class AlertRow(Row, table=True):
    """One episode of one subject: kept, never rebuilt."""

    __tablename__ = "alert"
    __table_args__ = (one_of("state", "open", "acknowledged", "snoozed", "resolved"), Index(None, "portfolio", "subject"))
    portfolio: Key
    id: Key
    subject: Text
    state: Text
    opportunity: Text
    created_at: Time
    changed_at: Time
    last_said_at: Time
    net: Amount
    message: Text
    resolved_because: Text
    snoozed_until: MaybeTime
    evidence: Text
    judged: MaybeJson
    counted: int


class DeliveryRow(Row, table=True):
    """The outbox: one message to one channel, kept until it is delivered and after."""

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("state", "waiting", "collected", "digested", "delivered", "failed"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(None, "state", "next_try"),
        Index(None, "alert"),
    )
    message: Key
    channel: Key
    portfolio: Text
    alert: Text
    kind: Text
    title: Text
    body: Text
    state: Text
    attempts: int
    next_try: Time
    says: Text
    delivered_at: MaybeTime


class ChannelRow(Row, table=True):
    __tablename__ = "channel"
    id: Key
    portfolio: Text
    label: Text
    shown: Text
    added_at: Time
    digest: Text
    signed: bool


# ------------------------------------------------------------------ access, schedule, keys


class OwnerRow(Row, table=True):
    """The owner's password as an encoded Argon2 hash. One row."""

    __tablename__ = "owner"
    __table_args__ = (CheckConstraint("id = 'owner'", name="id"),)
    id: Key
    encoded: Text


class SessionRow(Row, table=True):
    """digest: SHA-256 of the secret; the secret itself is nowhere."""

    __tablename__ = "session"
    __table_args__ = (one_of("kind", "session", "token"), Index(None, "digest", unique=True))
    id: Key
    kind: Text
    label: Text
    digest: Text
    created_at: Time
    expires_at: MaybeTime


class SlotRow(Row, table=True):
    """One run of one job; the unique row makes N triggers one run."""

    __tablename__ = "slot"
    job: Key
    slot: Key
    claimed_at: Time


class VaultKeyRow(Row, table=True):
    """The data key, wrapped by a key that the database never sees. One row."""

    __tablename__ = "vault_key"
    __table_args__ = (CheckConstraint("id = 'vault'", name="id"),)
    id: Key
    wrapped: Blob
    made_at: Time


def tables(*rows: type[Row]) -> tuple[Table, ...]:
    """The Core tables of row classes."""
    return tuple(row.metadata.tables[str(row.__tablename__)] for row in rows)
