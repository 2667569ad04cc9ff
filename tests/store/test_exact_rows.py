"""What goes in comes out: decimals, times, texts and whole values, on both databases."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, select, text

from connectors.contract import Balance, Balances, Coverage, Quote, RawRecord
from service.app.ports import Account, Channel, Declared, Portfolio, Session
from service.domain.alerts import Alert
from service.domain.harvest import Opportunity
from service.domain.issues import Issue
from service.domain.tax import Profile
from service.store import SqlStore, derived_tables
from service.store import tables as rows
from service.store.rows import decode, encode
from service.store.types import ExactDecimal, UtcTime, Words
from tests.store import samples

decimals = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: -60 < d.adjusted() < 80 and d.as_tuple().exponent > -60)
both = hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLAYGROUND = Table(
    "playground", MetaData(), Column("n", Integer, primary_key=True), Column("d", ExactDecimal), Column("t", UtcTime), Column("w", Words)
)


async def kept(store: SqlStore, column: str, values: list[object]) -> list[object]:
    async with store.database.writing("playground") as connection:
        await connection.run_sync(PLAYGROUND.drop, checkfirst=True)
        await connection.run_sync(PLAYGROUND.create)
        await connection.execute(PLAYGROUND.insert(), [{"n": n, column: value} for n, value in enumerate(values)])
    async with store.database.reading() as connection:
        return list((await connection.execute(select(PLAYGROUND.c[column]).order_by(PLAYGROUND.c.n))).scalars())


@pytest.mark.parametrize(
    "value", ["1234567.123456789012345678", str(2**256 - 1), "-0.000000000000000000000000000001", "1E+30", "0", "-0", "100.00"]
)
async def test_a_decimal_comes_back_unchanged(store: SqlStore, value: str) -> None:
    (found,) = await kept(store, "d", [Decimal(value)])
    assert found == Decimal(value)
    assert isinstance(found, Decimal)


@both
@given(values=st.lists(decimals, min_size=1, max_size=60))
async def test_any_decimal_comes_back_unchanged(store: SqlStore, values: list[Decimal]) -> None:
    assert await kept(store, "d", list(values)) == values


@pytest.mark.parametrize("value", [1.5, 1, "1", Decimal("NaN"), Decimal("Infinity")])
async def test_what_is_no_finite_decimal_is_refused(store: SqlStore, value: object) -> None:
    with pytest.raises(Exception, match="must be a finite Decimal"):
        await kept(store, "d", [value])


async def test_times_are_aware_utc_to_the_microsecond(store: SqlStore) -> None:
    east = datetime(2024, 2, 29, 0, 0, 0, 1, tzinfo=timezone(timedelta(hours=5)))
    (found,) = await kept(store, "t", [east])
    assert found == east
    assert found.tzinfo is UTC
    with pytest.raises(Exception, match="must know its zone"):
        await kept(store, "t", [datetime(2024, 2, 29)])  # noqa: DTZ001 - a naive time is the case


async def test_a_text_that_postgresql_would_refuse_is_shown_with_signs(store: SqlStore) -> None:
    assert await kept(store, "w", ["a\0b", "\ud800", "Ξther 🦊", "plain"]) == ["a␀b", "?", "Ξther 🦊", "plain"]


async def test_no_amount_is_kept_as_a_float(store: SqlStore) -> None:
    await store.add_account(samples.ACCOUNT, {})
    await store.save_balances("acc_1", Balances((Balance("acc_1", "kraken:XETH", samples.LONG),), samples.NOW, "block 7"))
    async with store.database.reading() as connection:
        kind = "typeof(quantity)" if store.database.is_sqlite else "pg_typeof(quantity)::text"
        assert (await connection.execute(text(f"SELECT {kind} FROM declared"))).scalar_one() in ("text", "numeric")
    assert await store.declared("acc_1") == [Declared("acc_1", "kraken:XETH", samples.LONG, samples.NOW, "block 7")]


@given(value=decimals)
def test_json_keeps_decimals(value: Decimal) -> None:
    assert decode(Decimal, encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [*samples.STATEMENTS, samples.PORTFOLIO, samples.BOOKED, samples.PLAIN_BOOKED, samples.OPPORTUNITY, samples.ALERT, samples.COVERAGE],
    ids=lambda v: type(v).__name__,
)
def test_json_keeps_values(value: object) -> None:
    assert decode(type(value), encode(value)) == value


def test_a_profile_that_was_stored_before_a_figure_existed_has_its_default() -> None:
    older = encode(samples.PORTFOLIO.profile)
    assert older.pop("filing_status") == "married_separate"
    assert decode(Profile, older) == replace(samples.PORTFOLIO.profile, filing_status="single")


def test_json_refuses_a_float() -> None:
    with pytest.raises(TypeError, match="float cannot be stored"):
        encode({"a": (1.5,)})


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (Account, rows.AccountRow),
        (Alert, rows.AlertRow),
        (Channel, rows.ChannelRow),
        (Coverage, rows.CoverageRow),
        (Declared, rows.DeclaredRow),
        (Issue, derived_tables.IssueRow),
        (Opportunity, rows.OpportunityRow),
        (Portfolio, rows.PortfolioRow),
        (Quote, rows.QuoteRow),
        (RawRecord, rows.RawRecordRow),
        (Session, rows.SessionRow),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_every_field_has_its_column(kind: type, row: type[rows.Row]) -> None:
    (table,) = rows.tables(row)
    assert {f.name for f in fields(kind)} <= set(table.c.keys())


def test_operational_columns_exist() -> None:
    known = {table.name: set(table.c.keys()) for table in rows.Row.metadata.sorted_tables}
    for name, columns in rows.OPERATIONAL.items():
        assert columns <= known[name], name
