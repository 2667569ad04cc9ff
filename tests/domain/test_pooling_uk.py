"""United Kingdom, by hand: same day, 30 days, section 104 pool. Each line of a result reads

day of disposal, rule, day bought back, units, proceeds, allowable cost, gain
"""

from __future__ import annotations

import pytest

from service.domain.issues import IssueKind
from service.domain.movements import More
from service.domain.pooling import UK_COLUMNS, section104, tax_year, uk_rows, uk_totals
from service.domain.pooling.identification import WINDOW_DAYS
from tests.domain.pool_story import at, bought, given, moved, pools, sold


def lines(made):
    return [" ".join(filter(None, (*row[1:2], *row[3:9]))) for row in uk_rows(made.matches, places=0)]


def uk(*movements, zone="Europe/London"):
    return section104(sorted(movements, key=lambda m: m.at), zone=zone, places=0)


def test_the_pool_of_hmrcs_example():
    """Pool: 150 units cost 1,000 + 125,000 = 126,000. A third of it is 42,000; 300,000 - 42,000 = 258,000. 100 stay at 84,000."""
    made = uk(bought("2017-02-01", 100, 1000), bought("2018-02-01", 50, 125000), sold("2018-07-01", 50, 300000))
    assert lines(made) == ["2018-07-01 section_104 50 300000 42000 258000"]
    assert pools(made) == {"coin": (100, "84000")}


def test_bought_back_within_30_days_then_the_pool():
    """14,000 units cost 200,000. 4,000 are sold for 160,000 and 500 bought for 17,500 within 30 days.

    500 of the sale: 160,000 × 500 ÷ 4,000 = 20,000, cost 17,500. 3,500 of the pool: 200,000 × 3,500 ÷ 14,000 = 50,000; proceeds 140,000.
    10,500 stay with a cost of 150,000.
    """
    made = uk(bought("2018-01-01", 14000, 200000), sold("2018-08-30", 4000, 160000), bought("2018-09-11", 500, 17500))
    assert lines(made) == ["2018-08-30 section_104 3500 140000 50000 90000", "2018-08-30 thirty_day 2018-09-11 500 20000 17500 2500"]
    assert pools(made) == {"coin": (10500, "150000")}


def test_all_purchases_and_sales_of_a_day_are_one():
    """Bought 10 for 100 and 30 for 500 (40 cost 600, 15 each), sold 5 for 90 and 15 for 330 (20 give 420): 20 cost 300, gain 120."""
    made = uk(
        sold("2024-06-03T09:00", 5, 90),
        bought("2024-06-03T10:00", 10, 100),
        sold("2024-06-03T11:00", 15, 330),
        bought("2024-06-03T12:00", 30, 500),
    )
    assert lines(made) == ["2024-06-03 same_day 20 420 300 120"]
    assert pools(made) == {"coin": (20, "300")}
    assert made.matches[0].disposals == ("sold 2024-06-03T09:00", "sold 2024-06-03T11:00")
    assert made.matches[0].acquisitions == ("bought 2024-06-03T10:00", "bought 2024-06-03T12:00")


def test_one_sale_meets_parts_of_several_later_purchases():
    """100 sold for 1,000 (10 each). Back: 30 for 240 on day 5, 40 for 400 on day 20, 50 for 600 on day 30; the 30 still wanted of the last
    cost 600 × 30 ÷ 50 = 360, and 20 with a cost of 240 join the pool of 100 for 500."""
    made = uk(
        bought("2023-01-01", 100, 500),
        sold("2024-03-01", 100, 1000),
        bought("2024-03-06", 30, 240),
        bought("2024-03-21", 40, 400),
        bought("2024-03-31", 50, 600),
    )
    assert lines(made) == [
        "2024-03-01 thirty_day 2024-03-06 30 300 240 60",
        "2024-03-01 thirty_day 2024-03-21 40 400 400 0",
        "2024-03-01 thirty_day 2024-03-31 30 300 360 -60",
    ]
    assert pools(made) == {"coin": (120, "740")}


def test_a_purchase_serves_the_sales_of_its_own_day_before_an_earlier_sale():
    """50 bought for 500 on 10 May: 30 go to the sale of that day (cost 300), 20 to the sale of 1 May (cost 200), whose other 20 cost
    1,000 × 20 ÷ 100 = 200 from the pool."""
    made = uk(
        bought("2023-01-01", 100, 1000),
        sold("2024-05-01", 40, 480),
        bought("2024-05-10T09:00", 50, 500),
        sold("2024-05-10T15:00", 30, 450),
    )
    assert lines(made) == [
        "2024-05-01 section_104 20 240 200 40",
        "2024-05-01 thirty_day 2024-05-10 20 240 200 40",
        "2024-05-10 same_day 30 450 300 150",
    ]


def test_of_two_sales_the_earlier_takes_the_purchase_and_it_is_used_once():
    """25 bought for 250 on 20 May: 20 for the sale of 1 May, 5 for that of 10 May; 15 of this come from the pool."""
    made = uk(bought("2023-01-01", 100, 500), sold("2024-05-01", 20, 200), sold("2024-05-10", 20, 200), bought("2024-05-20", 25, 250))
    assert lines(made) == [
        "2024-05-01 thirty_day 2024-05-20 20 200 200 0",
        "2024-05-10 section_104 15 150 75 75",
        "2024-05-10 thirty_day 2024-05-20 5 50 50 0",
    ]


@pytest.mark.parametrize(("back", "rule"), [("2024-03-31", "thirty_day"), ("2024-04-01", "section_104")])
def test_day_thirty_counts_and_day_thirty_one_does_not(back, rule):
    made = uk(bought("2023-01-01", 1, 10), sold("2024-03-01", 1, 10), bought(back, 1, 10))
    assert [m.rule for m in made.matches] == [rule]


def test_a_purchase_that_is_too_late_for_one_sale_may_serve_the_next():
    made = uk(bought("2023-01-01", 2, 2), sold("2024-03-01", 1, 10), sold("2024-03-02", 1, 10), bought("2024-04-01", 2, 8))
    assert lines(made) == ["2024-03-01 section_104 1 10 1 9", "2024-03-02 thirty_day 2024-04-01 1 10 4 6"]


def test_fees_are_part_of_the_cost_and_go_by_units():
    """Fee 12 on a sale of 4: 3 to the unit bought back (cost 20), 9 to the three from the pool (cost 30)."""
    made = uk(bought("2023-01-01", 4, 40), sold("2024-03-01", 4, 100, 12), bought("2024-03-05", 1, 20))
    assert lines(made) == ["2024-03-01 section_104 3 75 39 36", "2024-03-01 thirty_day 2024-03-05 1 25 23 2"]


def test_days_are_london_days():
    """23:30 UTC on 30 June is 1 July in London; in the zone of Greenwich without summer time it would be the day before."""
    story = (bought("2024-01-01", 1, 5), sold("2024-06-30T23:30", 1, 9), bought("2024-07-01T09:00", 1, 8))
    assert lines(uk(*story)) == ["2024-07-01 same_day 1 9 8 1"]
    assert lines(uk(*story, zone="UTC")) == ["2024-06-30 thirty_day 2024-07-01 1 9 8 1"]


def test_the_tax_year_ends_on_5_april():
    day = at("2024-04-05") // 86_400_000_000
    assert (tax_year(day), tax_year(day + 1), tax_year(day - 366)) == (2024, 2025, 2023)


def test_totals_of_the_years():
    made = uk(bought("2023-01-01", 4, 40), sold("2024-04-05", 1, 30), sold("2024-04-06", 1, 20), sold("2024-04-07", 1, 20))
    assert uk_totals(made.matches) == [("2024", "1", "30", "10", "20"), ("2025", "2", "40", "20", "20")]


# ------------------------------------------------------------------ what is neither bought nor sold


def test_a_transfer_is_nothing_and_a_rename_takes_its_share_of_the_pool_along():
    """10 units cost 100; 4 become 400 of the new coin and cost 40. Of these 100 are sold: cost 10."""
    made = uk(
        bought("2023-01-01", 10, 100),
        moved("2023-02-01", 9),
        moved("2023-03-01", 4, to_coin="new", received=400),
        sold("2023-03-01T15:00", 100, 50, coin="new"),
    )
    assert lines(made) == ["2023-03-01 section_104 100 50 10 40"]
    assert pools(made) == {"coin": (6, "60"), "new": (300, "30")}


def test_a_gift_given_leaves_with_its_share_of_the_cost_and_is_told():
    """10 cost 100; 3 given away take 30. They are no disposal, so what is bought a day later stays with the pool: 9 cost 70 + 50 = 120."""
    made = uk(bought("2023-01-01", 10, 100), given("2024-01-01", 3), bought("2024-01-02", 2, 50))
    assert made.matches == []
    assert [(one.kind, one.quantity, one.cost) for one in made.left] == [("gift_out", 3, 30 * 10**30)]
    assert pools(made) == {"coin": (9, "120")}
    assert [(i.kind, i.subject) for i in made.issues] == [(IssueKind.GIFT_AT_COST, "gift_out 2024-01-01 coin")]


@pytest.mark.parametrize("kind", ["withdrawal", "lost", "worthless"])
def test_what_else_leaves_takes_its_share_without_a_word(kind):
    made = uk(bought("2023-01-01", 10, 100), given("2024-01-01", 3, kind=kind))
    assert (pools(made), made.matches, made.issues) == ({"coin": (7, "70")}, [], [])


def test_a_gift_received_costs_its_market_value_on_its_own_day():
    """The donor paid 10 years ago; here it is an acquisition of its day for 80, and meets the sale of that day."""
    gift = More(acquired_at=at("2014-01-01"), kind="gift_in", worth=80 * 10**30)
    made = uk(bought("2023-01-01", 1, 7), bought("2024-05-01T10:00", 1, 10, more=gift), sold("2024-05-01T11:00", 1, 100))
    assert lines(made) == ["2024-05-01 same_day 1 100 80 20"]


def test_a_deposit_of_known_date_was_in_the_pool_all_along():
    """Deposited a week after the sale, held since 2020 for 40: no purchase within 30 days. The pool at the sale: 2 for 60, so 30."""
    old = More(acquired_at=at("2020-01-01"))
    made = uk(bought("2023-01-01", 1, 20), sold("2024-05-01", 1, 100), bought("2024-05-08", 1, 40, more=old))
    assert lines(made) == ["2024-05-01 section_104 1 100 30 70"]


# ------------------------------------------------------------------ what is not known


def test_more_sold_than_held_has_no_cost_for_the_rest_is_flagged_and_an_issue():
    made = uk(bought("2023-01-01", 2, 20), sold("2024-05-01", 5, 100), bought("2024-07-01", 5, 50))
    assert lines(made) == ["2024-05-01 section_104 5 100 20 80"]
    assert (made.matches[0].missing, made.matches[0].flags) == (3, ("missing_basis",))
    assert [(i.kind, i.subject) for i in made.issues] == [(IssueKind.MISSING_BASIS, "2024-05-01 coin")]
    assert "3 coin" in made.issues[0].says
    assert pools(made) == {"coin": (5, "50")}


def test_an_unknown_cost_marks_the_pool_until_it_is_empty():
    unknown = More(unknown="missing_basis")
    made = uk(
        bought("2023-01-01", 2, None, more=unknown),
        bought("2023-02-01", 2, 40),
        sold("2024-01-01", 1, 30),
        sold("2024-02-01", 3, 90),
        bought("2025-01-01", 1, 10),
        sold("2025-06-01", 1, 30),
    )
    assert [m.flags for m in made.matches] == [("missing_basis",), ("missing_basis",), ()]


def test_a_sale_of_unknown_value_has_no_gain():
    made = uk(bought("2023-01-01", 2, 20), sold("2024-05-01", 1, None))
    row = dict(zip(UK_COLUMNS, uk_rows(made.matches, places=0)[0], strict=True))
    assert (row["proceeds"], row["allowable_cost"], row["gain"], row["flags"]) == ("", "10", "", "unpriced")


def test_the_window_is_the_laws():
    assert WINDOW_DAYS == 30  # TCGA 1992 s. 106A(5)(a)
