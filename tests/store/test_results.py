"""Derived state by what it is about, alerts and the outbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.app.derived import Changes, Ledgers, Placed, Raised, Replay
from service.domain.issues import IssueKind
from service.domain.ledger import Disposal, Income, Ledger
from service.domain.methods import Lot
from service.domain.movements import More, Movement, moment, ticks
from service.domain.reconcile import Kind
from service.store import SqlStore
from tests.store.samples import (
    ALERT,
    BOOKED,
    CHECKPOINTS,
    HUGE,
    LONG,
    LOTS,
    MOVEMENTS,
    NOW,
    OPPORTUNITY,
    PLAIN_BOOKED,
    POOLS,
    STATE,
    TALLY,
    changes,
    delivery,
    issue,
    ledgers,
    save,
)

counts = st.integers(-(2**256), 2**256)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
movements = st.builds(
    Movement,
    act=st.sampled_from(["acquire", "dispose", "leave", "move"]),
    at=st.integers(0, 2**50),
    id=words,
    account=words,
    coin=st.just("eth"),
    asset=words,
    quantity=counts,
    value=st.none() | counts,
    fee=counts,
    more=st.builds(More, st.none() | st.integers(0, 2**50), st.none() | counts, words, st.booleans(), words, words, st.none() | counts),
)


async def everything(store: SqlStore) -> dict[str, list[dict[str, Any]]]:
    return await store.content(operational=True)


async def test_what_a_refresh_made_comes_back_equal(store: SqlStore) -> None:
    assert await store.derived_state() is None
    await save(store)
    assert await store.derived_state() == STATE
    assert await store.booked("main", ["txn_1", "txn_2", "txn_3"]) == {"txn_1": BOOKED, "txn_2": PLAIN_BOOKED}
    assert await store.booked_of_account("main", "acc_1") == {"txn_1": BOOKED, "txn_2": PLAIN_BOOKED}
    assert (await store.tallies())["acc_1", "kraken:XETH", "eth"] == TALLY
    assert await store.pools() == {pool.coin: pool for pool in POOLS}
    assert sorted(await store.movements_since("main", ["btc", "eth"], None)) == sorted(MOVEMENTS)
    assert sorted(await store.movements_of("main", [BOOKED])) == list(MOVEMENTS[:2])
    assert await store.checkpoints("main", "eth") == [replace(c, body="") for c in CHECKPOINTS]
    assert await store.checkpoint_body("main", "eth", 3) == CHECKPOINTS[1].body
    assert sorted(await store.lot_lines("main", "eth"), key=lambda line: line[0]) == list(LOTS)


async def test_answers_are_in_words_of_people(store: SqlStore) -> None:
    await save(store)
    assert await store.transactions() == [replace(BOOKED, kind=Kind.TRANSFER), PLAIN_BOOKED]  # what is matched is shown as a transfer
    assert await store.lots() == [
        Lot("lot_1", "acc_1", "eth", "kraken:XETH", "ETH", LONG, Decimal("1E-30"), NOW, 3, ("spam", "unpriced")),
        Lot("lot_1", "acc_2", "eth", "kraken:XETH", "ETH", HUGE, None, NOW, 3, (), Decimal("12.5"), NOW),
    ]
    long, short = await store.disposals()
    assert (short.lot, short.basis, short.acquired_at, short.flags) == ("", None, None, ("missing_basis", "unpriced"))
    assert replace(long, id="") == Disposal(
        "", "txn_9", "lot_1", "acc_1", "eth", "ETH", LONG, NOW, NOW, Decimal(-5), Decimal("7.5"), "long", ("unpriced",)
    )
    assert await store.incomes() == [Income("txn_3", "acc_1", "btc", Decimal("1E-18"), Decimal("2E-30"), moment(ticks(NOW) - 1))]
    assert {i.subject for i in await store.issues()} == {"a", "b", "c"}
    assert await store.ledger("another") == Ledger("", (), (), (), ())


async def test_disposals_of_a_span(store: SqlStore) -> None:
    await save(store)
    assert len(await store.disposals("main", NOW, NOW + timedelta(seconds=1))) == 2
    assert await store.disposals("main", NOW + timedelta(microseconds=1)) == []
    assert await store.disposals("main", None, NOW) == []


async def test_the_whole_history_is_read_in_the_order_of_its_pools(store: SqlStore) -> None:
    """A renamed coin's movements stand among those of its new name; all quantities are in one number of places."""
    between = Placed("weth", ticks(NOW), "05", 0, "txn_8", Movement("leave", ticks(NOW), "txn_8", "acc_1", "weth", "w", 4), 18)
    await save(store, made=changes(movements=[*MOVEMENTS, between]))
    told = await store.movements()
    assert [m.id for m in told.movements] == ["txn_3", "txn_1", "txn_1/fee", "txn_8", "txn_2"]
    assert (told.places, told.pool_of["weth"], told.symbols["weth"]) == (24, "eth", "WETH")
    assert [m.quantity for m in told.movements[:3]] == [10**6, 2**80 * 10**6, 7]
    assert told.movements[4].more.received == 5 * 10**6


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(st.tuples(movements, st.integers(18, 30)), max_size=20))
async def test_any_movements_come_back_equal(store: SqlStore, found: list[tuple[Movement, int]]) -> None:
    placed = [Placed(m.coin, m.at, "x", n, "row", m, places) for n, (m, places) in enumerate(found)]
    await save(store, made=Changes(whole=True, made_at=NOW, movements=placed))
    assert sorted(await store.movements_since("main", ["eth"], None), key=lambda p: p.n) == placed


async def test_where_the_other_side_of_a_transfer_may_be(store: SqlStore) -> None:
    await save(store)
    near = timedelta(minutes=1)
    assert await store.sides("main", [(["eth"], NOW - near, NOW)], []) == {"txn_2"}
    assert await store.sides("main", [(["eth"], NOW + near, NOW + near)], []) == set()
    assert await store.sides("main", [], ["ab"]) == {"txn_2"}


async def test_which_rows_a_quote_touches_and_what_is_unpriced(store: SqlStore) -> None:
    await save(store)
    at = ticks(NOW)
    assert await store.touched("main", "eth", [(at - 5, at - 1), (at, at)]) == {"txn_1"}
    assert await store.touched("main", "eth", [(at + 1, at + 9)]) == set()
    assert await store.unpriced("main") == [("sol", at)]


async def test_rows_of_one_size(store: SqlStore) -> None:
    await save(store)
    assert await store.rows_of_size("main", "acc_1", "fiat:USD", Decimal("2000.1")) == {"txn_1": NOW}
    assert await store.rows_of_size("main", "acc_1", "kraken:XETH", Decimal("2000.1")) == {}


async def test_only_what_changed_is_replaced(store: SqlStore) -> None:
    await save(store)
    await save(store, "other")
    later = ticks(NOW) + 1
    new = Placed("eth", later, "0", 0, "txn_3", Movement("leave", later, "txn_3", "acc_1", "eth", "e", 1), 18)
    line = ("eth", later, 0, "txn_3", "lot_1", "acc_1", "eth", "1", None, "1", "1", False, "")
    replay = Replay("eth", later, 3, [line], [LOTS[0]], [LOTS[0][:3], LOTS[1][:3]], [], [3])
    change = Changes(
        whole=False,
        made_at=NOW,
        booked=[replace(PLAIN_BOOKED, flags=("spam",))],
        booked_gone={"txn_1", "txn_2"},
        movements=[new],
        movements_gone=[MOVEMENTS[1]],
        raised_gone={("row", "acc_1 "), ("price", "txn_0")},
    )
    then = Ledgers(replace(STATE, ledger_id="led_2"), replays=[replay], raised=[Raised("ledger", "eth", 3, issue("d"))])
    await save(store, made=change, then=then)
    assert await store.ledger_id() == "led_2"
    assert [row.flags for row in await store.transactions()] == [("spam",)]
    assert {p.row for p in await store.movements_since("main", ["eth"], None)} == {"txn_1", "txn_2", "txn_3"}
    assert [d.event for d in await store.disposals()] == ["txn_9", "txn_9", "txn_3"]
    assert [lot.account for lot in await store.lots()] == ["acc_1"]
    assert [c.number for c in await store.checkpoints("main", "eth")] == [1]
    assert {i.subject for i in await store.issues()} == {"b", "c", "d"}
    assert await store.transactions("other") == [replace(BOOKED, kind=Kind.TRANSFER), PLAIN_BOOKED]
    assert len(await store.lots("other")) == 2


async def test_a_refresh_that_fails_leaves_what_stood(store: SqlStore) -> None:
    await save(store)
    before = await everything(store)
    twice = Changes(whole=False, made_at=NOW, booked_gone={"txn_1"}, movements=[MOVEMENTS[0]])  # it stands already
    with pytest.raises(Exception, match=r"(?i)unique"):
        await save(store, made=twice, then=Ledgers(replace(STATE, rev=8)))
    assert await everything(store) == before


async def test_ledgers_that_fail_leave_what_stood(store: SqlStore) -> None:
    await save(store)
    before = await everything(store)

    async def failing() -> Ledgers:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await store.save_derived("main", Changes(whole=False, made_at=NOW, booked_gone={"txn_1"}), failing())
    assert await everything(store) == before


async def test_two_databases_with_the_same_inputs_are_equal(store: SqlStore, other_store: SqlStore) -> None:
    """Equal values that are written differently make equal rows, whatever the clock says."""
    await save(store, made=changes(tallies={("a", "b", "c"): replace(TALLY, quantity=Decimal("1.50"))}))
    one = await store.content()
    await save(other_store, made=changes(movements=[]))
    same = changes(tallies={("a", "b", "c"): replace(TALLY, quantity=Decimal("15E-1"))}, made_at=NOW + timedelta(days=9))
    await save(other_store, made=same, then=ledgers(state=replace(STATE, rev=100)))
    assert await store.content() == one


async def test_an_evaluation_comes_back(store: SqlStore) -> None:
    await save(store)
    stale = issue("eth", IssueKind.STALE_PRICE)
    blocked = replace(OPPORTUNITY, id="opp_0", term="long", blocked_by=("below your threshold",))
    await store.save_evaluation("main", [OPPORTUNITY, blocked], [stale, issue("a")], [ALERT], [delivery()])
    assert await store.opportunities() == [OPPORTUNITY, blocked]
    assert {i.subject for i in await store.issues()} == {"a", "b", "c", "eth"}  # one that both stages raised is shown once
    assert await store.alerts() == [ALERT]
    assert await store.deliveries("alt_1") == [delivery()]
    await store.save_evaluation("main", [], [], [], [])
    assert (await store.opportunities(), await store.alerts()) == ([], [ALERT])
    assert {i.subject for i in await store.issues()} == {"a", "b", "c"}


async def test_no_alert_exists_without_its_outbox_row(store: SqlStore) -> None:
    broken = delivery(next_try="never")
    with pytest.raises(Exception, match=r"tzinfo|str"):
        await store.save_evaluation("main", [OPPORTUNITY], [], [ALERT], [broken])
    assert (await store.opportunities(), await store.alerts(), await store.deliveries()) == ([], [], [])


async def test_a_message_goes_to_a_channel_once(store: SqlStore) -> None:
    await store.save_evaluation("main", [], [], [], [delivery(), delivery(channel="chn_2")])
    sent = delivery(state="delivered", attempts=2, says="", delivered_at=NOW)
    await store.save_delivery(sent)
    await store.save_evaluation("main", [], [], [], [delivery(), delivery(channel="chn_2")])
    assert await store.deliveries() == [sent, delivery(channel="chn_2")]


async def test_what_is_due_comes_oldest_first(store: SqlStore) -> None:
    waiting = [
        delivery("m3", minutes=-1),
        delivery("m2", minutes=-2),
        delivery("m1", minutes=1),
        delivery("m4", state="failed", minutes=-9),
    ]
    await store.save_evaluation("main", [], [], [], waiting)
    assert [d.message.id for d in await store.due(NOW)] == ["m2", "m3"]
    assert [d.message.id for d in await store.due(NOW, limit=1)] == ["m2"]
    assert await store.due(NOW - timedelta(hours=1)) == []


async def test_alerts_change_their_state(store: SqlStore) -> None:
    await store.save_alert(ALERT)
    resolved = replace(ALERT, state="resolved", resolved_because="the price rose", snoozed_until=None)
    await store.save_alert(resolved)
    assert await store.alerts() == [resolved]
    assert await store.alerts("another") == []
