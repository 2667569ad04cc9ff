"""Which of several words on one thing counts: judged by a rule worked out plainly, in whatever order the words were told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.issues import IssueKind
from service.domain.ledger import choices, groups_of, issue, run
from service.domain.movements import More, Movement, moment, ticks
from service.domain.statements import Allocation, LotChoice, LotPlace, LotSelection, PoolingChoice, gathered

ONE = 10**18
SALE = datetime(2025, 3, 1, 12, tzinfo=UTC)
SPLIT = date(2025, 1, 1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def came(name, when, cost, account="w1", quantity=ONE):
    return Movement("acquire", ticks(at(when)), name, account, "btc", "BTC", quantity, cost * 10**30)


def sold(name, when, quantity=ONE, account="w1"):
    return Movement("dispose", ticks(when), name, account, "btc", "BTC", quantity, 50 * 10**30)


def booked(movements, said, zone="UTC"):
    coins = groups_of({m.coin for m in movements}, ())
    (group,) = run(movements, coins, choices(gathered(list(said)), zone=zone), 18)
    return group


# ------------------------------------------------------------------ which lots an event takes

BOUGHT = [came("k1", "2024-01-01", 10), came("k2", "2024-02-01", 20), came("k3", "2024-03-01", 30)]
SECONDS = st.integers(-90, 90).map(lambda n: SALE + timedelta(seconds=n))


def word(lot, made_at, event="s"):
    return LotSelection(event, (LotChoice(lot, Decimal(1)),) if lot else (), made_at)


@st.composite
def words(draw):
    """Selections and their taking back, each at an instant of its own, before, at and after the sale; as they were told."""
    times = draw(st.lists(SECONDS, unique=True, max_size=6))
    return [word(draw(st.sampled_from(["k1", "k2", "k3", None])), made_at, draw(st.sampled_from(["s", "other"]))) for made_at in times]


@given(words(), st.randoms(use_true_random=False))
def test_the_newest_word_that_was_in_time_is_taken_and_a_late_one_counts_for_nothing(said, chance):
    """Sold is one event of two rows: "s", which names it, and "other"."""
    sale = sold("s", SALE)._replace(more=More(also="other"))
    expected, newest = "k1", None
    for one in said:
        if one.made_at <= SALE and (newest is None or one.made_at > newest.made_at):
            newest = one
    if newest is not None and newest.lots:
        expected = newest.lots[0].lot
    late = sorted((one for one in said if one.made_at > SALE), key=lambda one: one.made_at)
    chance.shuffle(said)
    group = booked([*BOUGHT, sale], said)
    assert [m.lot for m in group.matches] == [expected]
    told = [moment(f.said_at) for f in group.findings if f.kind is IssueKind.LATE_WORD]
    assert told == ([late[-1].made_at] if late and late[-1].lots and newest is None else [])


def test_of_two_words_of_one_instant_the_one_told_last_counts():
    group = booked([*BOUGHT, sold("s", SALE)], [word("k2", SALE), word("k3", SALE)])
    assert [m.lot for m in group.matches] == ["k3"]


def test_a_late_selection_is_an_issue_with_both_times_and_a_way_out():
    (found,) = booked([*BOUGHT, sold("s", SALE)], [word("k2", at("2025-06-01"))]).findings
    told = issue(found, 18, "BTC")
    assert told.subject == "s"
    assert told.says.startswith("Lots were selected for s at 2025-06-01 00:00 UTC, later than the event at 2025-03-01 12:00")
    assert "--made-at" in told.remedy
    assert "`thresher lots select s --none`" in told.remedy


# ------------------------------------------------------------------ where the lots of a common pool went

HELD = [
    came("a", "2022-01-01", 10),
    came("b", "2023-01-01", 20),
    Movement("move", ticks(at("2024-06-01")), "m", "w1", "btc", "BTC", ONE, None, 0, More(to_account="w2")),
]
DAYS = st.integers(-40, 520).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=n, hours=1))


def named(to_w2, made_at, **more):
    other = {"a": "b", "b": "a"}[to_w2]
    return Allocation("btc", made_at, (LotPlace(to_w2, "w2", Decimal(1)), LotPlace(other, "w1", Decimal(1))), **more)


def ruled(to_w2, made_at, **more):
    order = {"a": "oldest_first", "b": "highest_basis_first"}[to_w2]
    return Allocation("btc", made_at, (), order, ("w2", "w1"), **more)


def is_late(word, sale):
    """Rev. Proc. 2024-28, by the letter."""
    if word.made_at < at("2025-01-01"):
        return False
    if not word.lots:
        return True
    return (sale is not None and sale < word.made_at) or word.made_at >= at("2026-04-16")


@st.composite
def allocations(draw):
    """Rules and named lots at times of their own, told one after the other; some correct what was told before."""
    times = draw(st.lists(DAYS, unique=True, min_size=1, max_size=5))
    told = at("2026-07-01")
    found = []
    for n, made_at in enumerate(times):
        kind = draw(st.sampled_from([named, ruled]))
        more = {"recorded_at": told + timedelta(minutes=n), "corrects": bool(n) and draw(st.booleans())}
        found.append(kind(draw(st.sampled_from("ab")), made_at, **more))
    return found


@given(allocations(), st.none() | DAYS, st.randoms(use_true_random=False))
def test_a_word_in_time_beats_a_late_one_and_a_correction_what_was_told_before_it(said, sale, chance):
    standing = []
    for one in said:
        standing = [*([] if one.corrects else standing), one]
    in_time = [one for one in standing if not is_late(one, sale if sale and sale >= at("2025-01-01") else None)]
    expected = max(in_time or standing, key=lambda one: one.made_at)
    to_w2 = expected.lots[0].lot if expected.lots else {"oldest_first": "a", "highest_basis_first": "b"}[expected.order]
    history = [*HELD, *([sold("s", sale, ONE // 10)] if sale else [])]
    history.sort(key=lambda m: m.at)
    chance.shuffle(said)
    group = booked(history, [PoolingChoice(SPLIT, at("2024-12-01")), *said])
    went = {part.account: part.lot for part in group.allocated if part.quantity > ONE // 2}
    assert went["w2"] == to_w2
    assert bool([f for f in group.findings if f.kind is IssueKind.LATE_WORD]) == (not in_time)


def test_an_allocation_with_only_a_late_word_says_which_term_it_missed():
    said = [PoolingChoice(SPLIT, at("2024-12-01")), named("b", at("2025-03-02"))]
    (found,) = booked([*HELD, sold("s", SALE, ONE // 10)], said).findings
    told = issue(found, 18, "BTC")
    assert "The first sale since 2025-01-01 was on 2025-03-01; these lots were named on 2025-03-02." in told.says
    assert told.remedy == (
        "Where it was written down in time elsewhere, say it again with that time: `thresher lots allocate`, `--made-at`."
    )


@pytest.mark.parametrize(
    ("lots", "open_after"),
    [
        ((("a", "w2", 1),), []),  # b is left, and w1
        ((("b", "w1", "0.5"), ("b", "w2", "0.5")), []),  # a is left, for both
        ((("a", "w1", "0.5"),), [Decimal("1.5")]),  # of both lots something, for both accounts
    ],
)
def test_nothing_is_to_be_said_where_one_lot_or_one_account_is_left(lots, open_after):
    places = tuple(LotPlace(lot, account, Decimal(q)) for lot, account, q in lots)
    group = booked(HELD, [PoolingChoice(SPLIT, at("2024-12-01")), Allocation("btc", at("2024-12-02"), places)])
    assert [Decimal(f.quantity) / ONE for f in group.findings if f.kind is IssueKind.ALLOCATION_OPEN] == open_after
    assert {part.why for part in group.allocated} == {"named", "default" if open_after else "only choice"}


def test_a_named_lot_that_was_not_there_is_told_as_one_of_the_end_of_the_pool():
    places = (LotPlace("b", "w2", Decimal(2)),)
    group = booked(HELD, [PoolingChoice(SPLIT, at("2024-12-01")), Allocation("btc", at("2024-12-02"), places)])
    told = issue(group.findings[0], 18, "BTC")
    assert told.says.startswith(
        "1 BTC of lot b, named for w2 at the end of the common pool, was not there, or the account did not hold that much"
    )
