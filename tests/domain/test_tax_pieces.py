"""The year in flat pieces says what the whole computation says, at any point and along any way."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.money import exact
from service.domain.rules import Rules
from service.domain.tax import Profile, Realised, liability, year_of
from service.domain.tax.pieces import Pieces
from tests.domain.test_tax_federal import figures

RULES = Rules("us-2026", "us", 2026, Decimal(3000), (), figures(2026, "single"))
AMOUNTS = st.decimals(-900_000, 900_000, places=2)
PROFILES = st.builds(
    Profile,
    income=st.sampled_from([None, Decimal(9_000), Decimal(52_000), Decimal(90_000), Decimal(420_000), Decimal(900_000)]),
    interest=st.sampled_from([Decimal(0), Decimal(4_000)]),
    qualified_dividends=st.sampled_from([Decimal(0), Decimal(30_000)]),
    short_carryover=st.sampled_from([Decimal(0), Decimal(7_000)]),
    long_carryover=st.sampled_from([Decimal(0), Decimal(2_500)]),
    state_rate=st.sampled_from([Decimal(0), Decimal("0.093")]),
)


@settings(deadline=None)
@given(PROFILES, AMOUNTS, AMOUNTS, st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=6))
def test_every_point_is_the_whole_computation(profile, short, long, further):
    model = year_of(profile, RULES, Realised(short, long))
    pieces = Pieces(model)
    with exact():
        for x, y in [*further, (-short, -long), (Decimal(0), Decimal(0)), *further]:
            assert pieces.total(x, y) == liability(model, x, y).total


@pytest.mark.parametrize("term", ["short", "long"])
@settings(deadline=None)
@given(PROFILES, AMOUNTS, AMOUNTS)
def test_between_two_bends_the_way_is_straight(term, profile, short, long):
    model, most = year_of(profile, RULES, Realised(short, long)), Decimal(10) ** 6
    pieces = Pieces(model)
    way = (lambda loss: (-loss, Decimal(0))) if term == "short" else (lambda loss: (Decimal(0), -loss))
    with exact():
        ends = [Decimal(0), *pieces.bends(Decimal(0), Decimal(0), term, most), most]
        assert ends == sorted(ends)
        for low, high in pairwise(ends):
            first, middle, last = (liability(model, *way(at)).total for at in (low, (low + high) / 2, high))
            assert abs((first + last) / 2 - middle) < Decimal("1e-80")
