"""Importing a file: all of it or nothing, no row twice, and what is wrong named by line and column."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.files.connector import FileConnector
from service.app import file_records, holder, imports, queries, rebuild, sources, sync
from service.app.ports import Refused
from service.app.refusals import BadLines
from service.domain import history
from tests.app.house import Script, Scripted, house
from tests.domain.test_history import HEADER, line, only

SEED = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"


@pytest.fixture
async def home(tmp_path):
    """The house, with the files connector beside the scripted one."""
    kinds = {"files": FileConnector, "scripted": Scripted}
    async with house(tmp_path, {"one": Script()}) as made:
        made.app = replace(made.app, connector_class=kinds.__getitem__, open_connector=lambda name, source: kinds[name](source))
        yield made


def file(*lines, header=HEADER):
    return [header + "\n", *(told + "\n" for told in lines)]


async def load(home, *lines, **how):
    return await imports.import_file(home.app, file(*lines), **how)


async def accounts(home):
    return {a.label: a for a in await home.app.store.accounts()}


async def stored(home):
    """Row id → what is stored of it."""
    found = [r for a in (await accounts(home)).values() for r in await home.app.store.records(a.id)]
    return {r.key: json.loads(r.payload) for r in found}


SELL = line(
    id="t2", timestamp="2024-02-01T12:00:00Z", kind="sell", sent_asset="ETH", sent_quantity="1",
    received_asset="USD", received_quantity="2500", value_usd="2500",
)  # fmt: skip
MOVE = only("transfer", id="t3", sent_asset="ETH", sent_quantity="1", to_account="wallet")


async def test_from_a_file_to_lots_and_disposals(home):
    imported = await load(home, line(received_quantity="2"), SELL)
    assert (imported.new, imported.known, imported.differing, imported.problems) == (2, 0, (), ())
    (lot,) = await home.app.store.lots()
    (disposal,) = await home.app.store.disposals()
    assert (lot.id, lot.quantity, lot.basis) == ("t1", Decimal(1), Decimal(1000))
    assert (disposal.event, disposal.lot, disposal.gain) == ("t2", "t1", Decimal(1500))


async def test_the_accounts_of_a_file_are_made(home):
    imported = await load(home, line(), MOVE)
    assert [(t.account.label, t.is_new, t.new) for t in imported.accounts] == [("exchange", True, 2), ("wallet", True, 0)]
    made = (await accounts(home))["wallet"]
    assert (made.kind, made.connector, made.source, made.identity, made.status) == ("file", "files", "csv", "wallet", "active")
    again = await load(home, line(id="t4", account="wallet"))
    assert [(t.account.id, t.is_new, t.new) for t in again.accounts] == [(made.id, False, 1)]


async def test_an_account_may_be_named_by_its_id(home):
    (made,) = (await load(home, line())).accounts
    again = await load(home, line(id="t2", account=made.account.id))
    assert [t.account for t in again.accounts] == [made.account]


async def test_the_same_file_again_changes_nothing(home):
    first = await load(home, line(), SELL, MOVE)
    before = await stored(home), await home.app.store.ledger()
    again = await load(home, line(), SELL, MOVE)
    assert (first.new, again.new, again.known, again.differing) == (3, 0, 3, ())
    assert (await stored(home), await home.app.store.ledger()) == before


async def test_a_longer_file_adds_only_what_is_new(home):
    await load(home, line())
    longer = await load(home, line(), SELL)
    assert (longer.new, longer.known, longer.differing) == (1, 1, ())


async def test_the_same_row_elsewhere_among_rows_of_its_time_is_the_same_row(home):
    await load(home, line())
    again = await load(home, line(id="t0"), line())
    assert (again.new, again.known, again.differing) == (1, 1, ())


async def test_the_same_row_written_otherwise_is_the_same_row(home):
    await load(home, line())
    again = await load(home, line(received_quantity="1.00", value_usd="02000.0"))
    assert (again.known, again.differing) == (1, ())


@pytest.mark.parametrize(
    "other",
    [line(received_quantity="2"), line(account="elsewhere"), line(value_usd=None), line(timestamp="2024-01-31T12:00:01Z"), line(note="x")],
)
async def test_a_known_id_that_says_something_else_stays_as_it_was_and_is_named(home, other):
    await load(home, line())
    before = await stored(home)
    again = await load(home, other, SELL)
    assert (again.new, again.known, again.differing) == (1, 1, ("t1",))
    assert (await stored(home))["t1"] == before["t1"]


async def ledger_of(home):
    """What is derived, and that a rebuild of everything gives the same."""
    found = await home.app.store.ledger(), await home.app.store.transactions(), await queries.balances(home.app)
    home.app = replace(home.app, settings=replace(home.app.settings, transfer_window_hours=home.app.settings.transfer_window_hours + 1))
    assert (await rebuild.rebuild(home.app)).whole
    assert (await home.app.store.ledger(), await home.app.store.transactions(), await queries.balances(home.app)) == found
    return found


async def afresh(tmp_path, *lines):
    """What a house gives that never knew anything else."""
    kinds = {"files": FileConnector}
    async with house(tmp_path / "other", {}) as made:
        made.app = replace(made.app, connector_class=kinds.__getitem__)
        await load(made, *lines)
        return await ledger_of(made)


CORRECTED = {
    "a quantity": line(received_quantity="2"),
    "a value": line(value_usd="1500", sent_quantity="1500"),
    "no value": line(value_usd=None),
    "another account": line(account="elsewhere"),
    "a later time": line(timestamp="2024-02-03T12:00:00Z"),
    "another kind": only("income", received_asset="ETH", received_quantity="1", value_usd="2100"),
    "a fee": line(fee_asset="BNB", fee_quantity="1", fee_value_usd="300"),
}


@pytest.mark.parametrize("what", CORRECTED)
async def test_a_row_that_is_corrected_counts_as_if_it_had_never_been_otherwise(home, tmp_path, what):
    later = MOVE.replace("12:00:00Z", "12:30:00Z")
    await load(home, line(), SELL, later)
    again = await load(home, CORRECTED[what], SELL, later, replace=True)
    assert (again.new, again.known, again.replaced, again.differing) == (0, 2, 1, ())
    assert await ledger_of(home) == await afresh(tmp_path, CORRECTED[what], SELL, later)


MOVES = {
    "from another account": only("transfer", id="t3", account="elsewhere", sent_asset="ETH", sent_quantity="1", to_account="wallet"),
    "to another account": only("transfer", id="t3", sent_asset="ETH", sent_quantity="1", to_account="vault"),
    "back": only("transfer", id="t3", account="wallet", sent_asset="ETH", sent_quantity="1", to_account="exchange"),
    "not at all": only("gift_out", id="t3", sent_asset="ETH", sent_quantity="1"),
}


@pytest.mark.parametrize("what", MOVES)
async def test_a_corrected_transfer_leaves_no_end_behind(home, tmp_path, what):
    await load(home, line(received_quantity="3"), MOVE, RECEIVED_AND_SOLD)
    again = await load(home, MOVES[what], replace=True)
    assert (again.known, again.replaced) == (0, 1)
    assert await ledger_of(home) == await afresh(tmp_path, line(received_quantity="3"), MOVES[what], RECEIVED_AND_SOLD)


async def test_a_row_may_go_to_another_account_and_come_back(home, tmp_path):
    first, second = (line(id="t1", account=name) for name in ("exchange", "elsewhere"))
    for told in (first, second, first, second):
        await load(home, told, SELL, replace=True)
    await load(home, first, SELL, replace=True)
    assert await ledger_of(home) == await afresh(tmp_path, first, SELL)
    plain = await load(home, second)
    assert (plain.known, plain.replaced, plain.differing) == (1, 0, ("t1",))


async def test_what_was_replaced_is_kept_as_an_older_version(home):
    await load(home, line())
    await load(home, line(received_quantity="2"), replace=True)
    changed = await home.app.store.changed("main", 1)
    assert [json.loads(r.payload)["received_quantity"] for r in (*changed.records, *changed.former)] == ["2", "1"]


async def test_new_and_known_rows_beside_a_corrected_one_are_what_they_are(home):
    await load(home, line(), SELL)
    again = await load(home, line(received_quantity="2"), SELL, MOVE, replace=True)
    assert (again.new, again.known, again.replaced) == (1, 1, 1)
    assert [(t.account.label, t.new) for t in again.accounts] == [("exchange", 1), ("wallet", 0)]


async def test_a_corrected_row_keeps_its_place_among_those_of_its_second(home):
    """A file of this one row alone says nothing of its place."""
    sale = line(id="t2", kind="sell", sent_asset="ETH", sent_quantity="1", received_asset="USD", received_quantity="2500", value_usd="2500")
    await load(home, line(), sale)
    again = await load(home, sale.replace("2500", "2600"), replace=True)
    assert again.replaced == 1
    (disposal,) = await home.app.store.disposals()
    assert (disposal.lot, disposal.gain) == ("t1", Decimal(600))


async def test_a_row_that_says_the_same_is_not_replaced(home):
    await load(home, line(), SELL)
    before = await home.app.store.ledger()
    again = await load(home, line(id="t0", kind="buy"), line(received_quantity="1.0"), SELL, replace=True)
    assert (again.new, again.known, again.replaced) == (1, 2, 0)
    assert await home.app.store.ledger() != before


@pytest.mark.parametrize("kind", ["deposit", "gift_in"])
@pytest.mark.parametrize("name", ["t1", "row 1"])
async def test_what_is_asked_of_a_cost_is_answered_by_writing_it_into_the_row(home, name, kind):
    bare = only(kind, id=name, received_asset="ETH", received_quantity="1", value_usd="900") + ",,"
    header = f"{HEADER},basis_usd,acquired_at"
    await imports.import_file(home.app, file(bare, header=header))
    (issue,) = (await queries.issues(home.app))["issues"]
    assert (
        "write them into its row (basis_usd, acquired_at), and correct what was imported with `thresher import FILE --replace`"
        in issue["remedy"]
    )
    await imports.import_file(home.app, file(bare.removesuffix(",,") + ",700,2020-01-01T00:00:00Z", header=header), replace=True)
    assert await said(home) == []
    (lot,) = await home.app.store.lots()
    assert (lot.basis, lot.acquired_at.year) == (Decimal(700), 2020)


async def test_a_bad_line_keeps_all_from_being_replaced(home):
    await load(home, line())
    before = await stored(home)
    with pytest.raises(BadLines):
        await load(home, line(received_quantity="2"), line(id="t9", kind="bye"), replace=True)
    assert await stored(home) == before


async def test_a_bad_line_is_named_and_nothing_is_stored(home):
    with pytest.raises(BadLines) as refused:
        await load(home, line(), line(id="t2", received_quantity="1e3"), line(id="t3", kind="bye"))
    assert [(p.line, p.column) for p in refused.value.problems] == [(3, "received_quantity"), (4, "kind")]
    assert "2 lines are wrong, so nothing was taken" in str(refused.value)
    assert await accounts(home) == {}


async def test_of_many_bad_lines_each_is_named(home):
    with pytest.raises(BadLines) as refused:
        await load(home, *(line(id=f"t{n}", kind="bye") for n in range(8)))
    assert [p.line for p in refused.value.problems] == list(range(2, 10))


async def test_good_rows_load_beside_bad_lines_where_they_may(home):
    imported = await load(home, line(), line(id="t2", kind="bye"), line(id="t3"), line(id="t1", received_quantity="3"), keep_going=True)
    assert imported.new == 2
    assert [(p.line, p.column) for p in imported.problems] == [(3, "kind"), (5, "id")]
    assert sorted(await stored(home)) == ["t1", "t3"]


async def test_a_file_of_another_shape_is_refused_whatever_is_asked(home):
    for how in ({}, {"keep_going": True}):
        with pytest.raises(Refused, match="the header lacks id"):
            await imports.import_file(home.app, ["date,asset,price_usd\n", "2026-01-05,ETH,3\n"], **how)


async def test_nothing_is_stored_where_one_account_cannot_be_used(home):
    await sources.add_other(home.app, "scripted", "one", {"token": "s3cret"}, "live")
    with pytest.raises(Refused, match="read from its own source"):
        await load(home, line(), line(id="t2", account="live"))
    assert list(await accounts(home)) == ["live"]


async def test_all_rows_may_belong_to_one_account(home):
    imported = await load(home, line(), line(id="t2", account=None), account="mine")
    assert [(t.account.label, t.new) for t in imported.accounts] == [("mine", 2)]


async def test_an_account_that_looks_like_a_wallet_secret_is_refused(home):
    for how in (
        {"lines": [line(account=SEED)]},
        {"lines": [line()], "account": SEED},
        {"lines": [line(kind="wrap", to_account=SEED, sent_asset="A")]},
    ):
        with pytest.raises(Refused, match="seed phrase") as refused:
            await imports.import_file(home.app, file(*how.pop("lines")), **how)
        assert "abandon" not in str(refused.value)
    assert await accounts(home) == {}


async def test_a_note_with_a_seed_phrase_is_a_problem_and_a_hash_is_none(home):
    imported = await load(home, line(note=SEED), line(id="t2", note="tx:0x" + "ab" * 32), line(id="t3", note="ab" * 32), keep_going=True)
    assert [(p.line, p.column) for p in imported.problems] == [(2, "note")]
    assert sorted(await stored(home)) == ["t2", "t3"]


async def test_an_id_of_ours_is_a_problem(home):
    imported = await load(home, line(id="tx_" + "0a" * 10), line(id="tx_mine"), keep_going=True)
    assert [(p.line, p.column) for p in imported.problems] == [(2, "id")]


async def test_a_sync_pulls_nothing_and_declares_nothing_for_an_imported_account(home):
    await load(home, line())
    report = await sync.sync(home.app)
    assert [(p.outcome, p.new) for p in report.accounts] == [("imported", 0)]
    assert [i for i in (await queries.issues(home.app))["issues"] if i["kind"] == "balance_difference"] == []


async def test_an_account_added_by_hand_is_the_one_that_files_name(home):
    added = await sources.add_other(home.app, "files", "csv", {"name": "exchange"}, "My exchange")
    imported = await load(home, line())
    assert [(t.account.id, t.account.label, t.is_new) for t in imported.accounts] == [(added.id, "My exchange", False)]


RECEIVED_AND_SOLD = line(
    id="t4", timestamp="2024-03-01T12:00:00Z", kind="sell", account="wallet", sent_asset="ETH", sent_quantity="1",
    received_asset="USD", received_quantity="2600", value_usd="2600",
)  # fmt: skip


async def removed(home, label):
    await sources.remove(home.app, label)
    await rebuild.rebuild(home.app)


async def said(home):
    return [i["kind"] for i in (await queries.issues(home.app))["issues"]]


async def test_a_removed_account_takes_its_end_of_a_transfer_with_it_and_an_issue_says_so(home):
    """The wallet has no record of its own: its receipt is in the sender's row."""
    await load(home, line(), MOVE)
    await removed(home, "wallet")
    ledger = await home.app.store.ledger()
    assert (ledger.lots, ledger.disposals) == ((), ())
    assert [row.id for row in await home.app.store.transactions()] == ["t1", "t3"]
    assert await said(home) == ["unmatched_withdrawal"]
    again = await load(home, line(), MOVE, SELL)
    assert (again.new, again.known) == (1, 2)


async def test_an_account_that_comes_back_has_its_end_of_known_transfers_again(home):
    await load(home, line(), MOVE, RECEIVED_AND_SOLD)
    before = await home.app.store.ledger()
    assert [(d.event, d.lot) for d in before.disposals] == [("t4", "t1")]
    await removed(home, "wallet")
    await load(home, line(), MOVE, RECEIVED_AND_SOLD)
    assert await home.app.store.ledger() == before
    assert await said(home) == []


async def test_an_account_that_comes_back_by_a_file_without_the_transfer_has_its_end_too(home):
    await load(home, line(), MOVE)
    await removed(home, "wallet")
    await load(home, RECEIVED_AND_SOLD)
    (disposal,) = (await home.app.store.ledger()).disposals
    assert (disposal.event, disposal.lot) == ("t4", "t1")
    assert not (await rebuild.rebuild(home.app)).changed


async def test_the_collector_runs_again_after_an_import(home):
    assert gc.isenabled()
    await load(home, line())
    with pytest.raises(Refused):
        await load(home, line(kind="bye"))
    assert gc.isenabled()


@pytest.mark.parametrize("kind", history.KINDS)
def test_a_record_is_the_rows_cells_in_canonical_json(kind):
    from tests.domain.test_history import FULL

    told = dict.fromkeys(history.COLUMNS, "") | {
        "id": 'ü"1',
        "timestamp": "2024-01-31T12:00:00Z",
        "kind": kind,
        "account": "a",
        "note": "é,\n",
    }
    told |= FULL[kind] | {"value_usd": "1.50", "fee_value_usd": "0", "basis_usd": "7", "acquired_at": "2020-02-29T00:00:00Z"}
    row = history.row_of(told, 2)
    made = file_records.record(row, "acc_1", "acc_2" if row.to_account else "")
    cells = history.cells_of(row) | {"account": "acc_1", "n": row.n} | ({"to_account": "acc_2"} if row.to_account else {})
    cells |= {name: history.asset_id(cell) for name, cell in cells.items() if name.endswith("asset")}
    assert made.payload == json.dumps(cells, sort_keys=True, separators=(",", ":"))
    assert (made.account, made.stream, made.key, f"{made.occurred_at:%Y-%m-%dT%H:%M:%SZ}") == ("acc_1", "csv", 'ü"1', told["timestamp"])


# ------------------------------------------------------------------ rows of one second


SECOND = (
    line(),
    line(id="t2", received_asset="BTC"),
    line(id="t3", kind="sell", sent_asset="BTC", sent_quantity="1", received_asset="USD", received_quantity="3000", value_usd="3000"),
    line(id="t4", kind="sell", sent_asset="ETH", sent_quantity="1", received_asset="USD", received_quantity="2500", value_usd="2500"),
)
"""Bought and sold within one second; the order of the rows decides what there is to sell."""


@pytest.mark.parametrize(
    "files",
    [
        (SECOND,),
        (SECOND[2:], SECOND),
        (SECOND[:2], SECOND[2:], SECOND),
        ((SECOND[0], SECOND[3]), SECOND[1:3], SECOND),
        (SECOND, SECOND[2:], SECOND[1:]),
    ],
    ids=["one file", "its end first", "in two parts, then whole", "every other row", "its end again"],
)
async def test_the_file_that_has_all_rows_of_a_second_tells_their_order(home, files):
    for rows in files:
        await load(home, *rows)
    assert [(d.event, d.lot) for d in (await home.app.store.ledger()).disposals] == [("t3", "t2"), ("t4", "t1")]
    assert await said(home) == []


async def test_a_row_that_was_mended_takes_the_place_that_its_file_gives_it(home):
    """LIFO takes the newest lot that there is at the sale's place: the one before it."""
    bad = line(id="s1", kind="sell", sent_asset="ETH", sent_quantity="1", received_asset="USD", received_quantity="3x", value_usd="3000")
    good = bad.replace("3x", "3000")
    await load(home, line(), bad, line(id="t9"), keep_going=True)
    await holder.set_method(home.app, (await accounts(home))["exchange"].id, "lifo", date(2020, 1, 1))
    await load(home, line(), good, line(id="t9"))
    assert [(d.event, d.lot) for d in (await home.app.store.ledger()).disposals] == [("s1", "t1")]
    again = await load(home, line(), good, line(id="t9"))
    assert (again.new, again.known, again.differing) == (0, 3, ())
