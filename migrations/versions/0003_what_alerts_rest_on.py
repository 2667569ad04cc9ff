"""The interval, the later tax and the turning of an opportunity; under what an alert was last judged; digests and signed channels.

Opportunities are derived: the next evaluation makes them anew. Alerts, deliveries and channels stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text()
DECIMAL = sa.Text().with_variant(sa.Numeric(), "postgresql")
TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
STATES = "state IN ('waiting', 'collected', 'digested', 'delivered', 'failed')"


def upgrade() -> None:
    op.drop_table("opportunity")
    opportunities()
    if op.get_bind().dialect.name == "sqlite":
        copied("alert", alerts, {"judged": "'null'", "counted": "0"})
        copied("delivery", deliveries, {})
        copied("channel", channels, {"digest": "''", "signed": "0"})
        op.create_index("ix_alert_portfolio_subject", "alert", ["portfolio", "subject"])
        op.create_index("ix_delivery_alert", "delivery", ["alert"])
        op.create_index("ix_delivery_state_next_try", "delivery", ["state", "next_try"])
        return
    op.add_column("alert", sa.Column("judged", TEXT, nullable=True))
    for table, column in (
        ("alert", sa.Column("counted", sa.Integer(), nullable=False, server_default=sa.text("0"))),
        ("channel", sa.Column("digest", TEXT, nullable=False, server_default=sa.text("''"))),
        ("channel", sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.text("false"))),
    ):
        op.add_column(table, column)
        op.alter_column(table, column.name, server_default=None)
    op.drop_constraint(op.f("ck_delivery_state"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_state"), "delivery", STATES)


def copied(table: str, make: Callable[[], list[str]], more: dict[str, str]) -> None:
    """The table with its rows, as `make` makes it, `more` columns with a first value: SQLite cannot add what must not be empty."""
    op.rename_table(table, f"{table}_0002")
    for index in sa.inspect(op.get_bind()).get_indexes(f"{table}_0002"):
        op.drop_index(index["name"])
    names = ", ".join(column for column in make() if column not in more)
    added = "".join(f", {column}" for column in more)
    values = "".join(f", {value}" for value in more.values())
    op.execute(f"INSERT INTO {table} ({names}{added}) SELECT {names}{values} FROM {table}_0002")  # noqa: S608  # names of our own tables
    op.drop_table(f"{table}_0002")


def made(name: str, columns: list[sa.Column[object]], *more: sa.Constraint) -> list[str]:
    op.create_table(name, *columns, *more)
    return [column.name for column in columns]


def opportunities() -> None:
    op.create_table(
        "opportunity",
        sa.Column("portfolio", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "account", "coin", "asset", "symbol", "lots")),
        *(sa.Column(name, DECIMAL, nullable=False) for name in ("quantity", "value", "basis", "loss", "short_loss", "long_loss")),
        sa.Column("term", TEXT, nullable=False),
        *(sa.Column(name, DECIMAL, nullable=False) for name in ("saving", "costs", "net", "net_low")),
        sa.Column("net_high", DECIMAL, nullable=True),
        sa.Column("deferred", DECIMAL, nullable=False),
        sa.Column("days_to_long", sa.BigInteger(), nullable=True),
        sa.Column("turning_costs", DECIMAL, nullable=False),
        sa.Column("certainty", TEXT, nullable=False),
        sa.Column("price", DECIMAL, nullable=False),
        sa.Column("price_at", TIME, nullable=False),
        sa.Column("price_sources", TEXT, nullable=False),
        sa.Column("blocked_by", TEXT, nullable=False),
        sa.Column("keeps", sa.Boolean(), nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "place", name="pk_opportunity"),
        sa.CheckConstraint("certainty IN ('proven', 'estimated', 'low')", name=op.f("ck_opportunity_certainty")),
        sa.CheckConstraint("term IN ('short', 'long', 'mixed')", name=op.f("ck_opportunity_term")),
    )
    op.create_index("ix_opportunity_portfolio_id", "opportunity", ["portfolio", "id"])


def alerts() -> list[str]:
    return made(
        "alert",
        [
            *(sa.Column(name, TEXT, nullable=False) for name in ("portfolio", "id", "subject", "state", "opportunity")),
            *(sa.Column(name, TIME, nullable=False) for name in ("created_at", "changed_at", "last_said_at")),
            sa.Column("net", DECIMAL, nullable=False),
            sa.Column("message", TEXT, nullable=False),
            sa.Column("resolved_because", TEXT, nullable=False),
            sa.Column("snoozed_until", TIME, nullable=True),
            sa.Column("evidence", TEXT, nullable=False),
            sa.Column("judged", TEXT, nullable=True),
            sa.Column("counted", sa.Integer(), nullable=False),
        ],
        sa.PrimaryKeyConstraint("portfolio", "id", name="pk_alert"),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'snoozed', 'resolved')", name=op.f("ck_alert_state")),
    )


def deliveries() -> list[str]:
    return made(
        "delivery",
        [
            *(
                sa.Column(name, TEXT, nullable=False)
                for name in ("message", "channel", "portfolio", "alert", "kind", "title", "body", "state")
            ),
            sa.Column("attempts", sa.Integer(), nullable=False),
            sa.Column("next_try", TIME, nullable=False),
            sa.Column("says", TEXT, nullable=False),
            sa.Column("delivered_at", TIME, nullable=True),
        ],
        sa.PrimaryKeyConstraint("message", "channel", name="pk_delivery"),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_delivery_attempts")),
        sa.CheckConstraint(STATES, name=op.f("ck_delivery_state")),
    )


def channels() -> list[str]:
    return made(
        "channel",
        [
            *(sa.Column(name, TEXT, nullable=False) for name in ("id", "portfolio", "label", "shown")),
            sa.Column("added_at", TIME, nullable=False),
            sa.Column("digest", TEXT, nullable=False),
            sa.Column("signed", sa.Boolean(), nullable=False),
        ],
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
    )
