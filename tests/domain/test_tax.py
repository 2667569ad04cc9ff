"""The year's tax as the difference of two computations: what a loss is worth depends on what it meets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.domain.rules import Rules
from service.domain.tax import Profile, Realised, liability, saving, year_of

RULES = Rules("us-2026", "us", 2026, Decimal(3000), ())
HOLDER = Profile()


def year(short, long):
    return year_of(HOLDER, RULES, Realised(Decimal(short), Decimal(long)))


@pytest.mark.parametrize(
    ("short", "long", "tax"),
    [
        (1000, 2000, 240 + 300),
        (1000, -400, 144),
        (-400, 1000, 90),
        (-1000, 0, -240),
        (0, -1000, -240),
        (-5000, 0, -720),
        (1000, -5000, -720),
        (0, 0, 0),
    ],
)
def test_terms_net_first_and_a_loss_meets_income_up_to_the_limit(short, long, tax):
    assert liability(year(short, long)).total == tax


@pytest.mark.parametrize(
    ("realised", "loss", "saved"),
    [
        ((0, 0), (1000, 0), 240),
        ((0, 0), (10000, 0), 720),
        ((0, 5000), (1000, 0), 150),
        ((5000, 0), (0, 1000), 240),
        ((-3000, 0), (1000, 0), 0),
        ((1000, 0), (2000, 0), 480),
        ((0, 0), (500, -200), 72),
    ],
)
def test_a_loss_is_worth_what_it_meets(realised, loss, saved):
    assert saving(year(*realised), *map(Decimal, loss)) == saved


def test_results_from_elsewhere_count():
    other = Profile(other_short=Decimal(-3000))
    assert saving(year_of(other, RULES, Realised()), Decimal(1000), Decimal(0)) == 0


@pytest.mark.parametrize(
    ("short", "long", "carried"),
    [
        (0, 0, (0, 0)),
        (-2000, 0, (0, 0)),
        (-5000, 0, (2000, 0)),
        (-1000, -5000, (0, 3000)),
        (-5000, -1000, (2000, 1000)),
        (1000, -9000, (0, 5000)),
    ],
)
def test_what_the_year_cannot_use_keeps_its_term(short, long, carried):
    found = liability(year(short, long))
    assert (found.carry_short, found.carry_long) == carried
