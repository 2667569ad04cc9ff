"""Derived tables by content, so that what changed is replaced alone; numbers of changes on what sources and markets said.

Derived tables are dropped: the next refresh makes them anew. Records and quotes stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text()
DECIMAL = sa.Text().with_variant(sa.Numeric(), "postgresql")
TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    for table in ("derived", "booked", "lot", "disposal", "income", "issue"):
        op.drop_table(table)
    rows()
    balances()
    ledger()
    results()
    op.drop_index("ix_raw_record_account_occurred_at", "raw_record")
    if op.get_bind().dialect.name == "sqlite":
        copied("raw_record", records, "account, stream, key, payload_hash, portfolio, version, withdrawn, occurred_at, payload, fetched_at")
        copied("quote", quotes, "asset, currency, at, span, source, price, fetched_at")
    else:
        for table in ("raw_record", "quote"):
            op.add_column(table, sa.Column("rev", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
            op.alter_column(table, "rev", server_default=None)
    op.create_index("ix_raw_record_portfolio_rev", "raw_record", ["portfolio", "rev"])
    op.create_index("ix_quote_rev", "quote", ["rev"])


def copied(table: str, make: Callable[[], None], columns: str) -> None:
    """The table with its rows, as `make` makes it; SQLite cannot add a column that must not be empty."""
    op.rename_table(table, f"{table}_0001")
    make()
    op.execute(f"INSERT INTO {table} ({columns}, rev) SELECT {columns}, 0 FROM {table}_0001")  # noqa: S608  # names of our own tables
    op.drop_table(f"{table}_0001")


def records() -> None:
    op.create_table(
        "raw_record",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("payload_hash", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "stream", "key", "payload_hash", name="pk_raw_record"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_raw_record_version")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_raw_record_account", ondelete="CASCADE"),
    )


def quotes() -> None:
    op.create_table(
        "quote",
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("span", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("price", DECIMAL, nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "currency", "at", "span", "source", name="pk_quote"),
        sa.CheckConstraint("span IN ('instant', 'hour', 'day')", name=op.f("ck_quote_span")),
    )


def rows() -> None:
    op.create_table(
        "derived",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("ledger_id", TEXT, nullable=False),
        sa.Column("rests_on", TEXT, nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("quotes_rev", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", name="pk_derived"),
    )
    op.create_table(
        "booked",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("hint", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("sent", TEXT, nullable=False),
        sa.Column("received", TEXT, nullable=False),
        sa.Column("fees", TEXT, nullable=False),
        sa.Column("chain_ref", TEXT, nullable=True),
        sa.Column("counterparties", TEXT, nullable=False),
        sa.Column("flags", TEXT, nullable=False),
        sa.Column("matched_with", TEXT, nullable=False),
        sa.Column("keys", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("stated", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("portfolio", "id", name="pk_booked"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_booked_account", "booked", ["account"])
    op.create_table(
        "side",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("row", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "coin", "at", "row", name="pk_side"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_side_hash", "side", ["hash"])
    op.create_index("ix_side_row", "side", ["row"])


def balances() -> None:
    op.create_table(
        "balance",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("comes", DECIMAL, nullable=False),
        sa.Column("goes", DECIMAL, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "account", "asset", "coin", name="pk_balance"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "valued",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("row", TEXT, nullable=False),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "coin", "at", "row", name="pk_valued"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_valued_row", "valued", ["row"])


def ledger() -> None:
    op.create_table(
        "movement",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("row", TEXT, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("quantity", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=True),
        sa.Column("fee", TEXT, nullable=False),
        sa.Column("more", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "coin", "at", "place", "n", name="pk_movement"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pool",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("pool", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("movements", sa.BigInteger(), nullable=False),
        sa.Column("renames", TEXT, nullable=False),
        sa.Column("fine", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "coin", name="pk_pool"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pool_portfolio_pool", "pool", ["portfolio", "pool"])
    op.create_table(
        "checkpoint",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("pool", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "pool", "number", name="pk_checkpoint"),
    )


def results() -> None:
    op.create_table(
        "lot",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("pool", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("basis", DECIMAL, nullable=True),
        sa.Column("acquired", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("flags", TEXT, nullable=False),
        sa.Column("fair", DECIMAL, nullable=True),
        sa.Column("fair_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("portfolio", "account", "coin", "id", name="pk_lot"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lot_portfolio_pool", "lot", ["portfolio", "pool"])
    op.create_table(
        "disposal",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("pool", TEXT, nullable=False),
        sa.Column("disposed", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("acquired", sa.BigInteger(), nullable=True),
        sa.Column("proceeds", DECIMAL, nullable=True),
        sa.Column("basis", DECIMAL, nullable=True),
        sa.Column("long", sa.Boolean(), nullable=False),
        sa.Column("flags", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "pool", "disposed", "n", name="pk_disposal"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issue",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.Column("remedy", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "origin", "owner", "part", "id", name="pk_issue"),
        sa.CheckConstraint(
            "origin IN ('account', 'row', 'transfer', 'price', 'ledger', 'balance', 'evaluation')", name=op.f("ck_issue_origin")
        ),
        sa.CheckConstraint("severity IN ('info', 'warning', 'error')", name=op.f("ck_issue_severity")),
    )
