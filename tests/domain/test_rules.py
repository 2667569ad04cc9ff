"""Rules hold for a time: first and last days, proposals without a day, other readings, tax years that begin in spring."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pooling import tax_year
from service.domain.rules import (
    Basis,
    Jurisdiction,
    Loss,
    NotStated,
    Rate,
    Stated,
    Window,
    YearStart,
    in_force,
    is_zone,
    proposed_window,
    stated_window,
    window_on,
)

BEGINS, ENDS = date(2027, 1, 1), date(2029, 12, 31)
EPOCH = date(1970, 1, 1)


def says(value, place="a.place", **more):
    return Stated(place, value, "S", "a page", **more)


def country(*windows: Stated[Window]) -> Jurisdiction:
    return Jurisdiction(
        code="xx",
        name="Somewhere",
        currency="EUR",
        as_of=date(2026, 11, 22),
        computed=(),
        basis=Basis((says("the oldest first"),), (says(("fifo",)),), (says("fifo"),), (says("no"),)),
        tax_year=(says(YearStart(1, 1)),),
        loss=Loss((says("gains"),), (says("unlimited"),)),
        harvest=(says("yes"),),
        windows=windows,
    )


def window(after=30, assets=("crypto",), **more) -> Stated[Window]:
    return says(Window("days", assets, 30, after, same_day=True), **more)


NONE = says(Window("none", ("crypto",)))


@pytest.mark.parametrize(
    ("day", "applies"),
    [
        (BEGINS - timedelta(days=1), False),
        (BEGINS, True),
        (ENDS, True),
        (ENDS + timedelta(days=1), False),
    ],
)
def test_a_window_applies_from_its_first_day_to_its_last(day, applies):
    found = window_on(country(NONE, window(since=BEGINS, until=ENDS)), "crypto", day)
    assert (found is not None) is applies


def test_a_window_without_days_always_applies():
    for day in (date(1990, 1, 1), date(2100, 1, 1)):
        assert window_on(country(window()), "crypto", day) == window().value


def test_a_window_is_of_the_assets_that_it_names():
    us = country(NONE, window(assets=("etf_share",)))
    assert window_on(us, "crypto", BEGINS) is None
    assert window_on(us, "etf_share", BEGINS) is not None
    with pytest.raises(NotStated, match=r"Somewhere say nothing of buying back tokenised_security on 2027-01-01"):
        window_on(us, "tokenised_security", BEGINS)


def test_that_nothing_is_stated_on_a_day_is_not_that_there_is_no_window():
    with pytest.raises(NotStated):
        window_on(country(window(since=BEGINS)), "crypto", BEGINS - timedelta(days=1))


def test_a_proposal_binds_from_the_day_that_it_is_given_and_is_a_shadow_until_then():
    undated, dated = window(status="proposed"), window(status="proposed", since=BEGINS)
    assert window_on(country(NONE, undated), "crypto", date(2100, 1, 1)) is None
    assert proposed_window(country(NONE, undated), "crypto") == undated
    assert proposed_window(country(NONE, undated), "etf_share") is None
    assert window_on(country(NONE, dated), "crypto", BEGINS) == dated.value
    assert stated_window(country(dated, NONE), "crypto", BEGINS - timedelta(days=1)) == NONE
    assert proposed_window(country(NONE, dated), "crypto") is None


def test_another_reading_never_binds():
    other = window(after=60, status="alternative", since=BEGINS)
    assert window_on(country(window(), other), "crypto", BEGINS) == window().value
    assert not other.holds(date.min, date.max)


@given(st.dates(), st.dates(), st.dates(), st.dates())
def test_a_rule_holds_in_a_span_where_it_holds_on_one_of_its_days(a, b, c, d):
    (since, until), (first, last) = sorted((a, b)), sorted((c, d))
    rule = says(Rate(Decimal(1), "share"), since=since, until=until)
    common = max(since, first)
    assert rule.holds(first, last) == (common <= min(until, last))
    assert rule.holds(first) == (in_force([rule], first) is rule)
    if rule.holds(first, last):
        assert rule.holds(common)


@given(st.integers(0, 40_000))
def test_a_tax_year_is_named_by_the_year_in_which_it_ends(days):
    """As the pool of the United Kingdom counts it; a calendar year is the calendar's."""
    day = EPOCH + timedelta(days=days)
    assert YearStart(4, 6).of(day) == tax_year(days)
    assert YearStart(1, 1).of(day) == day.year


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.sampled_from([(1, 1), (4, 1), (4, 6), (7, 1), (12, 31), (1, 2)]))
def test_every_day_lies_in_its_tax_year_and_years_follow_each_other(day, start):
    begins = YearStart(*start)
    first, last = begins.span(begins.of(day))
    assert first <= day <= last
    assert begins.span(begins.of(day) + 1)[0] == last + timedelta(days=1)
    assert last.year == begins.of(day) or start == (1, 1)


def test_the_australian_year_of_2027_ends_with_june():
    assert YearStart(7, 1).span(2027) == (date(2026, 7, 1), date(2027, 6, 30))


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("America/New_York", True),
        ("UTC", True),
        ("America", False),
        ("America/", False),
        ("", False),
        (".", False),
        ("../UTC", False),
        ("/etc/localtime", False),
        ("Mars/Olympus", False),
        ("zone.tab", False),
        ("a\0b", False),
        ("x" * 5000, False),
        ("\udcff", False),
    ],
)
def test_a_folder_of_time_zones_is_no_time_zone(word, found):
    assert is_zone(word) is found
