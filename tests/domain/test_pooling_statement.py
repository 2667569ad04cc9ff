"""The statement of a pool adds up to the matches and to the pools at the end: the two are worked out apart."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given

from service.domain.pooling import acb, section104
from service.domain.pooling.statement import acb_statement, in_turn, left_of, section104_statement, window_of
from tests.domain.pool_story import bought, moved, sold
from tests.domain.pool_story import given as gave
from tests.domain.test_pooling_properties import DAY, RENAMED


def shown(changes):
    money = 10**30
    return [(c.what, c.quantity, c.cost // money, c.units_after, c.cost_after // money) for c in changes]


def test_each_line_leads_from_the_pool_before_to_the_pool_after():
    movements = [
        bought("2023-01-01", 100, 1000),
        bought("2023-02-01", 50, 125000),
        sold("2023-03-01", 50, 300000),
        gave("2023-05-01", 10),
    ]
    changes = section104_statement(movements, section104(movements, zone="UTC", places=0), zone="UTC")
    assert shown(changes) == [
        ("acquired", 100, 1000, 100, 1000),
        ("acquired", 50, 125000, 150, 126000),
        ("disposed", 50, 42000, 100, 84000),
        ("left", 10, 8400, 90, 75600),
    ]
    assert changes[2].before == (150, 126000 * 10**30)


def test_what_was_bought_back_within_thirty_days_never_joins_the_pool():
    movements = [bought("2023-01-01", 100, 1000), sold("2023-03-01", 50, 900), bought("2023-03-08", 60, 600)]
    changes = section104_statement(movements, section104(movements, zone="UTC", places=0), zone="UTC")
    assert shown(changes) == [("acquired", 100, 1000, 100, 1000), ("acquired", 10, 100, 110, 1100)]


def test_a_denied_loss_is_a_line_of_its_own_where_it_joins_at_the_sale():
    movements = [bought("2023-01-01", 100, 1000), bought("2023-05-20", 50, 350), sold("2023-06-01", 100, 500)]
    changes = acb_statement(movements, acb(movements, zone="UTC", places=0), zone="UTC")
    assert shown(changes)[2:] == [("disposed", 100, 900, 50, 450), ("denied", 0, 200, 50, 650)]


def test_a_denied_loss_is_part_of_the_cost_of_what_was_bought_after_the_sale():
    movements = [bought("2023-01-01", 100, 1000), sold("2023-06-01", 100, 600), bought("2023-06-08", 25, 200)]
    (*_, last) = acb_statement(movements, acb(movements, zone="UTC", places=0), zone="UTC")
    assert (last.what, last.cost // 10**30, last.denied // 10**30) == ("acquired", 300, 100)


def test_a_rename_takes_its_share_to_the_other_coin():
    movements = [bought("2023-01-01", 100, 1000), moved("2023-02-01", 40, to_coin="new", received=20)]
    for statement, law in ((section104_statement, section104), (acb_statement, acb)):
        changes = statement(movements, law(movements, zone="UTC", places=0), zone="UTC")
        assert shown(changes)[1:] == [("renamed_out", 40, 400, 60, 600), ("renamed_in", 20, 400, 20, 400)]


def ends(changes):
    found = {}
    for change in changes:
        found[change.coin] = (change.units_after, change.cost_after)
    return {coin: end for coin, end in found.items() if any(end)}


def at_end(made):
    return {p.coin: (p.quantity, p.cost) for p in made.pools if p.quantity or p.cost}


@given(RENAMED)
def test_uk_every_statement_ends_in_the_pools_and_has_each_match(movements):
    made = section104(movements, zone="UTC", places=0)
    changes = section104_statement(movements, made, zone="UTC")
    assert ends(changes) == at_end(made)
    told = {(c.coin, c.day): c for c in changes if c.what == "disposed"}
    pooled = [m for m in made.matches if m.rule == "section_104"]
    assert told.keys() == {(m.coin, m.day) for m in pooled}
    for m in pooled:
        change = told[m.coin, m.day]
        assert (change.ids, change.quantity, change.cost) == (m.disposals, m.quantity - m.missing, m.cost - m.fees)
        assert change.before == (m.of_units, m.of_cost)


@given(RENAMED)
def test_uk_what_matches_leave_of_a_days_acquisitions_is_what_the_next_one_finds(movements):
    made = section104(movements, zone="UTC", places=0)
    days = defaultdict(list)
    for m in movements:
        if m.act == "acquire":
            days[m.coin, m.at // DAY].append(m)
    matched = defaultdict(list)
    for match in in_turn(made.matches):
        if match.rule != "section_104":
            key = match.coin, match.day if match.acquired is None else match.acquired
            assert left_of(days[key], matched[key]) == (match.of_units, match.of_cost)
            matched[key].append(match)


@given(RENAMED)
def test_acb_every_statement_ends_in_the_pools_and_has_each_match_and_its_window(movements):
    made = acb(movements, zone="UTC", places=0)
    changes = acb_statement(movements, made, zone="UTC")
    assert ends(changes) == at_end(made)
    told = {(c.coin, c.ids[0]): c for c in changes if c.what == "disposed"}
    assert told.keys() == {(m.coin, m.id) for m in made.matches}
    for m in made.matches:
        change = told[m.coin, m.id]
        assert (change.quantity, change.cost) == (m.quantity - m.missing, m.acb)
        assert change.before == (m.of_units, m.of_cost)
    for one in made.superficial:
        seen = window_of(movements, one.coin, told[one.coin, one.id].day, zone="UTC")
        assert (sum(units for _, _, units in seen.acquisitions), seen.held) == (one.acquired, one.held)
