"""Pages: atomic with their cursor, repeated without effect, versioned when they change, withdrawn when the source takes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from connectors.contract import Asset, Balance, Balances, Cursor, RawRecord
from service.app.ports import Refused, Saved
from service.store import SqlStore
from service.store.pages import CURSORS, RECORDS
from tests.store.samples import ACCOUNT, COVERAGE, LONG, NOW, page, record


@pytest.fixture(autouse=True)
async def account(store: SqlStore) -> None:
    await store.add_account(ACCOUNT, {})


async def counted(store: SqlStore) -> list[tuple[str, str]]:
    return [(r.key, r.payload) for r in await store.records("acc_1")]


async def test_records_and_cursor_come_back(store: SqlStore) -> None:
    late, early = record("b", '{"n":1.10}', minutes=5), record("a")
    saved = await store.save_page("acc_1", "trades", page(late, early, cursor="after b", coverage=(COVERAGE,)), NOW)
    assert saved == Saved(new=2, changed=0, same=0, withdrawn=0)
    assert await store.records("acc_1") == [early, late]
    assert await store.cursor("acc_1", "trades") == "after b"
    assert await store.cursors("acc_1") == {"trades": "after b"}
    assert await store.coverage("acc_1") == [COVERAGE]
    assert await store.cursor("acc_1", "deposits") is None


async def test_nothing_is_kept_of_a_page_that_fails_between_records_and_cursor(store: SqlStore) -> None:
    await store.save_page("acc_1", "trades", page(record("a", "1"), cursor="one"), NOW)
    before = await store.content(operational=True)
    broken = replace(page(record("a", "2"), record("b"), withdrawn=("a",), coverage=(COVERAGE,)), resume_from=Cursor(object()))  # type: ignore[arg-type]  # no database takes it
    with pytest.raises(Exception, match="object"):
        await store.save_page("acc_1", "trades", broken, NOW)
    assert await store.content(operational=True) == before


async def test_nothing_is_kept_of_a_page_whose_task_is_cancelled(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = asyncio.Event()

    async def stuck(*_args: object, **_more: object) -> int:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("service.store.pages.upsert", stuck)  # records are written, cursor and coverage are not
    saving = asyncio.create_task(store.save_page("acc_1", "trades", page(record("a")), NOW))
    await asyncio.wait([saving, asyncio.create_task(reached.wait())], return_when=asyncio.FIRST_COMPLETED)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    monkeypatch.undo()
    assert await store.records("acc_1") == []
    assert await store.save_page("acc_1", "trades", page(record("a")), NOW) == Saved(1, 0, 0, 0)


async def test_the_same_page_changes_nothing(store: SqlStore) -> None:
    one = page(record("a", "1"), record("b", "2"), record("a", "1"))
    assert await store.save_page("acc_1", "trades", one, NOW) == Saved(2, 0, 1, 0)
    before = await store.content(operational=True)
    assert await store.save_page("acc_1", "trades", one, NOW) == Saved(0, 0, 3, 0)
    assert await store.content(operational=True) == before


async def test_the_newest_version_counts_and_an_old_one_can_be_newest_again(store: SqlStore) -> None:
    for payload, saved in [
        ("pending", Saved(1, 0, 0, 0)),
        ("credited", Saved(0, 1, 0, 0)),
        ("pending", Saved(0, 1, 0, 0)),
        ("pending", Saved(0, 0, 1, 0)),
    ]:
        assert await store.save_page("acc_1", "trades", page(record("a", payload)), NOW) == saved
        assert await counted(store) == [("a", payload)]
    assert len((await store.content())["raw_record"]) == 2


async def test_versions_within_one_page_count_in_its_order(store: SqlStore) -> None:
    assert await store.save_page("acc_1", "trades", page(record("a", "1"), record("a", "2"), record("a", "1")), NOW) == Saved(1, 2, 0, 0)
    assert await counted(store) == [("a", "1")]


async def test_what_the_source_takes_back_counts_no_more_until_it_comes_again(store: SqlStore) -> None:
    await store.save_page("acc_1", "trades", page(record("a", "1"), record("b", "1")), NOW)
    await store.save_page("acc_1", "trades", page(record("a", "2")), NOW)
    assert await store.save_page("acc_1", "trades", page(withdrawn=("a", "unknown")), NOW) == Saved(0, 0, 0, 1)
    assert await counted(store) == [("b", "1")]
    assert await store.save_page("acc_1", "trades", page(withdrawn=("a",)), NOW) == Saved(0, 0, 0, 0)
    assert await store.save_page("acc_1", "trades", page(record("a", "2")), NOW) == Saved(0, 1, 0, 0)
    assert await counted(store) == [("a", "2"), ("b", "1")]


async def test_a_key_that_is_withdrawn_and_sent_in_one_page_was_replaced(store: SqlStore) -> None:
    await store.save_page("acc_1", "trades", page(record("a", "1"), record("b", "1")), NOW)
    assert await store.save_page("acc_1", "trades", page(record("a", "2"), withdrawn=("a", "b")), NOW) == Saved(0, 1, 0, 1)
    assert await counted(store) == [("a", "2")]


async def test_the_same_key_in_two_streams_is_two_rows(store: SqlStore) -> None:
    await store.save_page("acc_1", "trades", page(record("a")), NOW)
    await store.save_page("acc_1", "deposits", page(replace(record("a"), stream="deposits"), withdrawn=("a",)), NOW)
    assert [r.stream for r in await store.records("acc_1")] == ["deposits", "trades"]


async def test_a_page_of_ten_thousand_rows(store: SqlStore) -> None:
    many = [record(f"k{n:05}", f'{{"n":{n}}}') for n in range(10_001)]
    assert (await store.save_page("acc_1", "trades", page(*many), NOW)).new == 10_001
    again = await store.save_page("acc_1", "trades", page(*many[:-1], record("k10000", "changed")), NOW)
    assert again == Saved(0, 1, 10_000, 0)
    assert len(await store.records("acc_1")) == 10_001


async def test_a_record_of_another_account_is_refused_with_its_page(store: SqlStore) -> None:
    stray = RawRecord("acc_2", "trades", "z", NOW, "{}")
    with pytest.raises(ValueError, match="acc_2"):
        await store.save_page("acc_1", "trades", page(record("a"), stray), NOW)
    assert await store.records("acc_1") == []


async def test_concurrent_pages_lose_nothing(store: SqlStore, other_store: SqlStore) -> None:
    """Forty versions of one row from two sets of connections: each becomes a version of its own number."""
    await asyncio.gather(*((store, other_store)[n % 2].save_page("acc_1", "trades", page(record("a", str(n))), NOW) for n in range(40)))
    rows = (await store.content())["raw_record"]
    assert sorted(row["version"] for row in rows) == list(range(1, 41))


async def test_concurrent_read_modify_writes_lose_no_update(store: SqlStore, other_store: SqlStore) -> None:
    await store.set_owner_hash("0")

    async def add_one(used: SqlStore) -> None:
        async with used.database.writing("owner") as connection:
            found = (await connection.execute(text("SELECT encoded FROM owner"))).scalar_one()
            await connection.execute(text("UPDATE owner SET encoded = :e"), {"e": str(int(found) + 1)})

    await asyncio.gather(*(add_one((store, other_store)[n % 2]) for n in range(100)))
    assert await store.owner_hash() == "100"


async def test_an_account_and_all_that_was_read_from_it_go_together(store: SqlStore) -> None:
    await store.save_sealed("account", "acc_1", {"secret": b"x"})
    await store.save_page("acc_1", "trades", page(record("a"), coverage=(COVERAGE,)), NOW)
    await store.save_balances("acc_1", Balances((Balance("acc_1", Asset("kraken:XETH"), LONG),), NOW))
    await store.remove_account("acc_1")
    assert await store.account("acc_1") is None
    content = await store.content(operational=True)
    assert {name: rows for name, rows in content.items() if rows and name != "portfolio"} == {}
    with pytest.raises(Refused, match="removed"):
        await store.save_page("acc_1", "trades", page(record("a")), NOW)
    await store.save_account(ACCOUNT)
    assert await store.accounts() == []


async def test_balances_replace_what_was_declared(store: SqlStore) -> None:
    eth, usd = Balance("acc_1", Asset("kraken:XETH"), LONG), Balance("acc_1", Asset("fiat:USD"), -LONG)
    await store.save_balances("acc_1", Balances((eth, usd), NOW, "block 1"))
    await store.save_balances("acc_1", Balances((usd,), NOW + timedelta(hours=1), "block 2"))
    (only,) = await store.declared("acc_1")
    assert (only.asset, only.quantity, only.reference) == ("fiat:USD", -LONG, "block 2")


async def test_forgotten_cursors_leave_the_records(store: SqlStore) -> None:
    await store.save_page("acc_1", "trades", page(record("a")), NOW)
    await store.forget_cursors("acc_1")
    assert await store.cursors("acc_1") == {}
    assert len(await store.records("acc_1")) == 1


def test_portfolio_and_account_stand_in_every_row_that_was_read() -> None:
    for table in (RECORDS, CURSORS):
        assert {"portfolio", "account"} <= set(table.c.keys())
