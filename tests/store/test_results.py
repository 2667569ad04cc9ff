"""Derived state, alerts and the outbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.app.ports import Derived
from service.domain.issues import IssueKind
from service.domain.ledger import Ledger
from service.domain.methods import Lot
from service.store import SqlStore
from tests.store.samples import ALERT, BOOKED, LOT, MOVED_PART, NOW, OPPORTUNITY, PLAIN_BOOKED, delivery, derived, issue

amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("1E-30"), max_value=Decimal(2**256))
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
lots = st.builds(
    Lot,
    id=words,
    account=words,
    coin=words,
    asset=words,
    symbol=words,
    quantity=amounts,
    basis=st.none() | amounts,
    acquired_at=st.datetimes(timezones=st.just(NOW.tzinfo)),
    sequence=st.integers(0, 2**31 - 1),
    flags=st.tuples() | st.tuples(words, words),
)


async def test_what_a_rebuild_made_comes_back_equal(store: SqlStore) -> None:
    await store.save_derived("main", derived())
    assert await store.transactions() == [BOOKED, PLAIN_BOOKED]
    assert await store.ledger() == derived().ledger
    assert await store.issues() == list(derived().issues)
    assert await store.ledger("another") == Ledger("", (), (), (), ())
    assert await store.issues("another") == []


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(lots, max_size=20))
async def test_any_lots_come_back_equal_and_in_order(store: SqlStore, found: list[Lot]) -> None:
    ledger = Ledger(repr(found), tuple(found), (), (), ())
    await store.save_derived("main", Derived((), ledger, ()))
    assert (await store.ledger()).lots == tuple(found)


async def test_the_next_rebuild_replaces_all_of_it(store: SqlStore) -> None:
    await store.save_derived("main", derived())
    await store.save_derived("other", derived())
    fresh = Derived((PLAIN_BOOKED,), Ledger("led_2", (MOVED_PART,), (), (), ()), (issue("c"),))
    await store.save_derived("main", fresh)
    assert await store.transactions() == [PLAIN_BOOKED]
    assert await store.ledger() == fresh.ledger
    assert await store.issues() == [issue("c")]
    assert await store.ledger("other") == derived().ledger


async def test_the_same_result_writes_nothing(store: SqlStore) -> None:
    store._now = lambda: NOW
    await store.save_derived("main", derived())
    before = await store.content(operational=True)
    store._now = lambda: NOW + timedelta(days=1)  # the time of writing would show
    await store.save_derived("main", derived())
    assert await store.content(operational=True) == before


@pytest.mark.parametrize(
    "changed",
    [
        replace(derived(), transactions=(PLAIN_BOOKED, BOOKED)),
        replace(derived(), issues=(issue("a"),)),
        derived(lots=(MOVED_PART, LOT)),
        derived(lots=(replace(LOT, quantity=LOT.quantity + Decimal("1E-18")), MOVED_PART)),
        derived(issues=()),
        derived("led_2"),
    ],
)
async def test_any_difference_is_written(store: SqlStore, changed: Derived) -> None:
    await store.save_derived("main", derived())
    await store.save_derived("main", changed)
    assert (await store.ledger(), await store.transactions()) == (changed.ledger, list(changed.transactions))


async def test_a_rebuild_that_fails_leaves_what_stood(store: SqlStore) -> None:
    await store.save_derived("main", derived())
    before = await store.content(operational=True)
    with pytest.raises(Exception, match="finite Decimal"):
        await store.save_derived("main", derived("led_2", lots=(LOT, replace(LOT, quantity=Decimal("NaN")))))
    assert await store.content(operational=True) == before


async def test_two_databases_with_the_same_inputs_are_equal(store: SqlStore, other_store: SqlStore) -> None:
    """Equal values that are written differently make equal rows, whatever the clock says."""
    await store.save_derived("main", derived(lots=(replace(LOT, basis=Decimal("1.50")),)))
    one = await store.content()
    await other_store.save_derived("main", derived("between", lots=()))
    other_store._now = lambda: NOW + timedelta(days=9)
    await other_store.save_derived("main", derived(lots=(replace(LOT, basis=Decimal("15E-1")),)))
    assert await store.content() == one


async def test_an_evaluation_comes_back(store: SqlStore) -> None:
    await store.save_derived("main", derived())
    stale = issue("eth", IssueKind.STALE_PRICE)
    blocked = replace(OPPORTUNITY, id="opp_0", term="long", blocked_by=("below your threshold",))
    await store.save_evaluation("main", [OPPORTUNITY, blocked], [stale, issue("a")], [ALERT], [delivery()])
    assert await store.opportunities() == [OPPORTUNITY, blocked]
    assert await store.issues() == [*derived().issues, stale]  # one that both stages raised is shown once
    assert await store.alerts() == [ALERT]
    assert await store.deliveries("alt_1") == [delivery()]
    await store.save_evaluation("main", [], [], [], [])
    assert (await store.opportunities(), await store.alerts()) == ([], [ALERT])
    assert await store.issues() == list(derived().issues)


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
