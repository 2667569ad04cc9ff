"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text()
DECIMAL = sa.Text().with_variant(sa.Numeric(), "postgresql")
TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    accounts()
    records()
    said()
    derived()
    results()
    opportunities()
    outbox()
    access()


def accounts() -> None:
    op.create_table(
        "portfolio",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("profile", TEXT, nullable=False),
        sa.Column("harvest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_portfolio"),
    )
    op.create_table(
        "account",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("connector", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("settings", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.Column("permissions", TEXT, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("last_sync", TIME, nullable=True),
        sa.Column("proved_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.CheckConstraint("kind IN ('exchange', 'wallet', 'file')", name=op.f("ck_account_kind")),
        sa.CheckConstraint("status IN ('active', 'paused', 'refused', 'error')", name=op.f("ck_account_status")),
    )
    op.create_index("ix_account_portfolio_label", "account", ["portfolio", "label"])
    op.create_table(
        "sealed",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("kind", "owner", "name", name="pk_sealed"),
        sa.CheckConstraint("kind IN ('account', 'channel')", name=op.f("ck_sealed_kind")),
    )


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
        sa.PrimaryKeyConstraint("account", "stream", "key", "payload_hash", name="pk_raw_record"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_raw_record_version")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_raw_record_account", ondelete="CASCADE"),
    )
    op.create_index("ix_raw_record_account_occurred_at", "raw_record", ["account", "occurred_at"])
    op.create_table(
        "cursor",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", "stream", name="pk_cursor"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_cursor_account", ondelete="CASCADE"),
    )
    op.create_table(
        "coverage",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("until", TIME, nullable=False),
        sa.Column("proof", TEXT, nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("unreachable", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "stream", name="pk_coverage"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_coverage_account", ondelete="CASCADE"),
    )
    op.create_table(
        "declared",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "asset", name="pk_declared"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_declared_account", ondelete="CASCADE"),
    )


def said() -> None:
    op.create_table(
        "quote",
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("span", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("price", DECIMAL, nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("asset", "currency", "at", "span", "source", name="pk_quote"),
        sa.CheckConstraint("span IN ('instant', 'hour', 'day')", name=op.f("ck_quote_span")),
    )
    op.create_table(
        "statement",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "id", name="pk_statement"),
    )


def derived() -> None:
    op.create_table(
        "derived",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("ledger_id", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", name="pk_derived"),
    )
    op.create_table(
        "booked",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
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
        sa.PrimaryKeyConstraint("portfolio", "place", name="pk_booked"),
    )
    op.create_index("ix_booked_account_occurred_at", "booked", ["account", "occurred_at"])
    op.create_index("ix_booked_portfolio_id", "booked", ["portfolio", "id"])
    op.create_table(
        "lot",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("basis", DECIMAL, nullable=True),
        sa.Column("acquired_at", TIME, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("flags", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "place", name="pk_lot"),
    )
    op.create_index("ix_lot_account_coin", "lot", ["account", "coin"])
    op.create_index("ix_lot_portfolio_id", "lot", ["portfolio", "id"])


def results() -> None:
    op.create_table(
        "disposal",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("acquired_at", TIME, nullable=True),
        sa.Column("disposed_at", TIME, nullable=False),
        sa.Column("proceeds", DECIMAL, nullable=True),
        sa.Column("basis", DECIMAL, nullable=True),
        sa.Column("term", TEXT, nullable=False),
        sa.Column("flags", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "place", name="pk_disposal"),
        sa.CheckConstraint("term IN ('short', 'long')", name=op.f("ck_disposal_term")),
    )
    op.create_index("ix_disposal_portfolio_disposed_at", "disposal", ["portfolio", "disposed_at"])
    op.create_index("ix_disposal_portfolio_id", "disposal", ["portfolio", "id"])
    op.create_table(
        "income",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("value", DECIMAL, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "place", name="pk_income"),
    )
    op.create_table(
        "issue",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.Column("remedy", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "origin", "place", name="pk_issue"),
        sa.CheckConstraint("origin IN ('rebuild', 'ledger', 'evaluation')", name=op.f("ck_issue_origin")),
        sa.CheckConstraint("severity IN ('info', 'warning', 'error')", name=op.f("ck_issue_severity")),
    )
    op.create_index("ix_issue_portfolio_id", "issue", ["portfolio", "id"])


def opportunities() -> None:
    op.create_table(
        "opportunity",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("coin", TEXT, nullable=False),
        sa.Column("asset", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("lots", TEXT, nullable=False),
        sa.Column("quantity", DECIMAL, nullable=False),
        sa.Column("value", DECIMAL, nullable=False),
        sa.Column("basis", DECIMAL, nullable=False),
        sa.Column("loss", DECIMAL, nullable=False),
        sa.Column("short_loss", DECIMAL, nullable=False),
        sa.Column("long_loss", DECIMAL, nullable=False),
        sa.Column("term", TEXT, nullable=False),
        sa.Column("saving", DECIMAL, nullable=False),
        sa.Column("costs", DECIMAL, nullable=False),
        sa.Column("net", DECIMAL, nullable=False),
        sa.Column("certainty", TEXT, nullable=False),
        sa.Column("price", DECIMAL, nullable=False),
        sa.Column("price_at", TIME, nullable=False),
        sa.Column("price_sources", TEXT, nullable=False),
        sa.Column("blocked_by", TEXT, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "place", name="pk_opportunity"),
        sa.CheckConstraint("certainty IN ('proven', 'estimated', 'low')", name=op.f("ck_opportunity_certainty")),
        sa.CheckConstraint("term IN ('short', 'long', 'mixed')", name=op.f("ck_opportunity_term")),
    )
    op.create_index("ix_opportunity_portfolio_id", "opportunity", ["portfolio", "id"])


def outbox() -> None:
    op.create_table(
        "alert",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("opportunity", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("last_said_at", TIME, nullable=False),
        sa.Column("net", DECIMAL, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("resolved_because", TEXT, nullable=False),
        sa.Column("snoozed_until", TIME, nullable=True),
        sa.Column("evidence", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "id", name="pk_alert"),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'snoozed', 'resolved')", name=op.f("ck_alert_state")),
    )
    op.create_index("ix_alert_portfolio_subject", "alert", ["portfolio", "subject"])
    op.create_table(
        "delivery",
        sa.Column("message", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("alert", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", TIME, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("message", "channel", name="pk_delivery"),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_delivery_attempts")),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_delivery_state")),
    )
    op.create_index("ix_delivery_alert", "delivery", ["alert"])
    op.create_index("ix_delivery_state_next_try", "delivery", ["state", "next_try"])
    op.create_table(
        "channel",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("shown", TEXT, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
    )


def access() -> None:
    op.create_table(
        "owner",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("encoded", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owner"),
        sa.CheckConstraint("id = 'owner'", name=op.f("ck_owner_id")),
    )
    op.create_table(
        "session",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.CheckConstraint("kind IN ('session', 'token')", name=op.f("ck_session_kind")),
    )
    op.create_index("ix_session_digest", "session", ["digest"], unique=True)
    op.create_table(
        "slot",
        sa.Column("job", TEXT, nullable=False),
        sa.Column("slot", TEXT, nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("job", "slot", name="pk_slot"),
    )
    op.create_table(
        "vault_key",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_key"),
        sa.CheckConstraint("id = 'vault'", name=op.f("ck_vault_key_id")),
    )
