"""The tables. Portfolio and account stand in every key that belongs to one; ids derive from content, none is counted up.

Two databases that were given the same inputs hold the same rows in every table, except in the columns of OPERATIONAL. Derived
tables are keyed by (portfolio, place): the place of a row in the pure result, which depends on nothing but its content.
Names of columns are names of the fields of the values (rows.py turns one into the other); a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, MetaData, Table
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

OPERATIONAL: Mapping[str, frozenset[str]] = {
    "account": frozenset({"added_at", "last_sync", "proved_until"}),
    "alert": frozenset({"created_at", "changed_at", "last_said_at", "message", "evidence"}),
    "coverage": frozenset({"until", "requests", "rows"}),
    "cursor": frozenset({"updated_at", "value"}),
    "declared": frozenset({"at", "reference"}),
    "delivery": frozenset({"body", "state", "attempts", "next_try", "says", "delivered_at"}),
    "derived": frozenset({"made_at"}),
    "channel": frozenset({"added_at"}),
    "owner": frozenset({"id", "encoded"}),
    "opportunity": frozenset({"price_at"}),
    "quote": frozenset({"fetched_at"}),
    "raw_record": frozenset({"fetched_at"}),
    "sealed": frozenset({"blob", "sealed_at"}),
    "session": frozenset({"id", "kind", "label", "digest", "created_at", "expires_at"}),
    "slot": frozenset({"job", "slot", "claimed_at"}),
    "vault_key": frozenset({"id", "wrapped", "made_at"}),
}
"""Table → columns that say when and how a row came, not what it says: clocks, the time up to which a stream was read (cursor),
the age of a price in the words of an alert, counts of requests, ciphertext (a fresh nonce each time), how far a delivery has got, and all columns of sessions, runs and keys. Everything else is equal
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


def _one_of(column: str, *words: str) -> CheckConstraint:
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
        _one_of("kind", "exchange", "wallet", "file"),
        _one_of("status", "active", "paused", "refused", "error"),
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
    __table_args__ = (_one_of("kind", "account", "channel"),)
    kind: Key
    owner: Key
    name: Key
    blob: Blob
    sealed_at: Time


class RawRecordRow(Row, table=True):
    """One version of one row of a source. The highest version of a key counts, unless it is withdrawn."""

    __tablename__ = "raw_record"
    __table_args__ = (CheckConstraint("version >= 1", name="version"), _of_account(), Index(None, "account", "occurred_at"))
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
    """Prices are facts of the world: they belong to no portfolio."""

    __tablename__ = "quote"
    __table_args__ = (_one_of("span", "instant", "hour", "day"),)
    asset: Key
    currency: Key
    at: TimeKey
    span: Key
    source: Key
    price: Amount
    fetched_at: Time


class StatementRow(Row, table=True):
    """What the holder said, in the order of saying; never changed, never removed."""

    __tablename__ = "statement"
    portfolio: Key
    id: Key
    place: int
    kind: Text
    made_at: Time
    body: Json


# ------------------------------------------------------------------ derived


class DerivedRow(Row, table=True):
    """Which derived state the tables below hold: the ledger's id and the hash of all their rows."""

    __tablename__ = "derived"
    portfolio: Key
    ledger_id: Text
    content_hash: Text
    made_at: Time


class BookedRow(Row, table=True):
    __tablename__ = "booked"
    __table_args__ = (Index(None, "portfolio", "id"), Index(None, "account", "occurred_at"))
    portfolio: Key
    place: Place
    id: Text
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


class LotRow(Row, table=True):
    """A part of a lot that was moved keeps the lot's id, so ids repeat."""

    __tablename__ = "lot"
    __table_args__ = (Index(None, "portfolio", "id"), Index(None, "account", "coin"))
    portfolio: Key
    place: Place
    id: Text
    account: Text
    coin: Text
    asset: Text
    symbol: Text
    quantity: Amount
    basis: MaybeAmount
    acquired_at: Time
    sequence: int
    flags: Json


class DisposalRow(Row, table=True):
    __tablename__ = "disposal"
    __table_args__ = (_one_of("term", "short", "long"), Index(None, "portfolio", "id"), Index(None, "portfolio", "disposed_at"))
    portfolio: Key
    place: Place
    id: Text
    event: Text
    lot: Text
    account: Text
    coin: Text
    symbol: Text
    quantity: Amount
    acquired_at: MaybeTime
    disposed_at: Time
    proceeds: MaybeAmount
    basis: MaybeAmount
    term: Text
    flags: Json


class IncomeRow(Row, table=True):
    __tablename__ = "income"
    portfolio: Key
    place: Place
    event: Text
    account: Text
    coin: Text
    quantity: Amount
    value: MaybeAmount
    at: Time


class IssueRow(Row, table=True):
    """origin: which stage's set of issues it belongs to; each set is replaced as a whole."""

    __tablename__ = "issue"
    __table_args__ = (
        _one_of("origin", "rebuild", "ledger", "evaluation"),
        _one_of("severity", "info", "warning", "error"),
        Index(None, "portfolio", "id"),
    )
    portfolio: Key
    origin: Key
    place: Place
    id: Text
    kind: Text
    severity: Text
    subject: Text
    says: Text
    remedy: Text


class OpportunityRow(Row, table=True):
    __tablename__ = "opportunity"
    __table_args__ = (
        _one_of("term", "short", "long", "mixed"),
        _one_of("certainty", "proven", "estimated", "low"),
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
    certainty: Text
    price: Amount
    price_at: Time
    price_sources: Json
    blocked_by: Json
    says: Text


# ------------------------------------------------------------------ alerts and outbox


class AlertRow(Row, table=True):
    """One episode of one subject: kept, never rebuilt."""

    __tablename__ = "alert"
    __table_args__ = (_one_of("state", "open", "acknowledged", "snoozed", "resolved"), Index(None, "portfolio", "subject"))
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


class DeliveryRow(Row, table=True):
    """The outbox: one message to one channel, kept until it is delivered and after."""

    __tablename__ = "delivery"
    __table_args__ = (
        _one_of("state", "waiting", "delivered", "failed"),
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
    __table_args__ = (_one_of("kind", "session", "token"), Index(None, "digest", unique=True))
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
